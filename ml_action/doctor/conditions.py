"""What the table of `dead_ends` asks of the facts, and the words that its texts are made of. Pure."""

from __future__ import annotations

from ml_action.core.records.diagnosis import Goal
from ml_action.core.records.repository_facts import BranchProtection, RepositoryFacts, TokenInfo, TokenKind

TOKENS_MENU = "your own Settings → Developer settings → Personal access tokens"
METHODS = {"merge": "Allow merge commits", "squash": "Allow squash merging", "rebase": "Allow rebase merging"}
STATES = {
    "disabled_inactivity": "after 60 days without activity in the repository",
    "disabled_manually": "by a person",
    "disabled_fork": "since this is a fork",
}


def template_values(facts: RepositoryFacts, aim: Goal) -> dict[str, str]:
    """Other people's words that templates may name: branches, checks, logins, paths."""
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
        "method": aim.merge_method,
        "allow_method": METHODS.get(aim.merge_method, aim.merge_method),
        "methods": ", ".join(base.methods),
        "model_dir": aim.model_dir,
        "disabled": "; ".join(f"{path} ({STATES.get(state, state)})" for path, state in facts.disabled),
    }


def remedies(facts: RepositoryFacts) -> dict[str, str]:
    """Our own words that templates may name: nobody else's are in them."""
    return {
        "author": str(facts.author.kind),
        "grant_contents": grant(facts.author, "contents"),
        "grant_pulls": grant(facts.author, "pull-requests"),
    }


def grant(bearer: TokenInfo, permission: str) -> str:
    """Where this kind of token is given a permission."""
    title = permission.replace("-", " ").capitalize()
    places = {
        TokenKind.ACTIONS: f"add `{permission}: write` under `permissions:` of the job in the workflow's file",
        TokenKind.APP: f"the App's settings → Permissions & events → Repository permissions → {title}: Read "
        f"and write; then "
        "accept it where the App is installed: Settings → GitHub Apps → Configure",
        TokenKind.FINE_GRAINED: f"{TOKENS_MENU} → Fine-grained tokens → the token → Repository permissions → "
        f"{title}: Read "
        "and write; its owner needs the role Write: Settings → Collaborators",
        TokenKind.CLASSIC: f"{TOKENS_MENU} → Tokens (classic) → the token → scope `repo`; its owner needs the "
        f"role Write: "
        "Settings → Collaborators",
    }
    return places.get(bearer.kind, f"give the token the permission `{permission}: write`")


# --- when ----------------------------------------------------------------------------------------------------


def is_actions(bearer: TokenInfo | None) -> bool:
    """Whether this is the workflow's own token."""
    return bearer is not None and bearer.kind is TokenKind.ACTIONS


def lacks_scope(bearer: TokenInfo) -> bool:
    """Whether a classic token may not write pull requests."""
    return bearer.scopes is not None and not {"repo", "public_repo"} & set(bearer.scopes)


def pull_request_permission_unknown(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether nothing tells if the token has pull-requests: write."""
    return not facts.opened_before and facts.author.scopes is None and facts.granted is None


def setting_is_open(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether nothing tells if GITHUB_TOKEN may open pull requests here."""
    return is_actions(facts.author) and facts.actions_may_open is None and not facts.opened_before


def approving_is_open(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether nothing tells if GITHUB_TOKEN may approve pull requests here."""
    return is_actions(facts.approver) and not is_actions(facts.author) and facts.actions_may_open is None


def approval_is_optional(facts: RepositoryFacts) -> bool:
    """Whether a pull request is merged without an approval, too: the base branch asks for none."""
    return not facts.base.reviews and not facts.base.code_owners


def waits(base: BranchProtection) -> bool:
    """Whether a pull request is left waiting for more than the bot's own approval."""
    return bool(base.checks or base.reviews > 1 or base.code_owners or base.queue)


def same_identity(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether one identity would open and approve."""
    return facts.approver is not None and facts.approver.login == facts.author.login != ""


def reader_approves(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether the approver is a person whose approval the base branch does not count."""
    approver = facts.approver
    return bool(approver and not approver.kind.is_bot and approver.push is False and facts.base.reviews)


def app_approves(facts: RepositoryFacts, _: Goal) -> bool:
    """Whether the approver is an App, whose approval the base branch may not count."""
    return bool(facts.approver and facts.approver.kind is TokenKind.APP and facts.base.reviews)


def method_is_off(facts: RepositoryFacts, aim: Goal) -> bool:
    """Whether the repository does not merge by the method that is wanted."""
    return facts.methods is not None and aim.merge_method not in facts.methods and not facts.base.queue


def method_against_rule(facts: RepositoryFacts, aim: Goal) -> bool:
    """Whether a ruleset of the base branch does not."""
    allowed = facts.base.methods
    return bool(allowed) and aim.merge_method not in allowed and not facts.base.queue
