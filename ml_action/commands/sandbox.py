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
    options = own_options(call)
    serve(Path(options.path), options.port, call.log)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the repository and the port."""
    path_option(parser)
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: a free one)")


def serve(path: Path, port: int, log: Log) -> None:
    """Serves a copy of the repository at `path` until it is interrupted."""
    with (
        tempfile.TemporaryDirectory(prefix="ml-auto-update-sandbox-", ignore_cleanup_errors=True) as folder,
        sandbox_session.open_session(Path(folder), "sandbox/copy", branch_of(path), port) as session,
    ):
        copy_repository(path, session)
        log.info(_instructions(path, session))
        session.hub.serve_forever()


def _instructions(path: Path, session: SandboxSession) -> str:
    """Returns how to use the served sandbox from another terminal."""
    variables = sorted((name, value) for name, value in session.environ().items() if name.startswith("GITHUB_"))
    tokens = {"TOKEN": session.author.token, "APPROVER_TOKEN": session.reviewer.token}
    return "\n".join(
        (
            f"A stand-in of GitHub serves a copy of {path} at {session.hub.url}",
            "(this machine only). Stop it with Ctrl-C. In another terminal:",
            "  export " + " ".join(f"{name}={value}" for name, value in variables),
            "  export " + " ".join(f"ML_AUTO_UPDATE_{name}={token}" for name, token in tokens.items()),
            f"  git clone {session.hub.url}/{session.repository.full_name}.git && cd {session.repository.name}",
            "  ml-auto-update run --forge github --autonomy merge",
            f"Its repository: {session.repository.path}",
        )
    )
