import io
import json

import pytest

from ml_action.commands import history, status
from ml_action.core import model_metadata
from ml_action.core.log import PlainLog
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset
from ml_action.git import journal
from ml_action.git.journal import Counter, State
from ml_action.git.open import open_with_own_store
from ml_action.git.repository import Push
from ml_action.reports import status as pages
from ml_action.reports.render.console import inline
from ml_action.runtime import actions, wiring
from tests.support.factories import TIME, make_attempt, make_csvs, make_git, make_history, make_repository, make_version

STATE = "ml-auto-update/model/state"


@pytest.fixture
def workspace(tmp_path):
    return make_repository(tmp_path / "w", {"readme": "x"} | make_csvs(3))


@pytest.fixture
def show(tmp_path, workspace, capsys, monkeypatch):
    """A view's text, or its JSON."""
    monkeypatch.setenv("COLUMNS", "200")

    def show(view, *, as_json=False):
        scratch = tmp_path / f"scratch{len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        place = wiring.find_place({}, actions.read_context({"PATH": "/usr/bin:/bin"}, workspace.path))
        view(place, scratch, PlainLog(io.StringIO()), as_json=as_json)
        out = capsys.readouterr().out
        return json.loads(out) if as_json else out

    return show


def remember(tmp_path, workspace, *attempts):
    scratch = tmp_path / "writing"
    scratch.mkdir()
    borrowed = open_with_own_store(make_git(workspace.path), str(workspace.path), scratch)
    state = State("", workspace.tree(), attempts, (RejectedDataset("a.csv", "1", "empty"),))
    borrowed.push([Push(STATE, "", journal.write(borrowed, state, Counter(0, 200, "", ""), "x", time=TIME))])


def test_status_of_a_new_repository(show):
    text = show(status.status)
    assert "waiting 3/200" in text
    assert "none yet: the first training makes v1" in text
    assert show(status.status, as_json=True) == {
        "count": 3, "threshold": 200, "ready": False, "set_aside": 0, "champion": None, "rolled_back": {},
        "attempts": [],
    }  # fmt: skip
    assert show(history.history, as_json=True) == []
    assert "first training makes v1" in show(history.history)


def test_status_after_attempts(show, tmp_path, workspace):
    workspace.commit({"model/model_metadata.json": model_metadata.to_bytes(make_history())})
    held = make_attempt(verdict=Verdict.HOLD, reason="not [b]proven[/b]", commit="", gain=None, champion_score=None)
    many = [make_attempt(id=f"A{n}", reason=f"reason {n}") for n in range(5)]
    last = make_attempt(id="last", pull_request=7, pull_request_url="https://github.com/o/r/pull/7", state="open")
    remember(tmp_path, workspace, *many, held, last)
    text = show(status.status)
    assert "v1 of 2026-03-01T12:00:00Z, r2 0.8000" in text
    assert "1 dataset" in text
    assert "v2: open, #7 https://github.com/o/r/pull/7" in text
    assert "not [b]proven[/b]" in text
    assert "25.0 %" in text
    assert "reason 1" not in text
    assert "reason 2" in text
    found = show(status.status, as_json=True)
    assert [attempt["id"] for attempt in found["attempts"]] == ["A2", "A3", "A4", held.id, "last"]
    assert (found["count"], found["champion"]["version"], found["set_aside"]) == (0, "v1", 1)


@pytest.mark.parametrize(
    ("attempt", "text"),
    [
        (make_attempt(commit=""), "none"),
        (make_attempt(), "v2: pushed, no pull request"),
        (make_attempt(state="merged", pull_request=3, pull_request_url="u"), "v2: merged, #3 u"),
    ],
)
def test_status_of_the_last_promotion(attempt, text):
    assert inline(pages._promotion(attempt)) == text


def test_history_of_versions(show, workspace):
    old = make_version(metric="accuracy", scores={"r2": 0.1})
    new = make_version(version="v2", champion_scores={"r2": 0.7})
    workspace.commit({"model/model_metadata.json": model_metadata.to_bytes(make_history(old, new))})
    text = show(history.history)
    for cell in ("v1", "v2", "0.8000", "0.7000", "[+0.7000, +0.9000]", "180", "–"):
        assert cell in text
    assert [version["version"] for version in show(history.history, as_json=True)] == ["v1", "v2"]


def test_champion_without_a_score_by_its_metric_is_shown(show, workspace):
    versions = make_history(make_version(metric="accuracy"))
    workspace.commit({"model/model_metadata.json": model_metadata.to_bytes(versions)})
    assert "v1 of 2026-03-01T12:00:00Z, accuracy –" in show(status.status)


def test_rollback_is_shown_with_its_reason(show, tmp_path, workspace):
    versions = (make_version(), make_version(version="v2"))
    workspace.commit({"model/model_metadata.json": model_metadata.to_bytes(make_history(*versions, current="v1"))})
    back = make_attempt(
        id="back", champion="v2", version="v1", verdict=Verdict.ROLLBACK, reason="back from v2 to v1: wrong",
        state="merged", pull_request=4, pull_request_url="u",
    )  # fmt: skip
    remember(tmp_path, workspace, make_attempt(), back)
    text = show(status.status)
    assert "v2 was rolled back on 2026-03-01 (back from v2 to v1: wrong)" in text
    assert "rollback to v1: merged, #4 u" in text
    assert show(status.status, as_json=True)["rolled_back"] == {"v2": "back from v2 to v1: wrong"}
    text = show(history.history)
    assert "in production" in text
    assert "rolled back 2026-03-01" in text
    found = show(history.history, as_json=True)
    assert [(row["in_production"], row["rolled_back"]) for row in found] == [
        (True, ""), (False, "back from v2 to v1: wrong"),
    ]  # fmt: skip


def test_clone_without_a_token_shows_the_branch_that_it_fetched(show, tmp_path, workspace):
    """As `explain` does: the state branch is there under its remote name only."""
    remember(tmp_path, workspace, make_attempt(id="A1", reason="a reason of its own"))
    git = make_git(workspace.path)
    git.run("update-ref", f"refs/remotes/origin/{STATE}", f"refs/heads/{STATE}")
    git.run("update-ref", "-d", f"refs/heads/{STATE}")
    assert "a reason of its own" in show(status.status)
