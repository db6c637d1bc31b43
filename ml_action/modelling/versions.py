"""The versions of the libraries that a model depends on, read without importing any of them."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("scikit-learn", "pandas", "numpy", "joblib")


def libraries() -> dict[str, str]:
    """Name to version: Python and the packages that a pickled pipeline needs. Absent packages are left out."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
