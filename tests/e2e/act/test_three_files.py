"""check-data.yml, auto-train.yml and auto-merge.yml as a user has them: each starts the next through GitHub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import Account, PullRequest
from tests.e2e.act.world import BOT_PERMISSIONS, PROPOSAL, ROOT, Run, World

# The variant with a personal token that the comment in the file describes: no step `app`, another token.
_APP_STEP = (ROOT / "example-workflows" / "auto-train.yml").read_text(encoding="utf-8")
_APP_STEP = _APP_STEP[_APP_STEP.index("      - id: app\n") : _APP_STEP.index("      - uses: actions/checkout@")]
PERSONAL_TOKEN = ((_APP_STEP, ""), ("${{ steps.app.outputs.token }}", "${{ secrets.ML_BOT_TOKEN }}"))


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(210)


def count(world: World) -> Run:
    """Datasets were pushed."""
    return world.run("check-data.yml", "push", {"ref": "refs/heads/main"})


def train(world: World, who: Account) -> Run:
    return world.run("auto-train.yml", "workflow_dispatch", {"ref": "refs/heads/main"}, ML_BOT_TOKEN=who.token)


def labelled(world: World, number: int, action: str = "labeled") -> Run:
    """The event of a pull request, as GitHub would send it."""
    pull: Any = world.api(world.here.reviewer, "GET", f"pulls/{number}")
    return world.run("auto-merge.yml", "pull_request", {"action": action, "number": number, "pull_request": pull})


def look_alike_pull(world: World, branch: str, *, labels: bool = True) -> int:
    """A person with write access opens a pull request that looks like the bot's, and labels it; its number."""
    who = world.here.hub.add_account("mallory")
    world.commit({"model/v9.pkl": "boo\n"}, branch=branch)
    number: int = world.api(who, "POST", "pulls", title="Promote v9", head=branch, base="main", body="")["number"]
    if labels:
        world.api(who, "POST", f"issues/{number}/labels", labels=["model-update"])
    return number


def pull_of(world: World, number: int) -> PullRequest:
    return next(pull for pull in world.pulls if pull.number == number)


def test_data_starts_the_training_and_the_label_the_approval(world: World) -> None:
    world.adopt("check-data.yml")
    world.adopt("auto-train.yml", *PERSONAL_TOKEN)
    world.adopt("auto-merge.yml")
    bot = world.here.hub.add_account("ml-bot-owner", permissions=BOT_PERMISSIONS)

    run = count(world)
    assert run.code == 0, run.log
    assert run.verdicts == ["✅ ready 210/200: enough new datasets arrived"]
    (dispatch,) = world.here.repository.dispatches
    assert (dispatch.kind, dispatch.name, dispatch.ref) == ("workflow_dispatch", "auto-train.yml", "main")
    assert dispatch.actor.login == "github-actions[bot]"

    run = train(world, bot)
    assert run.code == 0, run.log
    (pull,) = world.pulls
    assert (pull.author.login, pull.head, pull.labels) == ("ml-bot-owner", PROPOSAL, ["model-update"])
    assert world.approvals(pull) == []

    run = count(world)  # nothing is trained twice
    assert run.code == 0, run.log
    assert len(world.here.repository.dispatches) == 1

    # A label on another pull request starts the approval too: the bot refuses it there with the reason.
    other = look_alike_pull(world, "improve-model")
    ours = [("github-actions[bot]", world.last.commit)]
    for number, approved in ((other, []), (pull.number, ours)):
        run = labelled(world, number)
        assert run.code == 0, run.log
        assert world.approvals(pull_of(world, pull.number)) == approved
        assert world.approvals(pull_of(world, other)) == []
    (refusal,) = pull_of(world, other).comments
    assert "does not approve this pull request" in refusal.body
    # `autonomy: propose`: everything that the base branch requires is met, and a person merges
    found = world.api(world.here.reviewer, "GET", f"pulls/{pull.number}")
    assert (found["state"], found["mergeable_state"]) == ("open", "clean")

    # A person pushes to the branch of the approved pull request: the journal does not vouch for that commit.
    world.commit({"model/extra.py": "print('boo')\n"}, branch=PROPOSAL, on=PROPOSAL)
    run = labelled(world, pull.number, "synchronize")
    assert run.code == 0, run.log
    (warning,) = run.messages("warning")
    assert "not approved: its head is " in warning
    assert len(world.approvals(pull_of(world, pull.number))) == 1


def test_github_merges_what_was_approved(world: World) -> None:
    """`autonomy: merge` in auto-train.yml, and auto-merge.yml approves: GitHub's own auto-merge does the rest.

    With an App's token, as the file is shipped; the stand-in of the App's action gives the "key" back as the token.
    """
    world.adopt("auto-train.yml", ("autonomy: propose", "autonomy: merge"))
    world.adopt("auto-merge.yml")
    run = world.run("auto-train.yml", "workflow_dispatch", ML_BOT_PRIVATE_KEY=world.bot.token)
    assert run.code == 0, run.log
    (pull,) = world.pulls
    assert pull.auto_merge
    run = labelled(world, pull.number)
    assert run.code == 0, run.log
    (pull,) = world.pulls
    assert pull.merged
    assert world.champion == "v1"


def test_the_label_alone_proves_nothing(world: World) -> None:
    world.adopt("auto-merge.yml")
    for branch in ("improve-model", PROPOSAL):  # the second: as the bot names its own
        run = labelled(world, look_alike_pull(world, branch))
        assert run.code == 0, run.log
        (warning,) = run.messages("warning")
        assert "not approved" in warning
    assert [world.approvals(pull) for pull in world.pulls] == [[], []]


def test_without_the_label_nothing_is_started(world: World) -> None:
    world.adopt("auto-merge.yml")
    run = labelled(world, look_alike_pull(world, "improve-model", labels=False))
    assert run.code == 0, run.log
    assert run.steps == {}
