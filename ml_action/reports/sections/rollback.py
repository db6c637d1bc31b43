"""A rollback: the scores of both versions, and what was verified of the one that is to come back. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ml_action.core.formatting import count_of
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import Version
from ml_action.reports.blocks import (
    Block,
    Bullets,
    Code,
    Heading,
    Inline,
    Link,
    Paragraph,
    Untrusted,
    joined,
    section,
    text,
)
from ml_action.reports.sections.comparison import numbers, scores_table, version_heads

VERIFIED = "What was verified"


def scores(attempt: Attempt) -> Iterator[Block]:
    """Yields the scores of both versions, which decide nothing."""
    found = attempt.comparison
    if found:
        version = Untrusted(attempt.version)
        both = text("{} and {}", version, Untrusted(attempt.champion)) if found.champion else text("{} alone", version)
        yield Heading(text("Scores of {} on the same rows", both))
        yield scores_table(found, attempt.champion, attempt.version, version_heads)
        yield from numbers(found, None)
        if attempt.watched is None:
            yield Paragraph("No score decides about a rollback: these are for the person who does.")


def verified(attempt: Attempt, version: Version) -> Iterator[Block]:
    """Yields what was verified of the version that is to come back."""
    yield from section(
        VERIFIED,
        Bullets(
            (
                text(
                    "{} is on the base branch, and its sha256 is the recorded {}",
                    Code(version.file),
                    Code(version.sha256),
                ),
                text("it loads; it was made on {} with {}", Untrusted(version.created[:10]), _libraries(version)),
                _answers(attempt),
                text("attempt {}", Link(Code(attempt.id), attempt.run_url)),
            )
        ),
    )


def _libraries(version: Version) -> Inline:
    names = (text("{} {}", Untrusted(name), Untrusted(number)) for name, number in version.libraries.items())
    return joined(", ", tuple(names))


def _answers(attempt: Attempt) -> str:
    found = attempt.comparison
    if found is None:
        return "it has an answer to the request that its entry holds"
    return f"it has answers for {count_of(found.rows, 'rows')} of {count_of(found.datasets, 'datasets')}"
