"""`simulate` for a person, or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console

from ml_action.commands.simulate import report
from ml_action.commands.simulate.rates import Proportion
from ml_action.commands.simulate.results import AIM, Calibration, Power, Round, Simulation
from ml_action.core.codec import encode
from ml_action.core.formatting import count_of, percent
from ml_action.runtime import console as terminal

WIDTH = 200  # characters, where a program or a file reads along
WIDE = 100  # characters that it takes to show the intervals as pictures


def print_simulation(found: Simulation, *, as_json: bool) -> None:
    """The replay, the calibration, and what they speak for."""
    if as_json:
        sys.stdout.write(json.dumps(_json(found), indent=2, allow_nan=False) + "\n")
        return
    console = terminal.make_console(piped=WIDTH)
    terminal.lines(console, [*_head(found), ""])
    if found.replay.rounds:
        _show_rounds(found.replay.rounds, console)
    terminal.lines(console, [report.sentence(found.replay, found.threshold)])
    if found.calibrations:
        _show_calibrations(found, console)


def _head(found: Simulation) -> Iterator[str]:
    past = found.replay
    aside = f" ({past.set_aside} more are set aside)" if past.set_aside else ""
    yield f"{count_of(past.datasets, 'datasets')} can be used{aside}"
    told = found.policy
    yield (
        f"policy: threshold {told['threshold']}, gate {told['gate']}, confidence {told['confidence']}, min-improvement "
        f"{told['min_improvement']}; {told['estimator']}, {told['metric']}"
    )
    yield from found.notes


# --- the replay -------------------------------------------------------------------------------------------


def _show_rounds(rounds: Sequence[Round], console: Console) -> None:
    heads, rows = ["round", "date", "new", "verdict", "gain", "version"], [_round(one) for one in rounds]
    if console.width >= WIDE:
        heads, most = [*heads, "     loss │ gain"], report.scale(rounds)
        rows = [(*row, report.picture(one, most)) for row, one in zip(rows, rounds, strict=True)]
    terminal.table(console, heads, rows)
    terminal.lines(console, ["", *report.timeline(rounds, min(WIDE, console.width)), ""])
    terminal.lines(console, report.remarks(rounds))


def _round(one: Round) -> tuple[str, ...]:
    return (
        str(one.number), report.day(one.time), f"{one.new:,}", str(one.verdict), report.gain(one), one.version or "–"
    )  # fmt: skip


# --- the calibration --------------------------------------------------------------------------------------


def _show_calibrations(found: Simulation, console: Console) -> None:
    drawn = f"{found.rounds} batches at random for each number, seed {found.policy['seed']}; in brackets 95 % intervals"
    terminal.lines(console, ["", f"{drawn} (docs/simulation.md)"])
    heads = ("with so many new datasets", *(str(one.threshold) for one in found.calibrations))
    terminal.table(console, heads, _figures(found.calibrations))
    terminal.lines(console, ["", *_sentences(found)])


def _figures(found: Sequence[Calibration]) -> Iterator[tuple[str, ...]]:
    """A row for each figure, a column for each threshold."""
    yield "promotes where nothing changed", *(str(one.unchanged.found) for one in found)
    yield "… and what is no gain", *(str(one.no_better) for one in found)
    for there in (power.there for power in found[0].powers):
        yield f"finds a gain of {percent(there, 0)}", *(str(one.power(there).found) for one in found)
    yield f"a change of {percent(AIM, 0)}, at once", *(str(one.sudden.found) for one in found)
    yield f"a gain of {percent(AIM, 0)} is known to", *(_half(one.power(AIM).width) for one in found)
    yield "fits per attempt", *(str(one.fits) for one in found)
    yield "seconds per attempt", *(f"{one.seconds:.1f}" for one in found)


def _half(width: float | None) -> str:
    return "–" if width is None else f"± {percent(width / 2)}"


def _sentences(found: Simulation) -> list[str]:
    return report.sentences(found.calibrations, found.threshold, found.confidence)


# --- for machines -----------------------------------------------------------------------------------------


def _json(found: Simulation) -> dict[str, Any]:
    past = found.replay
    return {
        "policy": dict(found.policy),
        "notes": list(found.notes),
        "replay": {**encode(past), "sentence": report.sentence(past, found.threshold)},
        "calibration": {
            "rounds": found.rounds,
            "thresholds": [_calibration(one) for one in found.calibrations],
            "sentences": _sentences(found),
        },
    }


def _calibration(one: Calibration) -> dict[str, Any]:
    return {
        "threshold": one.threshold,
        "unchanged": _power(one.unchanged),
        "no_better": _rate(one.no_better),
        "power": [_power(power) for power in one.powers],
        "sudden": _power(one.sudden),
        "fits": one.fits,
        "seconds": round(one.seconds, 3),
    }


def _power(one: Power) -> dict[str, Any]:
    return {
        "gain": one.there, "promoted": _rate(one.found), "measured": one.measured, "interval_width": one.width,
        "verdicts": dict(one.verdicts),
    }  # fmt: skip


def _rate(one: Proportion) -> dict[str, Any]:
    share = one.share if one.of else None
    return {"hits": one.hits, "of": one.of, "share": share, "low": one.interval.low, "high": one.interval.high}
