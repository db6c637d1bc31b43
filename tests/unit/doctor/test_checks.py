"""Each check, one fact at a time: what it finds, and what still works."""

from dataclasses import replace

import pytest

from ml_action.core.records.choices import Autonomy
from ml_action.core.records.diagnosis import Goal, Severity
from ml_action.core.records.repository_facts import BranchProtection, TokenInfo, TokenKind, kind_of
from ml_action.doctor.checks import CHECKS, run_checks
from ml_action.doctor.diagnosis import Check, CheckTable, diagnose
from ml_action.reports.blocks import Text, Untrusted
from ml_action.reports.doctor import next_step, report, sentence
from tests.support.factories import make_facts

ACTIONS, APP, PERSON = (
    TokenInfo(TokenKind.ACTIONS, "github-actions[bot]", push=True),
    TokenInfo(TokenKind.APP, "ml-bot[bot]", push=True),
    TokenInfo(TokenKind.FINE_GRAINED, "ada", push=True),
)
CLASSIC = TokenInfo(TokenKind.CLASSIC, "ada", ("repo",), True)
REVIEWED = BranchProtection("main", reviews=1)
STATE, PROPOSAL = "ml-auto-update/model/state", "ml-auto-update/model/proposal"
# the changed fact, the finding's name, its severity, and the highest level that still works
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
    ({"conflicts": ("ml-auto-update",)}, "names-taken", "stops", None),
    ({"state": BranchProtection(STATE, guarded=False)}, "unguarded", "note", "merge"),
    (
        {"state": BranchProtection(STATE, guarded=True, bypass=("Integration 7",)),
         "proposal": BranchProtection(PROPOSAL, guarded=True, bypass=())}, "guarded", "note", "merge",
    ),
    ({"writers": ("ada", "bob")}, "everybody-approves", "note", "merge"),
]  # fmt: skip
MERGE = Goal(Autonomy.MERGE, "squash")


def named(found, name):
    return next((finding for finding in found.findings if finding.name == name), None)


def test_healthy_repository_has_no_findings():
    found = run_checks(make_facts(), MERGE)
    assert found.findings == ()
    assert (found.achievable, found.sufficient) == (Autonomy.MERGE, True)
    assert sentence(found) == "autonomy merge will work here"


@pytest.mark.parametrize(("changes", "name", "severity", "achievable"), CASES)
def test_finding_blocks_its_level_and_those_above(changes, name, severity, achievable):
    found = run_checks(make_facts(**changes), MERGE)
    finding = named(found, name)
    assert finding, [finding.name for finding in found.findings]
    assert finding.severity == Severity(severity)
    assert found.achievable == (Autonomy(achievable) if achievable else None)


@pytest.mark.parametrize(("changes", "name", "severity", "achievable"), CASES)
def test_finding_names_its_consequence_and_its_fix(changes, name, severity, achievable):
    finding = named(run_checks(make_facts(**changes), MERGE), name)
    for text in (finding.what, finding.consequence, finding.fix):
        assert text
        assert not {"{", "}"} & set(text.replace("${{ github.token }}", ""))


def test_every_check_is_tested():
    others = {"linear-history", "no-issues", "fork"}
    assert {row.name for row in CHECKS} - others == {name for _, name, _, _ in CASES}


def test_linear_history_forbids_merge_commits_only():
    facts = make_facts(base=BranchProtection("main", linear=True))
    assert named(run_checks(facts, replace(MERGE, merge_method="merge")), "linear-history")
    assert not named(run_checks(facts, MERGE), "linear-history")


def test_disabled_issues_affect_a_dashboard_only():
    facts = make_facts(issues=False)
    assert named(run_checks(facts, replace(MERGE, dashboard=True)), "no-issues")
    assert not named(run_checks(facts, MERGE), "no-issues")


def test_who_could_change_the_bots_branches_is_named():
    open_branch = BranchProtection(PROPOSAL, guarded=False)
    writers = tuple(f"writer-{n}" for n in range(7))
    finding = named(run_checks(make_facts(proposal=open_branch, writers=writers), MERGE), "unguarded")
    assert finding.what == f"no rule keeps other writers off {PROPOSAL}"
    assert "writer-0, writer-1, writer-2, writer-3, writer-4 and 2 more could change them" in finding.consequence
    shown = BranchProtection(STATE, guarded=True, bypass=("Integration 7", "RepositoryRole 5"))
    finding = named(run_checks(make_facts(state=shown, proposal=replace(shown, branch=PROPOSAL)), MERGE), "guarded")
    assert finding.consequence.endswith("could change them: Integration 7, RepositoryRole 5")
    hidden = replace(shown, bypass=None)
    finding = named(run_checks(make_facts(state=hidden, proposal=shown), MERGE), "guarded")
    assert "GitHub shows the list to administrators only" in finding.consequence


def test_obstacle_of_a_higher_level_does_not_block_the_goal():
    found = run_checks(make_facts(approver=None, base=REVIEWED), Goal(Autonomy.PROPOSE, "squash"))
    assert found.sufficient
    assert found.obstacles == ()
    assert sentence(found) == "autonomy propose will work here"
    assert next_step(found).startswith("nothing has to be done")


def test_sentence_names_a_higher_level_that_would_work():
    found = run_checks(make_facts(), Goal(Autonomy.REPORT, "squash"))
    assert sentence(found) == "autonomy report will work here, and so would merge"


def test_most_severe_finding_comes_first():
    facts = make_facts(approver=None, archived=True, fork=True, opened_before=0)
    found = run_checks(facts, replace(MERGE, in_fork=True))
    assert [finding.name for finding in found.findings] == ["archived", "no-approver", "pull-requests-unknown", "fork"]
    assert [finding.name for finding in found.fatal] == ["archived"]
    assert sentence(found).startswith("no autonomy will work here: the repository is archived")
    assert next_step(found).startswith("Settings → General → Danger Zone")


def test_sentence_counts_the_unknowns_that_affect_the_goal():
    facts = make_facts(opened_before=0, methods=None, auto_merge=None)
    assert "1 thing cannot be known" in sentence(run_checks(facts, Goal(Autonomy.PROPOSE, "squash")))
    assert "2 things cannot be known" in sentence(run_checks(facts, MERGE))


def test_merge_queue_ignores_the_merge_method():
    facts = make_facts(methods=("merge",), base=BranchProtection("main", queue=True, methods=("rebase",)))
    assert run_checks(facts, MERGE).achievable is Autonomy.MERGE


@pytest.mark.parametrize("kind", TokenKind)
def test_fix_names_where_each_kind_of_token_gets_its_permissions(kind):
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
def test_kind_of_a_token(token, login, kind):
    assert kind_of(token, login) is kind


def test_braces_in_names_are_no_templates():
    facts = make_facts(author=ACTIONS, approver=APP, base=BranchProtection("{x}", checks=("{0}", "{login}")))
    finding = named(run_checks(facts, MERGE), "checks-wait-for-a-click")
    assert finding.what.startswith("the checks that {x} requires ({0}, {login})")


def test_required_signatures_do_not_block_commits_that_github_signs():
    facts = make_facts(base=BranchProtection("main", signatures=True))
    assert run_checks(facts, replace(MERGE, signed=True)).achievable is Autonomy.MERGE


def test_fork_works_if_the_settings_allow_it():
    found = run_checks(make_facts(fork=True), replace(MERGE, in_fork=True))
    assert (found.achievable, named(found, "fork").severity) == (Autonomy.MERGE, Severity.INFO)


def test_refused_proposal_is_fatal_if_one_would_be_pushed():
    facts = make_facts(proposal=BranchProtection(PROPOSAL, refused=("no",)))
    assert [finding.name for finding in run_checks(facts, MERGE).fatal] == ["proposal-refused"]
    assert run_checks(facts, Goal(Autonomy.REPORT, "squash")).fatal == ()


def test_merge_works_without_an_approval_that_is_not_required():
    found = run_checks(make_facts(approver=None), MERGE)
    assert (found.achievable, found.sufficient, found.obstacles) == (Autonomy.MERGE, True, ())
    blocked = run_checks(make_facts(approver=None), Goal(Autonomy.APPROVE, "squash"))
    assert not blocked.sufficient
    assert sentence(blocked).startswith("autonomy approve will not work here, merge will: there is no second identity")


def test_doctor_takes_the_table_of_another_forge():
    check = Check(
        "no-fork",
        Autonomy.REPORT,
        Severity.BLOCKS,
        lambda facts, _: facts.fork,
        "{name} is a fork",
        "nothing works",
        "unfork {name}: {how}",
    )
    table = CheckTable((check,), lambda facts, _: {"name": facts.repository}, lambda _: {"how": "ask us"})
    found = diagnose(table, make_facts(fork=True), MERGE)
    (finding,) = found.findings
    assert (found.achievable, finding.what, finding.fix) == (
        None,
        "octo/students is a fork",
        "unfork octo/students: ask us",
    )
    ((what, _, fix),) = report(found, table)[-1].content
    name = Untrusted("octo/students")  # the parts that other people wrote, and no others, are marked
    assert what.parts[2] == Text((name, " is a fork"))
    assert fix.parts[1] == Text(("unfork ", name, ": ", "ask us"))
    assert diagnose(table, make_facts(), MERGE).findings == ()
