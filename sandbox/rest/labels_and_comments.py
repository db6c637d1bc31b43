"""Labels and comments of pull requests, which GitHub serves as those of issues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.clock import now
from sandbox.errors import RefusalError, invalid_field, not_found
from sandbox.records import Comment, Label, PullRequest
from sandbox.rest.routing import Call, created, route, text
from sandbox.serializers.pulls import serialize_comment, serialize_labels
from sandbox.serializers.repositories import serialize_label

EITHER_WRITE = "issues:write|pull_requests:write"
EITHER_READ = "issues:read|pull_requests:read"
DEFAULT_COLOR = "ededed"


@dataclass(frozen=True)
class PullComment:
    """A comment and its pull request."""

    pull: PullRequest
    comment: Comment


@route("GET", "/labels", needs=EITHER_READ)
def list_labels(call: Call) -> Any:
    """Lists the labels of the repository."""
    return [
        serialize_label(call.url, call.repository, label) for label in call.page([*call.repository.labels.values()])
    ]


@route("GET", "/labels/<path:name>", needs=EITHER_READ)
def get_label(call: Call, name: str) -> Any:
    """Returns a label by its name in any case."""
    label = call.repository.labels.get(name.lower())
    if label is None:
        raise not_found()
    return serialize_label(call.url, call.repository, label)


@route("POST", "/labels", needs=EITHER_WRITE)
def create_label(call: Call) -> Any:
    """Creates a label; names that differ only in case are the same."""
    body = call.fields("name")
    name = body["name"]
    if name.lower() in call.repository.labels:
        raise invalid_field("Label", "name", "already_exists")
    label = add_label(call, name, text(body, "color", "Label") or DEFAULT_COLOR, text(body, "description", "Label"))
    return created(serialize_label(call.url, call.repository, label))


def add_label(call: Call, name: str, color: str, description: str | None) -> Label:
    """Adds a label to the repository."""
    label = Label(call.repository.new_id(), name, color, description)
    call.repository.labels[name.lower()] = label
    return label


@route("GET", "/issues/<int:issue_number>/labels", needs=EITHER_READ)
def list_issue_labels(call: Call, issue_number: int) -> Any:
    """Lists the labels of a pull request."""
    return call.page(serialize_labels(call.url, call.repository, call.pull(issue_number)))


@route("POST", "/issues/<int:issue_number>/labels", needs=EITHER_WRITE)
def add_labels(call: Call, issue_number: int) -> Any:
    """Adds labels and creates the missing ones; the body is a list, or an object with the list `labels`."""
    pull, body = call.pull(issue_number), call.body()
    names = body.get("labels", []) if isinstance(body, dict) else body
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RefusalError(422, "Invalid request.\n\nlabels must be strings.")
    for name in names:
        label = call.repository.labels.get(name.lower()) or add_label(call, name, DEFAULT_COLOR, None)
        if label.name not in pull.labels:
            pull.labels.append(label.name)
    return serialize_labels(call.url, call.repository, pull)


@route("DELETE", "/issues/<int:issue_number>/labels/<path:name>", needs=EITHER_WRITE)
def remove_label(call: Call, issue_number: int, name: str) -> Any:
    """Removes a label from a pull request."""
    pull = call.pull(issue_number)
    kept = [label for label in pull.labels if label.lower() != name.lower()]
    if len(kept) == len(pull.labels):
        raise RefusalError(404, "Label does not exist")
    pull.labels = kept
    return serialize_labels(call.url, call.repository, pull)


@route("GET", "/issues/<int:issue_number>/comments", needs=EITHER_READ)
def list_comments(call: Call, issue_number: int) -> Any:
    """Lists the comments of a pull request, oldest first."""
    pull = call.pull(issue_number)
    return [serialize_comment(call.url, call.repository, pull, comment) for comment in call.page(pull.comments)]


@route("POST", "/issues/<int:issue_number>/comments", needs=EITHER_WRITE)
def create_comment(call: Call, issue_number: int) -> Any:
    """Comments on a pull request."""
    pull, body = call.pull(issue_number), call.fields("body")
    comment = Comment(call.repository.new_id(), call.actor, text(body, "body", "IssueComment") or "")
    pull.comments.append(comment)
    return created(serialize_comment(call.url, call.repository, pull, comment))


@route("PATCH", "/issues/comments/<int:comment_id>", needs=EITHER_WRITE)
def edit_comment(call: Call, comment_id: int) -> Any:
    """Replaces the body of a comment."""
    found = find_comment(call, comment_id)
    comment = found.comment
    comment.body = text(call.fields("body"), "body", "IssueComment") or ""
    comment.updated_at = now()
    return serialize_comment(call.url, call.repository, found.pull, comment)


def find_comment(call: Call, comment_id: int) -> PullComment:
    """Returns the comment with this id."""
    for pull in call.repository.pulls_by_number.values():
        for comment in pull.comments:
            if comment.id == comment_id:
                return PullComment(pull, comment)
    raise not_found()
