"""The sentences about a simulation, its timeline, and the recommendation. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist

from ml_action.commands.simulate.rates import CONFIDENCE
from ml_action.commands.simulate.results import AIM, Calibration, Replay, Round
from ml_action.core.formatting import count_of, percent, percents
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Interval

SIGNS = {
    Verdict.PROMOTE: "▲",
    Verdict.HOLD: "○",
    Verdict.REJECT: "✕",
    Verdict.REVIEW: "?",
    Verdict.INCOMPARABLE: "?",
    Verdict.FAILED: "!",
}
DONE = {
    Verdict.PROMOTE: "promoted",
    Verdict.HOLD: "held",
    Verdict.REJECT: "rejected",
    Verdict.REVIEW: "for a person to review",
    Verdict.INCOMPARABLE: "incomparable",
    Verdict.FAILED: "stopped by bad datasets",
}
STEP = 4  # columns of a round in the timeline
ENOUGH = 0.8  # how often a threshold is to find the gain that it is for
HARM = 0.05  # the largest share of promotions that may be no gain
CALLS = (str(Verdict.REVIEW), str(Verdict.INCOMPARABLE), str(Verdict.FAILED))  # for a person
OFTEN = 0.05
LESS = 0.1  # by how much a share has to be smaller to be mentioned
COLUMNS = 21  # of an interval's picture


# --- the replay -------------------------------------------------------------------------------------------


def sentence(replay: Replay, threshold: int) -> str:
    """Returns `14 attempts: 3 promoted, 10 held, 1 for a person to review; v3 is in place, 12 of 200 new ones wait`."""
    waits = f"{replay.waiting} of {threshold} new ones wait"
    if not replay.rounds:
        return f"no attempt: {waits}"
    by_verdict = Counter(one.verdict for one in replay.rounds)
    verdicts = ", ".join(f"{by_verdict[verdict]} {word}" for verdict, word in DONE.items() if by_verdict[verdict])
    version = replay.rounds[-1].version
    attempts = count_of(len(replay.rounds), "attempts")
    return f"{attempts}: {verdicts}; {f'{version} is' if version else 'no version is'} in place, {waits}"


def day(time: str) -> str:
    """Returns the day of a time; a dash if it is not known."""
    return time[:10] or "–"


def gain(one: Round) -> str:
    """Returns the gain as `6.1 % [3.9, 8.4]`."""
    return "–" if one.gain is None or one.interval is None else f"{percent(one.gain)} {percents(one.interval)}"


def timeline(rounds: Sequence[Round], width: int) -> list[str]:
    """Returns the rounds on as many lines as it takes, with the versions above and the days below."""
    each = max(1, (width - 2) // STEP)
    parts = [rounds[start : start + each] for start in range(0, len(rounds), each)]
    lines = [line for part in parts for line in _part_of_timeline(part)]
    return [*lines, _legend(rounds)] if rounds else []


def _part_of_timeline(rounds: Sequence[Round]) -> list[str]:
    names = "".join(f"{one.version if one.verdict is Verdict.PROMOTE else '':<{STEP}}" for one in rounds)
    signs = "".join(f"{SIGNS[one.verdict]:─<{STEP}}" for one in rounds)
    first, last = day(rounds[0].time), day(rounds[-1].time)
    room = STEP * (len(rounds) - 1) - len(first)
    days = f"{first}{' ' * max(1, room)}{last}" if first != last else first
    return [f"  {line.rstrip()}" for line in (names, signs, "" if days == "–" else days) if line.strip()]


def _legend(rounds: Sequence[Round]) -> str:
    met = {one.verdict for one in rounds}
    return "  " + "   ".join(f"{SIGNS[verdict]} {word}" for verdict, word in DONE.items() if verdict in met)


def scale(rounds: Sequence[Round]) -> float:
    """Returns the largest gain or loss that a picture has to show. Gains over the dummy are not shown."""
    ends = [
        abs(end) for one in rounds if one.champion and one.interval for end in (one.interval.low, one.interval.high)
    ]
    return max(filter(math.isfinite, ends), default=0.0)


def picture(one: Round, most: float) -> str:
    """Returns the gain in its interval, around the line of no gain: `    │  ├─●─┤`."""
    if one.gain is None or one.interval is None:
        return ""
    if not one.champion:
        return "of the dummy's error"
    ends = (one.interval.low, one.gain, one.interval.high)
    if most <= 0 or not all(map(math.isfinite, ends)):
        return ""
    low, point, high = (_column(value, most) for value in ends)
    cells = [" "] * COLUMNS
    cells[COLUMNS // 2] = "│"
    cells[low : high + 1] = ["─"] * (high + 1 - low)
    cells[low], cells[high], cells[point] = "├", "┤", "●"
    return "".join(cells).rstrip()


def _column(value: float, most: float) -> int:
    return min(COLUMNS - 1, max(0, round((1 + value / most) * (COLUMNS - 1) / 2)))


def remarks(rounds: Sequence[Round], most: int = 5) -> list[str]:
    """Returns the reasons of the rounds that ended neither in a promotion nor in a hold."""
    odd = [one for one in rounds if one.verdict not in (Verdict.PROMOTE, Verdict.HOLD)]
    lines = [f"round {one.number}, {one.verdict}: {one.reason}" for one in odd[:most]]
    return [*lines, f"… and {len(odd) - most} more"] if len(odd) > most else lines


# --- the calibration --------------------------------------------------------------------------------------


def sentences(found: Sequence[Calibration], threshold: int, confidence: float) -> list[str]:
    """Returns the sentences about a policy with this threshold and confidence."""
    if not found:
        return []
    texts = (recommendation(found, threshold, confidence), caution(found, threshold), disturbance(found, threshold))
    return [text for text in texts if text]


def recommendation(found: Sequence[Calibration], threshold: int, confidence: float = CONFIDENCE) -> str:
    """Returns which threshold these figures recommend."""
    enough = [one for one in found if _finds(one, AIM) and not _harms(one)]
    if not enough:
        return _none(found[-1], confidence)
    best = enough[0]
    finer = next(((one, there) for one in enough for there in _finer(one)), None)
    also = f" {finer[0].threshold} would find {_gain(finer[1])} too." if finer and finer[0] is not best else ""
    return f"{_advice(best.threshold, threshold)} {_performance(best)}.{also}"


def caution(found: Sequence[Calibration], threshold: int) -> str:
    """Returns how often a change is found that only one batch shows, if that is less often; else nothing."""
    one = _nearest(found, threshold)
    if not one.one_batch_only.found.of or one.one_batch_only.found.share > one.power(AIM).found.share - LESS:
        return ""
    share = percent(one.one_batch_only.found.share, 0)
    return (
        f"A change of the world by as much, which nothing but the last {one.threshold} datasets show, is found at once "
        f"in {share}: a challenger learns from all datasets, and takes it up by degrees."
    )


def disturbance(found: Sequence[Calibration], threshold: int) -> str:
    """Returns how often a user has to look although nothing changed, if that is often; else nothing."""
    one = _nearest(found, threshold)
    others = {name: count for name, count in one.unchanged.verdicts.items() if name in CALLS}
    share = sum(others.values()) / (one.unchanged.found.of or 1)
    if share < OFTEN:
        return ""
    return (
        f"Where nothing changed, {percent(share, 0)} of the batches of {one.threshold} end with {' or '.join(others)}: "
        "a person would have to look."
    )


def _nearest(found: Sequence[Calibration], threshold: int) -> Calibration:
    """Returns the calibration that is nearest to the user's threshold."""
    return min(found, key=lambda one: (abs(one.threshold - threshold), one.threshold))


def _advice(best: int, threshold: int) -> str:
    if best == threshold:
        return f"The threshold of {threshold} is right:"
    if best < threshold:
        return f"A threshold of {best} would be enough, in place of {threshold}:"
    return f"A threshold of {best} would be better than {threshold}:"


def _performance(one: Calibration) -> str:
    found, harm = one.power(AIM).found, one.no_better
    harmless = f", and promotes nothing that is no gain in {percent(1 - harm.share, 0)}" if harm.of else ""
    return (
        f"with {one.threshold} new datasets this policy finds a gain of {_gain(AIM)} in {percent(found.share, 0)} of "
        f"the cases {_range(found.interval)}{harmless}"
    )


def _none(largest: Calibration, confidence: float) -> str:
    """Returns what the largest threshold reaches where none is good enough, and what would help."""
    if not largest.power(AIM).found.of:
        return f"No change of the target makes a gain of {_gain(AIM)} here, so that what it would find is unknown."
    if _harms(largest):
        harm = percent(largest.no_better.share, 0)
        return (
            f"No threshold is right for this policy: with {largest.threshold} new datasets it promotes what is no gain "
            f"in {harm} of the cases. Raise `confidence`, or choose the gate `better`."
        )
    needed = _needed(largest, confidence)
    hint = f" By the width of its intervals it would take about {needed}: try --thresholds {needed}." if needed else ""
    return f"None of these thresholds is enough: {_performance(largest)}.{hint}"


def _needed(one: Calibration, confidence: float) -> int:
    """Returns about how many datasets would find the gain, or 0: widths of intervals go with the root of that number.

    The gain is found where it lies half a width above zero, and by the part of a width that chance takes once in five.
    """
    half, sure = (one.power(AIM).width or 0.0) / 2, NormalDist().inv_cdf(confidence)
    if sure <= 0:
        return 0
    wanted = one.threshold * (half * (1 + NormalDist().inv_cdf(ENOUGH) / sure) / AIM) ** 2
    return int(round(wanted, -1 if wanted < 1000 else -2)) if wanted > one.threshold else 0


def _finds(one: Calibration, there: float) -> bool:
    return any(power.true_gain == there and power.found.of and power.found.share >= ENOUGH for power in one.powers)


def _harms(one: Calibration) -> bool:
    """Whether it certainly promotes too much that is no gain: a few draws show little."""
    return one.no_better.interval.low > HARM


def _finer(one: Calibration) -> list[float]:
    """Returns the gains below the aim that it finds."""
    return [power.true_gain for power in one.powers if power.true_gain < AIM and _finds(one, power.true_gain)]


def _gain(share: float) -> str:
    return percent(share, 0)


def _range(interval: Interval) -> str:
    return f"[{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


# --- how long ---------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Returns `about 40 s`, `about 4 min`, `about 2 h`."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 90 * 60 else f"about {seconds / 3600:.1f} h"
