"""Labels and comments: the parts of a pull request that are an issue's."""

from __future__ import annotations

from typing import Any

from sandbox.clock import now
from sandbox.errors import RefusalError, invalid, not_found
from sandbox.records import Comment, Label, PullRequest
from sandbox.rest.routing import Call, created, route, text
from sandbox.serializers.pulls import serialize_comment, serialize_labels
from sandbox.serializers.repositories import serialize_label

EITHER_WRITE = "issues:write|pull_requests:write"
EITHER_READ = "issues:read|pull_requests:read"
DEFAULT_COLOR = "ededed"


@route("GET", "/labels", needs=EITHER_READ)
def list_labels(call: Call) -> Any:
    """The labels of the repository."""
    return [
        serialize_label(call.url, call.repository, label) for label in call.page([*call.repository.labels.values()])
    ]


@route("GET", "/labels/<path:name>", needs=EITHER_READ)
def get_label(call: Call, name: str) -> Any:
    """A label by name, in any case."""
    label = call.repository.labels.get(name.lower())
    if label is None:
        raise not_found()
    return serialize_label(call.url, call.repository, label)


@route("POST", "/labels", needs=EITHER_WRITE)
def create_label(call: Call) -> Any:
    """A new label; a name is taken in any case."""
    body = call.fields("name")
    name = body["name"]
    if name.lower() in call.repository.labels:
        raise invalid("Label", "name", "already_exists")
    label = remember_label(
        call, name, text(body, "color", "Label") or DEFAULT_COLOR, text(body, "description", "Label")
    )
    return created(serialize_label(call.url, call.repository, label))


def remember_label(call: Call, name: str, color: str, description: str | None) -> Label:
    """Put a label into the repository."""
    label = Label(call.repository.new_id(), name, color, description)
    call.repository.labels[name.lower()] = label
    return label


@route("GET", "/issues/<int:issue_number>/labels", needs=EITHER_READ)
def list_issue_labels(call: Call, issue_number: int) -> Any:
    """The labels of a pull request."""
    return call.page(serialize_labels(call.url, call.repository, call.pull(issue_number)))


@route("POST", "/issues/<int:issue_number>/labels", needs=EITHER_WRITE)
def add_labels(call: Call, issue_number: int) -> Any:
    """Add labels; GitHub creates those that do not exist. The body is a list, bare or under `labels`."""
    pull, body = call.pull(issue_number), call.body()
    names = body.get("labels", []) if isinstance(body, dict) else body
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RefusalError(422, "Invalid request.\n\nlabels must be strings.")
    for name in names:
        label = call.repository.labels.get(name.lower()) or remember_label(call, name, DEFAULT_COLOR, None)
        if label.name not in pull.labels:
            pull.labels.append(label.name)
    return serialize_labels(call.url, call.repository, pull)


@route("DELETE", "/issues/<int:issue_number>/labels/<path:name>", needs=EITHER_WRITE)
def remove_label(call: Call, issue_number: int, name: str) -> Any:
    """Take a label off a pull request."""
    pull = call.pull(issue_number)
    kept = [label for label in pull.labels if label.lower() != name.lower()]
    if len(kept) == len(pull.labels):
        raise RefusalError(404, "Label does not exist")
    pull.labels = kept
    return serialize_labels(call.url, call.repository, pull)


@route("GET", "/issues/<int:issue_number>/comments", needs=EITHER_READ)
def list_comments(call: Call, issue_number: int) -> Any:
    """The comments of a pull request, oldest first."""
    pull = call.pull(issue_number)
    return [serialize_comment(call.url, call.repository, pull, comment) for comment in call.page(pull.comments)]


@route("POST", "/issues/<int:issue_number>/comments", needs=EITHER_WRITE)
def create_comment(call: Call, issue_number: int) -> Any:
    """Comment on a pull request."""
    pull, body = call.pull(issue_number), call.fields("body")
    comment = Comment(call.repository.new_id(), call.actor, text(body, "body", "IssueComment") or "")
    pull.comments.append(comment)
    return created(serialize_comment(call.url, call.repository, pull, comment))


@route("PATCH", "/issues/comments/<int:comment_id>", needs=EITHER_WRITE)
def edit_comment(call: Call, comment_id: int) -> Any:
    """Rewrite a comment."""
    pull, comment = find_comment(call, comment_id)
    comment.body = text(call.fields("body"), "body", "IssueComment") or ""
    comment.updated_at = now()
    return serialize_comment(call.url, call.repository, pull, comment)


def find_comment(call: Call, comment_id: int) -> tuple[PullRequest, Comment]:
    """A comment with the pull request it belongs to."""
    for pull in call.repository.pulls_by_number.values():
        for comment in pull.comments:
            if comment.id == comment_id:
                return pull, comment
    raise not_found()
