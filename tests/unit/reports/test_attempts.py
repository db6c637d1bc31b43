"""Which attempt a user names, its facts, and `explain` on a real repository."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ml_action import cli
from ml_action.commands import explain as attempt_views
from ml_action.core import codec, model_metadata
from ml_action.core.codec import encode
from ml_action.core.errors import RepositoryError, SettingsError
from ml_action.core.log import PlainLog
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Interval
from ml_action.core.records.policy import Guardrail, Policy
from ml_action.git import journal
from ml_action.git.journal import Counter, State
from ml_action.git.open import open_with_own_store
from ml_action.git.repository import Push
from ml_action.loop.gate import decide
from ml_action.reports import attempts
from ml_action.reports.sections.attempt import facts, outcome_of_promotion
from ml_action.runtime import actions, wiring
from tests.support.factories import (
    TIME,
    make_attempt,
    make_csvs,
    make_evidence,
    make_gains,
    make_git,
    make_history,
    make_remote,
    make_repository,
    make_screening,
    make_version,
)
from tests.support.goldens import assert_golden
from tests.unit.reports.test_pages import HOSTILE

STATE = "ml-auto-update/model/state"
POLICY = Policy(slices=("school",), guardrails=(Guardrail("neg_mean_absolute_error", 0.01),))
IDS = ("20260301T120000Z-abcdef12", "20260301T130000Z-01234567", "20260402T120000Z-89abcdef")


def judged(comparison=None, screening=None, policy=POLICY, **changes):
    """An attempt as the loop records it."""
    comparison, screening = comparison or make_evidence(), screening or make_screening()
    decision = decide(comparison, policy, screening)
    plain = make_attempt(
        verdict=decision.verdict, reason=decision.reason, decision=decision, comparison=comparison, screening=screening,
        policy=policy, gain=comparison.gain, notes=("trained early: 'sleep_hours' drifted",), set_aside=4,
    )  # fmt: skip
    return replace(plain, **changes)


def held(**changes):
    lucky = make_evidence(
        improvement=0.0031, improvement_interval=Interval(-0.0008, 0.0069), gain=0.018,
        gain_interval=Interval(-0.004, 0.04), p_value=0.062, needed=90, gains=make_gains(0.018), win_rate=0.58,
    )  # fmt: skip
    return judged(lucky, **{"commit": "", "digest": ""} | changes)


# --- which one ----------------------------------------------------------------------------------------------


def find(wanted, *made):
    made = made or tuple(make_attempt(id=one, version=f"v{place}") for place, one in enumerate(IDS, 1))
    return attempts.find(made, wanted, STATE).id


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("", -1), ("1", -1), ("2", -2), (" 3 ", -3), ("003", -3),
        (IDS[0], 0), (IDS[0].lower(), 0), ("20260301T12", 0), ("20260301t13", 1), ("202604", 2), ("2026-04", None),
        ("v1", 0), ("V2", 1), ("v3", 2),
    ],
)  # fmt: skip
def test_attempt_is_found_by_number_id_beginning_or_version(wanted, place):
    if place is None:
        with pytest.raises(SettingsError):
            find(wanted)
    else:
        assert find(wanted) == IDS[place]


@pytest.mark.parametrize("wanted", ["0", "4", "999", "-1", "²", "v4", "x", "20260301", "2026", "v", "*", HOSTILE])
def test_unknown_or_ambiguous_name_lists_the_attempts_that_exist(wanted):
    with pytest.raises(SettingsError) as caught:
        find(wanted)
    problem = caught.value
    assert all((problem.what, problem.why, problem.fix))
    assert problem.what.isprintable()
    assert len(problem.what) < 120
    assert "\n" not in problem.fix
    assert f"{IDS[1]} (v2, promote)" in problem.fix


def test_ambiguous_beginning_lists_only_its_matches():
    with pytest.raises(SettingsError, match="2 attempts begin with '20260301t1'") as caught:
        find("20260301T1")
    assert IDS[2] not in caught.value.fix


def test_only_the_last_attempts_are_listed_the_latest_first():
    many = tuple(make_attempt(id=f"A{place}") for place in range(9))
    with pytest.raises(SettingsError) as caught:
        find("nothing", *many)
    assert caught.value.fix.startswith("name one of these, the last first: A8 (v2, promote); A7")
    assert "A3" not in caught.value.fix


def test_version_names_the_attempt_that_was_merged_or_else_proposed():
    waiting, proposed = make_attempt(id="held", commit=""), make_attempt(id="proposed", state="closed")
    merged = make_attempt(id="merged", state="merged")
    assert find("v2", waiting, merged, proposed, replace(waiting, id="later")) == "merged"
    assert find("v2", waiting, proposed, replace(waiting, id="later")) == "proposed"
    assert find("v2", waiting, replace(waiting, id="later")) == "later"


def test_empty_journal_names_the_branch_to_fetch():
    with pytest.raises(RepositoryError) as caught:
        attempts.find((), "", STATE)
    assert f"git fetch origin {STATE}:refs/remotes/origin/{STATE}" in caught.value.fix


# --- what became of it --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"commit": "", "verdict": Verdict.HOLD}, "none: nothing was proposed"),
        ({"commit": ""}, "none: autonomy was report"),
        ({}, "its branch is not merged"),
        ({"pull_request": 7, "pull_request_url": "https://github.com/o/r/pull/7", "state": "open"},
         "pull request #7 is open (https://github.com/o/r/pull/7)"),
        ({"pull_request": 7, "state": "open", "draft": True}, "pull request #7 is a draft that waits for a person"),
        ({"pull_request": 7, "state": "closed"},
         "pull request #7 was closed by a person: the same data will not propose it again"),
        ({"pull_request": 7, "state": "merged"}, "pull request #7 was merged"),
        ({"pull_request": 7, "state": "superseded"}, "superseded: another champion came before it was merged"),
    ],
)  # fmt: skip
def test_outcome_of_a_promotion(changes, text):
    assert outcome_of_promotion(make_attempt(**changes), None) == text


def test_history_decides_what_was_merged_whatever_the_journal_has():
    attempt = make_attempt(state="open", pull_request=7)
    mine = make_version(version="v2", attempt=attempt.id)
    assert outcome_of_promotion(attempt, make_history(make_version(), mine)) == "merged: in production"
    later = make_history(make_version(), mine, make_version(version="v3"))
    assert outcome_of_promotion(attempt, later) == "merged: it was in production, v3 is now"


def asked_for(attempt):
    return dict(facts(attempt, None).content)["asked for"].content


def test_policy_is_described_in_words():
    asked = asked_for(judged())
    assert asked == ("better by 0.5 % at least, 95 % confidence, neg_mean_absolute_error within 1.0 %, no school worse")
    for policy, text in ((Policy(gate="not-worse"), "not worse by 2.0 %"), (Policy(gate="higher"), "a higher score")):
        assert asked_for(judged(policy=policy)).startswith(text)


# --- on a real repository -----------------------------------------------------------------------------------


@pytest.fixture
def workspace(tmp_path):
    return make_repository(tmp_path / "w", {"readme": "x"} | make_csvs(3))


def remember(folder, workspace, *made):
    """Writes the journal, as a run does."""
    folder.mkdir()
    borrowed = open_with_own_store(make_git(workspace.path), str(workspace.path), folder)
    state = State("", workspace.tree(), made)
    borrowed.push([Push(STATE, "", journal.write(borrowed, state, Counter(0, 200, "", ""), "x", time=TIME))])


@pytest.fixture
def explain(tmp_path, workspace, capsys, monkeypatch):
    """What `explain` prints; a workspace of its own where one is named."""
    monkeypatch.setenv("COLUMNS", "120")

    def explain(wanted="", *, form="", at=None, **environ):
        scratch = tmp_path / f"scratch{len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        context = actions.read_context({"PATH": "/usr/bin:/bin"} | environ, (at or workspace).path)
        given = {"token": "t", "forge": "github", "base": "main"} if environ else {}
        place = wiring.find_place(given, context)
        attempt_views.explain(place, scratch, PlainLog(sys.stderr), wanted, form=form)
        return capsys.readouterr().out

    return explain


def test_explanation_for_a_terminal(explain, tmp_path, workspace):
    remember(tmp_path / "writing", workspace, held())
    assert_golden("explain.txt", explain())


def test_explanation_as_markdown(explain, tmp_path, workspace):
    promoted = judged(pull_request=7, pull_request_url="https://github.com/o/r/pull/7", state="merged")
    remember(tmp_path / "writing", workspace, promoted)
    assert_golden("explain.md", explain(form="markdown"))


def test_explanation_as_json_is_the_record_of_the_journal(explain, tmp_path, workspace):
    remember(tmp_path / "writing", workspace, held(id=IDS[0]), judged(id=IDS[1]))
    assert json.loads(explain("2", form="json")) == json.loads(json.dumps(encode(held(id=IDS[0]))))


def test_explanation_shows_everything_in_the_journal(explain, tmp_path, workspace):
    workspace.commit({"model/model_metadata.json": model_metadata.to_bytes(make_history(make_version(attempt="A1")))})
    suspicious = make_screening(suspicious=33, moved=("'hours' has moved as a whole",))
    attempt = judged(screening=suspicious, id="A1", forced="I looked at them", draft=True, version="v1", champion="")
    remember(tmp_path / "writing", workspace, attempt, replace(attempt, id="A2", forced="", version="v2"))
    assert "This is a draft for a person to decide on: the data look wrong: 33 of 217" in explain("v2")
    text = explain("v1")
    for line in (
        "🔎 review: the data look wrong: 33 of 217 new datasets are suspicious to the champion",
        "   what would change it: look at the datasets; if they are right",
        "A person forced this: I looked at them.",
        "2026-03-01 12:00:00 UTC",
        "https://github.com/o/r/actions/runs/1",
        "v1, the first model",
        "200 sound, 4 set aside",
        "180 datasets, 2,700 rows, judged on 214 datasets",
        "merged: in production",
        "r2 (decides)",
        "gain: 6.1 % of the champion's error",
        "gain of each dataset, sorted",
        "❌ screen: 33 of 217 new datasets",
        "✅ sign-flip test: the chance of such a gain",
        "Slices",
        "Guardrails",
        "Suspicious: 33 datasets of 217",
        "batch-07-008.csv",
        "… and 30 more",
        "Moved as a whole\n'hours' has moved as a whole",
        "Notes\ntrained early: 'sleep_hours' drifted",
    ):
        assert line in text


def test_journal_of_an_earlier_release_is_explained_as_far_as_it_goes(explain, tmp_path, workspace):
    line = encode(make_attempt(verdict=Verdict.HOLD, reason="not proven better: 0.1 %", commit=""))
    for name in ("comparison", "decision", "screening", "policy", "notes", "forced", "draft"):
        del line[name]
    remember(tmp_path / "writing", workspace, codec.decode(type(make_attempt()), line))
    text = explain()
    assert "✋ hold: not proven better: 0.1 %" in text
    assert "r2: 0.8500 against 0.8000" in text
    assert "gain: 25.0 % of the error, p 0.0001" in text
    assert "the journal of that time held no more" in text
    assert "The gate" not in text
    assert json.loads(explain(form="json"))["comparison"] is None


def test_attempt_without_scores_is_explained(explain, tmp_path, workspace):
    nothing = {"challenger_score": None, "champion_score": None, "datasets": 0, "run_url": ""}
    remember(tmp_path / "writing", workspace, make_attempt(verdict=Verdict.INCOMPARABLE, **nothing))
    text = explain()
    assert "trained on" in text
    assert "on a local machine" in text
    assert "Scores" not in text


def test_hostile_text_of_a_journal_is_shown_as_text(explain, tmp_path, workspace):
    hostile = HOSTILE + "[bold]x[/bold] :warning: [link=https://evil.example]y[/link]"
    attempt = held(reason=hostile, notes=(hostile,), run_url=hostile, forced=hostile)
    remember(tmp_path / "writing", workspace, attempt)
    text = explain()
    assert all(sign.isprintable() or sign in "\n\u200b" for sign in text)
    assert "##[" not in text
    assert "[bold]x[/bold] :warning:" in text
    page = explain(form="markdown")
    assert "<img" not in page
    assert "](https://evil" not in page


def make_clone(path, remote):
    """As `git clone` makes one: other branches than main are known as the server's."""
    clone = make_repository(path)
    clone.git.run("remote", "add", "origin", str(remote))
    clone.git.run("fetch", "-q", "origin")
    clone.git.run("checkout", "-q", "main")
    return clone


def test_plain_clone_explains_from_the_branch_that_it_fetched(explain, tmp_path, workspace):
    """Without a token; the branch is there as the clone fetched it."""
    remember(tmp_path / "writing", workspace, held())
    clone = make_clone(tmp_path / "clone", make_remote(tmp_path / "remote.git", workspace))
    assert "not proven better" in explain(at=clone)


def test_explanation_reads_the_server_or_else_the_clone(explain, tmp_path, workspace, without_waits):
    (tmp_path / "server/o").mkdir(parents=True)
    remember(tmp_path / "writing", workspace, held(id="A-old"))
    remote = make_remote(tmp_path / "server/o/r.git", workspace)
    clone = make_clone(tmp_path / "clone", remote)
    bare = make_git(remote)
    (tmp_path / "later").mkdir()
    borrowed = open_with_own_store(bare, str(remote), tmp_path / "later")
    tip = bare.object_id(f"refs/heads/{STATE}")
    newer = State(tip, "", (held(id="A-old"), held(id="A-new")))
    borrowed.push([Push(STATE, tip, journal.write(borrowed, newer, Counter(0, 200, "", ""), "x", time=TIME))])
    online = {"GITHUB_SERVER_URL": (tmp_path / "server").as_uri(), "GITHUB_REPOSITORY": "o/r"}
    assert "A-new" in explain(at=clone, **online)
    gone = online | {"GITHUB_SERVER_URL": "http://127.0.0.1:9"}
    assert "A-old" in explain(at=clone, **gone)
    with pytest.raises(RepositoryError, match="could not be reached"):
        explain(at=make_repository(tmp_path / "bare", {"a": "b"}), **gone)


# --- through the door ---------------------------------------------------------------------------------------


@pytest.fixture
def ask(workspace, capsys):
    def ask(*arguments):
        environ = {"PATH": "/usr/bin:/bin"}
        code = cli.main(["explain", "--workspace", str(workspace.path), *arguments], environ)
        return code, capsys.readouterr()

    return ask


def test_command_explains_in_each_form(ask, tmp_path, workspace):
    remember(tmp_path / "writing", workspace, held(id=IDS[0]), judged(id=IDS[1]))
    code, output = ask()
    assert (code, "🚀 promote: better by 6.1 %" in output.out) == (0, True)
    code, output = ask("2", "--json")
    assert (code, json.loads(output.out)["verdict"]) == (0, "hold")
    code, output = ask("2", "--markdown")
    assert (code, output.out.startswith("## ✋ hold: not proven better")) == (0, True)


def test_command_reports_errors_in_three_parts(ask, tmp_path, workspace):
    code, output = ask()
    assert code == 4
    assert output.out.startswith("error: the journal holds no attempt yet\n  Why: ")
    remember(tmp_path / "writing", workspace, held())
    code, output = ask("v9")
    assert code == 2
    assert output.out.startswith("error: there is no attempt 'v9'\n  Why: ")
    assert "\n  Do:  name one of these, the last first: 20260301T120000Z-abcdef12 (v2, hold)" in output.out


def test_json_and_markdown_exclude_each_other(ask):
    with pytest.raises(SystemExit):
        ask("--json", "--markdown")


def test_folder_that_is_no_repository_is_reported(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert cli.main(["explain", "--workspace", str(tmp_path / "empty")], {"PATH": "/usr/bin:/bin"}) == 4
    assert "is not a git repository" in capsys.readouterr().out


def test_explanation_loads_nothing_of_the_training(tmp_path, workspace):
    """In a process of its own: nothing of the training is imported."""
    remember(tmp_path / "writing", workspace, held())
    program = (
        "import sys; from ml_action import cli; code = cli.main(sys.argv[1:]); "
        "print(code, sorted({'numpy', 'pandas', 'sklearn', 'joblib', 'github'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "explain", "--workspace", str(workspace.path)],
        cwd=Path(cli.__file__).parents[1], env=dict(os.environ), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 []"
