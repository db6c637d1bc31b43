"""The family of expected failures: one class, one exit code, one message of three parts.

    Problem                   exit code
    ├── SettingsProblem       2   an input, flag or configuration key is wrong
    ├── DataProblem           3   the datasets cannot be used
    ├── RepositoryProblem     4   git refused, or the network did
    ├── ForgeProblem          5   GitHub refused: token, permission, setting or rule
    └── ModelProblem          6   a model cannot be verified, loaded or fitted

Anything else that escapes is a bug: exit code 70 with a pasteable report. An interrupt ends with 130, a
termination with 143. The table in README.md is pinned to this one by a contract test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ml_action.core.records.dataset import RejectedDataset

EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class ExpectedError(Exception):
    """An expected failure: what happened, why it usually does, what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        fix: str = "",
        path: str = "",
        line: int = 0,
        set_aside: tuple[RejectedDataset, ...] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.path = path
        self.line = line
        self.set_aside = set_aside  # the datasets that are to blame

    def __str__(self) -> str:
        """The message as a person reads it; the parts that are empty are left out."""
        parts = [self.what]
        parts += [f"  Why: {self.why}"] if self.why else []
        parts += [f"  Do:  {self.fix}"] if self.fix else []
        return "\n".join(parts)


class SettingsError(ExpectedError):
    """An input, flag or configuration key is wrong."""

    exit_code = 2


class DataError(ExpectedError):
    """The datasets cannot be used."""

    exit_code = 3


class RepositoryError(ExpectedError):
    """git refused, or the network did."""

    exit_code = 4


class ForgeError(ExpectedError):
    """GitHub refused: token, permission, setting or rule."""

    exit_code = 5


class ModelError(ExpectedError):
    """A model cannot be verified, loaded or fitted."""

    exit_code = 6
