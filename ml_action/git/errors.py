"""What a failure of git means: the error that the user reads, and whether to try again."""

from __future__ import annotations

import re

from ml_action.core.errors import RepositoryError
from ml_action.git.known_errors import KNOWN_ERRORS, KnownGitError
from ml_action.git.process import GitFailed

MAX_LINE = 300  # characters of a line that a message quotes
MAX_SERVER = 600  # and of all that the server reports
SUMMARY = "failed to push"  # of the lines above it
NOISE = ("Enumerating", "Counting", "Compressing", "Resolving", "Total ", "Updating", "Processed")  # progress

# git push --porcelain: refused by git itself, or by a server that received two pushes at the same time
RACES = re.compile(
    r"\[rejected\] \((stale info|fetch first|non-fast-forward|already exists)\)"
    r"|\[remote rejected\] \((failed to update ref|incorrect old value|cannot lock ref|reference already exists)"
    r"|cannot lock ref '[^']*': (is at \w+ but expected|reference already exists|Unable to create)"  # with --atomic
)


def explain(failed: GitFailed) -> RepositoryError:
    """Returns the error that the user reads."""
    known = _find(failed)
    if known:
        return RepositoryError(known.what, why=f"{known.why} (git {failed.command}: {key_line(failed)})", fix=known.fix)
    return RepositoryError(
        f"git {failed.command} failed: {key_line(failed)}",
        why="git gives no more than this",
        fix="run the same command by hand; if it should have worked, please open an issue",
    )


def transient_error(failed: GitFailed) -> KnownGitError | None:
    """Returns the error if it is known to be transient."""
    known = _find(failed)
    return known if known and known.transient else None


def forbidden(failed: GitFailed) -> bool:
    """Whether the server rejected the push for lack of write permission, or because the repository is read-only."""
    output = failed.output.lower()
    return any(text in output for text in ("error: 403", "write access to repository not granted", "archived"))


def lost_the_race(failed: GitFailed) -> bool:
    """Whether a push was refused because another run moved the branch first (compare-and-swap)."""
    return bool(RACES.search(failed.output))


def unknown(failed: GitFailed) -> bool:
    """Whether the server does not have, or does not give, the object that was requested by its id."""
    return any(text in failed.output.lower() for text in ("not our ref", "unadvertised object"))


def _find(failed: GitFailed) -> KnownGitError | None:
    output = failed.output.lower()
    return next((known for known in KNOWN_ERRORS if any(text in output for text in known.texts)), None)


def key_line(failed: GitFailed) -> str:
    """Returns what the server reports, in its own words, and git's line about it. Hints and hyphens are left out."""
    lines = [line.strip() for line in failed.output.splitlines() if line.strip()]
    server = [words for line in lines if (words := _words_of_server(line))]
    errors = [line for line in lines if line.startswith(("fatal:", "error:", "! [")) and SUMMARY not in line]
    if server:
        return _shortened(" ".join(dict.fromkeys(server)), errors[0] if errors else "")
    return (errors or lines or [f"exit code {failed.code}"])[0][:MAX_LINE]


def _words_of_server(line: str) -> str:
    """Returns the text of a line `remote: …`, or "" for other lines and for those without a word."""
    text = line.removeprefix("remote:").strip() if line.startswith("remote:") else ""
    return text if re.search(r"\w", text) and not text.startswith(NOISE) else ""


def _shortened(server: str, own: str) -> str:
    quoted = f"remote: {server}" if len(server) <= MAX_SERVER else f"remote: {server[:MAX_SERVER]} …"
    return f"{quoted}; {own[:MAX_LINE]}" if own else quoted
