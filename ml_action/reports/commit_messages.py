"""The messages of the commits that we propose. They hold no text from outside.

GitHub obeys words in a commit of the default branch: it closes issues and skips workflows. What the gate says about a
proposal that it does not make itself may quote names and values of columns, so that it is left to the pull request.
"""

from __future__ import annotations

from ml_action.core.records.attempt import Attempt
from ml_action.core.records.evaluation import Decision
from ml_action.core.records.model import Version


def of_promotion(version: Version, attempt: Attempt, decision: Decision) -> str:
    """Returns subject, body and trailers of a new version."""
    why = "The model card says why."
    subject, body = f"Promote model {version.version}", decision.reason
    if attempt.forced:
        body = f"A person forced it. {why}"
    elif attempt.draft:
        subject, body = f"Propose model {version.version} for review", f"A person decides. {why}"
    return _message(subject, body, version.fingerprint, version.attempt, version.sha256)


def of_rollback(attempt: Attempt) -> str:
    """Returns subject, body and trailers of a rollback."""
    subject = f"Roll back from model {attempt.champion} to {attempt.version}"
    return _message(subject, "The pull request says why.", attempt.fingerprint, attempt.id, attempt.digest)


def _message(subject: str, body: str, fingerprint: str, attempt: str, sha256: str) -> str:
    trailers = f"Fingerprint: {fingerprint}\nAttempt: {attempt}\nModel-SHA256: {sha256}\n"
    return f"{subject}\n\n{body}\n\n{trailers}"
