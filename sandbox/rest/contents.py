"""Files of a branch: read, with ETags, and written as commits. Links, submodules and the root folder are not served.

https://docs.github.com/en/rest/repos/contents
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re
from base64 import b64decode
from typing import Any

from werkzeug.wrappers import Response

from sandbox import protection
from sandbox.errors import RefusalError, not_found
from sandbox.git.command import NO_OBJECT, Entry
from sandbox.rest.references import commit_for
from sandbox.rest.routing import Call, Reply, route, text
from sandbox.serializers import commits
from sandbox.serializers import contents as views

RAW = re.compile(r"application/vnd\.github(\.v3)?\.raw(\+json)?")
OTHER_FORMS = re.compile(r"application/vnd\.github(\.v3)?\.(html|object)")
LARGEST = 100 * 1024 * 1024  # bytes
LISTED = 1000  # entries of a folder
TOO_LARGE = (
    "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API, but you can "
    "always clone or fetch the repository via Git in order to access it."
)


@route("GET", "/contents/<path:path>", needs="contents:read")
def get_contents(call: Call, path: str) -> Any:
    """A file as its bytes or as JSON, or what is in a folder."""
    accept = call.request.headers.get("Accept", "")
    ref = call.request.args.get("ref") or call.repository.default_branch
    commit = revision(call, ref)
    entry = call.repository.git.entry(commit, path) if possible(path) else None
    if entry is None:
        raise not_found()
    if entry.mode not in views.SERVED or OTHER_FORMS.search(accept):
        raise RefusalError(501, f"The stand-in does not serve this: {path}, mode {entry.mode}, Accept: {accept}")
    if entry.size > LARGEST:
        raise RefusalError(403, TOO_LARGE, [{"resource": "Blob", "field": "data", "code": "too_large"}])
    raw = RAW.search(accept) and entry.kind == "blob"
    return conditional(call, call.repository.git.blob(entry.sha) if raw else told(call, entry, ref, commit))


def revision(call: Call, ref: str) -> str:
    """The commit that a branch, tag or id names."""
    git = call.repository.git
    if not any(name.startswith("refs/heads/") for name in git.refs()):
        raise RefusalError(404, "This repository is empty.")
    commit = git.resolve(ref)
    if commit is None:
        raise RefusalError(404, f"No commit found for the ref {ref}")
    return commit


def told(call: Call, entry: Entry, ref: str, commit: str) -> Any:
    """A file or a folder as JSON."""
    git, at = call.repository.git, (call.url, call.repository)
    if entry.kind == "tree":
        return [views.serialize_entry(*at, one, ref) for one in git.entries(commit, entry.path)[:LISTED]]
    return views.serialize_file(*at, entry, ref, git.blob(entry.sha))


def conditional(call: Call, content: Any) -> Response:
    """The content with its ETag; 304 for who has it already."""
    raw = isinstance(content, bytes)
    body = content if raw else json.dumps(content).encode()
    tag = hashlib.sha256(body).hexdigest()
    if call.request.if_none_match.contains_weak(tag):
        response = Response(status=304)
        del response.headers["Content-Type"]
    else:
        kind = "application/vnd.github.raw+json" if raw else "application/json"
        response = Response(body, content_type=f"{kind}; charset=utf-8")
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = f"{'private' if call.account else 'public'}, max-age=60, s-maxage=60"
    response.headers["Vary"] = "Accept, Authorization, Cookie, X-GitHub-OTP"
    return response


@route("PUT", "/contents/<path:path>", needs="contents:write")
def put_contents(call: Call, path: str) -> Any:
    """A commit on a branch that adds a file, or replaces the one whose id the caller knows."""
    body, git = call.fields("message", "content"), call.repository.git
    if not possible(path):
        raise malformed()
    content = decoded(body["content"])
    ref, old = branch_tip(call, text(body, "branch", "Commit") or call.repository.default_branch)
    known = git.entry(old, path) if old else None
    refuse_overwriting(known, path, body)
    blob = git.write_blob(content)
    tree = git.tree_with(old, path, blob)
    if tree is None:
        raise malformed()
    commit = commit_for(call, body, tree, (old,) if old else ())
    land(call, ref, (old, commit), "update" if known else "create")
    entry = Entry(path, views.FILE, "blob", blob, len(content))
    view = views.serialize_entry(call.url, call.repository, entry, ref.removeprefix("refs/heads/"))
    made = {"content": view, "commit": commits.serialize_git_commit(call.url, call.repository, commit)}
    return Reply(made, 200 if known else 201)


def decoded(content: str) -> bytes:
    """The bytes; line breaks are allowed."""
    try:
        return b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusalError(422, "content is not valid Base64") from error


def branch_tip(call: Call, branch: str) -> tuple[str, str]:
    """Ref and commit of a branch; the first commit of an empty repository makes its default branch."""
    ref, refs = f"refs/heads/{branch}", call.repository.git.refs()
    begins = branch == call.repository.default_branch and not any(name.startswith("refs/heads/") for name in refs)
    if ref not in refs and not begins:
        raise RefusalError(404, f"Branch {branch} not found")
    return ref, refs.get(ref, "")


def possible(path: str) -> bool:
    """Whether git can have it."""
    return not {"", ".", "..", ".git"} & {part.lower() for part in path.split("/")} and "\x00" not in path


def malformed() -> RefusalError:
    """422: no file can be there."""
    details = [{"resource": "Commit", "field": "path", "code": "invalid"}]
    return RefusalError(422, "path contains a malformed path component", details)


def refuse_overwriting(known: Entry | None, path: str, body: dict[str, Any]) -> None:
    """A file is replaced only by who knows which one is there; where there is none its id is not looked at."""
    if known is None:
        return
    sha = text(body, "sha", "Commit")
    if sha is None:
        raise RefusalError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if sha != known.sha:
        raise RefusalError(409, f"{path} does not match {sha}")


def land(call: Call, ref: str, step: tuple[str, str], verb: str) -> None:
    """Moves the branch, unless its rules forbid it or somebody else was faster."""
    repository, (old, new) = call.repository, step
    refusal = protection.refusal_of(repository, ref, new, call.actor.login)
    if refusal and refusal.rule.ruleset:
        raise RefusalError(409, f"Repository rule violations found\n\n{refusal.reason}\n\n")
    if refusal:
        raise RefusalError(409, f"Could not {verb} file: {refusal.reason}")
    if not repository.git.move(ref, new, old or NO_OBJECT):
        now = repository.git.refs().get(ref, NO_OBJECT)
        raise RefusalError(409, f"{ref} is at {now} but expected {old}")
    repository.pushers[ref] = call.actor.login
