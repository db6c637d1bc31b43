"""The versions of the libraries that a model depends on, read without importing any of them."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

EXACT = ("python", "scikit-learn")  # whose pickles another minor version may read wrongly, without saying so
# https://scikit-learn.org/stable/model_persistence.html#security-maintainability-limitations
_PACKAGES = ("scikit-learn", "pandas", "numpy", "joblib")


def libraries(*more: str) -> dict[str, str]:
    """Name to version: Python and the packages that a pickled pipeline needs, and more; empty where one is absent."""
    return {"python": platform.python_version(), **{package: _version(package) for package in (*_PACKAGES, *more)}}


def incompatible(recorded: Mapping[str, str], here: Mapping[str, str]) -> Iterator[str]:
    """The names of which another major.minor is recorded than is here."""
    return (name for name in EXACT if recorded.get(name) and minor(recorded[name]) != minor(here.get(name, "")))


def minor(version: str) -> str:
    """3.13 of 3.13.5."""
    return ".".join(version.split(".")[:2])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
