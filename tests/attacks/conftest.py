"""Attacks are played in the worlds of the scenarios."""

from tests.scenarios.conftest import _hurry, empty, make_world, production, proposed, with_v1, with_v2_proposed

__all__ = ["_hurry", "empty", "make_world", "production", "proposed", "with_v1", "with_v2_proposed"]
