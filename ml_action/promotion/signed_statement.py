"""The signed statement of a promotion or a rollback, as a file of its commit (docs/signing.md)."""

from __future__ import annotations

from collections.abc import Mapping

from ml_action.core import model_metadata
from ml_action.core.codec import encode
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import History
from ml_action.git import registry
from ml_action.git.command import Git
from ml_action.provenance import policy, statement
from ml_action.provenance.signing import StatementSigner, own_code
from ml_action.provenance.statement import Judgement, Model, Promotion, Statement
from ml_action.provenance.unverified import Unverified


def signed(
    attempt: Attempt, files: Mapping[str, bytes], before: Mapping[str, bytes], signer: StatementSigner, time: str
) -> dict[str, bytes]:
    """Returns the files of a proposal with the statement about them.

    Args:
        attempt: what is proposed.
        files: what its commit writes into the model directory.
        before: metadata and statement as the base branch has them, as far as they are there.
        signer: the run's.
        time: of the commit, UTC.
    """
    metadata = files[registry.METADATA]
    history = model_metadata.parse(metadata, registry.METADATA)
    version = history.champion
    if version is None:
        raise LookupError(f"the proposal of {attempt.version} names no version")  # we made it
    earlier = (
        model_metadata.parse(before[registry.METADATA], registry.METADATA) if registry.METADATA in before else None
    )
    champion = earlier.champion if earlier else None
    promotion = Promotion(
        name=history.name,
        counter=next_counter(before.get(statement.FILE), earlier),
        version=version.version,
        previous=Model(champion.version, champion.sha256) if champion else None,
        judgement=judgement_of(attempt),
        fingerprint=attempt.fingerprint,
        data_tree=attempt.data_tree,
        settings_sha256=signer.settings_sha256,
        code=own_code(),
        origin=signer.origin,
        time=time,
    )
    about = Statement(version.file, version.sha256, statement.sha256(metadata), promotion)
    return {**files, statement.FILE: signer.envelope_of(statement.to_bytes(about))}


def judgement_of(attempt: Attempt) -> Judgement:
    """Returns what a statement says of an attempt's verdict."""
    return Judgement(str(attempt.verdict), attempt.metric, attempt.improvement, attempt.interval, bool(attempt.forced))


def next_counter(before: bytes | None, history: History | None) -> int:
    """Returns a number above those of all promotions so far: of the last statement, and of unsigned versions."""
    numbers = [int(version.version[1:]) for version in history.versions] if history else []
    return max(counter_of(before), *numbers, 0) + 1


def counter_of(content: bytes | None) -> int:
    """Returns the counter of a statement, without a look at its signature; 0 for a missing or unusable one."""
    try:
        return policy.unverified_statement(content).promotion.counter if content else 0
    except Unverified:
        return 0


def carried_over(files: Mapping[str, bytes], commit: str, model_dir: str, git: Git) -> dict[str, bytes]:
    """Returns the files of a rebuilt proposal with its statement, if that is still about them.

    A run without the key cannot sign it again.
    """
    content = git.read(f"{commit}:{model_dir}/{statement.FILE}")
    same = git.read(f"{commit}:{model_dir}/{registry.METADATA}") == files[registry.METADATA]
    return {**files, statement.FILE: content} if content and same else dict(files)


def objections(found: Statement, attempt: Attempt, counter: int) -> tuple[str, ...]:
    """Returns what in a statement differs from the journal's record of its attempt.

    `counter`: of the statement that it follows.
    """
    promotion = found.promotion
    recorded = {
        "version": (promotion.version, attempt.version),
        "verdict": (encode(promotion.judgement), encode(judgement_of(attempt))),
        "fingerprint": (promotion.fingerprint, attempt.fingerprint),
        "data": (promotion.data_tree, attempt.data_tree),
    }
    differing = [name for name, (stated, known) in recorded.items() if stated != known]
    stale = promotion.counter <= counter
    return (
        *(f"its statement's {name} is not the one that the journal records" for name in differing),
        *((f"its statement has the counter {promotion.counter}, which is not above {counter}",) if stale else ()),
    )
