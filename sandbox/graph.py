"""GraphQL: requests are validated and executed by graphql-core on the stand-in's schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from graphql import GraphQLError, build_schema, graphql_sync

from sandbox import auto_merge, merge_queue
from sandbox.errors import GraphRefusalError, RefusalError
from sandbox.hub import Hub
from sandbox.identities import Identity
from sandbox.records import PullRequest
from sandbox.repository import Repository
from sandbox.views import graph as views
from sandbox.views.pulls import node_id

SCHEMA = build_schema(files("sandbox").joinpath("schema.graphql").read_text(encoding="utf-8"))
Arguments = dict[str, Any]


def answer(hub: Hub, identity: Identity | None, body: bytes) -> dict[str, Any]:
    """The JSON answer to a GraphQL request; errors are part of it, the HTTP status is 200 all the same."""
    if identity is None:
        raise RefusalError(401, "This endpoint requires you to be authenticated.")
    try:
        query = json.loads(body)
        source, variables = query["query"], query.get("variables")
    except (ValueError, KeyError, TypeError) as error:
        raise RefusalError(400, "Problems parsing JSON") from error
    done = graphql_sync(SCHEMA, source, Root(hub, identity).fields(), None, variables, query.get("operationName"))
    told: dict[str, Any] = {} if done.data is None and done.errors else {"data": done.data}
    return told | ({"errors": [_error(error) for error in done.errors]} if done.errors else {})


def _error(error: GraphQLError) -> dict[str, Any]:
    """GitHub puts the type of an error beside its message."""
    if error.original_error and not isinstance(error.original_error, GraphRefusalError):
        raise error.original_error  # a bug of the stand-in must not look like an answer of GitHub
    told: dict[str, Any] = dict(error.formatted)
    extensions = dict(told.pop("extensions", {}))
    kind = extensions.pop("type", None)
    return ({"type": kind} if kind else {}) | told


class Root:
    """The entry points of queries and mutations, for one caller."""

    def __init__(self, hub: Hub, identity: Identity) -> None:
        self.hub = hub
        self.identity = identity

    def fields(self) -> dict[str, Any]:
        """Root fields by name: values, or functions that graphql-core's default resolver calls."""
        return {
            "repository": self.repository,
            "node": self.node,
            "viewer": views.viewer(self.hub.url, self.identity),
            "enablePullRequestAutoMerge": self.change(auto_merge.enable),
            "disablePullRequestAutoMerge": self.change(auto_merge.disable),
            "enqueuePullRequest": self.change(merge_queue.enqueue),
            "convertPullRequestToDraft": self.change(auto_merge.to_draft),
            "markPullRequestReadyForReview": self.change(auto_merge.to_ready),
        }

    def repository(self, _info: Any, owner: str, name: str, **_: Any) -> dict[str, Any]:
        """A repository that the caller may see."""
        found = self.hub.repository(f"{owner}/{name}")
        if found is None or not found.can_see(self.identity):
            message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise GraphRefusalError("NOT_FOUND", message)
        found.synchronise()
        return views.repository_node(self.hub.url, found, self.identity)

    def node(self, _info: Any, id: str) -> dict[str, Any]:  # noqa: A002  the name of GitHub's argument
        """A pull request by its id."""
        return views.pull_node(self.hub.url, *self.find(id), self.identity)

    def find(self, identifier: str) -> tuple[Repository, PullRequest]:
        """The pull request with this GraphQL id."""
        for repository in self.hub.repositories():
            for pull in repository.pulls if repository.can_see(self.identity) else ():
                if node_id(repository, pull) == identifier:
                    return repository, pull
        raise GraphRefusalError("NOT_FOUND", f"Could not resolve to a node with the global id of '{identifier}'")

    def change(self, mutation: auto_merge.Mutation) -> Callable[..., Any]:
        """A mutation of one pull request with the payload that all of them share."""

        def resolve(_info: Any, input: Arguments) -> dict[str, Any]:  # noqa: A002  the name of GitHub's argument
            repository, pull = self.find(input["pullRequestId"])
            auto_merge.admit(repository, self.identity)
            mutation(repository, pull, self.identity, input)
            repository.synchronise(self.identity)
            return {
                "actor": views.actor(self.hub.url, self.identity),
                "clientMutationId": input.get("clientMutationId"),
                "pullRequest": views.pull_node(self.hub.url, repository, pull, self.identity),
                "mergeQueueEntry": views.entry_node(self.hub.url, repository, pull, self.identity),
            }

        return resolve
