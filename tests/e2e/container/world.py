"""A repository on the stand-in of GitHub, people who commit to it, and a runner whose jobs retrain its model."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_action.commands import sandbox_session
from ml_action.commands.sandbox_session import SandboxSession
from sandbox import Exchange
from tests.e2e.container.harness import Machine, Result

FULL_NAME = "octo/students"
STORE = "data/new_data"
USUAL = {"threshold": "40", "autonomy": "merge"}
STATE = "ml-auto-update/model/state"


@dataclass
class World:
    """The repository, the two bots' tokens, and what was sent to the server."""

    here: SandboxSession
    image: str
    root: Path
    exchanges: list[Exchange] = field(default_factory=list)
    batches: int = 0
    machines: list[Machine] = field(default_factory=list)

    @property
    def git(self) -> Any:
        return sandbox_session.plain_git(self.here.repository.path)

    @property
    def pulls(self) -> list[Any]:
        return list(self.here.hub.pulls(self.here.repository))

    @property
    def tokens(self) -> dict[str, str]:
        return {"token": self.here.author.token, "approver-token": self.here.reviewer.token}

    def files(self, branch: str = "main") -> list[str]:
        names: str = self.git.line("ls-tree", "-r", "--name-only", "-z", branch)
        return names.split("\0")

    # --- people ------------------------------------------------------------------------------------------------

    def arrive(self, texts: Iterable[str]) -> None:
        """Commits datasets to main as a person."""
        self.batches += 1
        self.commit({f"{STORE}/batch-{self.batches}-{n:03}.csv": text for n, text in enumerate(texts)})

    def commit(self, files: Mapping[str, str]) -> None:
        """A commit on main. Any name that git knows will do: fast-import reads it as C would."""
        parent = self.git.object_id("refs/heads/main")
        head = "commit refs/heads/main\ncommitter Ada <ada@example.org> 1790000000 +0000\ndata 4\nAdd.\n"
        parts = [head.encode(), f"from {parent}\n".encode() if parent else b""]
        for path, content in files.items():
            data = content.encode()
            quoted = "".join(f"\\{byte:03o}" for byte in path.encode("utf-8", "surrogateescape"))
            parts.append(f'M 100644 inline "{quoted}"\ndata {len(data)}\n'.encode() + data + b"\n")
        self.git.run("fast-import", "--quiet", "--force", stdin=b"".join(parts))
        self.here.hub.synchronise(self.here.repository)

    # --- jobs --------------------------------------------------------------------------------------------------

    def machine(self, *, checkout: bool = True, persist: str = "", **options: Any) -> Machine:
        """A new runner with a fresh checkout."""
        machine = Machine(
            self.root / f"runner-{len(self.machines)}", self.image, self.here.hub.url, FULL_NAME,
            secrets=list(self.tokens.values()), **options,
        )  # fmt: skip
        self.machines.append(machine)
        if checkout:
            wrong = base64.b64encode(b"x-access-token:expired").decode()  # the action's own token has to win
            machine.checkout(self.here.repository.path.as_uri(), token=wrong, persist=persist)
        return machine

    def inputs(self, **given: str) -> dict[str, str]:
        return {**USUAL, **self.tokens, **{name.replace("_", "-"): value for name, value in given.items()}}

    def hour(self, **given: str) -> Result:
        """The job of one hour, with its tokens, on a new machine."""
        return self.machine().run(self.inputs(**given))

    def close(self) -> None:
        """Ends every container that is still there."""
        for machine in self.machines:
            for step in machine.steps:
                if step.keep or step.process.poll() is None:
                    step.remove()
