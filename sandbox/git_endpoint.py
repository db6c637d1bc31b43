"""Git over HTTP: authenticates the caller, enforces branch protection, and runs git."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from sandbox import protection
from sandbox.accounts import Account
from sandbox.errors import RefusalError
from sandbox.git import http
from sandbox.git.packet_lines import ref_updates, replace_reason
from sandbox.hub import Hub
from sandbox.repository import Repository


def respond(hub: Hub, request: Request, path: http.GitPath) -> Response:
    """Responds to one request of a git client. Refusals are plain text, which git shows as `remote: ...`."""
    try:
        return _respond(hub, request, path)
    except RefusalError as refusal:
        response = Response(refusal.message + "\n", refusal.status, content_type="text/plain; charset=utf-8")
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
        return response


def _respond(hub: Hub, request: Request, path: http.GitPath) -> Response:
    account = hub.authenticate(request.headers.get("Authorization"))
    pushing = http.PUSH in (path.service, request.args.get("service"))
    repository = _admit(hub.repository(path.repository), account, pushing=pushing)
    if path.service != http.PUSH:
        return http.run_backend(repository.path, request, path.service, http.body_of(request), {})
    with hub.lock:
        return _receive(hub, repository, request, account)


def _admit(repository: Repository | None, account: Account | None, *, pushing: bool) -> Repository:
    """Returns the repository if the caller may fetch from it, or push to it."""
    if account is None and (repository is None or repository.private or pushing):
        raise RefusalError(401, "Authentication required: use a token as the password.")
    if repository is None or not repository.can_see(account):
        raise RefusalError(404, "Repository not found.")
    if account and repository.private and not account.has_permission("contents", "read"):
        raise RefusalError(403, "Read access to repository not granted.")
    if pushing and account:
        _admit_push(repository, account)
    return repository


def _admit_push(repository: Repository, account: Account) -> None:
    if repository.settings.archived:
        raise RefusalError(403, "This repository was archived so it is read-only.")
    if not repository.can_push(account):
        raise RefusalError(403, f"Permission to {repository.full_name}.git denied to {account.login}.")


def _receive(hub: Hub, repository: Repository, request: Request, account: Account | None) -> Response:
    body = http.body_of(request)
    updates = ref_updates(body)
    rules = protection.hook_input(repository, updates, account.login if account else "")
    response = http.run_backend(repository.path, request, http.PUSH, body, {protection.VARIABLE: rules})
    response.set_data(replace_reason(response.get_data(), protection.GIT_REASON, protection.GITHUB_REASON))
    refs = repository.git.refs()
    if account:
        repository.pushers |= {one.ref: account.login for one in updates if refs.get(one.ref) == one.new}
    hub.synchronise(repository, account)
    return response
