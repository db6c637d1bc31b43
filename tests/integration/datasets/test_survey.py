"""The first look at real repositories: what is on the branches, what was remembered, what arrived since."""

import subprocess
from dataclasses import replace

import pytest

from ml_action.commands.check import check
from ml_action.config.data_path import DataPath
from ml_action.core import model_metadata
from ml_action.core.errors import DataError, ModelError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset
from ml_action.datasets.inventory import notes
from ml_action.git.journal import State
from tests.support.counting import BRANCHES, SETTINGS, Place
from tests.support.factories import make_attempt, make_csvs, make_history, make_settings, make_version

ROWS = "hours,score\n2,4\n3,6\n"


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, {"readme": "x"} | make_csvs(3))


def test_without_any_state_everything_is_new(place):
    scene = place.look()
    assert (scene.trigger.count, scene.trigger.ready) == (3, False)
    assert scene.inventory.since == place.workspace.git.line("hash-object", "-t", "tree", "/dev/null")
    assert scene.inventory.new[0].path == "data/new_data/00000.csv"
    assert (scene.history, scene.state) == (None, State())
    assert place.look(make_settings(threshold=3)).trigger.ready


def test_after_an_attempt_only_what_arrived_since_is_new(place):
    place.attempt()
    assert place.look().trigger.count == 0
    place.publish(
        make_csvs(2, start=3) | {"data/new_data/moved.csv": "hours,score\n0,0\n", "data/new_data/00000.csv": None}
    )
    scene = place.look()
    assert place.paths(scene) == ["00003.csv", "00004.csv"]
    assert scene.inventory.copies == 1
    assert scene.state.last == make_attempt()


def test_git_by_hand_says_the_same_as_the_count(place):
    place.publish({"data/new_data/rows.csv": ROWS})
    place.attempt()
    place.publish(
        make_csvs(4, start=3) | {"data/new_data/00001.csv": "hours,score\n9,9\n", "data/new_data/copy.csv": ROWS}
    )
    scene = place.look()
    git = place.workspace.git
    git.run("fetch", "-q", str(place.remote), BRANCHES.state)
    by_hand = git.line(
        "diff-tree",
        "-r",
        "-C100%",
        "--find-copies-harder",
        "--diff-filter=AM",
        "--name-only",
        "FETCH_HEAD:data",
        "HEAD:data/new_data",
    )
    assert by_hand.splitlines() == [item.path.rpartition("/")[2] for item in scene.inventory.new]


def test_what_was_taken_away_and_comes_back_is_new_once_and_counted_once(place):
    place.attempt()
    place.publish({"data/new_data/00000.csv": None})
    assert place.look().inventory.removed == 1
    place.publish({"data/new_data/00000.csv": "hours,score\n0,0\n"})
    assert place.look().inventory.new == ()


def test_an_edit_that_copies_an_old_dataset_is_no_new_data(place):
    place.publish({"data/new_data/rows.csv": ROWS})
    place.attempt()
    place.publish({"data/new_data/00000.csv": ROWS})
    scene = place.look()
    assert (scene.inventory.new, scene.inventory.copies) == ((), 1)


READINGS = {f"data/new_data/{n:04}.csv": f"temp,on\n{20 + n % 2},{n % 4 // 2}\n" for n in range(12)}


@pytest.mark.parametrize("unit", ["datasets", "rows"])
def test_files_of_one_row_count_whatever_others_say(tmp_path, unit):
    place, settings = Place(tmp_path, READINGS), make_settings(threshold=5, unit=unit)
    scene = place.look(settings)
    assert (scene.trigger.count, len(scene.datasets()), scene.inventory.readings) == (12, 12, 8)
    assert notes(scene.inventory) == (
        "8 of 12 files have a content that was there: each holds one row, so it counts as a reading of its own",
    )
    place.attempt(settings)
    assert place.look(settings).trigger.count == 0
    place.publish({f"data/new_data/b{n}.csv": READINGS["data/new_data/0001.csv"] for n in range(3)})
    scene = place.look(settings)
    assert place.paths(scene) == ["b0.csv", "b1.csv", "b2.csv"]
    assert (scene.trigger.count, len(scene.datasets())) == (3, 15)


def test_a_reading_that_is_overwritten_by_one_that_was_there_counts(tmp_path):
    place = Place(tmp_path, READINGS | {"data/new_data/now.csv": "temp,on\n99,1\n"})
    place.attempt()
    place.publish({"data/new_data/now.csv": READINGS["data/new_data/0001.csv"]})
    assert place.paths(place.look()) == ["now.csv"]


def test_a_copied_folder_of_files_of_one_row_does_not_count(tmp_path):
    place = Place(tmp_path, READINGS)
    place.attempt()
    place.publish({path.replace("new_data", "new_data/copied"): text for path, text in READINGS.items()})
    scene = place.look()
    assert (scene.trigger.count, scene.inventory.copies, len(scene.datasets())) == (0, 12, 12)
    assert notes(scene.inventory) == ("12 of 12 files have a content that was there: copies do not count",)


def test_a_folder_that_arrives_with_its_copy_counts_once(tmp_path):
    copy = {path.replace("new_data", "new_data/copied"): text for path, text in READINGS.items()}
    scene = Place(tmp_path, READINGS | copy).look()
    assert (scene.trigger.count, scene.inventory.copies, len(scene.datasets())) == (12, 12, 12)


def test_readings_that_are_moved_stay_what_they_are(tmp_path):
    place = Place(tmp_path, READINGS)
    place.attempt()
    moved = {path.replace("data/new_data/", "data/new_data/old/"): text for path, text in READINGS.items()}
    place.publish(dict.fromkeys(READINGS) | moved)
    scene = place.look()
    assert (scene.trigger.count, len(scene.datasets()), notes(scene.inventory)) == (0, 12, ())


def test_copies_of_larger_files_are_reported(tmp_path):
    place = Place(tmp_path, {f"data/new_data/{n:03}.csv": f"a,b\n1,{n % 4}\n2,2\n" for n in range(60)})
    scene = place.look()
    assert (scene.trigger.count, len(scene.datasets())) == (4, 4)
    assert notes(scene.inventory) == ("56 of 60 files have a content that was there: copies do not count",)


def test_what_was_set_aside_is_not_counted_until_it_is_corrected(place):
    bad = place.workspace.git.line("rev-parse", "HEAD:data/new_data/00001.csv")
    place.remember(State(set_aside=(RejectedDataset("data/new_data/00001.csv", bad, "empty"),)))
    scene = place.look()
    assert (scene.trigger.count, scene.inventory.rejected) == (2, 1)
    place.publish({"data/new_data/00001.csv": "hours,score\n7,7\n"})
    assert place.look().trigger.count == 3


def test_without_a_state_but_with_a_champion_its_data_tree_is_where_counting_begins(place):
    history = make_history(make_version(data_tree=place.workspace.tree()))
    place.publish({"model/model_metadata.json": model_metadata.to_bytes(history)} | make_csvs(2, start=3))
    scene = place.look()
    assert scene.history == history
    assert place.paths(scene) == ["00003.csv", "00004.csv"]


def test_a_champion_whose_data_tree_is_gone_counts_everything(place):
    place.publish({"model/model_metadata.json": model_metadata.to_bytes(make_history())})
    assert place.look().trigger.count == 3


def test_a_check_that_has_a_champion_and_no_state_says_so(place):
    assert check(SETTINGS, place.borrow()).notes == ()
    place.publish({"model/model_metadata.json": model_metadata.to_bytes(make_history(make_version()))})
    (note,) = check(SETTINGS, place.borrow()).notes
    assert f"git fetch origin {BRANCHES.state}:{BRANCHES.state}" in note
    place.attempt()
    assert check(SETTINGS, place.borrow()).notes == ()


def test_damaged_metadata_stops_a_run_before_it_counts(place):
    place.publish({"model/model_metadata.json": "{"})
    with pytest.raises(ModelError, match=r"model/model_metadata\.json cannot be used"):
        place.look()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("nowhere", "is not there"),
        ("readme", "is no folder"),
        ("link", "is no folder"),
        ("data/new_data/00000.csv", "is no folder"),
        ("link/x", "is not there"),
        ("untracked", "is not there"),
    ],
)
def test_a_data_path_that_is_no_folder_of_the_commit_is_an_error(place, path, text):
    (place.workspace.path / "link").symlink_to("data/new_data")
    place.workspace.commit()
    (place.workspace.path / "untracked").mkdir()
    with pytest.raises(DataError, match=f"the data path '{path}' {text} in commit") as caught:
        place.look(make_settings(data_path=DataPath((path,))))
    assert "commit at least one CSV file" in caught.value.fix


def test_a_data_path_of_any_name(tmp_path):
    place = Place(tmp_path, make_csvs(2, folder="données é/-a b:c"))
    scene = place.look(make_settings(data_path=DataPath(("données é/-a b:c",))))
    assert scene.inventory.new[0].path == "données é/-a b:c/00000.csv"


def test_the_data_of_the_checkout_counts_and_not_that_of_the_branch(place):
    place.workspace.commit(make_csvs(4, start=3))  # not pushed: as a re-run of another commit has it
    assert place.look().trigger.count == 7


@pytest.mark.parametrize(
    "options", [("--depth=1",), ("--filter=blob:none", "--depth=1", "--no-checkout"), ("--filter=blob:none",)]
)
def test_clones_as_workflows_make_them_count_the_same(place, tmp_path, options):
    place.attempt()
    place.publish(make_csvs(2, start=3) | {"data/new_data/00000.csv": "hours,score\n1,2\n"})
    before = place.look()
    subprocess.run(["git", "clone", "-q", *options, place.remote.as_uri(), str(tmp_path / "clone")], check=True)
    place.workspace = type(place.workspace)(tmp_path / "clone")
    assert place.look().inventory == before.inventory


# --- check --------------------------------------------------------------------------------------------------


def test_check_waits_in_words(place):
    outcome = check(SETTINGS, place.borrow())
    assert (outcome.verdict, outcome.reason) == (Verdict.WAITING, "waiting 3/5: 2 more new datasets start a training")
    assert outcome.next_step == "nothing until more datasets arrive; the next check counts again"
    assert outcome.inventory.tree == place.workspace.tree()


def test_check_is_ready_in_words(place):
    outcome = check(make_settings(threshold=3), place.borrow())
    assert (outcome.verdict, outcome.reason) == (Verdict.READY, "ready 3/3: enough new datasets arrived")
    assert outcome.next_step == "start the training: run the action with mode run"


def test_the_holdout_is_public_until_a_secret_draws_it(place):
    secret = "0123456789abcdef" * 4
    scene = place.look()
    assert scene.public_holdout_key == scene.holdout.value == scene.holdout.salt
    keyed = place.look(make_settings(holdout_key=secret))
    assert keyed.holdout.salt == scene.holdout.salt
    assert keyed.public_holdout_key == ""
    assert keyed.holdout.value not in ("", keyed.holdout.salt)
    recorded = make_version(holdout_fingerprint=keyed.holdout.fingerprint)
    assert replace(scene, history=make_history(recorded)).public_holdout_key == ""
    attempt = make_attempt(holdout_fingerprint=keyed.holdout.fingerprint)
    assert replace(scene, state=State(attempts=(attempt,))).public_holdout_key == ""
    assert replace(scene, history=make_history(salt="recorded")).public_holdout_key == "recorded"
