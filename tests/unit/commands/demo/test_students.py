import csv
import io

import pytest

from ml_action.commands.demo.students import COLUMNS, WORLDS, add_data, datasets
from ml_action.core.errors import SettingsError


def test_the_same_seed_gives_the_same_students():
    assert list(datasets(5, "steady", 1)) == list(datasets(5, "steady", 1))
    assert list(datasets(5, "steady", 1)) != list(datasets(5, "steady", 2))
    assert list(datasets(2, "steady", None)) != list(datasets(2, "steady", None))


@pytest.mark.parametrize("world", sorted(WORLDS))
def test_a_dataset_is_a_csv_of_five_to_thirty_weeks(world):
    for text in datasets(20, world, 3):
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[0] == COLUMNS.split(",")
        assert 5 <= len(rows) - 1 <= 30
        for hours, sleep, attendance, school, score in rows[1:]:
            assert float(hours) >= 0
            assert 3 <= float(sleep) <= 11
            assert 0 <= float(attendance) <= 1
            assert school in ("town", "village", "online")
            float(score)


def test_in_the_drifted_world_hours_count_more():
    def mean_score(world):
        rows = [line.split(",") for text in datasets(300, world, 1) for line in text.splitlines()[1:]]
        many = [float(row[-1]) for row in rows if float(row[0]) > 6]
        few = [float(row[-1]) for row in rows if float(row[0]) < 4]
        return sum(many) / len(many) - sum(few) / len(few)

    assert mean_score("drifted") > mean_score("steady")


def test_add_data_writes_files_that_never_collide(tmp_path):
    lines = []
    folder = tmp_path / "data/new_data"
    add_data(folder, 3, world="steady", seed=None, info=lines.append)
    add_data(folder, 2, world="drifted", seed=None, info=lines.append)
    files = sorted(folder.iterdir())
    assert len(files) == 5
    assert {path.suffix for path in files} == {".csv"}
    assert len({path.read_text() for path in files}) == 5
    assert lines[0].startswith("added 3 datasets of the steady world to ")


def test_a_seed_gives_the_same_files(tmp_path):
    for name in ("one", "two"):
        add_data(tmp_path / name, 3, world="steady", seed=4, info=lambda text: None)
    one, two = ({path.name: path.read_text() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("count", [0, -3])
def test_a_count_below_one_is_an_error(tmp_path, count):
    with pytest.raises(SettingsError, match="there is nothing to add"):
        add_data(tmp_path / "data", count, world="steady", seed=None, info=print)
    assert not (tmp_path / "data").exists()
