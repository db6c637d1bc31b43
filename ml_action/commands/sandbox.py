"""`sandbox`: a stand-in of GitHub with a copy of a repository, served until it is interrupted."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.base import Invocation, own_options, path_option
from ml_action.commands.sandbox_session import SandboxSession, branch_of, copy_repository
from ml_action.core.log import Log


def run(call: Invocation) -> None:
    """Serves the stand-in."""
    serve(Path(own_options(call).path), own_options(call).port, call.log)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the repository and the port."""
    path_option(parser)
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: a free one)")


def serve(path: Path, port: int, log: Log) -> None:
    """Serves the stand-in with a copy of the repository at `path` until it is interrupted."""
    with (
        tempfile.TemporaryDirectory(prefix="ml-auto-update-sandbox-", ignore_cleanup_errors=True) as folder,
        sandbox_session.open_stage(Path(folder), "sandbox/copy", branch_of(path), port) as here,
    ):
        copy_repository(path, here)
        log.info(_invitation(path, here))
        here.hub.serve_forever()


def _invitation(path: Path, here: SandboxSession) -> str:
    """How to talk to a served sandbox from another terminal."""
    places = " ".join(f"{name}={value}" for name, value in sorted(here.environ().items()) if name.startswith("GITHUB_"))
    tokens = {"TOKEN": here.author.token, "APPROVER_TOKEN": here.reviewer.token}
    return "\n".join(
        (
            f"A stand-in of GitHub serves a copy of {path} at {here.hub.url}",
            "(this machine only). Stop it with Ctrl-C. In another terminal:",
            f"  export {places}",
            "  export " + " ".join(f"ML_AUTO_UPDATE_{name}={token}" for name, token in tokens.items()),
            f"  git clone {here.hub.url}/{here.repository.full_name}.git && cd {here.repository.name}",
            "  ml-auto-update run --forge github --autonomy merge",
            f"Its repository: {here.repository.path}",
        )
    )
