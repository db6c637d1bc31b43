from dataclasses import replace

import pytest

from ml_action.commands.simulate import report
from ml_action.commands.simulate.rates import Proportion
from ml_action.commands.simulate.results import AIM, GAINS, Calibration, Power, Replay, Round
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Interval


def a_round(number=1, verdict=Verdict.HOLD, *, gain=0.05, champion="v1", version="v1", time="2026-03-01T00:00:00Z"):
    interval = None if gain is None else Interval(gain - 0.03, gain + 0.02)
    return Round(number, time, 200, 400, verdict, "because", gain, interval, champion, version)


PAST = [
    a_round(1, Verdict.PROMOTE, champion="", gain=0.6, time="2026-01-01T00:00:00Z"),
    a_round(2),
    a_round(3, Verdict.REJECT, gain=-0.1),
    a_round(4, Verdict.REVIEW, gain=None),
    a_round(5, Verdict.PROMOTE, version="v2", time="2026-06-01T00:00:00Z"),
]


# --- the replay ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rounds", "waiting", "text"),
    [
        (PAST[:2], 9, "2 attempts: 1 promoted, 1 held; v1 is in place, 9 of 200 new ones wait"),
        (PAST[2:4], 9, "2 attempts: 1 rejected, 1 for a person to review; v1 is in place, 9 of 200 new ones wait"),
        ([a_round(version="")], 0, "1 attempt: 1 held; no version is in place, 0 of 200 new ones wait"),
        ([], 150, "no attempt: 150 of 200 new ones wait"),
    ],
)
def test_replay_in_one_sentence(rounds, waiting, text):
    assert report.sentence(Replay(tuple(rounds), waiting, 900, 3), 200) == text


def test_timeline_shows_versions_signs_and_days():
    assert report.timeline(PAST, 100) == [
        "  v1              v2",
        "  ▲───○───✕───?───▲───",
        "  2026-01-01      2026-06-01",
        "  ▲ promoted   ○ held   ✕ rejected   ? for a person to review",
    ]


def test_long_timeline_has_many_lines_and_no_line_for_unknown_days():
    rounds = [a_round(number, time="") for number in range(1, 8)]
    assert report.timeline(rounds, 14) == ["  ○───○───○───", "  ○───○───○───", "  ○───", "  ○ held"]
    assert report.timeline([], 80) == []
    assert report.day("") == "–"


def test_gain_is_drawn_in_its_interval():
    most = report.scale(PAST)
    assert most == pytest.approx(0.13)
    assert report.picture(PAST[1], most) == "          │ ├─●┤"
    assert report.picture(PAST[2], most) == "├─●─┤     │"
    assert report.picture(PAST[0], most) == "of the dummy's error"
    assert report.picture(PAST[3], most) == ""
    assert report.gain(PAST[2]) == "-10.0 % [-13.0, -8.0]"
    assert report.gain(PAST[3]) == "–"
    assert report.scale([PAST[0]]) == 0


def test_infinite_gain_is_not_drawn():
    endless = a_round(gain=float("inf"))
    assert report.scale([endless, *PAST]) == report.scale(PAST)
    assert report.picture(endless, 0.1) == ""


def test_unusual_verdicts_are_listed_with_their_reasons():
    assert report.remarks(PAST) == ["round 3, reject: because", "round 4, review: because"]
    assert report.remarks([a_round(n, Verdict.FAILED) for n in range(9)])[5:] == ["… and 4 more"]


# --- the calibration ----------------------------------------------------------------------------------------


def rate(share, of=40):
    return Proportion(round(share * of), of)


def figures(threshold, *found, harm=0.0, sudden=1.0, of=40):
    width = 1.0 / threshold**0.5
    powers = tuple(Power(gain, rate(share, of), gain, width, {}) for gain, share in zip(GAINS, found, strict=True))
    null = Power(0.0, rate(harm), 0.0, width, {})
    return Calibration(threshold, null, rate(harm), powers, Power(AIM, rate(sudden), AIM, width, {}), 6, 0.5)


WEAK, FAIR, STRONG = figures(50, 0.1, 0.5, 0.9), figures(100, 0.4, 0.925, 1.0), figures(200, 0.9, 1.0, 1.0)


def test_smallest_threshold_that_finds_the_gain_is_recommended():
    assert report.recommendation([WEAK, FAIR, STRONG], 200) == (
        "A threshold of 100 would be enough, in place of 200: with 100 new datasets this policy finds a gain of 5 % in "
        "92 % of the cases [80, 97], and promotes nothing that is no gain in 100 %. 200 would find 2 % too."
    )
    assert report.recommendation([WEAK, FAIR], 100).startswith("The threshold of 100 is right: with 100 new")
    assert report.recommendation([WEAK, FAIR], 50).startswith("A threshold of 100 would be better than 50: with 100")
    assert "would find" not in report.recommendation([STRONG], 200)


def test_without_a_sufficient_threshold_the_largest_is_described():
    sentence = report.recommendation([WEAK], 50)
    assert sentence.startswith(
        "None of these thresholds is enough: with 50 new datasets this policy finds a gain of 5 %"
    )
    assert "its intervals it would take about 230: try --thresholds 230" in sentence
    assert "would take" not in report.recommendation([figures(900, 0, 0.5, 0.9)], 50)  # the intervals are narrow enough
    assert "would take" not in report.recommendation([WEAK], 50, confidence=0.5)  # they have no width


def test_threshold_with_too_many_useless_promotions_is_ruled_out():
    assert "100 would be enough" in report.recommendation([figures(100, 0.5, 0.9, 1.0, harm=0.075)], 200)
    sentence = report.recommendation([figures(100, 0.5, 0.9, 1.0, harm=0.5)], 200)
    assert sentence.startswith(
        "No threshold is right for this policy: with 100 new datasets it promotes what is no gain in 50 %"
    )


def test_recommendation_without_a_possible_gain():
    assert report.recommendation([figures(100, 0, 0, 0, of=0)], 100).startswith("No change of the target makes a gain")


def test_sudden_change_is_mentioned_if_it_is_found_less_often():
    slow = figures(100, 0.4, 0.9, 1.0, sudden=0.3)
    assert "which nothing but the last 100 datasets show, is found at once in 30 %" in report.caution(
        [slow, STRONG], 120
    )
    assert report.caution([FAIR], 100) == ""
    assert report.caution([figures(100, 0, 0.35, 1.0, sudden=0.3)], 100) == ""


def test_false_alarms_are_mentioned_if_they_are_frequent():
    calm = figures(100, 0.4, 0.9, 1.0)
    loud = replace(calm, unchanged=replace(calm.unchanged, verdicts={"hold": 34, "review": 5, "failed": 1}))
    assert report.disturbance([loud], 100).startswith(
        "Where nothing changed, 15 % of the batches of 100 end with review or"
    )
    assert report.disturbance([calm], 100) == ""
    assert len(report.sentences([loud], 100, 0.95)) == 2
    assert report.sentences([], 100, 0.95) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "about 1 s"), (40, "about 40 s"), (200, "about 3 min"), (9000, "about 2.5 h")],
)
def test_duration_in_words(seconds, text):
    assert report.duration(seconds) == text
