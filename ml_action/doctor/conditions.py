"""The conditions of GitHub's checks, and the values of their templates. Pure."""

from __future__ import annotations

from ml_action.core.records.diagnosis import Goal
from ml_action.core.records.repository_facts import BranchProtection, RepositoryFacts, TokenInfo, TokenKind

TOKENS_MENU = "your own Settings → Developer settings → Personal access tokens"
SHOWN = 5  # people
METHODS = {"merge": "Allow merge commits", "squash": "Allow squash merging", "rebase": "Allow rebase merging"}
STATES = {
    "disabled_inactivity": "after 60 days without activity in the repository",
    "disabled_manually": "by a person",
    "disabled_fork": "since this is a fork",
}


def template_values(facts: RepositoryFacts, goal: Goal) -> dict[str, str]:
    """Returns the values that other people chose: branches, checks, logins, paths."""
    base, approver = facts.base, facts.approver
    return {
        "login": facts.author.login,
        "approver": (approver.login or str(approver.kind)) if approver else "",
        "scopes": ", ".join(facts.author.scopes or ()) or "none",
        "base": base.branch,
        "default": facts.default_branch,
        "state": facts.state.branch,
        "proposal": facts.proposal.branch,
        "state_rules": "; ".join(facts.state.refused or facts.state.maybe_refused),
        "proposal_rules": "; ".join(facts.proposal.refused or facts.proposal.maybe_refused),
        "checks": ", ".join(base.checks),
        "reviews": str(base.reviews),
        "method": goal.merge_method,
        "allow_method": METHODS.get(goal.merge_method, goal.merge_method),
        "methods": ", ".join(base.methods),
        "model_dir": goal.model_dir,
        "conflicts": ", ".join(facts.conflicts),
        "unguarded": " and ".join(one.branch for one in (facts.state, facts.proposal) if one.guarded is False),
        "writers": _people(facts.writers),
        "bypass": _bypass(facts),
        "disabled": "; ".join(f"{path} ({STATES.get(state, state)})" for path, state in facts.disabled),
    }


def remedies(facts: RepositoryFacts) -> dict[str, str]:
    """Returns the values that are texts of our own."""
    return {
        "author": str(facts.author.kind),
        "grant_contents": where_to_grant(facts.author, "contents"),
        "grant_pulls": where_to_grant(facts.author, "pull-requests"),
    }


def where_to_grant(token: TokenInfo, permission: str) -> str:
    """Returns how to give this kind of token a permission to write."""
    title = permission.replace("-", " ").capitalize()
    places = {
        TokenKind.ACTIONS: f"add `{permission}: write` under `permissions:` of the job in the workflow's file",
        TokenKind.APP: f"the App's settings → Permissions & events → Repository permissions → {title}: Read and "
        "write; then accept it where the App is installed: Settings → GitHub Apps → Configure",
        TokenKind.FINE_GRAINED: f"{TOKENS_MENU} → Fine-grained tokens → the token → Repository permissions → "
        f"{title}: Read and write; its owner needs the role Write: Settings → Collaborators",
        TokenKind.CLASSIC: f"{TOKENS_MENU} → Tokens (classic) → the token → scope `repo`; its owner needs the "
        "role Write: Settings → Collaborators",
    }
    return places.get(token.kind, f"give the token the permission `{permission}: write`")


def _people(logins: tuple[str, ...] | None) -> str:
    """Returns who may write to the repository, in a few words."""
    if logins is None:
        return "everyone with write access to this repository"
    shown = ", ".join(logins[:SHOWN]) or "only the bot"
    return f"{shown} and {len(logins) - SHOWN} more" if len(logins) > SHOWN else shown


def _bypass(facts: RepositoryFacts) -> str:
    """Returns who may bypass the rules of the bot's branches, as far as GitHub shows it."""
    shown = [one.bypass for one in (facts.state, facts.proposal)]
    if None in shown:
        return "GitHub shows the list to administrators only"
    return ", ".join(dict.fromkeys(actor for actors in shown for actor in actors or ())) or "no account"


# --- conditions ----------------------------------------------------------------------------------------------


def is_workflow_token(token: TokenInfo | None) -> bool:
    """Whether this is the workflow's own token."""
    return token is not None and token.kind is TokenKind.ACTIONS


def unguarded(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether any writer may push to one of the bot's branches."""
    return facts.state.guarded is False or facts.proposal.guarded is False


def workflow_approves_for_many(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether the approver is an identity that every one of several writers can use."""
    return is_workflow_token(facts.approver) and len(facts.writers or ()) > 1


def lacks_scope(token: TokenInfo) -> bool:
    """Whether a classic token may not write pull requests."""
    return token.scopes is not None and not {"repo", "public_repo"} & set(token.scopes)


def pull_request_permission_unknown(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether no fact shows that the token has pull-requests: write."""
    return not facts.opened_before and facts.author.scopes is None and facts.granted is None


def opening_setting_unknown(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether no fact shows that GITHUB_TOKEN may open pull requests here."""
    return is_workflow_token(facts.author) and facts.actions_may_open is None and not facts.opened_before


def approving_setting_unknown(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether no fact shows that GITHUB_TOKEN may approve pull requests here."""
    only_approves = is_workflow_token(facts.approver) and not is_workflow_token(facts.author)
    return only_approves and facts.actions_may_open is None


def approval_is_optional(facts: RepositoryFacts) -> bool:
    """Whether the base branch accepts a merge without an approval."""
    return not facts.base.reviews and not facts.base.code_owners


def needs_more_than_approval(base: BranchProtection) -> bool:
    """Whether a merge needs more than the bot's own approval."""
    return bool(base.checks or base.reviews > 1 or base.code_owners or base.queue)


def same_identity(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether one identity would open and approve."""
    return facts.approver is not None and facts.approver.login == facts.author.login != ""


def approver_is_reader(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether the approver is a person whose approval the base branch does not count."""
    approver = facts.approver
    return bool(approver and not approver.kind.is_bot and approver.push is False and facts.base.reviews)


def approver_is_app(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether the approver is an App, whose approval the base branch may not count."""
    return bool(facts.approver and facts.approver.kind is TokenKind.APP and facts.base.reviews)


def method_disabled(facts: RepositoryFacts, goal: Goal) -> bool:
    """Whether the repository does not allow the merge method."""
    return facts.methods is not None and goal.merge_method not in facts.methods and not facts.base.queue


def method_forbidden(facts: RepositoryFacts, goal: Goal) -> bool:
    """Whether a ruleset of the base branch does not allow the merge method."""
    allowed = facts.base.methods
    return bool(allowed) and goal.merge_method not in allowed and not facts.base.queue
