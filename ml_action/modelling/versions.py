"""The versions of the libraries that a model depends on, read without importing any of them."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("scikit-learn", "pandas", "numpy", "joblib")


def libraries(*more: str) -> dict[str, str]:
    """Name to version: Python and the packages that a pickled pipeline needs, and more; empty where one is absent."""
    return {"python": platform.python_version(), **{package: _version(package) for package in (*_PACKAGES, *more)}}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
