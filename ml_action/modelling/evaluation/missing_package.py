"""The error for an import path whose package is not installed, with the way to add it."""

from __future__ import annotations

from ml_action.core.errors import SettingsError
from ml_action.core.formatting import sanitised

# packages that have another name than what is imported
_PACKAGES = {"imblearn": "imbalanced-learn", "sklearnex": "scikit-learn-intelex", "sklearn_extra": "scikit-learn-extra"}
_OURS = frozenset(
    {"sklearn", "numpy", "pandas", "scipy", "ml_action"}
)  # these are there: the rest of the path is wrong


def missing_package(setting: str, path: str, error: ModuleNotFoundError) -> SettingsError | None:
    """Returns the error for a path that names a package which is not installed; None if something else is wrong."""
    top = sanitised((error.name or "").partition(".")[0])
    if not top or top in _OURS:
        return None
    package = _PACKAGES.get(top, top)
    return SettingsError(
        f"{setting} '{sanitised(path)}' cannot be imported: the package '{package}' is not installed.",
        why="It is misspelled, or missing: the container of the Action has scikit-learn, and no other such package.",
        fix=f"Install it next to ml-auto-update: pip install {package}. In a workflow, a step that runs pip install "
        f"ml-auto-update {package} and then ml-auto-update run takes the place of the Action.",
    )
