"""The runner's side: what GitHub Actions gives (environment, event), and what it takes (log, outputs, summary).

Commands in the log go through actions-toolkit, which escapes them; it is imported when the first one is written.
Outputs and summary are files, written here: the toolkit knows no summary, and the `check` action runs on a bare
python3. Untrusted text can become no workflow command: the runner reads `::name ::` at the start of a line and
`##[name]` anywhere in it (github.md A10), so both are broken in everything that is printed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Mapping
from io import FileIO
from pathlib import Path
from typing import TextIO

from ml_action.core.dataclass import dataclass, field
from ml_action.core.log import escape_commands, escaped
from ml_action.runtime import event
from ml_action.runtime.event import PullEvent

ANNOTATIONS = 10  # of each kind per step; the runner drops the rest (github.md A9)
SUMMARY_BYTES = 1024 * 1024 - 4096  # over 1 MiB the runner drops the whole summary (github.md A8)
CUT = "\n\n*The summary was cut here: it may hold 1 MiB. The whole text is in the report file.*\n"
IDENTITY_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105  with it a process asks for identities of the workflow
INPUT_PREFIXES = ("INPUT_", "ML_AUTO_UPDATE_")  # of the Action, and of the command line
PULL_EVENTS = ("pull_request", "pull_request_target", "pull_request_review")


@dataclass(frozen=True)
class RunContext:
    """Where a run happens, read once from the environment."""

    workspace: Path
    repository: str  # owner/name; empty outside GitHub
    server_url: str
    api_url: str
    default_branch: str  # from the event; empty when it does not say
    ref: str  # what the run is for, such as refs/heads/main; empty outside GitHub
    run_url: str
    scratch: Path  # for temporary files
    output: Path | None
    summary: Path | None
    in_actions: bool
    environ: Mapping[str, str] = field(repr=False)
    commit: str = ""  # of the ref when the run was started; empty outside GitHub
    event: str = ""  # its name, such as pull_request
    workflow: str = ""  # path of its file in the repository; empty where it is not of this repository
    in_fork: bool = False  # whether the repository is a fork of another
    pull: PullEvent | None = None  # whose merge is checked out
    asking: PullEvent | None = None  # the pull request that the run is about, whatever is checked out

    @property
    def page(self) -> str:
        """The repository's address for people."""
        return f"{self.server_url}/{self.repository}"

    @property
    def git_url(self) -> str:
        """Its address for git."""
        return f"{self.page}.git"


def read_context(environ: Mapping[str, str], workspace: Path) -> RunContext:
    """The context from the variables that the runner sets."""
    server = environ.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
    repository = environ.get("GITHUB_REPOSITORY", "")
    run = environ.get("GITHUB_RUN_ID", "")
    payload = event.read_event(environ.get("GITHUB_EVENT_PATH", ""))
    name = environ.get("GITHUB_EVENT_NAME", "")
    return RunContext(
        workspace=workspace,
        repository=repository,
        server_url=server,
        api_url=environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        default_branch=event.default_branch(payload),
        ref=environ.get("GITHUB_REF", ""),
        run_url=f"{server}/{repository}/actions/runs/{run}" if run else "",
        scratch=_scratch(environ),
        output=_file(environ, "GITHUB_OUTPUT"),
        summary=_file(environ, "GITHUB_STEP_SUMMARY"),
        in_actions=environ.get("GITHUB_ACTIONS") == "true",
        environ=environ,
        commit=environ.get("GITHUB_SHA", ""),
        event=name,
        pull=event.pull_event(payload, repository) if name == "pull_request" else None,
        workflow=_workflow(environ.get("GITHUB_WORKFLOW_REF", ""), repository),
        in_fork=event.is_fork(payload),
        asking=event.pull_event(payload, repository) if name in PULL_EVENTS else None,
    )


def read_inputs(environ: Mapping[str, str]) -> dict[str, str]:
    """The action's inputs by name. The runner writes INPUT_DATA-PATH; where a shell is on the way, INPUT_DATA_PATH."""
    names = (name for name in environ if name.startswith("INPUT_"))
    inputs = {
        name[len("INPUT_") :].lower().replace("_", "-"): _in_repository(environ[name], environ)
        for name in names
        if environ[name].strip()
    }
    for always_there in ("args", "entrypoint"):  # the runner accepts them for every Docker action (github.md A4)
        inputs.pop(always_there, None)
    return inputs


def without(environ: Mapping[str, str], inputs: Collection[str]) -> dict[str, str]:
    """The environment without these inputs, for processes that we start and for code of the user's."""
    names = {f"{prefix}{name}".upper().replace("-", "_") for name in inputs for prefix in INPUT_PREFIXES}
    return {name: value for name, value in environ.items() if name.upper().replace("-", "_") not in names}


def _in_repository(value: str, environ: Mapping[str, str]) -> str:
    """An input as it was given, or as a path in the repository where it was given as `${{ github.workspace }}/path`."""
    workspace = environ.get("GITHUB_WORKSPACE", "").rstrip("/")
    if workspace and (value == workspace or value.startswith(f"{workspace}/")):
        return value[len(workspace) :].strip("/") or "."
    return value


def _scratch(environ: Mapping[str, str]) -> Path:
    """The folder for temporary files. Runners before v2.329 do not mount theirs into the container (github.md A3)."""
    candidates = (environ.get("RUNNER_TEMP"), environ.get("TMPDIR"))
    usable = (Path(path) for path in candidates if path and Path(path).is_dir() and os.access(path, os.W_OK))
    return next(usable, Path("/tmp"))  # noqa: S108


def _file(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None


def _workflow(reference: str, repository: str) -> str:
    """The path in `owner/name/.github/workflows/file.yml@refs/heads/main`."""
    place, _, _ = reference.partition("@")
    return place[len(repository) + 1 :] if repository and place.startswith(f"{repository}/") else ""


# --- outputs and summary ----------------------------------------------------------------------------------


def outputs_text(outputs: Mapping[str, str]) -> str:
    """The lines for GITHUB_OUTPUT. The delimiter is random: no value can end itself."""
    parts = []
    for name, value in outputs.items():
        delimiter = f"ml_{os.urandom(16).hex()}"
        parts.append(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")
    return "".join(parts)


def summary_text(text: str) -> bytes:
    """The summary as bytes, cut with a note where the runner would drop it whole."""
    content = text.encode("utf-8", "replace")
    if len(content) <= SUMMARY_BYTES:
        return content
    return content[:SUMMARY_BYTES].decode("utf-8", "ignore").encode() + CUT.encode()


def append(path: Path | None, content: bytes) -> str:
    """Appends to one of the runner's files, if the runner has it. Returns why that failed, or "".

    A part that was written is taken back: the runner would stop at an output without an end.
    """
    if path is None:
        return ""
    try:
        with path.open("ab", buffering=0) as file:
            _append_whole(file, content)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _append_whole(file: FileIO, content: bytes) -> None:
    start, rest = os.fstat(file.fileno()).st_size, memoryview(content)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        with contextlib.suppress(OSError):
            file.truncate(start)
        raise


def leave_report(workspace: Path, text: str) -> str:
    """Writes the report into the workspace, hidden from git, owned as the workspace is; its path, or nothing."""
    folder = workspace / ".ml-auto-update"
    files = {folder / ".gitignore": "*\n", folder / "report.md": text}
    if any(path.is_symlink() or (path.exists() and not path.is_file()) for path in files) or folder.is_symlink():
        return ""  # someone else's link or pipe: nothing is written through it
    try:
        owner = workspace.stat()
        folder.mkdir(exist_ok=True)
        for path, content in files.items():
            path.write_bytes(content.encode("utf-8", "replace"))
        if os.geteuid() == 0:
            for path in (folder, *files):
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
        folder.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    except OSError:
        return ""  # the outputs and the summary still have everything
    return ".ml-auto-update/report.md"


def restore_ownership(workspace: Path) -> None:
    """Hands what root wrote into the repository (forge `none`) to the workspace's owner, who could not delete it.

    Raises:
        OSError: that is not possible here.
    """
    owner = workspace.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for folder, folders, files in os.walk(workspace / ".git"):
        for name in (*folders, *files):
            path = os.path.join(folder, name)  # noqa: PTH118  thousands of them
            if os.lstat(path).st_uid == 0:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


# --- the log ----------------------------------------------------------------------------------------------


@dataclass
class ActionsLog:
    """The log of a step: plain lines, and annotations through actions-toolkit, ten of a kind at most."""

    stream: TextIO
    counts: dict[str, int] = field(default_factory=lambda: {"warning": 0, "error": 0})
    more: dict[str, int] = field(default_factory=dict)

    def info(self, text: str) -> None:
        """One line, or several."""
        self.stream.write(escape_commands(text) + "\n")
        self.stream.flush()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Only the end of a stage."""
        if done == total:
            self.info(f"{stage}: {total} of {total}")

    def mask(self, secret: str) -> None:
        """Has the runner hide a secret in every log line from now on."""
        if secret.strip():
            self._issue("add-mask", {}, secret)

    def warn(self, text: str, *, path: str = "", line: int = 0) -> None:
        """A warning annotation."""
        self._annotate("warning", text, path, line)

    def error(self, text: str, *, path: str = "", line: int = 0) -> None:
        """An error annotation."""
        self._annotate("error", text, path, line)

    def _annotate(self, kind: str, text: str, path: str, line: int) -> None:
        """One annotation; the tenth of a kind replaces all that would follow."""
        self.counts[kind] += 1
        if self.counts[kind] >= ANNOTATIONS:
            self.more[kind] = self.more.get(kind, 0) + 1
            return
        places = {"file": escape_commands(escaped(path))} if path else {}
        # the runner cuts at 4,096 characters
        self._issue(kind, places | ({"line": str(line)} if line else {}), escape_commands(text)[:4000])

    def close(self) -> None:
        """Writes the annotation that sums up those beyond the tenth."""
        for kind, count in self.more.items():
            self._issue(kind, {}, f"{count} more of these: the job summary lists them all")
        self.more.clear()

    def _issue(self, command: str, properties: dict[str, str], message: str) -> None:
        self.stream.write(command_line(command, properties, message) + "\n")
        self.stream.flush()


def command_line(command: str, properties: Mapping[str, str], message: str) -> str:
    """A workflow command with the toolkit's escaping; not its `core`, which would load an HTTP library for a line."""
    try:
        from actions_toolkit.command import Command  # late, and perhaps not there: `check` runs on a bare python3
    except ImportError:
        pairs = (f"{name}={_escape(text).replace(':', '%3A').replace(',', '%2C')}" for name, text in properties.items())
        return f"::{command}{' ' if properties else ''}{','.join(pairs)}::{_escape(message)}"
    return str(Command(command, properties, message))


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
