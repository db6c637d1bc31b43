"""The life of a promotion's pull request, played on the sandbox with real git and real HTTP."""

import contextlib
import itertools
from dataclasses import replace

import pytest

from ml_action.core.errors import ForgeError
from ml_action.forge.base import MergeAnswer, MergeReply, Refused
from ml_action.forge.dry_run import DryRun
from ml_action.git.repository import ConcurrentUpdate
from ml_action.promotion.merge_rules import MAX_POLLS
from ml_action.promotion.pull_request_text import wrap_body

PERSON = {"login": "ada", "kind": "user"}


# --- all steps --------------------------------------------------------------------------------------


def test_a_promotion_is_opened_labelled_approved_and_merged(stage):
    commit = stage.push()
    done = stage.settle(commit)
    assert (done.pull_request.state, done.approved, done.merge_progress, done.blocked) == (
        "merged",
        True,
        "merged",
        "",
    )
    assert stage.on_main("model/v2.pkl") == "two"
    assert stage.pull.labels == ["model-update"]
    assert [(review.user.login, review.commit_id) for review in stage.pull.reviews] == [("github-actions[bot]", commit)]
    assert stage.pull.author.login == "ml-bot[bot]"


def test_a_full_promotion_takes_at_most_twelve_calls(stage):
    stage.settle(stage.push())
    assert len(stage.calls) <= 12, stage.calls


def test_a_full_promotion_by_auto_merge_takes_at_most_twelve_calls(stage):
    stage.hub.protect(stage.repository, "main", required_reviews=1, required_checks=("ci",))
    assert stage.settle(stage.push()).merge_progress == "enabled"
    assert len(stage.calls) <= 12, stage.calls


@pytest.mark.parametrize(
    ("autonomy", "reviews", "state"), [("propose", 0, "open"), ("approve", 1, "open"), ("merge", 1, "merged")]
)
def test_each_level_of_autonomy_does_one_step_more(stage, autonomy, reviews, state):
    done = stage.settle(stage.push(), autonomy)
    assert (len(stage.pull.reviews), done.pull_request.state) == (reviews, state)
    assert done.approved == bool(reviews)


@pytest.mark.parametrize("autonomy", ["propose", "approve", "merge"])
def test_a_second_run_changes_nothing(stage, autonomy):
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    commit = stage.push()
    first = stage.settle(commit, autonomy)
    again = stage.settle(commit, autonomy)
    assert stage.writes == []
    assert (again.approved, again.merge_progress) == (first.approved, first.merge_progress)
    assert len(stage.hub.pulls(stage.repository)) == 1


def test_a_promotion_that_is_merged_stays_merged(stage):
    commit = stage.push()
    stage.settle(commit)
    again = stage.settle(commit)
    assert (again.merge_progress, stage.writes) == ("merged", [])


def test_dry_run_reports_what_it_would_open(stage):
    done = stage.settle("c" * 40, forge=DryRun("octo/students", stage.log.append))
    assert done.pull_request is None
    assert done.notes
    assert (
        "would open a pull request “Promote students v2” from ml-auto-update/students/proposal to main" in stage.log[0]
    )
    assert stage.calls == []


# --- killed anywhere ------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


class Dying:
    """A forge, or a part of it, whose process is killed at the nth call, before or after its effect."""

    def __init__(self, forge, at, after):
        self.forge, self.after = forge, after
        self.left = at if isinstance(at, list) else [at]

    def __getattr__(self, name):
        method = getattr(self.forge, name)
        if name in ("auto_merge", "merge_queue"):
            return Dying(method, self.left, self.after)
        if not callable(method) or name == "close":
            return method

        def call(*args, **keywords):
            self.left[0] -= 1
            if self.left[0] == 0 and not self.after:
                raise Killed
            result = method(*args, **keywords)
            if self.left[0] == 0:
                raise Killed
            return result

        return call


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("required", [(), ("ci",)], ids=["clean", "required-check"])
def test_killed_run_is_completed_by_the_next(stage, required, after):
    stage.hub.protect(stage.repository, "main", required_checks=required)
    start = stage.git("rev-parse", "HEAD")
    for at in itertools.count(1):
        stage.git("checkout", "-q", "--detach", start)
        branch = f"ml-auto-update/m{at}/proposal"
        commit = stage.push(branch, {f"model/v{at}.pkl": str(at)}, on="")
        changes = {"branch": branch, "fingerprint": f"f{at}"}
        try:
            stage.settle(commit, forge=Dying(stage.github(), at, after), **changes)
        except Killed:
            done = stage.settle(commit, **changes)
        else:
            break  # it has fewer calls than that
        (pull,) = (pull for pull in stage.hub.pulls(stage.repository) if pull.head == branch)
        assert done.merge_progress == ("enabled" if required else "merged")
        assert (len(pull.reviews), pull.labels, pull.comments) == (1, ["model-update"], [])
    assert at > 8


@pytest.mark.parametrize("loss", [RuntimeError("status 500"), ConnectionError("no answer at all")], ids=str)
def test_pull_request_with_a_lost_response_is_not_opened_twice(stage, loss):
    def lose(exchange):
        if exchange.method == "POST" and exchange.path.endswith("/pulls") and exchange.status == 201:
            stage.hub.observers.remove(lose)
            raise loss

    stage.hub.observers.append(lose)
    done = stage.settle(stage.push(), forge=stage.github(timeout=1))
    assert done.merge_progress == "merged"
    assert len(stage.hub.pulls(stage.repository)) == 1


# --- what a person decided ------------------------------------------------------------------------------------


def test_pull_request_that_a_person_closed_is_not_opened_again(stage):
    commit = stage.push()
    stage.settle(commit, "propose")
    stage.pull.close()
    again = stage.settle(commit)
    assert "closed by a person" in again.blocked
    assert stage.pull.state == "closed"
    assert stage.writes == []


def test_other_work_is_proposed_after_a_person_closed_the_last(stage):
    stage.settle(stage.push(), "propose")
    stage.pull.close()
    done = stage.settle(stage.push(files={"model/v2.pkl": "three"}), "propose", fingerprint="f2")
    assert done.pull_request.number == 2
    assert done.pull_request.state == "open"


def test_the_next_promotion_uses_the_branch_of_a_merged_one_again(stage):
    stage.settle(stage.push())
    done = stage.settle(stage.push(files={"model/v3.pkl": "three"}), fingerprint="f2", title="Promote students v3")
    assert done.merge_progress == "merged"
    assert [pull.merged for pull in stage.hub.pulls(stage.repository)] == [True, True]


# --- a rollback has a pull request of its own -------------------------------------------------------------

BACK = {"model/model_metadata.json": '{"current": "v1"}'}


def roll_back(stage, **changes):
    """Pushes the rollback's commit to the branch of the waiting promotion."""
    return stage.settle(
        stage.push(files=BACK, **changes), alone=True, fingerprint="back", title="Roll back students from v2 to v1"
    )


def test_rollback_closes_the_waiting_promotion_and_opens_its_own(stage):
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    assert stage.settle(stage.push()).merge_progress == "enabled"
    done = roll_back(stage)
    first, second = stage.hub.pulls(stage.repository)
    assert (first.open, first.auto_merge, first.title) == (False, None, "Promote students v2")
    (comment,) = first.comments
    assert "“Roll back students from v2 to v1” takes its branch, and has a pull request of its own" in comment.body
    assert (done.pull_request.number, second.title) == (2, "Roll back students from v2 to v1")
    assert done.merge_progress == "enabled"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_rollback_is_completed_by_the_next_run(stage, after):
    for at in itertools.count(1):
        branch = f"ml-auto-update/m{at}/proposal"
        stage.settle(stage.push(branch, {f"model/v{at}.pkl": "2"}), "propose", branch=branch, fingerprint=f"f{at}")
        commit = stage.push(branch, BACK)
        changes = {"branch": branch, "alone": True, "fingerprint": f"back{at}", "title": "Roll back"}
        try:
            stage.settle(commit, "propose", forge=Dying(stage.github(), at, after), **changes)
        except Killed:
            stage.settle(commit, "propose", **changes)
        else:
            break
        old, new = (pull for pull in stage.hub.pulls(stage.repository) if pull.head == branch)
        assert (old.open, len(old.comments), new.open, new.labels) == (False, 1, True, ["model-update"])
    assert at > 3


def test_a_rollback_that_a_person_closed_is_not_opened_again(stage):
    stage.settle(stage.push(files=BACK), "propose", alone=True, fingerprint="back")
    stage.pull.close()
    again = stage.settle(stage.pull.head_sha, "propose", alone=True, fingerprint="back")
    assert "was closed by a person" in again.blocked
    assert len(stage.hub.pulls(stage.repository)) == 1


def test_promotion_that_cannot_be_closed_becomes_the_rollback(stage):
    stage.settle(stage.push(), "propose")
    forge = Answering(stage.github(), "close_with_comment", Refused("no", why="because", fix="do this"))
    commit = stage.push(files=BACK)
    stage.settle(commit, "propose", forge=forge, alone=True, fingerprint="back", title="Roll back")
    assert (stage.pull.open, stage.pull.title, stage.pull.head_sha) == (True, "Roll back", commit)
    assert any("could not be closed" in text for text in stage.log)


def test_persons_commit_stops_the_bot_with_one_comment(stage):
    commit = stage.push()
    stage.settle(commit, "propose")
    theirs = stage.push(files={"model/v2.pkl": "tuned by hand"}, on=stage.pull.head, by=stage.hub.add_account(**PERSON))
    for _ in range(2):
        done = stage.settle(commit)
        assert theirs[:12] in done.blocked
    assert stage.pull.head_sha == theirs
    assert len(stage.pull.comments) == 1
    assert stage.pull.reviews == []


def test_commit_of_another_run_ends_this_run_without_a_comment(stage):
    """It was made after this run had read the journal: the run ends and blames no user."""
    commit = stage.push()
    stage.settle(commit, "propose")
    others = stage.push(files={"model/v2.pkl": "of more data"}, on=stage.pull.head)
    stage.known.discard(others)
    stage.recorded.add(others)
    with pytest.raises(ConcurrentUpdate):
        stage.settle(commit)
    assert stage.pull.comments == []


def test_persons_commit_disables_auto_merge(stage):
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    commit = stage.push()
    assert stage.settle(commit).merge_progress == "enabled"
    ada = stage.hub.add_account(**PERSON)
    theirs = stage.push(files={"model/v2.pkl": "tuned by hand"}, on=stage.pull.head, by=ada)
    assert stage.settle(commit).blocked
    stage.hub.set_status(stage.repository, theirs, "ci", "success")
    assert stage.pull.open


def test_auto_merge_that_cannot_be_disabled_is_noted(stage):
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    commit = stage.push()
    stage.settle(commit)
    stage.pull.draft = True
    weaker = stage.hub.add_account("ml-bot", kind="app", permissions={"pull_requests": "write"})
    done = stage.settle(commit, forge=stage.github(token=weaker.token))
    assert "it is a draft" in done.blocked
    assert "auto-merge may still be on" in done.notes[-1]


def test_persons_commit_is_noticed_right_after_opening(stage):
    commit = stage.push()
    stage.push(files={"model/v2.pkl": "mine"}, on=stage.proposal(commit).branch, by=stage.hub.add_account(**PERSON))
    done = stage.settle(commit)
    assert done.blocked
    assert stage.pull.open


def test_title_and_text_of_a_person_are_kept(stage):
    commit = stage.push()
    stage.settle(commit, "propose")
    stage.pull.title = "Wait for Ada, please"
    stage.pull.body = f"Please check row 7.\r\n\r\n{stage.pull.body}\r\nThanks!"
    stage.settle(commit, "propose", report="## A newer report", title="Promote students v2, again")
    assert stage.pull.title == "Wait for Ada, please"
    assert stage.pull.body.startswith("Please check row 7.\n\n<!-- ml-auto-update")
    assert stage.pull.body.endswith("-->\nThanks!")
    assert "A newer report" in stage.pull.body
    stage.settle(commit, "propose", report="## A newer report", title="Promote students v2, again")
    assert stage.writes == []


def test_draft_of_a_person_is_left_alone(stage):
    commit = stage.push()
    stage.settle(commit, "propose")
    stage.pull.draft = True
    done = stage.settle(commit)
    assert "it is a draft" in done.blocked
    assert stage.pull.reviews == []
    assert stage.pull.open


def test_a_retargeted_pull_request_is_not_merged(stage):
    commit = stage.push()
    stage.settle(commit, "propose")
    stage.push("release", {"x": "y"})
    stage.pull.base = "release"
    stage.journal = {1: "ml-bot[bot]"}
    done = stage.settle(commit)
    assert "pull request 1 is left to a person: it goes to release, not to main" in done.blocked
    assert stage.pull.open


def test_pull_request_of_a_reader_from_our_branch_is_closed_and_ours_is_opened(stage):
    commit = stage.push()
    ada = stage.hub.add_account(**PERSON, role="read")
    with contextlib.closing(stage.github(token=ada.token)) as forge:
        forge.open(stage.proposal(commit))
    done = stage.settle(commit)
    theirs, ours = stage.hub.pulls(stage.repository)
    assert (theirs.state, theirs.reviews, theirs.labels) == ("closed", [], [])
    assert (done.merge_progress, ours.author.login) == ("merged", "ml-bot[bot]")


def test_pull_request_that_a_writer_opens_in_our_place_is_ours(stage):
    commit = stage.push()
    ada = stage.hub.add_account(**PERSON)
    with contextlib.closing(stage.github(token=ada.token)) as forge:
        forge.open(replace(stage.proposal(commit), title="Mine", body="words"))
    done = stage.settle(commit)
    assert (done.merge_progress, stage.pull.title) == ("merged", "Promote students v2")
    assert (stage.pull.body or "").startswith("<!-- ml-auto-update")


def test_commit_with_objections_to_its_contents_is_not_approved(stage):
    stage.doubts = ("it changes versions that the base branch has already",)
    done = stage.settle(stage.push())
    assert "changes versions that the base branch has already" in done.blocked
    assert stage.pull.reviews == []
    assert stage.pull.auto_merge is None
    assert not stage.pull.merged


def test_a_commit_that_leaves_the_model_directory_is_not_approved(stage):
    done = stage.settle(stage.push(files={"model/v2.pkl": "2", ".github/workflows/ci.yml": "on: push"}))
    assert "outside model/: .github/workflows/ci.yml" in done.blocked
    assert stage.pull.reviews == []
    assert stage.pull.open


# --- new data while it is open --------------------------------------------------------------------------


def test_new_work_updates_the_open_pull_request_and_is_approved_again(stage):
    stage.hub.protect(stage.repository, "main", required_reviews=1, required_checks=("ci",), dismiss_stale=True)
    stage.settle(stage.push())
    second = stage.push(files={"model/v2.pkl": "better"})
    done = stage.settle(second, fingerprint="f2", title="Promote students v2: better", report="## Better")
    assert done.approved
    assert stage.pull.title == "Promote students v2: better"
    assert "## Better" in stage.pull.body
    assert "fingerprint=f2" in stage.pull.body
    assert [(review.state, review.commit_id == second) for review in stage.pull.reviews] == [
        ("DISMISSED", False),
        ("APPROVED", True),
    ]


class Lagging:
    """A forge that shows an older head for a while, as GitHub does right after a push."""

    def __init__(self, forge, head, looks):
        self.forge, self.head, self.looks = forge, head, looks

    def __getattr__(self, name):
        method = getattr(self.forge, name)
        if name not in ("pulls_of", "get", "edit"):
            return method

        def call(*args, **keywords):
            found = method(*args, **keywords)
            self.looks -= 1
            if not found or self.looks < 0:
                return found
            if isinstance(found, tuple):
                return tuple(replace(pull, head_sha=self.head) for pull in found)
            return replace(found, head_sha=self.head)

        return call


def test_late_update_of_the_head_is_waited_for(stage):
    first = stage.push()
    stage.settle(first, "propose")
    second = stage.push(files={"model/v2.pkl": "better"})
    done = stage.settle(second, forge=Lagging(stage.github(), first, 2), fingerprint="f2")
    assert done.merge_progress == "merged"
    assert len(stage.pauses) == 2


def test_missing_update_of_the_head_is_left_to_the_next_run(stage):
    first = stage.push()
    stage.settle(first, "propose")
    second = stage.push(files={"model/v2.pkl": "better"})
    done = stage.settle(second, forge=Lagging(stage.github(), first, 99), fingerprint="f2")
    assert (done.merge_progress, done.blocked) == ("waiting", "")
    assert stage.pull.reviews == []


def test_a_head_that_falls_behind_before_the_merge_is_waited_for(stage):
    older = stage.push("main", {"data/b.csv": "2"})
    done = stage.settle(stage.push(), forge=Lagging(stage.github(), older, 2))
    assert done.merge_progress == "merged"
    assert len(stage.pauses) == 1


def test_a_head_that_moves_before_the_merge_is_not_merged(stage):
    commit = stage.push()
    ada = stage.hub.add_account(**PERSON)

    def push(exchange):
        if exchange.path.endswith("/reviews") and exchange.method == "POST":
            stage.hub.observers.remove(push)
            stage.push(files={"model/v2.pkl": "evil"}, on=stage.pull.head, by=ada)

    stage.hub.observers.append(push)
    done = stage.settle(commit)
    assert "its head moved" in done.notes[-1]
    assert stage.pull.open


# --- labels ---------------------------------------------------------------------------------------------


def test_a_label_that_exists_keeps_its_colour(stage):
    with contextlib.closing(stage.github()) as forge:
        forge._author.repo.create_label("Model-Update", "ff0000", "by hand")
    stage.settle(stage.push(), "propose")
    assert [label.color for label in stage.repository.labels.values()] == ["ff0000"]
    stage.settle(stage.pull.head_sha, "propose")
    assert stage.writes == []


def test_without_a_label_none_is_set(stage):
    stage.settle(stage.push(), "propose", label="")
    assert stage.pull.labels == []


# --- the second identity --------------------------------------------------------------------------------


def test_without_an_approver_token_it_merges_with_a_note(staged):
    stage = staged(approver=None)
    done = stage.settle(stage.push())
    assert (done.approved, done.merge_progress) == (False, "merged")
    assert any("no approver-token" in note for note in done.notes)


def test_author_does_not_approve_their_own_pull_request(stage):
    stage.approver = stage.bot
    done = stage.settle(stage.push(), "approve")
    assert not done.approved
    assert any("ml-bot[bot] opened it" in note for note in done.notes)
    assert not any(call.endswith("/reviews") for call in stage.calls)


def test_a_user_can_be_the_second_identity(staged):
    stage = staged(approver="user")
    assert stage.settle(stage.push()).approved
    assert stage.pull.reviews[0].user.login == "second"


def test_an_actions_bot_that_may_not_approve_names_the_menu(staged):
    stage = staged(actions_may_create_and_approve=False)
    stage.hub.protect(stage.repository, "main", required_reviews=1)
    done = stage.settle(stage.push())
    assert (done.approved, done.merge_progress) == (False, "enabled")
    assert any("Settings → Actions → General" in note for note in done.notes)


# --- merging --------------------------------------------------------------------------------------------


def test_required_checks_that_are_pending_are_waited_for_by_github(stage):
    stage.hub.protect(stage.repository, "main", required_reviews=1, required_checks=("ci",))
    commit = stage.push()
    done = stage.settle(commit)
    assert done.merge_progress == "enabled"
    assert "requires" in done.notes[-1]
    stage.hub.set_status(stage.repository, commit, "ci", "success")
    assert stage.pull.merged
    assert stage.settle(commit).merge_progress == "merged"


def test_auto_merge_is_enabled_once(stage):
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    commit = stage.push()
    for orders in (1, 0):
        stage.settle(commit)
        assert sum("enablePullRequestAutoMerge" in body for body in stage.bodies) == orders


def test_requirement_met_meanwhile_leads_to_a_direct_merge(stage):
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    commit = stage.push()

    def pass_check(exchange):
        if exchange.method == "GET" and exchange.path.endswith("/pulls/1"):
            stage.hub.observers.remove(pass_check)
            stage.hub.set_status(stage.repository, commit, "ci", "success")

    stage.hub.observers.append(pass_check)
    assert stage.settle(commit).merge_progress == "merged"


def test_auto_merge_that_merges_at_once_counts_as_merged(stage):
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    commit = stage.push()

    def pass_check(exchange):
        if b"enablePullRequestAutoMerge" in exchange.body:
            stage.hub.set_status(stage.repository, commit, "ci", "success")

    stage.hub.observers.append(pass_check)
    assert stage.settle(commit).merge_progress == "merged"


def test_disabled_auto_merge_names_the_menu(staged):
    stage = staged(allow_auto_merge=False)
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    done = stage.settle(stage.push())
    assert (done.merge_progress, done.blocked) == ("blocked", "")
    assert "Allow auto-merge" in done.notes[-1]


def test_disabled_merge_method_is_named(staged):
    stage = staged(allow_squash_merge=False)
    done = stage.settle(stage.push())
    assert done.merge_progress == "blocked"
    assert "merge-method" in done.notes[-1]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_each_method_merges(stage, method):
    assert stage.settle(stage.push(), merge_method=method).merge_progress == "merged"


def test_conflicting_proposal_has_to_be_rebuilt(stage):
    commit = stage.push(files={"model/v1.pkl": "ours"})
    stage.push("main", {"model/v1.pkl": "theirs"})
    done = stage.settle(commit)
    assert (done.merge_progress, done.stale) == ("waiting", "it conflicts with the base branch")
    assert "conflicts" in done.notes[-1]


def test_outdated_proposal_has_to_be_rebuilt(stage):
    stage.hub.protect(stage.repository, "main", strict=True, block_pushes=False)
    commit = stage.push()
    stage.push("main", {"data/b.csv": "2"})
    done = stage.settle(commit)
    assert done.merge_progress == "waiting"
    assert "up to date" in done.stale


def test_moved_base_branch_is_checked_before_the_approval(stage):
    stage.hub.protect(stage.repository, "main", strict=True, block_pushes=False)
    commit = stage.push()
    stage.push("main", {"data/b.csv": "2"})
    done = stage.settle(commit, moved=True)
    assert done.stale
    assert stage.pull.reviews == []


def test_failed_optional_check_is_left_to_the_next_run(stage):
    commit = stage.push()
    stage.hub.set_status(stage.repository, commit, "lint", "failure")
    done = stage.settle(commit)
    assert done.merge_progress == "waiting"
    assert len(stage.pauses) == MAX_POLLS - 1
    assert "optional check" in done.notes[-1]


def test_pending_optional_check_is_waited_for(stage):
    commit = stage.push()
    stage.hub.set_status(stage.repository, commit, "lint", "pending")
    stage.on_pause = lambda: stage.hub.set_status(stage.repository, commit, "lint", "success")
    assert stage.settle(commit).merge_progress == "merged"
    assert len(stage.pauses) == 1


def test_a_pull_request_that_is_closed_before_the_merge_is_left(stage):
    commit = stage.push()

    def close(exchange):
        if exchange.path.endswith("/reviews") and exchange.method == "POST":
            stage.pull.close()

    stage.hub.observers.append(close)
    done = stage.settle(commit)
    assert done.merge_progress == "blocked"
    assert "closed meanwhile" in done.notes[-1]


class Answering:
    """A forge that answers one kind of call differently, a number of times."""

    def __init__(self, forge, name, answer, times=99):
        self.forge, self.name, self.answer, self.left = forge, name, answer, times

    def __getattr__(self, name):
        if name != self.name or self.left == 0:
            return getattr(self.forge, name)
        self.left -= 1
        return self.respond

    def respond(self, *args, **keywords):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_merge_is_repeated_if_the_base_branch_moves_meanwhile(stage):
    forge = Answering(stage.github(), "merge", MergeAnswer(MergeReply.TRY_AGAIN, "Base branch was modified"), times=2)
    assert stage.settle(stage.push(), forge=forge).merge_progress == "merged"
    assert len(stage.pauses) == 2


def test_base_branch_that_keeps_moving_is_left_to_the_next_run(stage):
    forge = Answering(stage.github(), "merge", MergeAnswer(MergeReply.TRY_AGAIN, "Base branch was modified"))
    done = stage.settle(stage.push(), forge=forge)
    assert (done.merge_progress, len(stage.pauses)) == ("waiting", MAX_POLLS - 1)


def test_a_pull_request_that_a_person_merges_meanwhile_is_merged(stage):
    commit = stage.push()

    def merge(exchange):
        if exchange.path.endswith("/reviews") and exchange.method == "POST":
            stage.hub.observers.remove(merge)
            with contextlib.closing(stage.github()) as forge:
                forge.merge(forge.get(1), commit, "merge")

    stage.hub.observers.append(merge)
    assert stage.settle(commit).merge_progress == "merged"


class Lacking:
    """A forge without some of its parts."""

    def __init__(self, forge, *parts):
        self.forge, self.parts = forge, parts

    def __getattr__(self, name):
        return None if name in self.parts else getattr(self.forge, name)


def test_forge_without_auto_merge_leaves_the_merge_to_the_next_run(stage):
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    commit = stage.push()
    done = stage.settle(commit, forge=Lacking(stage.github(), "auto_merge"))
    assert done.merge_progress == "waiting"
    assert done.notes[-1] == "not merged yet: a requirement is missing, and GitHub has no auto-merge"
    stage.hub.set_status(stage.repository, commit, "ci", "success")
    assert stage.settle(commit, forge=Lacking(stage.github(), "auto_merge")).merge_progress == "merged"


def test_forge_without_auto_merge_has_none_to_disable(stage):
    stage.settle(stage.push(), "propose")
    stage.pull.draft = True
    done = stage.settle(stage.pull.head_sha, forge=Lacking(stage.github(), "auto_merge"))
    assert "it is a draft" in done.blocked
    assert done.notes == ()


def test_forge_without_a_merge_queue_says_that_one_is_required(stage):
    required = MergeAnswer(MergeReply.QUEUE_REQUIRED, "merge through the merge queue")
    forge = Lacking(Answering(stage.github(), "merge", required), "merge_queue")
    done = stage.settle(stage.push(), forge=forge)
    assert (done.merge_progress, done.notes[-1]) == ("blocked", "not merged: merge through the merge queue")


def test_refused_label_is_a_note(stage):
    forge = Answering(stage.github(), "label", Refused("no label", why="because", fix="do this"))
    done = stage.settle(stage.push(), forge=forge)
    assert done.merge_progress == "merged"
    assert "not labelled: no label; because; do this" in done.notes


# --- refusals -------------------------------------------------------------------------------------------


def test_token_that_may_not_open_pull_requests_leaves_it_to_a_person(staged):
    stage = staged(bot={"permissions": {"contents": "write"}})
    done = stage.settle(stage.push())
    assert "lacks the permission pull-requests: write" in done.blocked
    assert "pull-requests: write" in done.fix
    assert done.pull_request is None


def test_a_workflow_that_may_not_open_pull_requests_names_the_menu(staged):
    stage = staged(bot={"kind": "actions"}, approver=None, actions_may_create_and_approve=False)
    done = stage.settle(stage.push())
    assert "not permitted to create or approve" in done.blocked
    assert "Settings → Actions → General → Workflow permissions" in done.fix


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"token": "ghp_wrong"}, "wrong, expired"), ({"name": "octo/nothing"}, "not there")],
)
def test_wrong_token_or_repository_is_reported(stage, changes, words):
    with pytest.raises(ForgeError) as caught:
        stage.settle(stage.push(), forge=stage.github(**changes))
    assert words in caught.value.why
    assert "ghp_wrong" not in str(caught.value)


def test_proposal_without_changes_is_reported(stage):
    with pytest.raises(Refused) as caught:
        stage.settle(stage.repository.git.refs()["refs/heads/main"], branch="main")
    assert "No commits between" in caught.value.what


def test_a_long_report_is_cut_to_what_github_takes(stage):
    stage.settle(stage.push(), "propose", report="| row |\n" * 20_000)
    assert len(stage.pull.body) <= 65_536
    assert wrap_body("x", "f1", "Promote students v2").splitlines()[0] in stage.pull.body
