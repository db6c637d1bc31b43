"""An earlier version returns to production: the request, and the proposal that moves one pointer. Pure.

`rollback_check` verifies the version before anything is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ml_action.core.errors import ModelError, SettingsError
from ml_action.core.fingerprint import fingerprint
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Comparison
from ml_action.core.records.model import History, Version
from ml_action.datasets.survey import Snapshot
from ml_action.loop import draft as drafts
from ml_action.loop.draft import RunStamp
from ml_action.promotion import proposal_content
from ml_action.promotion.proposal_content import ProposalContent
from ml_action.reports import commit_messages, pages
from ml_action.reports.render import markdown


@dataclass(frozen=True)
class RollbackRequest:
    """Which version is to take over from which, and why."""

    history: History
    champion: Version
    version: Version
    why: str


@dataclass(frozen=True)
class VerifiedVersion:
    """A version that loads and predicts, with its scores next to the champion's if both could be scored."""

    comparison: Comparison | None
    notes: tuple[str, ...]


# --- what is asked for ------------------------------------------------------------------------------------


def resolve_request(history: History | None, to: str, why: str) -> RollbackRequest:
    """The request, resolved.

    Raises:
        SettingsError: no reason or no version is given, or no version has that name.
        ModelError: there is nothing to go back to.
    """
    champion = history.champion if history else None
    if history is None or champion is None or len(history.versions) < 2:
        raise ModelError(
            "there is nothing to roll back",
            why=f"{champion.version} is the only version" if champion else "no model was ever promoted here",
            fix="a rollback needs an earlier version; `history` lists them",
        )
    versions = ", ".join(one.version for one in history.versions if one is not champion)
    version = next((one for one in history.versions if one.version == to), None)
    if version is None:
        raise SettingsError(
            f"there is no version {to}" if to else "`to` is empty: it does not say which version shall come back",
            why=f"in production is {champion.version}; the history holds {versions} besides",
            fix="name one of these with `to`",
        )
    if not why:
        raise SettingsError(
            "`why` is empty",
            why="the reason is part of the pull request and of the journal, for those who wonder later",
            fix="say in one line why the version in production has to go",
        )
    return RollbackRequest(history, champion, version, why)


def in_production(request: RollbackRequest) -> SettingsError:
    """The error for a version that is in production already."""
    others = ", ".join(one.version for one in request.history.versions if one is not request.champion)
    return SettingsError(
        f"{request.version.version} is in production already",
        why="an earlier rollback was merged, or the wrong version is named",
        fix=f"nothing has to be done; to put another one there, name it with `to`: {others}",
    )


# --- as a proposal ----------------------------------------------------------------------------------------


def attempt_of(request: RollbackRequest, proven: VerifiedVersion, snapshot: Snapshot, stamp: RunStamp) -> Attempt:
    """The journal's line of a rollback. Each request is work of its own, whatever was closed or merged before."""
    now = {
        "rollback": [request.champion.version, request.version.version, request.why],
        "time": stamp.time,
        "after": len(snapshot.state.attempts),
    }
    own = fingerprint({**now, "run": stamp.url, "base": snapshot.tips.base})
    attempt = drafts.new_attempt(snapshot, stamp, own, salt=request.history.salt, version=request.version.version)
    attempt = replace(
        attempt,
        verdict=Verdict.ROLLBACK,
        reason=f"back from {request.champion.version} to {request.version.version}: {request.why}",
        metric=request.version.metric,
        digest=request.version.sha256,
        notes=proven.notes,
    )
    return drafts.with_comparison(attempt, proven.comparison) if proven.comparison else attempt


def content_of(attempt: Attempt, request: RollbackRequest, snapshot: Snapshot) -> ProposalContent:
    """The history with its pointer moved, and no other byte changed."""
    model_dir = snapshot.settings.publication.model_dir
    files = proposal_content.rollback_files(snapshot.repository.store, snapshot.tips.base, model_dir, attempt.version)
    body = markdown.render(pages.rollback_request(attempt, request.version, model_dir))
    return ProposalContent(files, attempt.digest, commit_messages.of_rollback(attempt), body)
