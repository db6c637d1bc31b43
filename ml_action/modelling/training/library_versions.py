"""The versions of the libraries that a model depends on, read without importing any of them."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

EXACT = ("python", "scikit-learn")  # another minor version may silently read their pickles wrongly
# https://scikit-learn.org/stable/model_persistence.html#security-maintainability-limitations
_PACKAGES = ("scikit-learn", "pandas", "numpy", "joblib")


def libraries(*more: str) -> dict[str, str]:
    """Returns the versions of Python, of the packages of a pickled pipeline, and of `more`; empty if not installed."""
    return {"python": platform.python_version(), **{package: _version(package) for package in (*_PACKAGES, *more)}}


def incompatible(recorded: Mapping[str, str], here: Mapping[str, str]) -> Iterator[str]:
    """Returns the names whose recorded major.minor version differs from the one here."""
    return (name for name in EXACT if recorded.get(name) and minor(recorded[name]) != minor(here.get(name, "")))


def minor(version: str) -> str:
    """Returns the major and minor version, such as 3.13 for 3.13.5."""
    return ".".join(version.split(".")[:2])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
