"""GraphQL requests: graphql-core validates them and executes them on the sandbox's schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from graphql import GraphQLError, build_schema, graphql_sync

from sandbox.accounts import Account
from sandbox.errors import GraphQLRefusalError, RefusalError
from sandbox.graphql import objects
from sandbox.hub import Hub
from sandbox.pull_requests import auto_merge, merge_queue
from sandbox.records import PullRequest
from sandbox.repository import Repository
from sandbox.serializers.pulls import node_id

SCHEMA_FILE = files("sandbox.graphql").joinpath("schema.graphql")
SCHEMA = build_schema(SCHEMA_FILE.read_text(encoding="utf-8"))


def respond(hub: Hub, account: Account | None, body: bytes) -> dict[str, Any]:
    """Returns the JSON response to a GraphQL request; it contains the errors, and the HTTP status is 200 anyway."""
    if account is None:
        raise RefusalError(401, "This endpoint requires you to be authenticated.")
    try:
        query = json.loads(body)
        source, variables = query["query"], query.get("variables")
    except (ValueError, KeyError, TypeError) as error:
        raise RefusalError(400, "Problems parsing JSON") from error
    done = graphql_sync(SCHEMA, source, Root(hub, account).fields(), None, variables, query.get("operationName"))
    response: dict[str, Any] = {} if done.data is None and done.errors else {"data": done.data}
    return response | ({"errors": [_error(error) for error in done.errors]} if done.errors else {})


def _error(error: GraphQLError) -> dict[str, Any]:
    """Returns an error in GitHub's format, with the type next to the message."""
    if error.original_error and not isinstance(error.original_error, GraphQLRefusalError):
        raise error.original_error  # a bug of the sandbox must not look like a response of GitHub
    formatted: dict[str, Any] = dict(error.formatted)
    kind = dict(formatted.pop("extensions", {})).get("type")
    return ({"type": kind} if kind else {}) | formatted


@dataclass(frozen=True)
class Located:
    """A pull request and its repository."""

    repository: Repository
    pull: PullRequest


class Root:
    """The root fields of queries and mutations, for one caller."""

    def __init__(self, hub: Hub, account: Account) -> None:
        self.hub = hub
        self.account = account

    def fields(self) -> dict[str, Any]:
        """Returns the root fields by name: values, or functions that graphql-core's default resolver calls."""
        return {
            "repository": self.repository,
            "node": self.node,
            "viewer": objects.viewer(self.hub.url, self.account),
            "enablePullRequestAutoMerge": self.mutation(auto_merge.enable),
            "disablePullRequestAutoMerge": self.mutation(auto_merge.disable),
            "enqueuePullRequest": self.mutation(merge_queue.enqueue),
            "convertPullRequestToDraft": self.mutation(auto_merge.convert_to_draft),
            "markPullRequestReadyForReview": self.mutation(auto_merge.mark_ready),
        }

    def repository(self, _info: Any, owner: str, name: str, **_: Any) -> dict[str, Any]:
        """Returns a repository that the caller may see."""
        found = self.hub.repository(f"{owner}/{name}")
        if found is None or not found.can_see(self.account):
            message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise GraphQLRefusalError("NOT_FOUND", message)
        self.hub.synchronise(found)
        return objects.repository_node(self.hub.url, found, self.account)

    def node(self, _info: Any, id: str) -> dict[str, Any]:  # noqa: A002  the name of GitHub's argument
        """Returns a pull request by its id."""
        found = self.locate(id)
        return objects.pull_node(self.hub.url, found.repository, found.pull, self.account)

    def locate(self, identifier: str) -> Located:
        """Finds the pull request with this GraphQL id."""
        for repository in self.hub.repositories():
            for pull in self.hub.pulls(repository) if repository.can_see(self.account) else ():
                if node_id(repository, pull) == identifier:
                    return Located(repository, pull)
        raise GraphQLRefusalError("NOT_FOUND", f"Could not resolve to a node with the global id of '{identifier}'")

    def mutation(self, change: auto_merge.Mutation) -> Callable[..., Any]:
        """Returns the resolver of a mutation of one pull request; all of them have the same payload."""

        def resolve(_info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002  the name of GitHub's argument
            found = self.locate(input["pullRequestId"])
            repository, pull = found.repository, found.pull
            auto_merge.check_permission(repository, self.account)
            change(repository, pull, self.account, input)
            self.hub.synchronise(repository, self.account)
            return {
                "actor": objects.actor(self.hub.url, self.account),
                "clientMutationId": input.get("clientMutationId"),
                "pullRequest": objects.pull_node(self.hub.url, repository, pull, self.account),
                "mergeQueueEntry": objects.queue_entry_node(self.hub.url, repository, pull, self.account),
            }

        return resolve
