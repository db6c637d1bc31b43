"""The picture of a comparison: what it shows, and that it is a picture whatever the figures are."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.records.evaluation import Interval
from ml_action.core.records.policy import Policy
from ml_action.reports import chart
from tests.support.factories import make_comparison

MIXED = tuple((place - 14) / 100 for place in range(41))  # from -14 % to 26 %

WHOLE = """\
gain of each dataset, sorted (share of the champion's error)
   +26 % │                                    ▂▃▅▆█
         │                              ▁▂▄▅▇██████
         │                         ▁▂▄▆▇███████████
         │                    ▁▃▄▆▇████████████████
         │               ▂▃▅▆██████████████████████
     0 % ┼─────────────────────────────────────────
         │███████████▀▀▔
         │█████▀▀▀▔
   -16 % │▀▀▀▔

gain of all: 6.1 % [3.9, 8.4], each end 95 % sure
                                 ├━━━━━━━━━━━●━━━━━━━━━━━┤
          ──┼──┊────────────────────────────────────────────
            0                             ┊ asked for: 0.5 %"""


def draw(gains=MIXED, gain=0.061, low=0.039, high=0.084, policy=None, **changes):
    comparison = make_comparison(gains=gains, gain=gain, gain_interval=Interval(low, high), **changes)
    return chart.gain_chart(comparison, policy or Policy())


def test_the_whole_picture():
    assert draw() == WHOLE


def test_without_gains_there_is_no_picture():
    assert draw(gains=()) == ""
    assert draw(gains=(math.nan, math.nan)) == ""


def test_without_an_interval_there_are_the_bars_alone():
    assert "gain of all" not in draw(gain=math.nan)
    assert "gain of all" not in draw(high=math.inf)
    assert draw(low=math.nan).startswith("gain of each dataset")


def test_gains_alone_need_no_room_below_the_line():
    lines = draw(gains=tuple(place / 100 for place in range(1, 42))).splitlines()
    assert lines[1].startswith("   +41 % │")
    assert lines[9].startswith("     0 % ┼")
    assert lines[10] == ""


def test_losses_alone_need_no_room_above_it():
    lines = draw(gains=tuple(-place / 100 for place in range(1, 42))).splitlines()
    assert lines[1].startswith("     0 % ┼")
    assert lines[9].startswith("   -41 % │█")


def test_the_order_is_that_of_the_gains_whatever_order_they_come_in():
    assert draw(gains=tuple(reversed(MIXED))) == draw()


def test_a_bar_that_would_flatten_all_others_is_cut_and_marked():
    shown = draw(gains=(-900.0, *MIXED[1:-1], 900.0))
    assert "▲" in shown
    assert "▼" in shown
    assert "+26 %" not in shown
    assert "+48 %" in shown


def test_the_dummy_and_groups_of_rows_are_named():
    shown = draw(champion={}, unit="groups of rows")
    assert shown.startswith("gain of each group, sorted (share of the dummy's error)")


@pytest.mark.parametrize(
    ("policy", "legend"),
    [
        (Policy(min_improvement=0.02), "┊ asked for: 2.0 %"),
        (Policy(gate="not-worse", margin=0.03), "┊ asked for: -3.0 %"),
        (Policy(gate="higher"), ""),
        (Policy(min_improvement=0.0), ""),
    ],
)
def test_what_the_gate_asks_for_is_on_the_axis(policy, legend):
    *_, axis, marks = draw(policy=policy).splitlines()
    assert ("┊" in axis) == bool(legend)
    assert marks.replace("0", "", 1).strip() in legend
    assert axis.index("┼") == marks.index("0") or not legend.endswith("2.0 %")


def test_without_a_policy_zero_is_what_is_compared_with():
    assert "┊" not in chart.gain_chart(make_comparison(gains=MIXED), None)


def test_the_interval_lies_right_of_zero_only_when_it_is_above_it():
    def ends(**figures):
        *_, bar, axis, _ = draw(**figures).splitlines()
        return axis.index("┼"), bar.index("├"), bar.index("┤")

    zero, left, right = ends()
    assert zero < left < right
    zero, left, right = ends(gain=0.0, low=-0.01, high=0.01)
    assert left < zero < right
    zero, left, right = ends(gain=-0.2, low=-0.3, high=-0.1)
    assert left < right < zero


any_share = st.floats() | st.floats(-1, 1) | st.sampled_from([0.0, -0.0, 5e-324, 1e308, -1e308])


@given(
    gains=st.lists(any_share, max_size=41), gain=any_share, low=any_share, high=any_share, least=any_share,
    gate=st.sampled_from(["better", "not-worse", "higher"]),
)  # fmt: skip
def test_whatever_the_figures_it_is_a_picture(gains, gain, low, high, least, gate):
    policy = Policy(gate=gate, min_improvement=least, margin=least)
    shown = draw(gains=tuple(gains), gain=gain, low=low, high=high, policy=policy)
    assert bool(shown) == any(map(math.isfinite, gains))
    assert "`" not in shown
    for line in shown.splitlines():
        assert len(line) <= chart.WIDTH
        assert all(sign == " " or unicodedata.category(sign)[0] in "LNPS" for sign in line)
