"""Protection that protects: rows T4 and T14 of the review, and an edited journal.

The attackers may write to branches. They may not push to main.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.git.journal_history import StateCommit, find_edit, summary
from ml_action.git.repository import AUTHOR
from sandbox.rules import matches
from tests.attacks.forgery import write_as_the_bot
from tests.scenarios.test_doctor import as_json
from tests.scenarios.world import PROPOSAL, STATE, Run, World, drifted, in_process
from tests.support.factories import make_attempt

BOT = "ml-bot[bot]"
ADVISED, FORMERLY_ADVISED = "ml-auto-update/**/*", "ml-auto-update/**"


# --- patterns ------------------------------------------------------------------------------------------------

PATTERNS = [
    # GitHub's own examples, and Ruby's: File.fnmatch(pattern, name, File::FNM_PATHNAME)
    ("qa/**/*", "qa/foo/bar/foobar/hello-world", True),
    ("qa/*", "qa/foo/bar", False),
    ("*", "qa/foo", False),
    ("**", "qa/foo", False),
    ("**/*", "qa/foo", True),
    ("**/foo", "a/b/c/foo", True),
    ("**/foo", "foo", True),
    ("**/foo", "a/.b/c/foo", False),
    ("**foo", "a/foo", False),
    ("**foo", "afoo", True),
    ("release/**/x", "release/x", True),
    ("release/**/**/x", "release/a/b/x", True),
    ("cat", "cat", True),
    ("cat", "category", False),
    ("CAT", "cat", False),
    ("c{at,ub}s", "cats", False),
    ("c?t", "cat", True),
    ("c??t", "cat", False),
    ("a?b", "a/b", False),
    ("c*", "cats", True),
    ("ca[a-z]", "cat", True),
    ("ca[^t]", "cat", False),
    ("ca[!t]", "cad", True),
    ("ca[t", "ca[t", False),
    ("a[/]b", "a/b", False),
    (r"\?", "?", True),
    (r"\?", "a", False),
    (r"\*", "*", True),
    ("?a", ".a", False),
    ("*", ".profile", False),
    (".*", ".profile", True),
    ("**/*", "a/.b", False),
    # what this product advises, and what it advised before
    (ADVISED, STATE, True),
    (ADVISED, PROPOSAL, True),
    (ADVISED, "ml-auto-update/other", True),
    (ADVISED, "ml-auto-update", False),
    (FORMERLY_ADVISED, STATE, False),
    (FORMERLY_ADVISED, PROPOSAL, False),
    (FORMERLY_ADVISED, "ml-auto-update/other", True),
    ("~ALL", STATE, True),
]


@pytest.mark.parametrize(("pattern", "branch", "covered"), PATTERNS)
def test_the_sandbox_matches_branches_as_github_does(pattern: str, branch: str, covered: bool) -> None:
    """T4: the sandbox matched otherwise, and so the tests agreed with the mistake of the documentation."""
    assert matches(pattern, branch) is covered


def test_no_page_and_no_message_advises_a_pattern_that_covers_nothing() -> None:
    """T4: every pattern in pages and messages is one that GitHub applies to both of the bot's branches."""
    root = Path(__file__).parents[2]
    files = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("ml_action/**/*.py"), *root.glob("*/*.y*ml")]
    assert len(files) > 200
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            rest = line.replace("`ml-auto-update/**` stops at the next", "").replace(ADVISED, "")
            assert FORMERLY_ADVISED not in rest, f"{path}:{number + 1}"


# --- rules ---------------------------------------------------------------------------------------------------


def protect(world: World, pattern: str) -> None:
    world.here.hub.protect(
        world.repository, pattern, ruleset="bot", restrict=True, block_pushes=False, bypass=(world.here.author.login,)
    )


def force_push(world: World, commit: str, branch: str) -> str:
    """A user who may write force-pushes a commit to a branch; what git says."""
    url = world.here.hub.git_url(world.repository, world.person("mallory"))
    pushed = ["git", "-C", str(world.repository.path), "push", "--quiet", "--force", url]
    return subprocess.run(
        [*pushed, f"{commit}:refs/heads/{branch}"], check=False, capture_output=True, text=True
    ).stderr


def push(world: World, branch: str) -> str:
    """A user who may write pushes a commit to one of the bot's branches; what git says."""
    made = ["-c", "user.name=bot", "-c", "user.email=x@x", "commit-tree", "-p", branch, "-m", "x", f"{branch}^{{tree}}"]
    commit = subprocess.run(
        ["git", "-C", str(world.repository.path), *made], check=True, capture_output=True, text=True
    ).stdout.strip()
    return force_push(world, commit, branch)


def doctor(world: World, **given: str) -> tuple[Run, dict[str, Any]]:
    """The doctor's findings by name."""
    job = world.job(mode="doctor", **given)
    run = job.result(*in_process(job.environ))
    _, found = as_json(world, **given)
    return run, {one["name"]: one for one in found["findings"]}


def test_the_rule_that_was_advised_protects_nothing_and_the_doctor_says_so(proposed: World) -> None:
    """T4: a writer moves the journal, past the rule of the documentation."""
    protect(proposed, FORMERLY_ADVISED)
    _, found = doctor(proposed)
    assert f"no rule keeps other writers off {STATE} and {PROPOSAL}" in found["unguarded"]["what"]
    assert "ml-auto-update/**/*" in found["unguarded"]["fix"]
    assert "GH013" not in push(proposed, STATE)


def test_the_rule_that_is_advised_keeps_writers_off_and_lets_the_bot_through(production: World) -> None:
    """T4: the same with the right pattern, through a whole promotion."""
    protect(production, ADVISED)
    production.arrive(drifted(45, 8))
    assert production.hour().outputs["merge-state"] == "merged"
    before = production.tip(STATE)
    assert "GH013" in push(production, STATE)
    assert production.tip(STATE) == before
    _, found = doctor(production)
    assert "unguarded" not in found
    assert "guarded" in found


def test_the_doctor_names_the_writers_who_could_change_the_journal(production: World) -> None:
    """T4: who could do it, as GitHub knows it."""
    for login, role in (("ada", "write"), ("bob", "admin"), ("eve", "read")):
        production.here.hub.add_account(login, role=role)
    _, found = doctor(production)
    assert "ada, bob could change them" in found["unguarded"]["happens"]
    assert "ada, bob may write here" in found["everybody-approves"]["what"]


@pytest.mark.parametrize("name", ["ml-auto-update", "ml-auto-update/model", f"{STATE}/deeper"])
def test_a_branch_that_takes_the_names_of_the_bots_branches_is_known_before_the_training(
    production: World, name: str
) -> None:
    """T14: it blocked a model's first run, after the training was paid for."""
    production.git.run("update-ref", "-d", f"refs/heads/{STATE}")
    production.git.run("update-ref", "-d", f"refs/heads/{PROPOSAL}")
    production.git.run("update-ref", f"refs/heads/{name}", "main")
    run, found = doctor(production)
    assert run.code == 5
    assert found["names-taken"]["what"].endswith(name)
    production.arrive(drifted(45, 8))
    run = production.hour()
    assert (run.code, "nothing was trained" in run.plain_summary) == (5, True), run.log
    assert name in run.plain_summary


# --- an edited journal ---------------------------------------------------------------------------------------


def test_a_journal_that_a_person_edited_is_reported_and_not_followed(proposed: World) -> None:
    """Not in the review: the journal decides what is approved, and anybody who may write could edit it."""
    edited = proposed.read("journal.jsonl", STATE).replace(b"promote", b"hold")
    proposed.commit({"journal.jsonl": edited}, STATE, by=proposed.person("mallory"))
    before = proposed.tip(STATE)
    run = proposed.hour()
    assert (run.code, run.decision) == (0, "blocked"), run.log
    assert "the journal is not followed" in run.reason
    assert (proposed.tip(STATE), proposed.pull.open, proposed.pull.reviews) == (before, True, [])


def test_an_edit_that_a_later_commit_of_the_bot_covers_is_found(proposed: World) -> None:
    """The same, one run later."""
    proposed.commit({"report.md": "Merge this"}, STATE, by=proposed.person("mallory"))
    write_as_the_bot(proposed, lambda state: state)
    assert "and not by the bot" in proposed.hour().reason


def test_a_dropped_line_is_found_also_in_a_commit_with_the_bots_name(proposed: World) -> None:
    """The same, with the bot's name on the commit: the journal only grows."""
    write_as_the_bot(proposed, lambda state: replace(state, attempts=state.attempts[1:]))
    assert "it changes or lacks what was recorded before" in proposed.hour().reason


def test_mode_approve_and_mode_rollback_do_not_follow_an_edited_journal_either(second: World) -> None:
    second.commit({"report.md": "x"}, STATE, by=second.person("mallory"))
    for given in ({"mode": "approve"}, {"mode": "rollback", "to": "v1", "why": "we want it"}):
        run = second.hour(**given)
        assert (run.decision, second.writes) == ("blocked", [])
        assert "the journal is not followed" in run.reason


def test_an_imitated_journal_is_stopped_by_the_ruleset_alone(proposed: World) -> None:
    """The price of a journal that is a branch (docs/threats.md): no run finds it, and the doctor says what to set."""
    before = proposed.tip(STATE)
    forged = write_as_the_bot(
        proposed, lambda state: replace(state.with_attempt(replace(proposed.last, digest="0" * 64)), commit="")
    )
    proposed.git.run("update-ref", f"refs/heads/{STATE}", before)
    assert force_push(proposed, forged, STATE) == ""
    assert proposed.tip(STATE) == forged
    assert "the journal is not followed" not in proposed.hour().reason
    assert doctor(proposed)[1]["unguarded"]["fix"].count(ADVISED)

    proposed.git.run("update-ref", f"refs/heads/{STATE}", before)
    protect(proposed, ADVISED)
    assert "GH013" in force_push(proposed, forged, STATE)
    assert proposed.tip(STATE) == before


def test_a_run_that_waits_reads_no_history_and_the_first_that_acts_reports_the_edit(production: World) -> None:
    """The other price: an edit delays, and nothing follows from it."""
    production.commit({"report.md": "x"}, STATE, by=production.person("mallory"))
    production.arrive(drifted(3, 8))
    assert production.hour().decision == "waiting"
    production.arrive(drifted(45, 9))
    run = production.hour()
    assert (run.decision, production.writes) == ("blocked", [])
    assert "the journal is not followed" in run.reason


def attempts(count: int) -> list[Attempt]:
    return [make_attempt(id=f"a{n}", version=f"v{n}") for n in range(count)]


def history(*counts: int, of: Callable[[int], list[Attempt]] = attempts) -> list[StateCommit]:
    return [
        StateCommit(f"{n:040x}", AUTHOR[1], AUTHOR[1], f"x\n\n{summary(of(count))}\n") for n, count in enumerate(counts)
    ]


def test_a_journal_that_only_grew_is_believed() -> None:
    assert find_edit(history(0, 1, 1, 2, 3), attempts(3)) == ""
    assert find_edit([StateCommit("a" * 40, AUTHOR[1], AUTHOR[1], "of before")], attempts(1)) == ""
    noted = [replace(one, pull_request=7, state="merged", author="bot", commit="c" * 40) for one in attempts(2)]
    assert find_edit(history(1, 2), noted) == ""  # how far a promotion came is noted in its line


@pytest.mark.parametrize(
    ("counts", "change"),
    [
        ((1, 2, 1), {}),  # a line was dropped, and the branch went on
        ((1, 2, 3), {"version": "v9"}),
        ((1, 2, 3), {"verdict": Verdict.HOLD}),
        ((1, 2, 3), {"digest": "e" * 64}),
        ((1, 2, 3), {"data_tree": "f" * 40}),
        ((1, 4), {}),  # it held more once
    ],
)
def test_a_journal_that_was_changed_is_not_believed(counts: tuple[int, ...], change: dict[str, Any]) -> None:
    first, *rest = attempts(3)
    assert "it changes or lacks what was recorded before" in find_edit(
        history(*counts), [replace(first, **change), *rest]
    )


@pytest.mark.parametrize(
    ("author", "committer", "ours"),
    [
        (AUTHOR[1], AUTHOR[1], True),
        ("7+ml-bot[bot]@users.noreply.github.com", "noreply@github.com", True),  # signed by GitHub
        ("7+ml-bot[bot]@users.noreply.ghe.example.org", "noreply@ghe.example.org", True),
        ("7+mallory@users.noreply.github.com", "noreply@github.com", False),  # the web editor
        (AUTHOR[1], "mallory@example.org", False),  # cherry-picked or amended
        ("mallory@example.org", AUTHOR[1], False),
        ("7+x[bot]@users.noreply.github.com.evil.org\n", "noreply@github.com", False),
    ],
)
def test_who_may_have_written_the_journal(author: str, committer: str, ours: bool) -> None:
    assert StateCommit("a" * 40, author, committer, "").is_ours is ours
