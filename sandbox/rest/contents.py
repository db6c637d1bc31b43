"""The files of a branch, read with ETags and written as commits. Not served: links, submodules and the root folder.

https://docs.github.com/en/rest/repos/contents
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Response

from sandbox import protection
from sandbox.errors import RefusalError, not_found
from sandbox.git.command import NO_OBJECT
from sandbox.git.objects import Entry
from sandbox.rest.references import commit_for
from sandbox.rest.routing import Call, Reply, route, text
from sandbox.serializers import commits
from sandbox.serializers.contents import FILE, SERVED, serialize_entry, serialize_file

RAW = re.compile(r"application/vnd\.github(\.v3)?\.raw(\+json)?")
OTHER_FORMS = re.compile(r"application/vnd\.github(\.v3)?\.(html|object)")
LARGEST = 100 * 1024 * 1024  # bytes
LISTED = 1000  # entries of a folder
TOO_LARGE = (
    "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API, but you can "
    "always clone or fetch the repository via Git in order to access it."
)


@dataclass(frozen=True)
class BranchTip:
    """A branch and its last commit."""

    ref: str
    commit: str  # empty: the first commit of an empty repository will create the branch


@route("GET", "/contents/<path:path>", needs="contents:read")
def get_contents(call: Call, path: str) -> Any:
    """Returns a file as its bytes or as JSON, or the list of a folder."""
    accept = call.request.headers.get("Accept", "")
    ref = call.request.args.get("ref") or call.repository.default_branch
    commit = resolve(call, ref)
    entry = call.repository.git.entry(commit, path) if is_possible(path) else None
    if entry is None:
        raise not_found()
    if entry.mode not in SERVED or OTHER_FORMS.search(accept):
        raise RefusalError(501, f"The sandbox does not serve this: {path}, mode {entry.mode}, Accept: {accept}")
    if entry.size > LARGEST:
        raise RefusalError(403, TOO_LARGE, [{"resource": "Blob", "field": "data", "code": "too_large"}])
    raw = RAW.search(accept) and entry.kind == "blob"
    return conditional(call, call.repository.git.blob(entry.sha) if raw else as_json(call, entry, ref, commit))


def resolve(call: Call, ref: str) -> str:
    """Returns the commit of a branch, a tag or an id."""
    git = call.repository.git
    if not any(name.startswith("refs/heads/") for name in git.refs()):
        raise RefusalError(404, "This repository is empty.")
    commit = git.resolve(ref)
    if commit is None:
        raise RefusalError(404, f"No commit found for the ref {ref}")
    return commit


def as_json(call: Call, entry: Entry, ref: str, commit: str) -> Any:
    """Returns a file or a folder as JSON."""
    url, repository, git = call.url, call.repository, call.repository.git
    if entry.kind == "tree":
        return [serialize_entry(url, repository, one, ref) for one in git.entries(commit, entry.path)[:LISTED]]
    return serialize_file(url, repository, entry, ref, git.blob(entry.sha))


def conditional(call: Call, content: Any) -> Response:
    """Returns the content with its ETag, or 304 if the caller has it already."""
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
    """Commits a new file to a branch, or a new version of a file whose id the caller knows."""
    body, git = call.fields("message", "content"), call.repository.git
    if not is_possible(path):
        raise malformed()
    content = decode(body["content"])
    tip = find_tip(call, text(body, "branch", "Commit") or call.repository.default_branch)
    known = git.entry(tip.commit, path) if tip.commit else None
    refuse_overwriting(known, path, body)
    entry = Entry(path, FILE, "blob", git.write_blob(content), len(content))
    tree = git.tree_with(tip.commit, path, entry.sha)
    if tree is None:
        raise malformed()
    commit = commit_for(call, body, tree, (tip.commit,) if tip.commit else ())
    move_branch(call, tip, commit, "update" if known else "create")
    return Reply(
        {
            "content": serialize_entry(call.url, call.repository, entry, tip.ref.removeprefix("refs/heads/")),
            "commit": commits.serialize_git_commit(call.url, call.repository, commit),
        },
        200 if known else 201,
    )


def decode(content: str) -> bytes:
    """Decodes Base64, which may contain line breaks."""
    try:
        return b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusalError(422, "content is not valid Base64") from error


def find_tip(call: Call, branch: str) -> BranchTip:
    """Returns the tip of a branch; only the default branch of an empty repository may have none."""
    ref, refs = f"refs/heads/{branch}", call.repository.git.refs()
    is_first = branch == call.repository.default_branch and not any(name.startswith("refs/heads/") for name in refs)
    if ref not in refs and not is_first:
        raise RefusalError(404, f"Branch {branch} not found")
    return BranchTip(ref, refs.get(ref, ""))


def is_possible(path: str) -> bool:
    """Whether git accepts a path."""
    return not {"", ".", "..", ".git"} & {part.lower() for part in path.split("/")} and "\x00" not in path


def malformed() -> RefusalError:
    """422: git does not accept the path."""
    details = [{"resource": "Commit", "field": "path", "code": "invalid"}]
    return RefusalError(422, "path contains a malformed path component", details)


def refuse_overwriting(known: Entry | None, path: str, body: dict[str, Any]) -> None:
    """Refuses to replace a file whose id the caller does not know; for a new file the id is ignored."""
    if known is None:
        return
    sha = text(body, "sha", "Commit")
    if sha is None:
        raise RefusalError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if sha != known.sha:
        raise RefusalError(409, f"{path} does not match {sha}")


def move_branch(call: Call, tip: BranchTip, commit: str, verb: str) -> None:
    """Moves a branch to a commit, unless its rules forbid it or it has moved in the meantime."""
    repository = call.repository
    refusal = protection.refusal_of(repository, tip.ref, commit, call.actor.login)
    if refusal and refusal.rule.ruleset:
        raise RefusalError(409, f"Repository rule violations found\n\n{refusal.reason}\n\n")
    if refusal:
        raise RefusalError(409, f"Could not {verb} file: {refusal.reason}")
    if not repository.git.move(tip.ref, commit, tip.commit or NO_OBJECT):
        current = repository.git.refs().get(tip.ref, NO_OBJECT)
        raise RefusalError(409, f"{tip.ref} is at {current} but expected {tip.commit}")
    repository.pushers[tip.ref] = call.actor.login
