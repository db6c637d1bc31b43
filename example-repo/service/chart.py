"""The history of versions as an SVG that stands in the page: a score and an interval each."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from ml_action.records import Version

MOST = 30  # versions, the newest
LABELS = 10  # names that have room below it
WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 78, 16, 16, 40


def figures(version: Version) -> tuple[float, float, float] | None:
    """Low, score, high: the interval of the improvement, laid where the score is. None: it has no score."""
    score = version.scores.get(version.metric)
    if score is None or score != score:  # NaN
        return None
    edges = (score - version.improvement + edge for edge in (version.interval.low, version.interval.high))
    low, high = (edge if abs(edge) < float("inf") else score for edge in edges)
    return min(low, score), score, max(high, score)


def draw(versions: Sequence[Version], current: str) -> str:
    """The chart; empty when no version has a score."""
    shown = [(version, found) for version in versions[-MOST:] if (found := figures(version))]
    if not shown:
        return ""
    low, high = min(found[0] for _, found in shown), max(found[2] for _, found in shown)
    margin = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    low, high = low - margin, high + margin
    metric = shown[-1][0].metric
    step = (WIDTH - LEFT - RIGHT) / len(shown)
    every = math.ceil(len(shown) / LABELS)
    marks = [
        _mark(
            LEFT + step * (place + 0.5), version, found, low, high, version.version == current,
            named=(len(shown) - 1 - place) % every == 0,
        )
        for place, (version, found) in enumerate(shown)
    ]  # fmt: skip
    title = f"{metric} of {len(shown)} versions, with the confidence interval of each against the version before"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="chart-title">'
        f'<title id="chart-title">{html.escape(title)}</title>{_axis(low, high)}{"".join(marks)}</svg>'
    )


def _y(value: float, low: float, high: float) -> float:
    return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)


def _axis(low: float, high: float) -> str:
    lines = []
    for part in range(5):
        value = low + (high - low) * part / 4
        y = _y(value, low, high)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        lines.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.4g}</text>')
    return "".join(lines)


def _mark(
    x: float,
    version: Version,
    found: tuple[float, float, float],
    low: float,
    high: float,
    current: bool,
    *,
    named: bool,
) -> str:
    bottom, middle, top = (_y(value, low, high) for value in found)
    label = (
        f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{html.escape(version.version)}</text>'
    )
    told = f"{version.version}: {found[1]:.4g}, {found[0]:.4g} to {found[2]:.4g}" + (
        " (answers now)" if current else ""
    )
    return (
        f'<g class="{"mark current" if current else "mark"}"><title>{html.escape(told)}</title>'
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
        f'<line x1="{x - 5:.1f}" x2="{x + 5:.1f}" y1="{top}" y2="{top}"/>'
        f'<line x1="{x - 5:.1f}" x2="{x + 5:.1f}" y1="{bottom}" y2="{bottom}"/>'
        f'<circle cx="{x:.1f}" cy="{middle}" r="{6 if current else 4}"/>'
        f"{label if named else ''}</g>"
    )
