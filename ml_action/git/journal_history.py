"""The history of the state branch: whether the bot alone wrote it, and whether its journal only grew.

Each commit ends with a line that sums up the journal: how many attempts it holds, and a digest over what never changes
in them. So commits alone, without their files, show whether a later one changed or dropped what was recorded before.

This finds edits by hand, and those of tools. It does not find commits that imitate the bot's: a rule has to
keep other writers off the branch (docs/threats.md).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ml_action.core.dataclass import dataclass
from ml_action.git import branch_history
from ml_action.git.repository import AUTHOR, HERE, ConcurrentUpdate, Repository

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt

SUMMARY = re.compile(r"^Journal: ([0-9]{1,9}) ([0-9a-f]{16})$", re.MULTILINE)
# Who GitHub names for commits that an App makes through its API: it is the author, and GitHub the committer.
BOT_MAIL = re.compile(r"(?:[0-9]+\+)?[\w-]+\[bot\]@users\.noreply\.[\w.-]+")
SERVER_MAIL = re.compile(r"noreply@[\w.-]+")
FORMAT = "%H%x1f%ae%x1f%ce%x1f%B%x1e"


@dataclass(frozen=True)
class StateCommit:
    """One commit of the state branch, without its files."""

    oid: str
    author: str  # mail address
    committer: str
    message: str

    @property
    def is_ours(self) -> bool:
        """Whether it names the bot as its author."""
        by_server = BOT_MAIL.fullmatch(self.author) and SERVER_MAIL.fullmatch(self.committer)
        return (self.author, self.committer) == (AUTHOR[1], AUTHOR[1]) or by_server is not None


def summary(attempts: Sequence[Attempt]) -> str:
    """Returns the last line of a commit's message: the journal in a number and a digest."""
    return f"Journal: {len(attempts)} {_digests(attempts)[-1]}"


def _digests(attempts: Sequence[Attempt]) -> list[str]:
    """Returns the digest of the first 0, 1, 2, … attempts, over what no later run changes in them."""
    digests = [hashlib.sha256().hexdigest()[:16]]
    for one in attempts:
        kept = (
            one.id,
            one.time,
            one.fingerprint,
            one.data_tree,
            one.champion,
            one.version,
            str(one.verdict),
            one.digest,
        )
        digests.append(hashlib.sha256(repr((digests[-1], kept)).encode()).hexdigest()[:16])
    return digests


def find_edit(history: Sequence[StateCommit], attempts: Sequence[Attempt]) -> str:
    """Returns how another author changed the journal, as a sentence, or "" if it is unchanged.

    Args:
        history: the commits of the branch, the oldest first. Those of before 0.2 have no summary.
        attempts: the journal as the newest one has it.
    """
    digests, before = _digests(attempts), 0
    for commit in history:
        if not commit.is_ours:
            return f"commit {commit.oid[:12]} on it is by {commit.author}, and not by the bot"
        found = SUMMARY.findall(commit.message)
        if not found:
            continue
        count, digest = int(found[-1][0]), found[-1][1]
        if count < before or count > len(attempts) or digests[count] != digest:
            return f"it changes or lacks what was recorded before: see commit {commit.oid[:12]}"
        before = count
    return ""


def edited(repository: Repository, branch: str, attempts: Sequence[Attempt]) -> str:
    """Returns why the journal is not believed, or "" if it is. One round trip; locally, none."""
    if not repository.tips.state or repository.remote == HERE:
        return ""
    history = read(repository, branch)
    edit = find_edit(history, attempts)
    if not edit:
        return ""
    return f"the journal is not followed: {edit}. Restore the branch {branch} to a commit of the bot, or delete it"


def read(repository: Repository, branch: str) -> tuple[StateCommit, ...]:
    """Returns the commits of the state branch, the oldest first, fetched without their files.

    Raises:
        ConcurrentUpdate: another history has taken its place meanwhile.
        RepositoryError: the server could not be reached.
    """
    commits = branch_history.fetch_commits(repository, branch, "history.git")
    if not commits.object_id(f"{repository.tips.state}^{{commit}}"):
        raise ConcurrentUpdate  # the branch was replaced since this run read it
    output = commits.line("log", "--topo-order", "--reverse", f"--format={FORMAT}", repository.tips.state)
    return tuple(StateCommit(*row.strip().split("\x1f")) for row in output.split("\x1e") if row.strip())
