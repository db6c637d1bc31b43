"""Reviews of pull requests."""

from __future__ import annotations

from typing import Any

from sandbox.errors import RefusalError
from sandbox.records import PullRequest, Review
from sandbox.rest.pulls import READ, WRITE, refuse_actions
from sandbox.rest.routing import Call, route
from sandbox.serializers.pulls import serialize_review

STATES = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
    None: "PENDING",
}
OWN = {"APPROVE": "Can not approve", "REQUEST_CHANGES": "Can not request changes on"}


@route("GET", "/pulls/<int:pull_number>/reviews", needs=READ)
def list_reviews(call: Call, pull_number: int) -> Any:
    """Lists the reviews, oldest first."""
    pull = call.pull(pull_number)
    return [serialize_review(call.url, call.repository, pull, review) for review in call.page(pull.reviews)]


@route("POST", "/pulls/<int:pull_number>/reviews", needs=WRITE)
def create_review(call: Call, pull_number: int) -> Any:
    """Reviews a commit of the pull request, by default its head."""
    pull, body = call.pull(pull_number), call.fields()
    event, comment, commit_id = (field(body, name) for name in ("event", "body", "commit_id"))
    refuse_review(call, pull, event, comment or "")
    commit = reviewed_commit(call, pull, commit_id)
    review = Review(call.repository.new_id(), call.actor, STATES[event], comment or "", commit)
    pull.reviews.append(review)
    return serialize_review(call.url, call.repository, pull, review)


def field(body: dict[str, Any], name: str) -> str | None:
    """Returns a text field of the body; an empty text counts as missing."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise unprocessable(f"Variable ${name} was provided invalid value")
    return value or None


def refuse_review(call: Call, pull: PullRequest, event: str | None, comment: str) -> None:
    """Refuses a verdict on the caller's own pull request, a forbidden Actions token, and a missing comment."""
    if event not in STATES:
        raise unprocessable(f"Variable $event of type PullRequestReviewEvent was provided invalid value {event}")
    if event == "APPROVE":
        refuse_actions(call)
    if event in OWN and call.actor.login == pull.author.login:
        raise unprocessable(f"{OWN[event]} your own pull request")
    if event in ("REQUEST_CHANGES", "COMMENT") and not comment:
        raise unprocessable("Body can't be blank")


def reviewed_commit(call: Call, pull: PullRequest, commit_id: str | None) -> str:
    """Returns the commit of a review, which must be or have been in the pull request."""
    own = {commit.sha for commit in call.repository.git.between(pull.base_sha, pull.head_sha)}
    if commit_id is not None and commit_id not in own | pull.former_heads | {pull.head_sha}:
        raise unprocessable("The commit is not part of the pull request")
    return commit_id or pull.head_sha


def unprocessable(message: str) -> RefusalError:
    """422 in the format of a refused review, whose errors are plain texts."""
    return RefusalError(422, "Unprocessable Entity", [message])
