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
    """The reviews, oldest first."""
    pull = call.pull(pull_number)
    return [serialize_review(call.url, call.repository, pull, review) for review in call.page(pull.reviews)]


@route("POST", "/pulls/<int:pull_number>/reviews", needs=WRITE)
def create_review(call: Call, pull_number: int) -> Any:
    """Review a commit of the pull request; without `commit_id` its head."""
    pull, body = call.pull(pull_number), call.fields()
    event, words, commit = (field(body, name) for name in ("event", "body", "commit_id"))
    refuse_review(call, pull, event, words or "")
    commit = reviewed_commit(call, pull, commit)
    review = Review(call.repository.new_id(), call.actor, STATES[event], words or "", commit)
    pull.reviews.append(review)
    return serialize_review(call.url, call.repository, pull, review)


def field(body: dict[str, Any], name: str) -> str | None:
    """A text of the body; empty is none."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise unprocessable(f"Variable ${name} was provided invalid value")
    return value or None


def refuse_review(call: Call, pull: PullRequest, event: str | None, words: str) -> None:
    """No verdict on one's own work, none by an Actions token that may not, and no silent objection."""
    if event not in STATES:
        raise unprocessable(f"Variable $event of type PullRequestReviewEvent was provided invalid value {event}")
    if event == "APPROVE":
        refuse_actions(call)
    if event in OWN and call.actor.login == pull.author.login:
        raise unprocessable(f"{OWN[event]} your own pull request")
    if event in ("REQUEST_CHANGES", "COMMENT") and not words:
        raise unprocessable("Body can't be blank")


def reviewed_commit(call: Call, pull: PullRequest, commit_id: str | None) -> str:
    """The commit a review is bound to: one that is or was in the pull request."""
    own = {commit.sha for commit in call.repository.git.between(pull.base_sha, pull.head_sha)}
    if commit_id is not None and commit_id not in own | pull.former_heads | {pull.head_sha}:
        raise unprocessable("The commit is not part of the pull request")
    return commit_id or pull.head_sha


def unprocessable(message: str) -> RefusalError:
    """The shape of a refused review: the errors are plain texts."""
    return RefusalError(422, "Unprocessable Entity", [message])
