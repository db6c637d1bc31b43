"""The watch: the champion compared with the version before it. Pure."""

from __future__ import annotations

from ml_action.core.records.attempt import WatchResult
from ml_action.reports.blocks import Block, Blocks, Bullets, Paragraph, Untrusted, section, text
from ml_action.reports.sections.comparison import scores_table, version_heads


def watched(found: WatchResult | None) -> Blocks:
    """Returns what the watch found, with the scores where it compared."""
    if found is None:
        return ()
    under: list[Block] = [Paragraph(text("{}{}.", "⚠️ " if found.worse else "", Untrusted(found.text)))]
    if found.comparison:
        under.append(scores_table(found.comparison, found.champion, found.before, version_heads))
    return section("Watch", *under, Bullets(tuple(map(Untrusted, found.notes))))
