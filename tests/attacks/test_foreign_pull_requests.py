"""A pull request is the bot's if its number, place and author are: row T3 of the review.

The attackers may read the repository, which is enough to open pull requests between its branches. Some have the role
Triage: they may set labels and close pull requests, and may not write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sandbox import Account, PullRequest
from tests.attacks.forgery import write_as_the_bot
from tests.scenarios.conftest import Waiting
from tests.scenarios.world import PROPOSAL, PULLS, STATE, World, drifted


def reader(world: World, login: str = "eve") -> Account:
    """A user who may read."""
    return world.here.hub.add_account(login, role="read")


def triage(world: World, login: str = "tom") -> Account:
    """A user who may close pull requests, and may not write."""
    return world.here.hub.add_account(login, role="triage")


def offer(world: World, who: Account, base: str = "main") -> PullRequest:
    """A pull request from the bot's branch."""
    response = world.api(who, "POST", PULLS, title="Mine", head=PROPOSAL, base=base, body="look")
    return world.pulls[response["number"] - 1]


def close(world: World, who: Account, number: int = 1) -> None:
    response = world.api(who, "PATCH", f"{PULLS}/{number}", state="closed")
    assert response["state"] == "closed", response


def untouched(pull: PullRequest) -> bool:
    """Neither approved, nor labelled, nor edited, nor merged."""
    return (pull.title, pull.body, pull.labels, pull.reviews, pull.merged) == ("Mine", "look", [], [], False)


@pytest.fixture
def unopened(make_world: Callable[..., World], with_v2_proposed: Waiting) -> World:
    """v2 is proposed on its branch, and the bot's pull request is not there yet: the run was killed before."""
    world = make_world(with_v2_proposed.path)
    world.batches = 2
    first, last = world.attempts
    write_as_the_bot(
        world,
        lambda state: replace(
            state,
            attempts=(
                replace(first, pull_request=0),  # this world counts its pull requests from 1
                replace(last, pull_request=0, pull_request_url="", author="", state=""),
            ),
        ),
    )
    assert last.commit == world.tip(PROPOSAL)
    return world


def test_an_outsiders_pull_request_from_the_bots_branch_is_closed_and_the_bots_own_is_opened(unopened: World) -> None:
    """T3: the bot adopted it, labelled it and approved it."""
    theirs = offer(unopened, reader(unopened))
    run = unopened.hour(autonomy="approve")
    assert (theirs.state, untouched(theirs)) == ("closed", True), run.log
    assert "is its own branch" in theirs.comments[0].body
    ours = unopened.pulls[1]
    assert (ours.author.login, ours.labels) == ("ml-bot[bot]", ["model-update"])
    assert [review.user.login for review in ours.reviews] == ["github-actions[bot]"]
    assert (unopened.last.pull_request, unopened.last.author) == (2, "ml-bot[bot]")


def test_an_outsiders_pull_request_to_another_base_is_closed_too(proposed: World) -> None:
    """T3: the bot adopted the one to another base."""
    proposed.git.run("update-ref", "refs/heads/release", "main~1")
    theirs = offer(proposed, reader(proposed), "release")
    run = proposed.hour()
    assert (theirs.state, untouched(theirs)) == ("closed", True), run.log
    assert run.outputs["merge-state"] == "merged"
    assert proposed.pulls[0].merged


def test_an_outsiders_closed_pull_request_is_no_veto(unopened: World) -> None:
    """T3: closing it was taken for a "no", and used up the data."""
    eve = reader(unopened)
    theirs = offer(unopened, eve)
    close(unopened, eve)
    run = unopened.hour()
    assert run.outputs["merge-state"] == "merged", run.log
    assert untouched(theirs)
    assert unopened.last.state == "merged"


def test_the_bots_branch_goes_after_the_merge_so_that_nothing_can_be_opened_from_it(proposed: World) -> None:
    """T3: the branch stayed, and with it the place for pull requests."""
    assert proposed.hour().outputs["merge-state"] == "merged"
    assert proposed.tip(PROPOSAL) == ""
    response = proposed.api(reader(proposed), "POST", PULLS, title="Mine", head=PROPOSAL, base="main")
    assert response["message"] == "Validation Failed"
    assert proposed.last.state == "merged"


def test_the_branch_goes_also_if_a_person_merges(proposed: World) -> None:
    """T3, by another way to merge."""
    proposed.api(proposed.person(), "PUT", f"{PULLS}/1/merge", merge_method="squash")
    if not proposed.pull.merged:  # it needs an approval first
        proposed.repository.rules.clear()
        proposed.api(proposed.person(), "PUT", f"{PULLS}/1/merge", merge_method="squash")
    assert proposed.pull.merged
    proposed.hour()
    assert (proposed.tip(PROPOSAL), proposed.last.state) == ("", "merged")


def test_who_may_not_write_cannot_say_no_by_closing(proposed: World) -> None:
    """T3: the role Triage closes pull requests; only the "no" of a user with write access counts."""
    close(proposed, triage(proposed))
    run = proposed.hour()
    assert "closed by an account that may not write here" in run.log
    assert run.outputs["merge-state"] == "merged"
    assert len(proposed.pulls) == 1


def test_who_may_write_can_still_say_no(proposed: World) -> None:
    close(proposed, proposed.person())
    run = proposed.hour()
    assert (proposed.pull.state, proposed.last.state) == ("closed", "closed")
    assert proposed.versions == ["v1"], run.log


def test_a_person_who_may_write_opens_it_by_the_link_and_it_becomes_the_bots(unopened: World) -> None:
    """B10: "open it by hand" led to "left to a person"."""
    theirs = offer(unopened, unopened.person("ada"))
    run = unopened.hour()
    assert run.outputs["merge-state"] == "merged", run.log
    assert theirs.merged
    assert theirs.title.startswith("Promote model v2")
    assert "ml-auto-update fingerprint=" in (theirs.body or "")
    assert "look" not in (theirs.body or "").splitlines()
    assert unopened.last.author == "ada"


def test_what_a_person_who_may_write_opens_to_another_base_is_left_alone(proposed: World) -> None:
    proposed.git.run("update-ref", "refs/heads/release", "main~1")
    theirs = offer(proposed, proposed.person("ada"), "release")
    proposed.hour()
    assert untouched(theirs)


def test_an_outsider_who_opens_it_just_before_the_bot_is_not_adopted(unopened: World) -> None:
    """T3: GitHub refuses ours, since there is one; the one that is there is not the bot's."""
    eve, done = reader(unopened), []

    def faster(exchange: object) -> None:
        listing = getattr(exchange, "method", "") == "GET" and getattr(exchange, "path", "").endswith("/pulls")
        if listing and not done:
            done.append(True)
            offer(unopened, eve)

    unopened.here.hub.observers.append(faster)
    run = unopened.hour()
    theirs = unopened.pulls[0]
    assert (theirs.author.login, theirs.state, untouched(theirs)) == ("eve", "closed", True), run.log
    assert unopened.hour().outputs["merge-state"] == "merged"


def test_a_bot_that_may_not_close_leaves_the_outsider_alone_and_says_so(unopened: World) -> None:
    token = unopened.here.hub.add_account(
        "ml-bot", kind="app", permissions={"contents": "write", "pull_requests": "read", "issues": "write"}
    ).token
    theirs = offer(unopened, reader(unopened))
    run = unopened.hour(token=token)
    assert untouched(theirs)
    assert theirs.open
    assert "is not the bot's, and could not be closed" in run.log


def test_the_box_of_the_dashboard_counts_from_those_who_may_write(production: World) -> None:
    """T3: the same question for the box "train now": here a user who has lost the role since."""
    production.arrive(drifted(30, 8))
    production.hour(dashboard="true")
    (issue,) = production.repository.issues.values()
    mallory = production.person("mallory")
    path = f"/repos/octo/students/issues/{issue.number}"
    ticked = issue.body.replace("- [ ] <!-- train-now -->", "- [x] <!-- train-now -->")
    production.api(mallory, "PATCH", path, body=ticked)
    production.repository.add_collaborator("mallory", "read")
    run = production.hour(dashboard="true")
    assert (run.decision, production.tip(PROPOSAL), len(production.attempts)) == ("waiting", "", 1), run.log
    assert "ticked by an account that may not write here" in run.log


def test_a_pull_request_from_the_journals_branch_cannot_be_opened(proposed: World) -> None:
    """Of the same class: the bot's other branch has no history in common with any base."""
    response = proposed.api(reader(proposed), "POST", PULLS, title="Mine", head=STATE, base="main")
    assert response["message"] == "Validation Failed"
