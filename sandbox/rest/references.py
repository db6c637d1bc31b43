"""Git refs and commits."""

from __future__ import annotations

from typing import Any

from sandbox.errors import RefusalError, not_found
from sandbox.git.objects import Person
from sandbox.pull_requests.merge import GITHUB
from sandbox.rest.routing import NO_CONTENT, Call, created, route
from sandbox.serializers import commits
from sandbox.serializers.repositories import serialize_ref


@route("GET", "/git/ref/<path:ref>", needs="contents:read")
def get_ref(call: Call, ref: str) -> Any:
    """Returns a ref; its name comes without `refs/`."""
    sha = call.repository.git.refs().get(f"refs/{ref}")
    if sha is None:
        raise not_found()
    return serialize_ref(call.url, call.repository, f"refs/{ref}", sha)


@route("GET", "/git/matching-refs/<path:ref>", needs="contents:read")
def matching_refs(call: Call, ref: str) -> Any:
    """Lists the refs whose names have this prefix."""
    refs = call.repository.git.refs().items()
    return [serialize_ref(call.url, call.repository, name, sha) for name, sha in refs if name.startswith(f"refs/{ref}")]


@route("DELETE", "/git/refs/<path:ref>", needs="contents:write")
def delete_ref(call: Call, ref: str) -> Any:
    """Deletes a ref, unless it is a protected branch."""
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
    """Creates a commit of an existing tree; no ref moves."""
    body, git = call.fields("message", "tree"), call.repository.git
    parents = tuple(body.get("parents") or ())
    for sha, kind in ((body["tree"], "tree"), *((parent, "commit") for parent in parents)):
        if git.try_run("cat-file", "-e", f"{sha}^{{{kind}}}").returncode:
            raise RefusalError(422, f"{kind.capitalize()} SHA does not exist")
    sha = commit_for(call, body, body["tree"], parents)
    return created(commits.serialize_git_commit(call.url, call.repository, sha))


def commit_for(call: Call, body: dict[str, Any], tree: str, parents: tuple[str, ...]) -> str:
    """Writes a commit by the caller, or by the author and committer in the body.

    GitHub signs a commit that a bot makes in its own name.
    """
    caller = Person(call.actor.login, call.actor.email)
    committer = person(body, "committer", caller)
    author = person(body, "author", committer)
    own = call.actor.is_bot and not {"author", "committer", "signature"} & set(body)
    sha = call.repository.git.write_commit(tree, parents, body["message"], author, GITHUB if own else committer)
    if own:
        call.repository.signed.add(sha)
    return sha


def person(body: dict[str, Any], role: str, default: Person) -> Person:
    """Returns the author or committer in the body."""
    given = body.get(role)
    if given is None:
        return default
    for name in ("name", "email"):
        if not isinstance(given, dict) or not isinstance(given.get(name), str):
            raise RefusalError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    return Person(given["name"], given["email"], given.get("date", ""))


@route("GET", "/commits/<path:ref>", needs="contents:read")
def get_commit(call: Call, ref: str) -> Any:
    """Returns a commit by branch, tag or id, with its files."""
    return commits.serialize_commit_with_files(call.url, call.repository, call.commit(ref))
