"""Git refs and commits."""

from __future__ import annotations

from typing import Any

from sandbox.errors import RefusalError, not_found
from sandbox.git.command import Person
from sandbox.pull_requests.merge import GITHUB
from sandbox.rest.routing import NO_CONTENT, Call, created, route
from sandbox.serializers import commits
from sandbox.serializers.repositories import serialize_ref


@route("GET", "/git/ref/<path:ref>", needs="contents:read")
def get_ref(call: Call, ref: str) -> Any:
    """One ref, named without `refs/`."""
    sha = call.repository.git.refs().get(f"refs/{ref}")
    if sha is None:
        raise not_found()
    return serialize_ref(call.url, call.repository, f"refs/{ref}", sha)


@route("GET", "/git/matching-refs/<path:ref>", needs="contents:read")
def matching_refs(call: Call, ref: str) -> Any:
    """Every ref whose name begins so."""
    refs = call.repository.git.refs().items()
    return [serialize_ref(call.url, call.repository, name, sha) for name, sha in refs if name.startswith(f"refs/{ref}")]


@route("DELETE", "/git/refs/<path:ref>", needs="contents:write")
def delete_ref(call: Call, ref: str) -> Any:
    """Delete a ref; a protected branch stays."""
    name = f"refs/{ref}"
    if name not in call.repository.git.refs():
        raise RefusalError(422, "Reference does not exist")
    rule = call.repository.rule(ref.removeprefix("heads/"))
    if ref.startswith("heads/") and rule and not rule.allow_deletions:
        raise RefusalError(422, "Cannot delete this protected branch")
    call.repository.git.delete(name)
    return NO_CONTENT


@route("POST", "/git/commits", needs="contents:write")
def create_commit(call: Call) -> Any:
    """A commit of a tree that is there; no ref moves. GitHub signs what a bot commits in its own name."""
    body, git = call.fields("message", "tree"), call.repository.git
    parents = tuple(body.get("parents") or ())
    for sha, kind in ((body["tree"], "tree"), *((parent, "commit") for parent in parents)):
        if git.ask("cat-file", "-e", f"{sha}^{{{kind}}}").returncode:
            raise RefusalError(422, f"{kind.capitalize()} SHA does not exist")
    sha = commit_for(call, body, body["tree"], parents)
    return created(commits.serialize_git_commit(call.url, call.repository, sha))


def commit_for(call: Call, body: dict[str, Any], tree: str, parents: tuple[str, ...]) -> str:
    """A commit in the caller's name, or in those that the body gives. GitHub signs what a bot commits in its own."""
    caller = Person(call.actor.login, call.actor.email)
    committer = person(body, "committer", caller)
    author = person(body, "author", committer)
    own = call.actor.is_bot and not {"author", "committer", "signature"} & set(body)
    sha = call.repository.git.write_commit(tree, parents, body["message"], author, GITHUB if own else committer)
    if own:
        call.repository.signed.add(sha)
    return sha


def person(body: dict[str, Any], role: str, otherwise: Person) -> Person:
    """Author or committer of the body."""
    given = body.get(role)
    if given is None:
        return otherwise
    for name in ("name", "email"):
        if not isinstance(given, dict) or not isinstance(given.get(name), str):
            raise RefusalError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    return Person(given["name"], given["email"], given.get("date", ""))


@route("GET", "/commits/<path:ref>", needs="contents:read")
def get_commit(call: Call, ref: str) -> Any:
    """A commit by branch, tag or id, with its files."""
    return commits.commit_with_files(call.url, call.repository, call.commit(ref))
