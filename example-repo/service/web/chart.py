"""The history of versions as an inline SVG: the score of each, with its confidence interval."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ml_action.consumer import Version

MAX_VERSIONS = 30  # the newest
MAX_LABELS = 10  # names that fit below the chart
WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 78, 16, 16, 40


@dataclass(frozen=True)
class ScoreInterval:
    """A version's score, and the interval of its improvement moved to where the score is."""

    low: float
    score: float
    high: float


@dataclass(frozen=True)
class _Axis:
    """The vertical axis: the scores at its ends."""

    low: float
    high: float

    def y(self, value: float) -> float:
        return round(TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM), 1)


@dataclass(frozen=True)
class _Mark:
    """One version in the chart."""

    version: str
    interval: ScoreInterval
    x: float
    current: bool
    labelled: bool


def score_interval(version: Version) -> ScoreInterval | None:
    """Returns the score and its interval, or `None` for a version without a score."""
    score = version.scores.get(version.metric)
    if score is None or math.isnan(score):
        return None
    edges = (score - version.improvement + edge for edge in (version.interval.low, version.interval.high))
    low, high = (edge if abs(edge) < float("inf") else score for edge in edges)
    return ScoreInterval(min(low, score), score, max(high, score))


def draw(versions: Sequence[Version], current: str) -> str:
    """Returns the chart as SVG, or "" if no version has a score. `current` is the name of the version that answers."""
    shown = [(version, found) for version in versions[-MAX_VERSIONS:] if (found := score_interval(version))]
    if not shown:
        return ""
    axis = _axis_for([interval for _, interval in shown])
    step = (WIDTH - LEFT - RIGHT) / len(shown)
    every = math.ceil(len(shown) / MAX_LABELS)
    marks = [
        _Mark(
            version.version, interval, LEFT + step * (position + 0.5), version.version == current,
            labelled=(len(shown) - 1 - position) % every == 0,
        )
        for position, (version, interval) in enumerate(shown)
    ]  # fmt: skip
    metric = shown[-1][0].metric
    title = f"{metric} of {len(shown)} versions, with the confidence interval of each against the version before"
    drawn = "".join(_draw_mark(mark, axis) for mark in marks)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="chart-title">'
        f'<title id="chart-title">{html.escape(title)}</title>{_draw_axis(axis)}{drawn}</svg>'
    )


def _axis_for(intervals: Sequence[ScoreInterval]) -> _Axis:
    low, high = min(interval.low for interval in intervals), max(interval.high for interval in intervals)
    margin = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    return _Axis(low - margin, high + margin)


def _draw_axis(axis: _Axis) -> str:
    lines = []
    for part in range(5):
        value = axis.low + (axis.high - axis.low) * part / 4
        y = axis.y(value)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        lines.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.4g}</text>')
    return "".join(lines)


def _draw_mark(mark: _Mark, axis: _Axis) -> str:
    x, found = mark.x, mark.interval
    bottom, middle, top = (axis.y(value) for value in (found.low, found.score, found.high))
    label = f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{html.escape(mark.version)}</text>'
    tooltip = f"{mark.version}: {found.score:.4g}, {found.low:.4g} to {found.high:.4g}" + (
        " (answers now)" if mark.current else ""
    )
    return (
        f'<g class="{"mark current" if mark.current else "mark"}"><title>{html.escape(tooltip)}</title>'
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
        f'<line x1="{x - 5:.1f}" x2="{x + 5:.1f}" y1="{top}" y2="{top}"/>'
        f'<line x1="{x - 5:.1f}" x2="{x + 5:.1f}" y1="{bottom}" y2="{bottom}"/>'
        f'<circle cx="{x:.1f}" cy="{middle}" r="{6 if mark.current else 4}"/>'
        f"{label if mark.labelled else ''}</g>"
    )
