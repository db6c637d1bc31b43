"""The worst faults at every exchange of a full promotion. All of them: `make faults`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.matrix import pairs, points
from tests.faults.page import faults_of
from tests.faults.table import BY_NAME, FAULTS, WORST
from tests.faults.world import FULL_NAME, Point, inject, prepare
from tests.support.shared import make_once

PAGE = Path(__file__).parents[2] / "docs/faults.md"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_once(tmp_path_factory, "with-v1-and-datasets", prepare) / f"{FULL_NAME}.git"


@pytest.fixture(scope="module")
def listed(start: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Point]:
    return points(start, tmp_path_factory.mktemp("points"))


@pytest.mark.parametrize("name", WORST)
def test_a_promotion_survives(start: Path, listed: list[Point], tmp_path: Path, name: str) -> None:
    found = [inject(start, tmp_path / "world", *pair) for pair in pairs(listed, [BY_NAME[name]])]
    assert len(found) > 8
    assert [f"{one.point}: {one.failure}" for one in found if one.failure] == []


def test_the_points_are_those_that_a_promotion_has(listed: list[Point]) -> None:
    """A fault that never happens proves nothing."""
    texts = [str(point) for point in listed if point.plot == "merge"]
    assert texts.count("POST /git-receive-pack") == 3
    assert {"POST /pulls", "POST /pulls/N/reviews", "PUT /pulls/N/merge"} <= set(texts)
    assert "POST /graphql (enablePullRequestAutoMerge)" in map(str, listed)


def test_the_page_describes_every_fault() -> None:
    assert faults_of(PAGE.read_text()) == [fault.name for fault in FAULTS]
