"""`rehearse`: the whole loop on a copy of a user's repository, against the sandbox; nothing leaves the machine.

`sandbox`: the stand-in served for as long as a person wants to look at it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.sandbox_session import SandboxSession
from ml_action.core.log import Log
from ml_action.core.records.outcome import Outcome
from ml_action.git.command import GitFailed
from ml_action.git.errors import explain
from ml_action.runtime import console as terminal


def rehearse(path: Path, given: Mapping[str, str], log: Log) -> Outcome:
    """Copies the repository at `path` into a sandbox, runs the loop there, and shows what it did."""
    with (
        tempfile.TemporaryDirectory(prefix="ml-auto-update-rehearsal-", ignore_cleanup_errors=True) as folder,
        sandbox_session.open_stage(Path(folder), "rehearsal/copy", _branch(path)) as here,
    ):
        _copy(path, here)
        here.hub.protect(here.repository, here.repository.default_branch, required_reviews=1)
        log.info(f"rehearsing on a copy of {path}; nothing leaves this machine")
        ending = here.hour({"autonomy": "merge", **given}, log)
        _show(here, log)
        return ending


def _branch(path: Path) -> str:
    """The branch that the copy has as its default one."""
    git = sandbox_session.plain_git(path)
    try:
        git.run("rev-parse", "--verify", "HEAD^{commit}")
    except GitFailed as failed:
        raise explain(failed) from failed
    return git.maybe("symbolic-ref", "--quiet", "--short", "HEAD") or "main"


def _copy(path: Path, here: SandboxSession) -> None:
    """Pushes the current commit and what the loop remembers; the repository at `path` is only read."""
    git = sandbox_session.plain_git(path)
    specs = [f"HEAD:refs/heads/{here.repository.default_branch}"]
    for place in ("refs/heads", "refs/remotes/origin"):
        found = git.line("for-each-ref", "--format=%(refname)", f"{place}/ml-auto-update/").splitlines()
        specs += [f"{name}:refs/heads/{name[len(place) + 1 :]}" for name in found]
    unique = {spec.rpartition(":")[2]: spec for spec in specs}
    # a shallow clone may be rehearsed as well: the copy is as shallow then
    sandbox_session.plain_git(here.repository.path).run("config", "receive.shallowUpdate", "true")
    try:
        git.run("push", "--quiet", "--no-verify", str(here.repository.path), *unique.values())
    except GitFailed as failed:
        raise explain(failed) from failed


def _show(here: SandboxSession, log: Log) -> None:
    """The pull request that was opened, as a reviewer would see it."""
    console = terminal.make_console()
    for pull in here.hub.pulls(here.repository):
        terminal.markdown(console, pull.body or "", f"pull request #{pull.number}: {pull.title}")
        approvers = ", ".join(review.user.login for review in pull.reviews if review.state == "APPROVED")
        merged = "yes" if pull.merged else "no"
        log.info(f"labels: {', '.join(pull.labels)}; approved by: {approvers or 'nobody'}; merged: {merged}")


def serve(path: Path, port: int, log: Log) -> None:
    """Serves the stand-in with a copy of the repository at `path` until it is interrupted."""
    with (
        tempfile.TemporaryDirectory(prefix="ml-auto-update-sandbox-", ignore_cleanup_errors=True) as folder,
        sandbox_session.open_stage(Path(folder), "sandbox/copy", _branch(path), port) as here,
    ):
        _copy(path, here)
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
