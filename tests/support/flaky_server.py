"""A repository on the stand-in, for those who read and write it through the API; trouble on the way on demand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ml_action.commands.sandbox_session import plain_git
from ml_action.git.command import Git
from sandbox import Account, Exchange, Repository, Sandbox
from tests.support.fault_proxy import Answer, Proxy, Request, Wire, in_front_of
from tests.support.github_contracts import Contract

REPOSITORY = "octo/students"
PERSON = "Ada <ada@example.org> 1790000000 +0000"
Files = Mapping[str, "str | bytes | None"]


def commit(git: Git, files: Files, branch: str = "main", moves: Mapping[str, str] | None = None) -> str:
    """A commit on a branch that writes files (None: deletes them) and renames some; the commit."""
    parent, message = git.object_id(f"refs/heads/{branch}"), f"Change {len(files)} files"
    parts = [f"commit refs/heads/{branch}\ncommitter {PERSON}\ndata {len(message)}\n{message}\n".encode()]
    parts += [f"from {parent}\n".encode() if parent else b""]
    parts += [f"R {old} {new}\n".encode() for old, new in (moves or {}).items()]
    for path, content in files.items():
        if content is None:
            parts.append(f"D {path}\n".encode())
            continue
        data = content.encode() if isinstance(content, str) else content
        parts.append(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    git.run("fast-import", "--quiet", "--force", stdin=b"".join(parts))
    return git.object_id(f"refs/heads/{branch}")


def refused(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"no") -> Callable[[Request], Answer]:
    """Trouble: the server, or a proxy before it, gives this answer to every request."""
    return lambda _: Answer(status, tuple((headers or {}).items()), body)


def nothing(_: Request) -> Answer | None:
    """No trouble."""
    return None


@dataclass
class Hosted:
    """`trouble` may answer in place of the stand-in; `calls` are the answers that clients got."""

    hub: Sandbox
    repository: Repository
    proxy: Proxy
    trouble: Callable[[Request], Answer | None] = nothing
    calls: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where clients ask."""
        return self.proxy.url

    def plan(self, wire: Wire) -> None:
        answer = self.trouble(wire.request) or wire.forward()
        path = unquote(wire.request.path.partition("?")[0])
        self.calls.append(f"{wire.request.method} {path} {answer.status}")
        wire.answer(answer)

    @property
    def statuses(self) -> list[str]:
        return [call.rpartition(" ")[2] for call in self.calls]

    @property
    def git(self) -> Git:
        return plain_git(self.repository.path)

    def write(self, files: Files, branch: str = "main") -> str:
        """Another author commits."""
        return commit(self.git, files, branch)

    def upload(self, folder: Path) -> str:
        """Another author commits the files of a folder to the folder of that name."""
        return self.write({f"{folder.name}/{path.name}": path.read_bytes() for path in folder.iterdir()})

    def read(self, folder: str, branch: str = "main") -> dict[str, bytes]:
        """What is in a folder of a branch."""
        names = self.git.line("ls-tree", "-r", "-z", "--name-only", f"refs/heads/{branch}", "--", f"{folder}/")
        paths = [path for path in names.split("\0") if path]
        return {path: self.git.read(f"refs/heads/{branch}:{path}") or b"" for path in paths}

    def messages(self, branch: str = "main") -> list[str]:
        """Those of its commits, the newest first."""
        return self.git.line("log", "--format=%s", f"refs/heads/{branch}").splitlines()

    def identity(self, login: str = "service", **more: Any) -> Account:
        return self.hub.add_account(login, **more)


@contextlib.contextmanager
def hosting(root: Path, **settings: Any) -> Iterator[Hosted]:
    """A repository with one commit; every exchange with it is checked against GitHub's published contracts."""
    contract = Contract()
    exchanges: list[Exchange] = []
    with Sandbox(root, observers=[contract.observe, exchanges.append]) as hub, in_front_of(hub.url) as proxy:
        hosted = Hosted(hub, hub.create_repository(REPOSITORY, **settings), proxy, exchanges=exchanges)
        proxy.plan = hosted.plan
        hosted.write({"README.md": "Students\n"})
        yield hosted
    assert contract.violations == []
