"""Git over HTTP: `git http-backend` behind token authentication."""

from __future__ import annotations

import gzip
import re
import subprocess

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from sandbox import pktline, pushes
from sandbox.errors import RefusalError
from sandbox.git import environment
from sandbox.hub import Hub
from sandbox.identities import Identity
from sandbox.repository import Repository

PATH = re.compile(r"/([^/]+/[^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
PUSH = "git-receive-pack"


def serves(path: str) -> bool:
    """Whether a path belongs to the git protocol."""
    return PATH.fullmatch(path) is not None


def answer(hub: Hub, request: Request) -> Response:
    """One request of a git client. Refusals are plain text, which git shows as `remote: ...`."""
    try:
        return _answer(hub, request)
    except RefusalError as refusal:
        response = Response(refusal.message + "\n", refusal.status, content_type="text/plain; charset=utf-8")
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
        return response


def _answer(hub: Hub, request: Request) -> Response:
    found = PATH.fullmatch(request.path)
    repository = hub.repository(found[1]) if found else None
    identity = hub.authenticate(request.headers.get("Authorization"))
    pushing = PUSH in (found[2] if found else "", request.args.get("service"))
    allowed = _admit(repository, identity, pushing)
    place = found[2] if found else ""
    if place != PUSH:
        return _backend(allowed, request, place, _body(request), {})
    with hub.lock:
        return _receive(allowed, request, identity)


def _admit(repository: Repository | None, identity: Identity | None, pushing: bool) -> Repository:
    """The repository, if the caller may fetch from it or push to it."""
    if identity is None and (repository is None or repository.private or pushing):
        raise RefusalError(401, "Authentication required: use a token as the password.")
    if repository is None or not repository.can_see(identity):
        raise RefusalError(404, "Repository not found.")
    if identity and repository.private and not identity.holds("contents", "read"):
        raise RefusalError(403, "Read access to repository not granted.")
    if pushing and identity:
        _admit_push(repository, identity)
    return repository


def _admit_push(repository: Repository, identity: Identity) -> None:
    if repository.settings.archived:
        raise RefusalError(403, "This repository was archived so it is read-only.")
    if not repository.can_push(identity):
        raise RefusalError(403, f"Permission to {repository.full_name}.git denied to {identity.login}.")


def _receive(repository: Repository, request: Request, identity: Identity | None) -> Response:
    body = _body(request)
    commands = pktline.pushed(body)
    protection = pushes.verdicts(repository, commands, identity.login if identity else "")
    response = _backend(repository, request, PUSH, body, {pushes.VARIABLE: protection})
    response.set_data(pktline.reword(response.get_data(), pushes.GIT_REASON, pushes.GITHUB_REASON))
    refs = repository.git.refs()
    repository.pushers |= {ref: identity.login for _, new, ref in commands if identity and refs.get(ref) == new}
    repository.synchronise(identity)
    return response


def _body(request: Request) -> bytes:
    """The whole body: git sends large packs chunked and long negotiations compressed."""
    data = request.get_data()
    return gzip.decompress(data) if request.headers.get("Content-Encoding") == "gzip" else data


def _backend(repository: Repository, request: Request, place: str, body: bytes, extra: dict[str, str]) -> Response:
    """Run git's own CGI program."""
    cgi = {
        "GIT_PROJECT_ROOT": str(repository.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "PATH_INFO": f"/{place}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode(),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_USER": "authenticated",  # http-backend refuses pushes of nobody; who it is was settled above
        "REMOTE_ADDR": request.remote_addr or "",
    }
    done = subprocess.run(["git", "http-backend"], input=body, env=environment() | cgi | extra, capture_output=True)
    return _from_cgi(done.stdout)


def _from_cgi(output: bytes) -> Response:
    head, _, body = output.partition(b"\r\n\r\n")
    headers = Headers()
    for line in head.decode().splitlines():
        name, _, value = line.partition(": ")
        headers.add(name, value)
    status = headers.pop("Status", "200 OK")
    return Response(body, status=status, headers=headers)
