"""Git commands that talk to the server: repeated while the failure is transient."""

from __future__ import annotations

from ml_action.core.retry import READS, WRITES
from ml_action.git.command import Git
from ml_action.git.errors import key_line, lost_the_race, transient_error
from ml_action.git.process import GitFailed


def read(git: Git, *arguments: str) -> bytes:
    """Returns the output of `ls-remote` or `fetch`.

    Raises:
        GitFailed: the server refused, or the failure persists.
    """
    tries, result = 1, _try(git, *arguments)
    while isinstance(result, GitFailed) and _wait_before_retry(git, result, tries, READS):
        tries, result = tries + 1, _try(git, *arguments)
    return _output(result)


def push(git: Git, *arguments: str) -> None:
    """Pushes with leases. A repetition is safe: git first asks the server for its branches.

    If only the response was lost, the branches are up to date already. A race that is lost after a failure may have
    been lost to our own first attempt, which arrived late: one more attempt shows it.

    Raises:
        GitFailed: the server refused, or the failure persists.
    """
    tries, result = 1, _try(git, "push", *arguments)
    while isinstance(result, GitFailed) and (
        _may_have_raced_itself(result, tries) or _wait_before_retry(git, result, tries, WRITES)
    ):
        tries, result = tries + 1, _try(git, "push", *arguments)
    _output(result)


def _try(git: Git, *arguments: str) -> bytes | GitFailed:
    try:
        return git.run(*arguments)
    except GitFailed as failed:
        return failed


def _output(result: bytes | GitFailed) -> bytes:
    if isinstance(result, GitFailed):
        raise result
    return result


def _may_have_raced_itself(failed: GitFailed, tries: int) -> bool:
    return 1 < tries <= WRITES and lost_the_race(failed)


def _wait_before_retry(git: Git, failed: GitFailed, tries: int, max_retries: int) -> bool:
    """Returns whether to retry, after the wait if so."""
    known = transient_error(failed)
    problem = f"git {failed.command}: {key_line(failed)}"
    return known is not None and git.retry_budget.wait_before_retry(problem, tries, max_retries, requested=known.wait)
