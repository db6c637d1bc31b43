"""The champion is never trusted blindly: verified before it is loaded, noted where it is old, asked what it knows."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
from pathlib import Path

import joblib
import pytest

from tests.scenarios.world import STORE, World, drifted, steady


class Canary:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.mark),))


def bend(world: World, **changes: object) -> None:
    """Edits the champion's entry in model_metadata.json."""
    metadata = json.loads(world.read("model/model_metadata.json"))
    metadata["versions"][-1] |= changes
    world.commit({"model/model_metadata.json": json.dumps(metadata)})


def test_a_model_file_that_is_not_the_recorded_one_is_not_loaded(production: World, tmp_path: Path) -> None:
    mark = tmp_path / "canary"
    production.commit({"model/v1.pkl": pickle.dumps(Canary(mark))})
    production.arrive(drifted(45, 8))
    state = production.state.commit
    run = production.hour()
    assert (run.code, run.decision) == (6, "failed")
    assert "sha256" in run.plain_summary
    assert not mark.exists()
    assert production.state.commit == state
    assert production.pulls == []


def test_a_missing_model_file_is_named(production: World) -> None:
    production.commit({"model/v1.pkl": None})
    production.arrive(drifted(45, 8))
    run = production.hour()
    assert (run.code, run.decision) == (6, "failed")
    assert "model/v1.pkl is not on the base branch" in run.plain_summary
    assert "::error file=model/v1.pkl" in run.log


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"format": 99}',
        '{"format": 1, "current": "v7", "name": "model", "salt": "s", "versions": []}',
        "\x00",
    ],
)
def test_damaged_metadata_stops_the_run_before_anything_is_trained(production: World, content: str) -> None:
    production.commit({"model/model_metadata.json": content})
    production.arrive(drifted(45, 8))
    run = production.hour()
    if '"versions": []' in content:
        assert run.code == 0  # nothing is in production: a first model is
        return
    assert (run.code, run.decision) == (6, "failed")
    words = "a newer version of ml-auto-update wrote it" if "99" in content else "model_metadata.json cannot be used"
    assert words in run.plain_summary
    assert len(production.attempts) == 1


def test_a_model_outside_its_folder_is_not_read(production: World) -> None:
    bend(production, file="../data/new_data/batch-1-000.csv")
    production.arrive(drifted(45, 8))
    assert production.hour().code == 6


def test_a_model_file_that_cannot_be_loaded_is_explained(production: World) -> None:
    content = b"not a pickle"
    bend(production, sha256=hashlib.sha256(content).hexdigest())
    production.commit({"model/v1.pkl": content})
    production.arrive(drifted(45, 8))
    run = production.hour()
    assert run.code == 6
    assert "cannot be loaded" in run.plain_summary


def test_a_champion_of_another_scikit_learn_is_used_and_noted(
    production: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = joblib.load(io.BytesIO(production.read("model/v1.pkl")))
    buffer = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr("sklearn.base.__version__", "1.2.3")  # what estimators write into their own pickles
        joblib.dump(model, buffer)
    bend(production, sha256=hashlib.sha256(buffer.getvalue()).hexdigest())
    production.commit({"model/v1.pkl": buffer.getvalue()})
    production.arrive(drifted(45, 8))
    run = production.hour()
    assert run.decision == "promote"
    assert "The champion was written with scikit-learn 1.2.3" in run.plain_summary
    assert "scikit-learn 1.2.3" in (production.pull.body or "").replace("\\", "")


def renamed(text: str) -> str:
    return text.replace("hours_studied", "learning_hours", 1)


def test_a_champion_that_does_not_know_the_new_columns_is_left_to_a_person(production: World) -> None:
    """All datasets have another schema now, and the settings say so: the champion cannot be asked."""
    production.commit({f"{STORE}/batch-1-{n:03}.csv": None for n in range(45)})
    production.arrive([renamed(text) for text in drifted(45, 8)])
    run = production.hour(features="learning_hours,sleep_hours")
    assert (run.code, run.decision) == (0, "incomparable")
    assert "hours_studied" in run.plain_summary
    assert "::warning" in run.log
    assert production.pulls == []
    assert production.last.verdict.value == "incomparable"
    again = production.hour(features="learning_hours,sleep_hours")
    assert (again.decision, again.outputs["count"]) == ("waiting", "0")


def test_without_a_setting_datasets_in_another_schema_are_set_aside_and_reported(production: World) -> None:
    production.arrive([renamed(text) for text in drifted(45, 8)])
    stopped = production.hour()
    assert (stopped.code, stopped.decision, stopped.outputs["quarantined"]) == (3, "failed", "45")
    assert "45 of 45 new datasets are bad" in stopped.reason
    run = production.hour(max_quarantine="1")
    assert (run.decision, run.outputs["quarantined"]) == ("waiting", "45")
    assert "lacks the column 'hours_studied'" in run.plain_summary
    assert production.hour().outputs["count"] == "0"


def test_another_target_than_the_champions_is_incomparable(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(target="school", features="hours_studied,score")
    assert (run.code, run.decision) == (0, "incomparable")
    assert production.pulls == []


def test_a_champion_of_another_target_of_the_same_kind_is_incomparable_and_nothing_is_merged(production: World) -> None:
    """Both are numbers: hours would be compared with scores, and any model of hours would win."""
    production.arrive(drifted(45, 8))
    run = production.hour(target="hours_studied", features="score,attendance")
    assert (run.code, run.decision) == (0, "incomparable")
    assert "it predicts 'score', the settings ask for 'hours_studied'" in run.reason
    assert production.pulls == []


def test_the_same_inputs_give_the_same_model_and_fingerprint(production: World, tmp_path: Path) -> None:
    import shutil

    from ml_action.commands import sandbox_session

    production.arrive(drifted(45, 8))
    shutil.copytree(production.repository.path, tmp_path / "twin/octo/students.git")
    production.hour()
    with sandbox_session.open_session(tmp_path / "twin", "octo/students") as here:
        twin = World(here)
        here.hub.protect(here.repository, "main", required_reviews=1)
        twin.hour()
        assert twin.last.fingerprint == production.last.fingerprint
        assert twin.last.digest == production.last.digest
        assert twin.last.gain == production.last.gain


def test_a_pointer_that_a_person_moved_back_to_v1_is_respected(production: World) -> None:
    """A rollback by hand: `current` says v1 again; the next challenger is measured against v1 and becomes v3."""
    production.arrive(drifted(45, 8))
    production.hour()
    metadata = json.loads(production.read("model/model_metadata.json")) | {"current": "v1"}
    production.commit({"model/model_metadata.json": json.dumps(metadata)})
    assert production.hour().decision == "waiting"
    assert production.versions == ["v1", "v2"]
    production.arrive(drifted(45, 11))
    run = production.hour()
    assert (run.decision, run.outputs["version"]) == ("promote", "v3")
    assert production.last.champion == "v1"
    assert production.champion.version == "v3"


def test_classification_end_to_end(empty: World) -> None:
    from tests.scenarios.world import as_classes

    empty.arrive(as_classes(steady(45, 1)))
    run = empty.hour()
    assert (run.decision, run.outputs["merge-state"]) == ("promote", "merged"), run.log
    champion = empty.champion
    assert (champion.task, champion.metric, champion.target) == ("classification", "accuracy", "result")
    empty.arrive(as_classes(steady(45, 7)))
    assert empty.hour().decision in ("hold", "reject")
    empty.arrive([text.replace("passed", "x").replace("failed", "passed").replace("x", "failed")
                  for text in as_classes(steady(120, 9))])  # fmt: skip
    run = empty.hour()
    assert run.decision in ("promote", "hold")
    assert empty.last.metric == "accuracy"


def test_real_people_v1_from_one_site_a_second_site_promotes_and_more_of_it_is_held(empty: World) -> None:
    from ml_action.commands.demo import panel

    sites = panel.datasets()
    empty.arrive(sites["2"][:220])
    assert empty.hour(threshold="200").outputs["merge-state"] == "merged"
    empty.arrive(sites["6"][:220])
    run = empty.hour(threshold="200")
    assert (run.decision, run.outputs["merge-state"]) == ("promote", "merged"), run.reason
    empty.arrive(sites["6"][220:477])
    run = empty.hour(threshold="200")
    assert run.decision == "hold", run.reason
    assert empty.versions == ["v1", "v2"]
    assert empty.champion.target == panel.TARGET


def test_a_model_with_another_name_does_not_take_over_the_folder(production: World) -> None:
    """Two models that share a model-dir would swap each other's service."""
    production.arrive(drifted(45, 8))
    run = production.hour(name="other")
    assert (run.code, run.decision) == (6, "failed")
    assert "model/ belongs to the model 'model', and this run is for 'other'" in run.log
