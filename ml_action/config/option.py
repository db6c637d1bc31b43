"""One row of the table of options, and the group of settings that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from ml_action.core.dataclass import dataclass


class Group(Enum):
    """The groups of `Settings`, by the name of its field. `RUN` is the settings themselves."""

    RUN = ""
    DATA = "data"
    TRIGGER = "trigger"
    TRAINING = "training"
    GATE = "gate"
    ROLLBACK = "rollback"
    PUBLICATION = "publication"
    SECRETS = "secrets"


SHAPES_A_VERDICT = (Group.TRAINING, Group.GATE)


@dataclass(frozen=True)
class Option:
    """One row of the table."""

    group: Group
    name: str  # as inputs, flags and keys spell it
    default: str
    help: str
    parse: Callable[[str], Any]
    choices: tuple[str, ...] = ()
    in_file: bool = True  # whether ml-auto-update.toml may set it: never a secret, never what a run does
    schema: str = "string"  # its type in the JSON schema
    has_flag: bool = True  # on the command line; without one the environment or the command's own sets it
    identifies: bool = False  # an attempt's fingerprint has it, although its group does not shape a model or a verdict

    @property
    def field(self) -> str:
        """The field of its group in `Settings`."""
        return self.name.replace("-", "_")

    @property
    def secret(self) -> bool:
        """Whether its value may never be shown."""
        return self.group is Group.SECRETS

    @property
    def in_fingerprint(self) -> bool:
        """Whether another value of it makes another attempt of the same data."""
        return self.identifies or self.group in SHAPES_A_VERDICT
