"""The page of `simulate`: the replay, the calibration, and which threshold they speak for; with its data next to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ml_action.commands.simulate import report
from ml_action.commands.simulate.rates import Proportion
from ml_action.commands.simulate.results import AIM, Calibration, Power, Round, Simulation
from ml_action.core.codec import encode
from ml_action.core.formatting import count_of, percent
from ml_action.reports.blocks import Block, Bullets, Inline, Paragraph, Table, Untrusted, Verbatim
from ml_action.runtime import console

WIDTH = 200  # characters, where a program or a file reads along
WIDE = 100  # characters that it takes to show the intervals as pictures


def print_simulation(found: Simulation, *, as_json: bool) -> None:
    """Prints the page, or its data."""
    width = console.make_console(piped=WIDTH).width
    console.print_page(page(found, width), data(found), as_json=as_json, piped=WIDTH)


def page(found: Simulation, width: int) -> Iterator[Block]:
    """Yields the whole page for a terminal of so many characters."""
    past = found.replay
    aside = f" ({past.set_aside} more are set aside)" if past.set_aside else ""
    yield Paragraph(f"{count_of(past.datasets, 'datasets')} can be used{aside}")
    yield Paragraph(Untrusted(_policy(found)))
    yield Bullets(tuple(map(Untrusted, found.notes)))
    if past.rounds:
        yield from _replay(past.rounds, width)
    yield Paragraph(report.sentence(past, found.threshold))
    if found.calibrations:
        yield from _calibrations(found)


def _policy(found: Simulation) -> str:
    policy = found.policy
    return (
        f"policy: threshold {policy['threshold']}, gate {policy['gate']}, confidence {policy['confidence']}, "
        f"min-improvement {policy['min_improvement']}; {policy['estimator']}, {policy['metric']}"
    )


# --- the replay -------------------------------------------------------------------------------------------------


def _replay(rounds: Sequence[Round], width: int) -> Iterator[Block]:
    heads: tuple[Inline, ...] = ("round", "date", "new", "verdict", "gain", "version")
    rows = tuple(map(_round, rounds))
    if width >= WIDE:
        heads, largest = (*heads, "     loss │ gain"), report.scale(rounds)
        rows = tuple((*row, report.picture(one, largest)) for row, one in zip(rows, rounds, strict=True))
    yield Table(heads, rows)
    yield Verbatim(tuple(report.timeline(rounds, min(WIDE, width))))
    yield Bullets(tuple(map(Untrusted, report.remarks(rounds))))


def _round(one: Round) -> tuple[Inline, ...]:
    return (
        str(one.number), report.day(one.time), f"{one.new:,}", str(one.verdict), report.gain(one), one.version or "–"
    )  # fmt: skip


# --- the calibration --------------------------------------------------------------------------------------------


def _calibrations(found: Simulation) -> Iterator[Block]:
    drawn = f"{found.rounds} batches at random for each number, seed {found.policy['seed']}; in brackets 95 % intervals"
    yield Paragraph(f"{drawn} (docs/simulation.md)")
    heads = ("with so many new datasets", *(str(one.threshold) for one in found.calibrations))
    yield Table(heads, tuple(_figures(found.calibrations)))
    yield Bullets(tuple(report.sentences(found.calibrations, found.threshold, found.confidence)))


def _figures(found: Sequence[Calibration]) -> Iterator[tuple[str, ...]]:
    """Yields a row for each figure, with a column for each threshold."""
    yield "promotes where nothing changed", *(str(one.unchanged.found) for one in found)
    yield "… and what is no gain", *(str(one.no_better) for one in found)
    for there in (power.true_gain for power in found[0].powers):
        yield f"finds a gain of {percent(there, 0)}", *(str(one.power(there).found) for one in found)
    yield f"a change of {percent(AIM, 0)}, at once", *(str(one.one_batch_only.found) for one in found)
    yield f"a gain of {percent(AIM, 0)} is known to", *(_half(one.power(AIM).width) for one in found)
    yield "fits per attempt", *(str(one.fits) for one in found)
    yield "seconds per attempt", *(f"{one.seconds:.1f}" for one in found)


def _half(width: float | None) -> str:
    return "–" if width is None else f"± {percent(width / 2)}"


# --- for a program ----------------------------------------------------------------------------------------------


def data(found: Simulation) -> dict[str, Any]:
    """Returns the same as plain values."""
    past = found.replay
    return {
        "policy": dict(found.policy),
        "notes": list(found.notes),
        "replay": {**encode(past), "sentence": report.sentence(past, found.threshold)},
        "calibration": {
            "rounds": found.rounds,
            "thresholds": [_calibration(one) for one in found.calibrations],
            "sentences": report.sentences(found.calibrations, found.threshold, found.confidence),
        },
    }


def _calibration(one: Calibration) -> dict[str, Any]:
    return {
        "threshold": one.threshold,
        "unchanged": _power(one.unchanged),
        "no_better": _rate(one.no_better),
        "power": [_power(power) for power in one.powers],
        "sudden": _power(one.one_batch_only),
        "fits": one.fits,
        "seconds": round(one.seconds, 3),
    }


def _power(one: Power) -> dict[str, Any]:
    return {
        "gain": one.true_gain, "promoted": _rate(one.found), "measured": one.measured, "interval_width": one.width,
        "verdicts": dict(one.verdicts),
    }  # fmt: skip


def _rate(one: Proportion) -> dict[str, Any]:
    share = one.share if one.of else None
    return {"hits": one.hits, "of": one.of, "share": share, "low": one.interval.low, "high": one.interval.high}
