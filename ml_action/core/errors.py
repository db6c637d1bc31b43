"""The family of expected failures: one class, one exit code, one message of three parts.

    ExpectedError             exit code
    ├── SettingsError         2   an input, flag or configuration key is wrong
    ├── DataError             3   the datasets cannot be used
    ├── RepositoryError       4   git refused, or the network did
    ├── ForgeError            5   GitHub refused: token, permission, setting or rule
    ├── ModelError            6   a model cannot be verified, loaded or fitted
    └── NotReadyError         7   `init` only: no first model would come of these data

Any other exception that reaches the boundary is a bug: exit code 70 with a report to paste. An interrupt ends with 130,
a termination with 143. A contract test compares the table in README.md with this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ml_action.core.records.dataset import RejectedDataset

EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class ExpectedError(Exception):
    """An expected failure: what happened, why it usually happens, what to do next."""

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
        self.set_aside = set_aside  # the datasets that caused it

    def __str__(self) -> str:
        """Returns the message with its non-empty parts, each on a line."""
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


class NotReadyError(ExpectedError):
    """`init` only: no first model would come of these data."""

    exit_code = 7


def exit_codes() -> dict[int, str]:
    """Returns the meaning of each exit code."""
    kinds = (SettingsError, DataError, RepositoryError, ForgeError, ModelError, NotReadyError)
    return {
        0: "The run ended as it should, whatever the verdict",
        **{kind.exit_code: (kind.__doc__ or "").rstrip(".") for kind in kinds},
        EXIT_BUG: "A bug: the log has a report to paste into an issue",
        EXIT_INTERRUPTED: "Interrupted",
        EXIT_TERMINATED: "Terminated: the job was cancelled",
    }
