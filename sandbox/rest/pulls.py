"""Pull requests: opened, listed, edited, merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.accounts import includes
from sandbox.clock import now
from sandbox.errors import RefusalError, invalid_field, not_found, validation_failed
from sandbox.pull_requests import lifecycle, merge_queue
from sandbox.pull_requests.merge import HEAD_MOVED, METHOD_FORBIDDEN, MergeRequest, merge
from sandbox.pull_requests.mergeability import mergeability_of
from sandbox.records import PullRequest
from sandbox.repository import Repository
from sandbox.rest.routing import NO_CONTENT, Call, created, route, text
from sandbox.serializers import commits
from sandbox.serializers.pulls import serialize_pull, serialize_summary

ACTIONS_FORBIDDEN = "GitHub Actions is not permitted to create or approve pull requests."
READ, WRITE = "pull_requests:read", "pull_requests:write"
SORT_KEYS = {"created": "number", "updated": "updated_at"}


@dataclass(frozen=True)
class Branch:
    """The head or the base of a new pull request."""

    repository: Repository
    name: str
    tip: str


@route("GET", "/pulls", needs=READ)
def list_pulls(call: Call) -> Any:
    """Lists pull requests by state, head (`owner:branch`) and base, newest first by default."""
    query = call.request.args
    state, head, base = query.get("state", "open"), query.get("head"), query.get("base")
    found = [
        pull
        for pull in call.repository.pulls_by_number.values()
        if state in ("all", pull.state)
        and head in (None, f"{call.repository.head_owner(pull)}:{pull.head}")
        and base in (None, pull.base)
    ]
    key = SORT_KEYS.get(query.get("sort", "created"), "number")
    descending = query.get("direction", "desc" if "sort" not in query or key == "number" else "asc") == "desc"
    found.sort(key=lambda pull: (getattr(pull, key), pull.number), reverse=descending)
    return [serialize_summary(call.url, call.repository, pull) for pull in call.page(found)]


@route("POST", "/pulls", needs=WRITE)
def create_pull(call: Call) -> Any:
    """Opens a pull request from a branch of the same repository or of a fork."""
    refuse_actions(call)
    body = call.fields("head", "base")
    head = find_head(call, body["head"])
    base = Branch(call.repository, body["base"], branch_tip(call, body["base"], "base"))
    title = text(body, "title", "PullRequest")
    if not title:
        raise invalid_field("PullRequest", "title", "missing_field")
    refuse_duplicate(call, head.repository, head.name, base.name)
    refuse_nothing_to_merge(head, base)
    pull = PullRequest(
        number=call.repository.next_number(),
        author=call.actor,
        title=title,
        body=text(body, "body", "PullRequest"),
        head=head.name,
        base=base.name,
        head_sha=head.tip,
        base_sha=base.tip,
        draft=bool(body.get("draft")),
        last_pusher=head.repository.pushers.get(f"refs/heads/{head.name}", call.actor.login),
        fork="" if head.repository is call.repository else head.repository.full_name,
    )
    call.repository.pulls_by_number[pull.number] = pull
    lifecycle.keep_head(call.repository, pull)
    return created(serialize_pull(call.url, call.repository, pull))


def refuse_actions(call: Call) -> None:
    """Refuses the Actions token if the settings do not let it open and approve pull requests."""
    if call.actor.kind == "actions" and not call.repository.settings.actions_may_create_and_approve:
        raise RefusalError(403, ACTIONS_FORBIDDEN)


def find_head(call: Call, head: str) -> Branch:
    """Finds `branch` or `owner:branch`; only an account with write access to a fork may propose its branches."""
    owner, colon, branch = head.rpartition(":")
    if not colon or owner.lower() == call.repository.owner.lower():
        return Branch(call.repository, branch, branch_tip(call, branch, "head"))
    forks = (fork for fork in call.repository.forks.values() if fork.owner.lower() == owner.lower())
    fork = next(forks, None)
    if fork is None or not fork.can_push(call.actor):
        raise invalid_field("PullRequest", "head")
    return Branch(fork, branch, head_tip(call, fork, branch))


def head_tip(call: Call, home: Repository, branch: str) -> str:
    """Returns the tip of a head branch in this repository or in a fork."""
    if home is call.repository:
        return branch_tip(call, branch, "head")
    sha = lifecycle.tip_of_fork(call.repository, home, branch)
    if sha is None:
        raise invalid_field("PullRequest", "head")
    return sha


def branch_tip(call: Call, branch: str, field: str) -> str:
    """Returns the tip of a branch; without one, the named field is invalid."""
    sha = call.repository.git.refs().get(f"refs/heads/{branch}")
    if sha is None:
        raise invalid_field("PullRequest", field)
    return sha


def refuse_duplicate(call: Call, home: Repository | None, head: str, base: str) -> None:
    """Refuses a second open pull request with the same head and base."""
    same = (
        call.repository.head_repository(pull) is home
        for pull in call.repository.open_pulls()
        if (pull.head, pull.base) == (head, base)
    )
    if home and any(same):
        raise validation_failed("PullRequest", f"A pull request already exists for {home.owner}:{head}.")


def refuse_nothing_to_merge(head: Branch, base: Branch) -> None:
    """Refuses a head without a common history with its base, or without a commit of its own."""
    git = base.repository.git
    if git.merge_base(base.tip, head.tip) is None:
        raise validation_failed("PullRequest", f"The {head.name} branch has no history in common with {base.name}")
    if git.is_ancestor(head.tip, base.tip):
        raise validation_failed("PullRequest", f"No commits between {base.name} and {head.name}")


@route("GET", "/pulls/<int:pull_number>", needs=READ)
def get_pull(call: Call, pull_number: int) -> Any:
    """Returns a pull request with its mergeability."""
    return serialize_pull(call.url, call.repository, call.pull(pull_number))


@route("PATCH", "/pulls/<int:pull_number>", needs=WRITE)
def edit_pull(call: Call, pull_number: int) -> Any:
    """Changes title, body, base or state."""
    pull, body = call.pull(pull_number), call.fields()
    refuse_others(call, pull, "triage" if body.keys() <= {"state"} else "write")
    if "base" in body:
        retarget(call, pull, body["base"])
    if "state" in body:
        change_state(call, pull, body["state"])
    pull.title = text(body, "title", "PullRequest") or pull.title
    pull.body = text(body, "body", "PullRequest") if "body" in body else pull.body
    pull.updated_at = now()
    return serialize_pull(call.url, call.repository, pull)


def refuse_others(call: Call, pull: PullRequest, level: str) -> None:
    """Refuses a caller who neither opened the pull request nor has this role."""
    if call.actor.login != pull.author.login and not includes(call.repository.role(call.actor), level):
        raise RefusalError(403, "Must have admin rights to Repository.")


def retarget(call: Call, pull: PullRequest, base: str) -> None:
    """Changes the base, which cancels auto-merge."""
    if base != pull.base:
        pull.base_sha = branch_tip(call, base, "base")
        pull.base, pull.auto_merge = base, None


def change_state(call: Call, pull: PullRequest, state: str) -> None:
    """Closes a pull request, or reopens it if that is possible."""
    if state not in ("open", "closed"):
        raise invalid_field("PullRequest", "state")
    if state == "closed" and pull.open:
        pull.close(call.actor)
    elif state == "open" and not pull.open:
        refuse_reopening(call, pull)
        pull.state, pull.closed_at, pull.closed_by = "open", None, None
        pull.head_sha = head_tip(call, call.repository.head_repository(pull) or call.repository, pull.head)
        pull.base_sha = branch_tip(call, pull.base, "base")


def refuse_reopening(call: Call, pull: PullRequest) -> None:
    """Refuses to reopen a pull request that was merged, has lost its branch, or has a newer duplicate."""
    if pull.merged:
        raise validation_failed("PullRequest", "state cannot be changed. The pull request cannot be reopened.")
    home = call.repository.head_repository(pull)
    if home is None or f"refs/heads/{pull.head}" not in home.git.refs():
        raise validation_failed("PullRequest", f"state cannot be changed. The {pull.head} branch has been deleted.")
    refuse_duplicate(call, home, pull.head, pull.base)


@route("GET", "/pulls/<int:pull_number>/files", needs=READ)
def list_files(call: Call, pull_number: int) -> Any:
    """Lists the changed files, without patches."""
    pull = call.pull(pull_number)
    changes = call.page(call.repository.git.diff(pull.base_sha, pull.head_sha))
    return [commits.serialize_changed_file(call.url, call.repository, pull.head_sha, change) for change in changes]


@route("GET", "/pulls/<int:pull_number>/commits", needs=READ)
def list_commits(call: Call, pull_number: int) -> Any:
    """Lists the commits, oldest first."""
    pull = call.pull(pull_number)
    own = call.page(call.repository.git.between(pull.base_sha, pull.head_sha))
    return [commits.serialize_commit(call.url, call.repository, commit.sha) for commit in own]


@route("GET", "/pulls/<int:pull_number>/merge", needs="contents:read")
def is_merged(call: Call, pull_number: int) -> Any:
    """Replies 204 if the pull request is merged, otherwise 404."""
    if not call.pull(pull_number).merged:
        raise not_found()
    return NO_CONTENT


@route("PUT", "/pulls/<int:pull_number>/merge", needs="contents:write")
def merge_pull(call: Call, pull_number: int) -> Any:
    """Merges immediately; with `sha` only if the head is still that commit."""
    pull, body = call.pull(pull_number), call.fields()
    method = text(body, "merge_method", "PullRequest") or "merge"
    refuse_merge(call, pull, method, body.get("sha"))
    title, message = (text(body, name, "PullRequest") or "" for name in ("commit_title", "commit_message"))
    commit = merge(call.repository, pull, MergeRequest(call.actor, method, title, message))
    if commit is None:
        raise RefusalError(405, "Base branch was modified. Review and try the merge again.")
    return {"sha": commit, "merged": True, "message": "Pull Request successfully merged"}


def refuse_merge(call: Call, pull: PullRequest, method: str, sha: str | None) -> None:
    """Refuses to merge for GitHub's reasons, in its order and with its messages."""
    if method not in METHOD_FORBIDDEN:
        raise invalid_field("PullRequest", "merge_method")
    if not pull.open:
        raise RefusalError(405, "Pull Request is not mergeable" if pull.merged else "Pull Request is closed")
    if sha is not None and sha != pull.head_sha:
        raise RefusalError(409, HEAD_MOVED)
    mergeability = mergeability_of(call.repository, pull)
    if mergeability.state == "draft":
        raise RefusalError(405, "Pull Request is still a draft")
    if not call.repository.settings.allows(method):
        raise RefusalError(405, METHOD_FORBIDDEN[method])
    if not mergeability.mergeable:
        raise RefusalError(405, "Pull Request is not mergeable")
    refuse_unmet(call, pull, mergeability.unmet)


def refuse_unmet(call: Call, pull: PullRequest, unmet: tuple[str, ...]) -> None:
    """Refuses to merge against the rules of the base branch, or past its merge queue."""
    if unmet:
        raise RefusalError(405, "\n".join(unmet))
    if merge_queue.is_required(call.repository, pull):
        raise RefusalError(405, merge_queue.ALREADY_QUEUED if pull.queued_by else merge_queue.QUEUE_REQUIRED)
