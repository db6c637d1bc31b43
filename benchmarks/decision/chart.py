"""Draws the share promoted in each world as SVG, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.decision.results import Line, Results
from benchmarks.decision.rules import CLUSTERS, DEFAULT, SEED

BARS = ((SEED, "seed"), (CLUSTERS, "clusters"), (DEFAULT, "ours"))
NAMES = {SEED: "seed's rule", CLUSTERS: "cluster bootstrap on a 20 % holdout", DEFAULT: "this gate"}
PANELS = (("promote", "Should be promoted"), ("hold", "Should not be promoted"))
KINDS = ("linear", "real")  # the tables that are drawn; the others are only in the report
WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 860, 360, 50, 8, 11, 66
STYLE = """
  .page { fill: #ffffff; } text { fill: #1f2328; font: 12px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
  .title { font-weight: 600; font-size: 14px; } .small { font-size: 10px; fill: #59636e; } .grid { stroke: #d1d9e0; }
  .seed { fill: #9aa4af; } .clusters { fill: #d4a72c; } .ours { fill: #1f883d; } .harm { fill: #cf222e; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; } text { fill: #e6edf3; } .small { fill: #9198a1; } .grid { stroke: #3d444d; }
    .seed { fill: #6e7681; } .clusters { fill: #bb8009; } .ours { fill: #3fb950; } .harm { fill: #f85149; }
  }
"""


def draw(results: Results) -> str:
    """Returns the chart."""
    body: list[str] = []
    height = float(TOP)
    drawn = [line for line in results.lines if line.kind in KINDS and line.right != "either"]
    for right, title in PANELS:
        lines = [line for line in drawn if (line.right == "promote") == (right == "promote")]
        if lines:
            body += _panel(title, lines, height)
            height += 34 + len(lines) * (len(BARS) * BAR + GAP) + 14
    size = f'width="{WIDTH}" height="{height:.0f}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {height:.0f}" role="img">',
        "<title>Share of challengers promoted, by world and rule</title>",
        f"<desc>{escape(_description(drawn))}</desc>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" {size}/>',
        *_legend(),
    ]
    return "\n".join([*head, *body, "</svg>", ""])


def _legend() -> Iterator[str]:
    yield '<text class="title" x="16" y="26">Share of challengers promoted, in %</text>'
    place = 16
    for name, style in (
        *((NAMES[rule], style) for rule, style in BARS),
        ("promoted, and worse by more than 1 %", "harm"),
    ):
        yield f'<rect class="{style}" x="{place}" y="40" width="12" height="12" rx="2"/>'
        yield f'<text x="{place + 18}" y="50">{escape(name)}</text>'
        place += 40 + int(6.4 * len(name))


def _panel(title: str, lines: Sequence[Line], top: float) -> Iterator[str]:
    step = len(BARS) * BAR + GAP
    bottom = top + 34 + len(lines) * step
    yield f'<text class="title" x="16" y="{top + 18:.0f}">{escape(title)}</text>'
    for share in (0, 25, 50, 75, 100):
        x = _x(share / 100)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top + 26:.0f}" y2="{bottom - 4:.0f}"/>'
        yield f'<text class="small" x="{x:.1f}" y="{top + 20:.0f}" text-anchor="middle">{share}</text>'
    for place, line in enumerate(lines):
        yield from _group(line, top + 34 + place * step)


def _group(line: Line, top: float) -> Iterator[str]:
    middle = top + len(BARS) * BAR / 2
    yield f'<text x="{LEFT - 12}" y="{middle + 4:.1f}" text-anchor="end">{escape(line.world.replace("`", ""))}</text>'
    for place, (rule, style) in enumerate(BARS):
        tally, y = line.rules[rule], top + place * BAR
        promoted, harm = tally.promoted / tally.played, tally.harm / tally.played
        title = f"{line.world}, {NAMES[rule]}: {100 * promoted:.0f} % promoted, {100 * harm:.0f} % harmful"
        width = max(_x(promoted) - LEFT, 1.5)
        bar = f'<rect class="{style}" x="{LEFT}" y="{y:.1f}" width="{width:.1f}" height="{BAR - 1}"/>'
        yield f"<g><title>{escape(title)}</title>{bar}"
        if harm:
            yield f'<rect class="harm" x="{LEFT}" y="{y:.1f}" width="{_x(harm) - LEFT:.1f}" height="{BAR - 1}"/>'
        yield f'<text class="small" x="{_x(promoted) + 5:.1f}" y="{y + BAR - 1:.1f}">{100 * promoted:.0f}</text></g>'


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _description(lines: Sequence[Line]) -> str:
    """Describes the chart in text, for screen readers."""
    parts = []
    for line in lines:
        shares = ", ".join(
            f"{NAMES[rule]} {100 * line.rules[rule].promoted / line.rules[rule].played:.0f}" for rule, _ in BARS
        )
        parts.append(f"{line.world}: {shares}")
    return "; ".join(parts)
