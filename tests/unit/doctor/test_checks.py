"""Every way to fail, one fact at a time: what is found, and what still works."""

from dataclasses import replace

import pytest

from ml_action.core.records.choices import Autonomy
from ml_action.core.records.diagnosis import Goal, Severity
from ml_action.core.records.repository_facts import BranchProtection, TokenInfo, TokenKind, kind_of
from ml_action.doctor.checks import CHECKS, run_checks
from ml_action.doctor.diagnosis import next_step, sentence
from tests.support.factories import make_facts

ACTIONS, APP, PERSON = (
    TokenInfo(TokenKind.ACTIONS, "github-actions[bot]", push=True),
    TokenInfo(TokenKind.APP, "ml-bot[bot]", push=True),
    TokenInfo(TokenKind.FINE_GRAINED, "ada", push=True),
)
CLASSIC = TokenInfo(TokenKind.CLASSIC, "ada", ("repo",), True)
REVIEWED = BranchProtection("main", reviews=1)
STATE, PROPOSAL = "ml-auto-update/model/state", "ml-auto-update/model/proposal"
# what is changed, the finding's name, its weight, and what still works
CASES = [
    ({"archived": True}, "archived", "stops", None),
    ({"author": replace(APP, push=False)}, "no-write", "stops", None),
    ({"author": replace(APP, push=None)}, "write-unknown", "may", "merge"),
    ({"base": BranchProtection("main", there=False)}, "no-base", "stops", None),
    ({"base": BranchProtection("trunk")}, "other-base", "note", "merge"),
    ({"state": BranchProtection(STATE, refused=("no",))}, "state-refused", "stops", None),
    ({"state": BranchProtection(STATE, maybe_refused=("no",))}, "state-maybe", "may", "merge"),
    ({"proposal": BranchProtection(PROPOSAL, refused=("no",))}, "proposal-refused", "stops", "report"),
    ({"proposal": BranchProtection(PROPOSAL, maybe_refused=("no",))}, "proposal-maybe", "may", "merge"),
    ({"author": ACTIONS, "granted": False, "approver": APP}, "no-pull-requests", "stops", "report"),
    ({"author": replace(CLASSIC, scopes=("gist",))}, "no-pull-requests", "stops", "report"),
    ({"opened_before": 0}, "pull-requests-unknown", "may", "merge"),
    ({"author": ACTIONS, "approver": APP, "actions_may_open": False}, "actions-may-not-open", "stops", "report"),
    ({"author": ACTIONS, "approver": APP, "actions_may_open": None, "opened_before": 0},
     "actions-opening-unknown", "may", "merge"),
    ({"approver": None, "base": REVIEWED}, "no-approver", "stops", "propose"),
    ({"approver": APP, "base": REVIEWED}, "same-identity", "stops", "propose"),
    ({"actions_may_open": False, "base": REVIEWED}, "actions-may-not-approve", "stops", "propose"),
    ({"actions_may_open": None}, "actions-approving-unknown", "may", "merge"),
    (
        {"approver": replace(PERSON, push=False), "base": BranchProtection("main", reviews=1)},
        "approval-does-not-count", "stops", "approve",
    ),
    (
        {"author": ACTIONS, "approver": APP, "base": BranchProtection("main", reviews=1)},
        "approval-may-not-count", "may", "merge",
    ),
    ({"base": BranchProtection("main", reviews=2)}, "more-reviews", "stops", "approve"),
    ({"base": BranchProtection("main", code_owners=True)}, "code-owners", "may", "merge"),
    ({"author": ACTIONS, "approver": APP, "base": BranchProtection("main", checks=("tests",))},
    "checks-wait-for-a-click", "stops",
     "approve"),
    ({"auto_merge": False, "base": BranchProtection("main", checks=("tests",))}, "auto-merge-off", "stops", "approve"),
    ({"methods": ("merge",)}, "method-off", "stops", "approve"),
    ({"base": BranchProtection("main", methods=("rebase",))}, "method-against-rule", "stops", "approve"),
    ({"methods": None, "auto_merge": None}, "merging-hidden", "may", "merge"),
    ({"base": BranchProtection("main", signatures=True)}, "signatures", "stops", "approve"),
    ({"base": BranchProtection("main", last_push=True)}, "last-push", "note", "merge"),
    ({"base": BranchProtection("main", queue=True)}, "merge-queue", "note", "merge"),
    ({"author": ACTIONS, "approver": APP}, "silent-merge", "note", "merge"),
    ({"disabled": ((".github/workflows/retrain.yml", "disabled_inactivity"),)}, "workflow-off", "may", "merge"),
    ({"fork": True}, "only-reports-in-a-fork", "stops", "report"),
    ({"large_files": True}, "large-files", "may", "merge"),
]  # fmt: skip
MERGE = Goal(Autonomy.MERGE, "squash")


def named(found, name):
    return next((one for one in found.findings if one.name == name), None)


def test_where_nothing_is_the_matter_nothing_is_found():
    found = run_checks(make_facts(), MERGE)
    assert found.findings == ()
    assert (found.works, found.enough) == (Autonomy.MERGE, True)
    assert sentence(found) == "autonomy merge will work here"


@pytest.mark.parametrize(("changes", "name", "weight", "works"), CASES)
def test_a_dead_end_is_found_and_stops_what_it_stops(changes, name, weight, works):
    found = run_checks(make_facts(**changes), MERGE)
    finding = named(found, name)
    assert finding, [one.name for one in found.findings]
    assert finding.weight == Severity(weight)
    assert found.works == (Autonomy(works) if works else None)


@pytest.mark.parametrize(("changes", "name", "weight", "works"), CASES)
def test_each_says_what_happens_and_where_it_is_mended(changes, name, weight, works):
    finding = named(run_checks(make_facts(**changes), MERGE), name)
    for text in (finding.what, finding.happens, finding.fix):
        assert text
        assert not {"{", "}"} & set(text.replace("${{ github.token }}", ""))


def test_every_row_of_the_table_is_tried():
    others = {"linear-history", "no-issues", "fork"}
    assert {row.name for row in CHECKS} - others == {name for _, name, _, _ in CASES}


def test_a_linear_history_is_in_the_way_of_merge_commits_only():
    facts = make_facts(base=BranchProtection("main", linear=True))
    assert named(run_checks(facts, replace(MERGE, merge_method="merge")), "linear-history")
    assert not named(run_checks(facts, MERGE), "linear-history")


def test_issues_matter_to_a_dashboard_only():
    facts = make_facts(issues=False)
    assert named(run_checks(facts, replace(MERGE, dashboard=True)), "no-issues")
    assert not named(run_checks(facts, MERGE), "no-issues")


def test_what_stops_a_higher_rung_does_not_stop_the_one_that_is_asked_for():
    found = run_checks(make_facts(approver=None, base=REVIEWED), Goal(Autonomy.PROPOSE, "squash"))
    assert found.enough
    assert found.limits == ()
    assert sentence(found) == "autonomy propose will work here"
    assert next_step(found).startswith("nothing has to be done")


def test_what_would_work_too_is_said():
    found = run_checks(make_facts(), Goal(Autonomy.REPORT, "squash"))
    assert sentence(found) == "autonomy report will work here, and so would merge"


def test_the_gravest_comes_first():
    facts = make_facts(approver=None, archived=True, fork=True, opened_before=0)
    found = run_checks(facts, replace(MERGE, in_fork=True))
    assert [one.name for one in found.findings] == ["archived", "no-approver", "pull-requests-unknown", "fork"]
    assert [one.name for one in found.fatal] == ["archived"]
    assert sentence(found).startswith("no autonomy will work here: the repository is archived")
    assert next_step(found).startswith("Settings → General → Danger Zone")


def test_doubts_are_counted_as_far_as_they_matter():
    facts = make_facts(opened_before=0, methods=None, auto_merge=None)
    assert "1 thing cannot be known" in sentence(run_checks(facts, Goal(Autonomy.PROPOSE, "squash")))
    assert "2 things cannot be known" in sentence(run_checks(facts, MERGE))


def test_a_merge_queue_makes_nothing_of_the_merge_method():
    facts = make_facts(methods=("merge",), base=BranchProtection("main", queue=True, methods=("rebase",)))
    assert run_checks(facts, MERGE).works is Autonomy.MERGE


@pytest.mark.parametrize("kind", TokenKind)
def test_each_kind_of_token_has_a_place_where_permissions_are_given(kind):
    finding = named(run_checks(make_facts(author=TokenInfo(kind, "x", push=False)), MERGE), "no-write")
    words = {
        TokenKind.ACTIONS: "`contents: write` under `permissions:`",
        TokenKind.APP: "Repository permissions → Contents: Read and write",
        TokenKind.FINE_GRAINED: "Fine-grained tokens → the token",
        TokenKind.CLASSIC: "scope `repo`",
        TokenKind.OTHER: "`contents: write`",
    }
    assert words[kind] in finding.fix


@pytest.mark.parametrize(
    ("token", "login", "kind"),
    [
        ("ghs_1", "github-actions[bot]", TokenKind.ACTIONS),
        ("ghs_1", "ml-bot[bot]", TokenKind.APP),
        ("github_pat_1", "ada", TokenKind.FINE_GRAINED),
        ("ghp_1", "ada", TokenKind.CLASSIC),
        ("gho_1", "ada", TokenKind.OTHER),
        ("0123456789abcdef", "ada", TokenKind.OTHER),
    ],
)
def test_the_kind_of_a_token(token, login, kind):
    assert kind_of(token, login) is kind


def test_names_with_braces_are_words_and_no_templates():
    facts = make_facts(author=ACTIONS, approver=APP, base=BranchProtection("{x}", checks=("{0}", "{login}")))
    finding = named(run_checks(facts, MERGE), "checks-wait-for-a-click")
    assert finding.what.startswith("the checks that {x} requires ({0}, {login})")


def test_signed_commits_are_no_dead_end_where_github_signs_them():
    facts = make_facts(base=BranchProtection("main", signatures=True))
    assert run_checks(facts, replace(MERGE, signed=True)).works is Autonomy.MERGE


def test_a_fork_that_is_to_run_works():
    found = run_checks(make_facts(fork=True), replace(MERGE, in_fork=True))
    assert (found.works, named(found, "fork").weight) == (Autonomy.MERGE, Severity.NOTE)


def test_a_proposal_that_is_refused_loses_the_attempt_where_one_is_pushed():
    facts = make_facts(proposal=BranchProtection(PROPOSAL, refused=("no",)))
    assert [one.name for one in run_checks(facts, MERGE).fatal] == ["proposal-refused"]
    assert run_checks(facts, Goal(Autonomy.REPORT, "squash")).fatal == ()


def test_where_no_approval_is_asked_for_a_merge_does_without_one():
    found = run_checks(make_facts(approver=None), MERGE)
    assert (found.works, found.enough, found.limits) == (Autonomy.MERGE, True, ())
    asked = run_checks(make_facts(approver=None), Goal(Autonomy.APPROVE, "squash"))
    assert not asked.enough
    assert sentence(asked).startswith("autonomy approve will not work here, merge will: there is no second identity")
