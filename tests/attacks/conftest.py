"""Attacks are played in the worlds of the scenarios."""

from tests.scenarios.conftest import _hurry, empty, make_world, production, with_v1

__all__ = ["_hurry", "empty", "make_world", "production", "with_v1"]
