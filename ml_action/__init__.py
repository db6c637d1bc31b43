"""The auto-retrain loop as one GitHub Action. `docs/architecture.md` is the map of this package."""

__version__ = "0.1.0"
