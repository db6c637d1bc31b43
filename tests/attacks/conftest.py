"""The worlds of the scenarios, for attacks: the real stand-in of GitHub, real git, and people who may do less."""

from __future__ import annotations

from tests.scenarios.conftest import (  # noqa: F401  fixtures
    _hurry,
    empty,
    make_world,
    production,
    proposed,
    second,
    with_v1,
    with_v2,
    with_v2_proposed,
)
