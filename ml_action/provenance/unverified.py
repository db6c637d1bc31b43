"""Why a statement does not prove a model: one error, with a verdict for programs and three parts for people."""

from __future__ import annotations

from enum import Enum

from ml_action.core.errors import ModelError


class Verdict(str, Enum):
    """What became of a verification. The values are public: `ml-auto-update verify --json`."""

    VERIFIED = "verified"
    UNSIGNED = "unsigned"  # it has no statement
    MALFORMED = "malformed"  # its statement cannot be read
    EDITED = "edited"  # the statement, the metadata or the model is not what was signed
    UNTRUSTED = "untrusted"  # signed, but not by whom, or not for what, the policy names
    REPLAYED = "replayed"  # signed, but older than what was accepted before

    def __str__(self) -> str:
        return self.value


class Unverified(ModelError):
    """A promotion that could not be verified."""

    def __init__(self, verdict: Verdict, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what, why=why, fix=fix)
        self.verdict = verdict


def malformed(what: str) -> Unverified:
    """Returns the error for a file that no run of the loop writes."""
    return Unverified(
        Verdict.MALFORMED,
        f"the statement cannot be used: {what}",
        why="it was edited, or another tool wrote it",
        fix="restore the file from the commit that promoted the model",
    )


def edited(what: str) -> Unverified:
    """Returns the error for content that is not what was signed."""
    return Unverified(
        Verdict.EDITED,
        what,
        why="it was changed after it was signed, or a checkout is not complete yet",
        fix="do not load the model; restore the folder from the commit that promoted it, and find out who changed it",
    )


def untrusted(what: str, fix: str) -> Unverified:
    """Returns the error for a signer or an origin that the policy does not name."""
    return Unverified(
        Verdict.UNTRUSTED, what, why="the model is not from where you expect it, or the policy is out of date", fix=fix
    )
