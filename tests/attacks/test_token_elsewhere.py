"""The token goes to the server that it is for, and to no other: row T10 of the review.

The attacker answers for the server, or is a proxy: it sends git, or the API's client, to a host of its own.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ml_action.core.errors import ForgeError
from ml_action.core.retry import RetryBudget
from ml_action.forge.github.client import GitHub
from ml_action.forge.github.session import ApiAccess, Timing
from ml_action.git.command import Git, Login, environment
from ml_action.git.errors import explain
from ml_action.git.process import GitFailed

TOKEN = "ghs_canary0123456789"
SENT = (TOKEN, base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode())


@contextmanager
def listening(location: str, code: int = 302) -> Iterator[tuple[str, list[str]]]:
    """A server that notes the headers of every request, and redirects it if there is a location."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.path}\n{self.headers}")
            self.send_response(code if location else 404)
            if location:
                self.send_header("Location", f"{location}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
        server.shutdown()


def git(folder: Path, server: str) -> Git:
    return Git(folder, environment({"PATH": os.environ["PATH"], "HOME": str(folder)}, Login(server, TOKEN)))


@pytest.mark.parametrize("code", [301, 302, 307, 308])
@pytest.mark.parametrize("command", ["ls-remote", "fetch", "push"])
def test_git_follows_no_redirect_with_the_token(tmp_path: Path, command: str, code: int) -> None:
    """T10: git sent the token's header to the host that it was redirected to."""
    with listening("") as (elsewhere, heard), listening(elsewhere, code) as (server, asked):
        ours = git(tmp_path, server)
        ours.run("init", "--quiet", "--bare", ".")
        arguments = {"push": ["refs/heads/x:refs/heads/x"]}.get(command, [])
        if command == "push":
            tree = ours.line("hash-object", "-t", "tree", "-w", "--stdin")
            who = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
            ours.run("update-ref", "refs/heads/x", ours.line("commit-tree", tree, "-m", "x", extra=who))
        with pytest.raises(GitFailed) as caught:
            ours.run(command, f"{server}/o/r.git", *arguments)
    assert asked
    assert SENT[1] in asked[0]  # the server that it is for got it
    assert heard == []
    message = str(explain(caught.value))
    assert "the token goes to no other address" in message
    assert not any(secret in message for secret in SENT)


def test_git_sends_the_header_to_no_other_host(tmp_path: Path) -> None:
    """T10, of the same class: a remote of another host, such as a submodule's or a partial clone's promisor."""
    with listening("") as (server, _), listening("") as (elsewhere, heard):
        ours = git(tmp_path, server)
        ours.run("init", "--quiet", "--bare", ".")
        with pytest.raises(GitFailed):
            ours.run("fetch", f"{elsewhere}/o/r.git")
    assert heard
    assert not any(secret in text for text in heard for secret in SENT)


def test_a_users_configuration_cannot_turn_redirects_on_again(tmp_path: Path) -> None:
    """T10, of the same class: an earlier step of the job shares the home folder."""
    (tmp_path / ".gitconfig").write_text("[http]\n\tfollowRedirects = true\n")
    with listening("") as (elsewhere, heard), listening(elsewhere) as (server, _):
        ours = git(tmp_path, server)
        with pytest.raises(GitFailed):
            ours.run("ls-remote", f"{server}/o/r.git")
    assert heard == []


def test_a_configuration_that_rewrites_the_address_takes_no_token_along(tmp_path: Path) -> None:
    """T10, of the same class: insteadOf leads to another host."""
    with listening("") as (elsewhere, heard), listening("") as (server, asked):
        (tmp_path / ".gitconfig").write_text(f'[url "{elsewhere}/"]\n\tinsteadOf = {server}/\n')
        with pytest.raises(GitFailed):
            git(tmp_path, server).run("ls-remote", f"{server}/o/r.git")
    assert asked == []
    assert not any(secret in text for text in heard for secret in SENT)


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_the_api_client_takes_the_token_to_no_other_host(code: int) -> None:
    """Refused in the review; kept so."""
    with listening("") as (elsewhere, heard), listening(elsewhere, code) as (server, asked):
        access = ApiAccess(server, RetryBudget(backoff=0), Timing(between_writes=0, timeout=5), lambda: 0.0)
        github = GitHub(access, "o/r", TOKEN)
        with pytest.raises(ForgeError):
            github.default_branch()
        github.close()
    assert asked
    assert not any(secret in text for text in heard for secret in SENT)
