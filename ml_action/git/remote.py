"""Git commands that talk to the server: run again while there is trouble that passes by itself."""

from __future__ import annotations

from ml_action.core.retry import READS, WRITES
from ml_action.git.command import Git, GitFailed
from ml_action.git.errors import key_line, lost_the_race, transient_error


def read(git: Git, *arguments: str) -> bytes:
    """What `ls-remote` or `fetch` say.

    Raises:
        GitFailed: trouble that lasts, or a refusal.
    """
    tries, done = 1, _tried(git, *arguments)
    while isinstance(done, GitFailed) and _passes(git, done, tries, READS):
        tries, done = tries + 1, _tried(git, *arguments)
    return _output(done)


def push(git: Git, *arguments: str) -> None:
    """A push with leases. It looks before it repeats: git asks the server for its branches first.

    When only the answer was lost, they are where they belong already ("up to date"). A race that is lost after
    trouble may have been lost to our own first try, which arrived late: one more tells.

    Raises:
        GitFailed: as above.
    """
    tries, done = 1, _tried(git, "push", *arguments)
    while isinstance(done, GitFailed) and (_out_of_retries(done, tries) or _passes(git, done, tries, WRITES)):
        tries, done = tries + 1, _tried(git, "push", *arguments)
    _output(done)


def _tried(git: Git, *arguments: str) -> bytes | GitFailed:
    try:
        return git.run(*arguments)
    except GitFailed as failed:
        return failed


def _output(done: bytes | GitFailed) -> bytes:
    if isinstance(done, GitFailed):
        raise done
    return done


def _out_of_retries(failed: GitFailed, tries: int) -> bool:
    return 1 < tries <= WRITES and lost_the_race(failed)


def _passes(git: Git, failed: GitFailed, tries: int, most: int) -> bool:
    """Whether it passes by itself; it was waited for, then."""
    trouble = transient_error(failed)
    what = f"git {failed.command}: {key_line(failed)}"
    return trouble is not None and git.patience.wait_before_retry(what, tries, most, requested=trouble.wait)
