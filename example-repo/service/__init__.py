"""A service that always runs the best model: it predicts, swaps by itself, and gives what it learns back as data."""
