"""GitHub's checks: each way in which a promotion can fail there, its consequence and its fix.

A check blocks, or it may block: GitHub does not show everything beforehand. The texts in quotes are GitHub's own; the
menu paths are those of github.com.
"""

from __future__ import annotations

from ml_action.core.records.choices import Autonomy
from ml_action.core.records.diagnosis import Diagnosis, Goal, Severity
from ml_action.core.records.repository_facts import RepositoryFacts
from ml_action.doctor import conditions
from ml_action.doctor.diagnosis import Check, CheckTable, diagnose
from ml_action.doctor.menus import ACTIONS_MENU, EXEMPT, GUARD, MERGE_MENU, RULESETS

REPORT, PROPOSE, APPROVE, MERGE = Autonomy
BLOCKS, MAY_BLOCK, INFO = Severity

CHECKS: tuple[Check, ...] = (
    Check(
        "archived", REPORT, BLOCKS, lambda facts, _: facts.archived,
        "the repository is archived and read-only",
        "nothing can be recorded: git's push is refused with 403, “This repository was archived so it is read-only.”",
        "Settings → General → Danger Zone → Unarchive this repository; or turn the workflow off",
    ),
    Check(
        "no-write", REPORT, BLOCKS, lambda facts, _: facts.author.push is False and not facts.archived,
        "{author} may not write to this repository",
        "the attempt cannot be recorded: git's push is refused with 403",
        "{grant_contents}",
    ),
    Check(
        "write-unknown", REPORT, MAY_BLOCK, lambda facts, _: facts.author.push is None and not facts.archived,
        "GitHub does not show whether {author} may write to this repository",
        "without `contents: write` the attempt cannot be recorded: git's push is refused with 403",
        "{grant_contents}",
    ),
    Check(
        "no-base", REPORT, BLOCKS, lambda facts, _: not facts.base.there,
        "the base branch {base} does not exist",
        "there is nothing to count, and nothing to build a proposal on",
        "push a first commit, or correct the setting `base`",
    ),
    Check(
        "other-base", REPORT, INFO, lambda facts, _: facts.base.there and facts.base.branch != facts.default_branch,
        "the base branch {base} is not the default branch, {default}",
        "the workflow's schedule runs for {default} only, and counts the datasets of its checkout",
        "let actions/checkout take {base} as its `ref`; or Settings → General → Default branch",
    ),
    Check(
        "names-taken", REPORT, BLOCKS, lambda facts, _: facts.conflicts,
        "a branch takes the names of the bot's branches: {conflicts}",
        "no attempt can be recorded: git has no branch below another one",
        "rename or delete {conflicts}",
    ),
    Check(
        "unguarded", REPORT, INFO, conditions.unguarded,
        "no rule keeps other writers off {unguarded}",
        "the journal and the proposal are there, and what both say becomes a model: {writers} could change them",
        GUARD,
    ),
    Check(
        "guarded", REPORT, INFO, lambda facts, _: facts.state.guarded and facts.proposal.guarded,
        "a ruleset keeps other writers off the bot's branches",
        "who is on its bypass list could change them: {bypass}",
        "let only the bot be on that list",
    ),
    Check(
        "everybody-approves", APPROVE, INFO, conditions.workflow_approves_for_many,
        "`approver-token` is the workflow's own, and {writers} may write here",
        "each of them can have github-actions[bot] approve any pull request, by a workflow on a branch of their own",
        "let an App approve, with its key in an environment of {base} alone: docs/github.md, “Several writers”",
    ),
    Check(
        "state-refused", REPORT, BLOCKS, lambda facts, _: facts.state.refused,
        "a rule keeps the bot off its own branch {state}: {state_rules}",
        "no attempt can be recorded: git's push is refused with “GH006” or “GH013”",
        EXEMPT,
    ),
    Check(
        "state-maybe", REPORT, MAY_BLOCK, lambda facts, _: facts.state.maybe_refused and not facts.state.refused,
        "a rule may keep the bot off its own branch {state}: {state_rules}",
        "GitHub does not show whether this token may bypass it; if not, git's push is refused with “GH006” or “GH013”",
        EXEMPT,
    ),
    Check(
        "proposal-refused", PROPOSE, BLOCKS, lambda facts, _: facts.proposal.refused,
        "a rule keeps the bot off its own branch {proposal}: {proposal_rules}",
        "the attempt is lost: state and proposal are pushed together, and git refuses it with “GH006” or “GH013”",
        EXEMPT,
        loses_training=True,
    ),
    Check(
        "proposal-maybe", PROPOSE, MAY_BLOCK,
        lambda facts, _: facts.proposal.maybe_refused and not facts.proposal.refused,
        "a rule may keep the bot off its own branch {proposal}: {proposal_rules}",
        "GitHub does not show whether this token may bypass it; if not, git's push is refused with “GH006” or “GH013”",
        EXEMPT,
    ),
    Check(
        "no-pull-requests", PROPOSE, BLOCKS,
        lambda facts, _: (conditions.is_workflow_token(facts.author) and facts.granted is False)
        or conditions.lacks_scope(facts.author),
        "{author} may not open pull requests",
        "the proposal's branch is pushed, and the pull request is refused with 403, “Resource not accessible by "
        "integration”; a person can open it from the run's summary",
        "{grant_pulls}",
    ),
    Check(
        "pull-requests-unknown", PROPOSE, MAY_BLOCK, conditions.pull_request_permission_unknown,
        "whether {author} may open pull requests is not known before it does",
        "without it the proposal's branch is pushed, and the pull request is refused with 403, “Resource not "
        "accessible by …”; a person can open it from the run's summary",
        "{grant_pulls}",
    ),
    Check(
        "actions-may-not-open", PROPOSE, BLOCKS,
        lambda facts, _: conditions.is_workflow_token(facts.author) and facts.actions_may_open is False,
        "this repository does not let GITHUB_TOKEN open pull requests",
        "the proposal's branch is pushed, and the pull request is refused with 403, “GitHub Actions is not permitted "
        "to create or approve pull requests.”; a person can open it from the run's summary",
        ACTIONS_MENU,
    ),
    Check(
        "actions-opening-unknown", PROPOSE, MAY_BLOCK, conditions.opening_setting_unknown,
        "whether this repository lets GITHUB_TOKEN open pull requests cannot be known with this token",
        "if it does not, the branch is pushed, and the pull request is refused with 403, “GitHub Actions is not "
        "permitted to create or approve pull requests.”",
        ACTIONS_MENU,
    ),
    Check(
        "no-approver", APPROVE, BLOCKS, lambda facts, _: facts.approver is None,
        "there is no second identity: `approver-token` is empty",
        "nothing is approved: no author may approve their own pull request",
        "let an App open (`token`) and the workflow approve: `approver-token: ${{{{ github.token }}}}`",
        this_level_only=conditions.approval_is_optional,
    ),
    Check(
        "same-identity", APPROVE, BLOCKS, conditions.same_identity,
        "`token` and `approver-token` are the same identity, {login}",
        "the approval is refused with 422, “Can not approve your own pull request”",
        "let an App open (`token`) and the workflow approve: `approver-token: ${{{{ github.token }}}}`",
        this_level_only=conditions.approval_is_optional,
    ),
    Check(
        "actions-may-not-approve", APPROVE, BLOCKS,
        lambda facts, _: conditions.is_workflow_token(facts.approver) and facts.actions_may_open is False,
        "this repository does not let GITHUB_TOKEN approve pull requests",
        "the approval is refused with 403, “GitHub Actions is not permitted to create or approve pull requests.”",
        ACTIONS_MENU,
        this_level_only=conditions.approval_is_optional,
    ),
    Check(
        "actions-approving-unknown", APPROVE, MAY_BLOCK, conditions.approving_setting_unknown,
        "whether this repository lets GITHUB_TOKEN approve cannot be known with this token",
        "if it does not, the approval is refused with 403, “GitHub Actions is not permitted to create or approve pull "
        "requests.”; the pull request stays open",
        ACTIONS_MENU,
        this_level_only=conditions.approval_is_optional,
    ),
    Check(
        "approval-does-not-count", MERGE, BLOCKS, conditions.approver_is_reader,
        "{approver} may not write here, so that its approval does not count for {base}",
        "the pull request is approved and stays blocked: “At least 1 approving review is required by reviewers with "
        "write access.”",
        "Settings → Collaborators → {approver} → role Write",
    ),
    Check(
        "approval-may-not-count", MERGE, MAY_BLOCK, conditions.approver_is_app,
        "{base} requires approvals, and an App's are not always counted",
        "the pull request is approved and may stay blocked",
        "let the App open (`token`), and the workflow approve: `approver-token: ${{{{ github.token }}}}`",
    ),
    Check(
        "more-reviews", MERGE, BLOCKS, lambda facts, _: facts.base.reviews > 1,
        "{base} requires {reviews} approvals, and the bot gives one",
        "the pull request waits for people",
        f"{RULESETS} → the ruleset → Require a pull request before merging: one approval; or let people merge it",
    ),
    Check(
        "code-owners", MERGE, MAY_BLOCK, lambda facts, _: facts.base.code_owners,
        "{base} requires a review by code owners",
        "where CODEOWNERS names an owner of {model_dir}/, the pull request waits for that owner: a bot cannot be one",
        "leave {model_dir}/ without an owner in CODEOWNERS (a last line with the path and no name)",
    ),
    Check(
        "checks-wait-for-a-click", MERGE, BLOCKS,
        lambda facts, _: conditions.is_workflow_token(facts.author) and facts.base.checks,
        "the checks that {base} requires ({checks}) do not run by themselves on what GITHUB_TOKEN opens",
        "they stay “expected” forever: a person has to click “Approve workflows to run” in the pull request",
        "use an App's token for `token`: docs/github.md, “Tokens”",
    ),
    Check(
        "auto-merge-off", MERGE, BLOCKS,
        lambda facts, _: facts.auto_merge is False and conditions.needs_more_than_approval(facts.base),
        "auto-merge is off, and {base} asks for more than the bot's approval",
        "the pull request is approved and stays open: “Auto merge is not allowed for this repository”",
        f"{MERGE_MENU} → “Allow auto-merge”",
    ),
    Check(
        "method-off", MERGE, BLOCKS, conditions.method_disabled,
        "merge-method {method} is turned off in this repository",
        "the pull request is approved and not merged",
        f"{MERGE_MENU} → “{{allow_method}}”; or choose another `merge-method`",
    ),
    Check(
        "method-against-rule", MERGE, BLOCKS, conditions.method_forbidden,
        "a ruleset of {base} allows {methods} only, and merge-method is {method}",
        "the pull request is approved and not merged",
        f"choose another `merge-method`; or {RULESETS} → the ruleset → Allowed merge methods",
    ),
    Check(
        "linear-history", MERGE, BLOCKS, lambda facts, goal: facts.base.linear and goal.merge_method == "merge",
        "{base} requires a linear history, which merge-method merge does not keep",
        "the pull request is approved and not merged",
        "choose `merge-method: squash` or `rebase`",
    ),
    Check(
        "merging-hidden", MERGE, MAY_BLOCK, lambda facts, _: facts.methods is None and facts.author.push is not False,
        "GitHub hides the merge settings from this token",
        "where auto-merge or merge-method {method} is off, the pull request is approved and not merged",
        f"look yourself: {MERGE_MENU}",
    ),
    Check(
        "signatures", MERGE, BLOCKS, lambda facts, goal: facts.base.signatures and not goal.signed,
        "{base} requires signed commits",
        "the bot's commits are not signed: the pull request stays blocked, “Commits must have verified signatures.”",
        "`commit-signing: api`: GitHub signs the commits that an App or GITHUB_TOKEN makes",
    ),
    Check(
        "last-push", MERGE, INFO, lambda facts, _: facts.base.last_push,
        "{base} requires another user's approval of the latest push",
        "the bot's approval counts as long as no person pushes to its branch and `approver-token` pushes nothing",
        "nothing has to be done",
    ),
    Check(
        "merge-queue", MERGE, INFO, lambda facts, _: facts.base.queue,
        "{base} has a merge queue",
        "the queue merges in its own way: merge-method {method} means nothing there",
        "nothing has to be done",
    ),
    Check(
        "silent-merge", MERGE, INFO,
        lambda facts, goal: conditions.is_workflow_token(facts.author) and goal.autonomy is MERGE,
        "a merge by GITHUB_TOKEN starts no other workflow",
        "a deployment that runs on pushes to {base} does not run",
        "use an App's token for `token`, or start the deployment with workflow_dispatch",
    ),
    Check(
        "workflow-off", REPORT, MAY_BLOCK, lambda facts, _: facts.disabled,
        "workflows are turned off: {disabled}",
        "its schedule starts no run; a run that a person starts works",
        "Actions → the workflow (left) → Enable workflow; in a public repository, GitHub turns schedules off after 60 "
        "days without activity",
    ),
    Check(
        "only-reports-in-a-fork", PROPOSE, BLOCKS, lambda facts, goal: facts.fork and not goal.in_fork,
        "this repository is a fork",
        "the loop trains and reports here, and writes nothing: a fork's token may only read the repository above it",
        "`in-fork: run` has it keep a model of the fork's own",
    ),
    Check(
        "fork", REPORT, INFO, lambda facts, goal: facts.fork and goal.in_fork,
        "this repository is a fork",
        "schedules are off in a fork until a person turns them on",
        "Actions → the workflow (left) → Enable workflow",
    ),
    Check(
        "no-issues", REPORT, MAY_BLOCK, lambda facts, goal: goal.dashboard and not facts.issues,
        "issues are off in this repository, and the dashboard is one",
        "the loop works, and there is no dashboard",
        "Settings → General → Features → Issues; or leave `dashboard` out",
    ),
    Check(
        "large-files", REPORT, MAY_BLOCK, lambda facts, _: facts.large_files,
        ".gitattributes sends {model_dir}/ to Git LFS",
        "the bot commits the model itself, not a pointer to it: clones show the file as changed",
        "leave {model_dir}/ out of it: a last line in .gitattributes with the path and `-filter -diff -merge`",
    ),
)  # fmt: skip


GITHUB = CheckTable(CHECKS, conditions.template_values, conditions.remedies)


def run_checks(facts: RepositoryFacts, goal: Goal, table: CheckTable = GITHUB) -> Diagnosis:
    """Returns what the checks find."""
    return diagnose(table, facts, goal)
