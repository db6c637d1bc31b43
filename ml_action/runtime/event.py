"""What the event of a run says: the file that the runner writes, in GitHub's format of webhooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ml_action.core.dataclass import dataclass


@dataclass(frozen=True)
class PullEvent:
    """The pull request that a run is for, according to the event."""

    number: int
    url: str
    base: str  # branch
    head: str  # commit
    from_fork: bool


def read_event(event: str) -> Any:
    """Returns the event's content; empty if the run has no event, or if the file cannot be read."""
    try:
        return json.loads(Path(event).read_text(encoding="utf-8")) if event else {}
    except (OSError, ValueError):
        return {}


def default_branch(payload: Any) -> str:
    """Returns the default branch; empty when the event does not say."""
    try:
        return str(payload["repository"]["default_branch"])
    except (KeyError, TypeError):
        return ""


def is_fork(payload: Any) -> bool:
    """Returns whether the repository is a fork of another."""
    try:
        return payload["repository"]["fork"] is True
    except (KeyError, TypeError):
        return False


def pull_event(payload: Any, repository: str) -> PullEvent | None:
    """Returns the pull request of the event, if it has one. `repository` is owner/name of this one."""
    try:
        pull = payload["pull_request"]
        base, head = pull["base"], pull["head"]
        fork = (head.get("repo") or {}).get("full_name") != repository  # a fork may be gone by now
        return PullEvent(int(pull["number"]), str(pull["html_url"]), str(base["ref"]), str(head["sha"]), fork)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
