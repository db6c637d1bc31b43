"""Rows in which files overlap: more of them agree, in their order, than would by chance."""

import numpy as np
import pytest

from ml_action.modelling.validation.overlaps import overlapping_rows

HASH = np.random.default_rng(5).integers(0, 2**63, 10_000, dtype=np.uint64)
RNG = np.random.default_rng(0)
FEW = [RNG.integers(0, 128, 150) for _ in range(12)]


def found(old, *added) -> list[int]:
    """The number of overlapping rows of each added file."""
    files = [*old, *added]
    cluster = np.repeat(np.arange(len(files)), [len(file) for file in files])
    rows = np.concatenate([np.asarray(file, dtype=int) for file in files])
    new = cluster >= len(old)
    marked = overlapping_rows(HASH[rows], cluster, new, ~new)
    assert not marked[~new].any()
    return np.bincount(cluster[marked], minlength=len(files))[len(old) :].tolist()


@pytest.mark.parametrize(
    ("old", "added", "expected"),
    [
        pytest.param([range(100)], range(150), 100, id="all rows so far, and more"),
        pytest.param([range(100)], range(90, 150), 10, id="the last rows, and more"),
        pytest.param([range(50, 100)], range(100), 50, id="earlier rows in front"),
        pytest.param([range(100)[::-1]], range(20, 150)[::-1], 80, id="the newest first"),
        pytest.param([range(100)], range(30, 60), 30, id="a part of a file"),
        pytest.param([range(100), range(100, 200)], range(50, 150), 100, id="parts of two files"),
        pytest.param(FEW, [*FEW[3], *RNG.integers(0, 128, 150)], 150, id="rows of few values, all of a file"),
    ],
)
def test_an_added_file_overlaps_where_its_rows_are_those_of_another(old, added, expected):
    assert found(old, added) == [expected]


@pytest.mark.parametrize(
    ("old", "added"),
    [
        pytest.param([range(100)], range(100, 200), id="other rows"),
        pytest.param([range(100)], [5, 200, 50, 201], id="single rows"),
        pytest.param(FEW[:11], FEW[11], id="few distinct rows"),
        pytest.param([[0] * 50] * 5, [0] * 80, id="all rows the same"),
        pytest.param([(RNG.random(50) < 0.02).astype(int) for _ in range(50)], [0] * 40 + [1], id="long runs"),
        pytest.param([[n % 4] for n in range(300)], [1], id="files of one row"),
        pytest.param(
            [[2 * s + (RNG.random() < 0.3) for s in range(8)] for _ in range(100)],
            [0, 2, 4, 6, 9, 11, 13, 15],
            id="one row of each sensor",
        ),
    ],
)
def test_rows_that_agree_by_chance_are_no_overlap(old, added):
    assert found(old, added) == [0]


def test_without_other_files_there_is_no_overlap():
    assert found([], range(10)) == [0]
    nothing = np.zeros(0, dtype=bool)
    assert not overlapping_rows(HASH[:0], np.zeros(0, dtype=np.int64), nothing, nothing).any()
