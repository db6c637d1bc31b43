"""What happens around a promotion while it waits: branches move, rules change, and the next run completes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.scenarios.forward_proxy import forwarding
from tests.scenarios.world import PROPOSAL, PULLS, STATE, STORE, Forked, World, drifted, in_process, steady

METADATA = "model/model_metadata.json"


@pytest.fixture
def strict(make_world: Callable[..., World], with_v1: Path) -> World:
    """v1 in production; main requires a review, the check `tests`, and that a branch is up to date."""
    world = make_world(with_v1, required_checks=("tests",), strict=True, dismiss_stale=True)
    world.batches = 1
    return world


def amend(world: World, branch: str = "main") -> str:
    """Rewrites the last commit of a branch and force-pushes it; returns the new commit."""
    tip = world.tip(branch)
    parents = world.git.line("rev-list", "--parents", "-1", tip).split(" ")[1:]
    arguments = [word for parent in parents for word in ("-p", parent)]
    amended = world.git.line("commit-tree", f"{tip}^{{tree}}", *arguments, "-m", "The same in better words")
    world.git.run("update-ref", f"refs/heads/{branch}", amended)
    world.here.hub.synchronise(world.repository)
    return amended


# --- the base branch moves ---------------------------------------------------------------------------------


def test_a_moved_base_branch_rebuilds_the_proposal_only_if_a_rule_requires_it(proposed: World) -> None:
    before = proposed.tip(PROPOSAL)
    proposed.arrive(steady(3, 5))
    run = proposed.hour(autonomy="propose")
    assert (run.decision, proposed.tip(PROPOSAL)) == ("waiting", before)


def test_a_proposal_that_has_to_be_up_to_date_is_rebuilt_and_approved_again(strict: World) -> None:
    strict.arrive(drifted(45, 8))
    strict.hour()
    first = strict.pull.head_sha
    strict.arrive(steady(3, 5))
    strict.here.hub.set_status(strict.repository, first, "tests", "success")
    run = strict.hour()
    assert (run.code, run.outputs["merge-state"]) == (0, "enabled"), run.log
    assert "rebuilt on top of the base branch" in run.log
    pull = strict.pull
    assert pull.head_sha != first
    assert strict.tip(PROPOSAL) == pull.head_sha == strict.last.commit
    assert strict.git.line("rev-parse", f"{pull.head_sha}^") == strict.tip("main") == strict.last.base
    assert strict.last.former == (first,)
    assert ("github-actions[bot]", pull.head_sha) in strict.approvals()
    strict.here.hub.set_status(strict.repository, pull.head_sha, "tests", "success")
    assert strict.pull.merged
    assert strict.hour().outputs["merge-state"] == "merged"
    assert strict.versions == ["v1", "v2"]
    assert len(strict.attempts) == 2


@pytest.mark.parametrize("autonomy", ["propose", "merge"])
def test_a_rewritten_base_branch_brings_none_of_its_old_commits_into_the_proposal(
    proposed: World, autonomy: str
) -> None:
    amend(proposed)
    run = proposed.hour(autonomy=autonomy)
    assert (run.code, run.decision) == (0, "waiting"), run.log
    pull = proposed.pull
    assert pull.merged == (autonomy == "merge")
    if pull.open:
        assert proposed.git.line("rev-list", "--count", f"main..{pull.head_sha}") == "1"
    proposed.hour()
    assert proposed.versions == ["v1", "v2"]


def test_metadata_that_a_person_edited_meanwhile_are_appended_to_and_not_overwritten(proposed: World) -> None:
    metadata = json.loads(proposed.read(METADATA))
    metadata["versions"][0]["reason"] = "in Ada's words"
    proposed.commit({METADATA: json.dumps(metadata, indent=1)})
    run = proposed.hour()
    assert (run.decision, run.outputs["merge-state"]) == ("waiting", "merged"), run.log
    assert "conflicts with the base branch" in run.log
    versions = json.loads(proposed.read(METADATA))["versions"]
    assert [version["version"] for version in versions] == ["v1", "v2"]
    assert versions[0]["reason"] == "in Ada's words"


def test_a_run_rebuilds_a_proposal_at_most_once(strict: World) -> None:
    """A person pushes to main in the same second again and again: the next run continues."""
    strict.arrive(drifted(45, 8))
    strict.hour()
    strict.arrive(steady(3, 5))
    for context in (strict.pull.head_sha,):
        strict.here.hub.set_status(strict.repository, context, "tests", "success")

    def push_again(exchange) -> None:
        if exchange.path.endswith("/git-receive-pack"):
            strict.here.hub.set_status(strict.repository, strict.tip(PROPOSAL), "tests", "success")
            strict.arrive(steady(1, strict.batches + 50))

    strict.here.hub.observers.append(push_again)
    run = strict.hour()
    strict.here.hub.observers.remove(push_again)
    assert (run.code, run.outputs["merge-state"]) == (0, "waiting"), run.log
    assert run.log.count("rebuilt on top") == 1
    assert strict.hour().code == 0


# --- what was lost -----------------------------------------------------------------------------------------


def test_a_lost_state_branch_and_a_kept_proposal_do_not_stop_the_loop(proposed: World) -> None:
    """Counting starts again; the proposal is known by its message as one that the bot made, also after a hold."""
    proposed.git.run("update-ref", "-d", f"refs/heads/{STATE}")
    assert proposed.hour(min_improvement="0.9").decision == "hold"
    proposed.arrive(drifted(200, 31))
    run = proposed.hour()
    assert (run.code, run.decision) == (0, "promote"), run.log
    assert len(proposed.pulls) == 1
    assert proposed.pull.merged
    assert proposed.versions == ["v1", "v2"]


def test_without_a_state_branch_a_persons_commit_on_the_proposal_is_still_a_persons(proposed: World) -> None:
    theirs = proposed.commit({"model/notes.md": "mine"}, PROPOSAL, by=proposed.person())
    proposed.git.run("update-ref", "-d", f"refs/heads/{STATE}")
    run = proposed.hour()
    assert run.decision == "blocked"
    assert proposed.tip(PROPOSAL) == theirs


# --- rules of the base branch ------------------------------------------------------------------------------


def test_a_promotion_waits_its_turn_in_the_merge_queue(make_world: Callable[..., World], with_v1: Path) -> None:
    world = make_world(with_v1, merge_queue=True)
    world.batches = 1
    world.arrive(drifted(45, 8))
    run = world.hour()
    assert (run.code, run.outputs["merge-state"]) == (0, "queued"), run.log
    assert world.pull.queued_by
    again = world.hour()
    assert (again.decision, again.outputs["merge-state"]) == ("waiting", "queued")
    assert "the merge queue merges it when its turn comes" in again.plain_summary
    world.here.hub.advance_queue(world.repository)
    assert world.pull.merged
    assert world.hour().outputs["merge-state"] == "merged"
    assert world.versions == ["v1", "v2"]


def test_what_waits_for_a_check_enters_the_merge_queue_when_it_has_passed(
    make_world: Callable[..., World], with_v1: Path
) -> None:
    """Where auto-merge is off, the bot looks again each hour and puts it into the queue itself."""
    world = make_world(with_v1, merge_queue=True, required_checks=("tests",))
    world.repository.change_settings(allow_auto_merge=False)
    world.batches = 1
    world.arrive(drifted(45, 8))
    assert world.hour().outputs["merge-state"] == "blocked"
    world.here.hub.set_status(world.repository, world.pull.head_sha, "tests", "success")
    assert world.hour().outputs["merge-state"] == "queued"
    world.here.hub.advance_queue(world.repository)
    assert world.pull.merged


def test_where_commits_have_to_be_signed_github_signs_them(make_world: Callable[..., World], with_v1: Path) -> None:
    """A rule of the organization covers every branch, the bot's own two among them."""
    world = make_world(with_v1, require_signatures=True)
    world.here.hub.protect(
        world.repository, "ml-auto-update/*/*", require_signatures=True, block_pushes=False, allow_force_pushes=True
    )
    world.batches = 1
    world.arrive(drifted(45, 8))
    run = world.hour()
    assert run.code == 4
    assert "takes only signed commits" in run.log
    assert "commit-signing: api" in run.log
    assert len(world.attempts) == 1
    run = world.hour(commit_signing="api")
    assert (run.code, run.outputs["merge-state"]) == (0, "merged"), run.log
    assert world.last.commit in world.repository.signed
    assert world.tip(STATE) in world.repository.signed
    assert world.versions == ["v1", "v2"]
    assert world.git.line("cat-file", "blob", f"{world.last.commit}:model/v2.pkl") is not None
    assert world.hour(commit_signing="api").decision == "waiting"


def test_a_signed_proposal_is_signed_again_when_it_is_rebuilt(strict: World) -> None:
    strict.arrive(drifted(45, 8))
    strict.hour(commit_signing="api")
    first = strict.pull.head_sha
    strict.arrive(steady(3, 5))
    strict.here.hub.set_status(strict.repository, first, "tests", "success")
    assert strict.hour(commit_signing="api").code == 0
    assert strict.pull.head_sha not in ("", first)
    assert strict.pull.head_sha in strict.repository.signed


def test_a_personal_token_signs_nothing_and_the_run_reports_it(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(commit_signing="api", token=production.person().token)
    assert run.code == 5
    assert "GitHub did not sign the commit (unsigned)" in run.log
    assert "App's token" in run.log
    assert len(production.attempts) == 1
    assert production.pulls == []


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_disabled_merge_method_is_reported_with_the_menu_that_enables_it(production: World, method: str) -> None:
    production.repository.change_settings(
        **{f"allow_{'merge_commit' if method == 'merge' else method + '_merge'}": False}
    )
    production.arrive(drifted(45, 8))
    run = production.hour(merge_method=method)
    assert (run.code, run.outputs["merge-state"]) == (0, "blocked")
    assert "Settings → General → Pull Requests" in run.plain_summary
    assert production.pull.open
    other = "squash" if method == "merge" else "merge"
    assert production.hour(merge_method=other).outputs["merge-state"] == "merged"


def test_the_second_identity_gives_the_approval_required_from_other_than_the_last_pusher(
    make_world: Callable[..., World], with_v1: Path
) -> None:
    world = make_world(with_v1, require_last_push_approval=True, dismiss_stale=True)
    world.batches = 1
    world.arrive(drifted(45, 8))
    assert world.hour().outputs["merge-state"] == "merged"


def test_where_two_people_have_to_approve_the_bot_is_one_of_them_and_waits_for_the_other(
    make_world: Callable[..., World], with_v1: Path
) -> None:
    world = make_world(with_v1, required_reviews=2)
    world.batches = 1
    world.arrive(drifted(45, 8))
    assert world.hour().outputs["merge-state"] == "enabled"
    assert world.hour().outputs["merge-state"] == "enabled"
    world.api(world.person(), "POST", f"{PULLS}/1/reviews", event="APPROVE")
    assert world.pull.merged
    assert len(world.approvals()) == 2


def test_an_owner_of_the_code_has_the_last_word_where_the_rule_says_so(
    make_world: Callable[..., World], with_v1: Path
) -> None:
    """A bot cannot be a code owner: its approval does not count for the rule."""
    world = make_world(with_v1, code_owners=("ada",))
    world.batches = 1
    world.arrive(drifted(45, 8))
    assert world.hour().outputs["merge-state"] == "enabled"
    world.api(world.person(), "POST", f"{PULLS}/1/reviews", event="APPROVE")
    assert world.pull.merged


def test_a_required_check_that_never_reports_delays_only_the_merge(
    make_world: Callable[..., World], with_v1: Path
) -> None:
    world = make_world(with_v1, required_checks=("never",))
    world.batches = 1
    world.arrive(drifted(45, 8))
    for _ in range(3):
        run = world.hour()
        assert (run.code, run.outputs["merge-state"]) == (0, "enabled")
    assert "reviews and checks that the base branch requires" in run.plain_summary
    assert len(world.attempts) == 2
    assert len(world.pull.reviews) == 1


def test_a_rule_over_the_bots_own_branches_stops_the_run_with_the_rule_to_change(production: World) -> None:
    production.here.hub.protect(production.repository, "ml-auto-update/*/*")
    production.arrive(drifted(45, 8))
    run = production.hour()
    assert run.code == 4
    assert "leave ml-auto-update/**/* out of the rule" in run.log
    assert len(production.attempts) == 1
    assert production.pulls == []
    production.repository.rules.pop()
    assert production.hour().outputs["merge-state"] == "merged"


def test_an_archived_repository_is_reported_and_nothing_is_retried(proposed: World) -> None:
    proposed.repository.change_settings(archived=True)
    run = proposed.hour()
    assert run.code != 0
    assert "archived" in run.log
    assert "unarchive it" in run.log


# --- what people do to the pull request --------------------------------------------------------------------


def test_a_retargeted_pull_request_is_left_to_the_person_who_did_it(proposed: World) -> None:
    proposed.git.run("update-ref", "refs/heads/release", proposed.tip("main"))
    proposed.api(proposed.person(), "PATCH", f"{PULLS}/1", base="release")
    run = proposed.hour()
    assert run.decision == "blocked"
    assert "it goes to release, not to main" in run.plain_summary
    assert (proposed.pull.open, proposed.pull.reviews) == (True, [])


def test_a_description_that_got_too_long_keeps_peoples_words_and_cuts_the_report(proposed: World) -> None:
    words = "Ada thinks about it.\n" * 2_900
    body = f"{words}\n{proposed.pull.body}"[:65_000]
    proposed.api(proposed.person(), "PATCH", f"{PULLS}/1", body=body)
    run = proposed.hour(autonomy="propose")
    assert run.code == 0, run.log
    assert len(proposed.pull.body) <= 65_536
    assert proposed.pull.body.startswith(words)


def test_two_hundred_closed_pull_requests_and_comments_hide_nothing(proposed: World) -> None:
    """GitHub lists thirty at a time, a hundred at most."""
    ada = proposed.person()
    closed = [proposed.repository.pulls_by_number[1]]
    for number in range(2, 140):
        later = replace(closed[0], number=number, state="closed", closed_at="2026-01-01T00:00:00Z", comments=[])
        proposed.repository.pulls_by_number[number] = later
    for n in range(120):
        proposed.api(ada, "POST", "/repos/octo/students/issues/1/comments", body=f"thought {n}")
    proposed.commit({"model/notes.md": "mine"}, PROPOSAL, by=ada)
    for _ in range(2):
        run = proposed.hour()
        assert run.decision == "blocked", run.log
    remarks = [
        comment
        for comment in proposed.repository.pulls_by_number[1].comments
        if "overwrites no other author" in comment.body
    ]
    assert len(remarks) == 1


def test_a_label_that_was_taken_off_and_deleted_is_put_on_again(proposed: World) -> None:
    proposed.pull.labels.clear()
    proposed.repository.labels.clear()
    proposed.hour(autonomy="propose")
    assert proposed.pull.labels == ["model-update"]


@pytest.mark.parametrize("by_github", [True, False])
def test_the_next_promotion_works_whether_github_or_the_bot_deletes_the_branch(
    production: World, by_github: bool
) -> None:
    production.repository.change_settings(delete_branch_on_merge=by_github)
    production.arrive(drifted(45, 8))
    assert production.hour().outputs["merge-state"] == "merged"
    assert production.tip(PROPOSAL) == ""
    production.arrive(steady(60, 71))
    run = production.hour(gate="higher")
    assert run.code == 0, run.log
    assert production.hour().decision == "waiting"
    assert len(production.versions) in (2, 3)


# --- where it runs -----------------------------------------------------------------------------------------


def test_a_fork_of_the_repository_reports_and_writes_nothing(production: World) -> None:
    production.arrive(drifted(45, 8))
    before = production.git.line("for-each-ref")
    run = production.hour(fork=True)
    assert (run.code, run.decision) == (0, "promote")
    assert "this repository is a fork" in run.plain_summary
    assert production.calls == []
    assert production.git.line("for-each-ref") == before
    assert production.hour(fork=True, in_fork="run").outputs["merge-state"] == "merged"


def test_a_run_for_a_pull_request_writes_nothing_also_without_a_token_that_could(production: World) -> None:
    production.arrive(drifted(45, 8))
    before = production.git.line("for-each-ref")
    reader = production.here.hub.add_account("github-actions", kind="actions", permissions={"contents": "read"})
    job = production.job(token=reader.token, approver_token="")
    event = {
        "repository": {"default_branch": "main"},
        "pull_request": {
            "number": 5, "html_url": "", "base": {"ref": "main"},
            "head": {"sha": "0" * 40, "repo": {"full_name": "mallory/students"}},
        },
    }  # fmt: skip
    Path(job.environ["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    environ = job.environ | {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/5/merge"}
    run = job.result(*in_process(environ))
    assert (run.code, run.decision) == (0, "promote"), run.log
    assert "whose datasets are not merged yet" in run.plain_summary
    assert production.git.line("for-each-ref") == before
    assert production.pulls == []


def test_a_default_branch_that_was_renamed_keeps_its_journal_and_its_open_promotion(proposed: World) -> None:
    git, repository = proposed.git, proposed.repository
    git.run("update-ref", "refs/heads/trunk", proposed.tip("main"))
    git.run("symbolic-ref", "HEAD", "refs/heads/trunk")
    repository.default_branch = "trunk"
    proposed.here.hub.protect(repository, "trunk", required_reviews=1)
    proposed.api(proposed.person(), "PATCH", f"{PULLS}/1", base="trunk")  # GitHub retargets what was open
    git.run("update-ref", "-d", "refs/heads/main")
    run = proposed.hour(branch="trunk")
    assert (run.decision, run.outputs["merge-state"]) == ("waiting", "merged"), run.log
    assert len(proposed.attempts) == 2
    proposed.commit({f"{STORE}/late-{n}.csv": text for n, text in enumerate(drifted(3, 77))}, "trunk")
    assert proposed.hour(branch="trunk").reason.startswith("waiting 3/40")


def test_a_github_enterprise_server_has_its_api_below_a_path(production: World) -> None:
    production.arrive(drifted(45, 8))
    job = production.job()
    run = job.result(*in_process(job.environ | {"GITHUB_API_URL": f"{production.here.hub.url}/api/v3"}))
    assert (run.code, run.outputs["merge-state"]) == (0, "merged"), run.log


def test_a_company_proxy_carries_git_and_api_alike(production: World) -> None:
    """Only the proxy can resolve the name: a request that bypasses it fails."""
    production.arrive(drifted(45, 8))
    job = production.job()
    with forwarding("github.test", production.here.hub.url) as proxy:
        urls = dict.fromkeys(("GITHUB_SERVER_URL", "GITHUB_API_URL"), "http://github.test")
        proxies = {"http_proxy": proxy.url, "https_proxy": proxy.url, "no_proxy": ""}
        run = Forked(replace(job, environ=job.environ | urls | proxies)).wait()
    assert (run.code, run.outputs["merge-state"]) == (0, "merged"), run.log
    assert any(line.endswith("/git-receive-pack") for line in proxy.seen)
    assert "POST /repos/octo/students/pulls" in proxy.seen
