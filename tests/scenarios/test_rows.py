"""One file that grows: rows are counted, judged and held out, and git is asked only for what changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenarios.world import STORE, World, drifted, steady

LOG = f"{STORE}/log.csv"
ROWS = {"unit": "rows", "threshold": "300"}


def rows(texts: list[str]) -> list[str]:
    return [row for text in texts for row in text.splitlines()[1:]]


def file(lines: list[str]) -> str:
    return "\n".join(["hours_studied,sleep_hours,attendance,school,score", *lines]) + "\n"


@pytest.fixture
def growing(empty: World) -> tuple[World, list[str]]:
    """A repository with one growing file, and v1 in production."""
    lines = rows(steady(30, 1))
    empty.commit({LOG: file(lines)})
    run = empty.hour(**ROWS)
    assert (run.decision, run.outputs["count"]) == ("promote", str(len(lines))), run.log
    return empty, lines


def test_the_first_rows_train_v1_which_is_judged_on_groups_of_rows(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    assert "new groups of rows" in world.last.reason
    assert world.last.new == len(lines)
    assert world.champion.rows + 0 < len(lines)  # some are held out
    assert world.hour(**ROWS).reason.startswith("waiting 0/300 rows")


def test_appended_rows_are_counted_and_the_others_are_not(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    world.commit({LOG: file(lines + rows(drifted(5, 3))[:40])})
    run = world.hour(**ROWS)
    assert (run.decision, run.outputs["count"]) == ("waiting", "40")
    assert "260 more new rows start a training" in run.reason


def test_enough_appended_rows_of_a_drifted_world_are_promoted(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    more = rows(drifted(40, 3))
    world.commit({LOG: file(lines + more)})
    run = world.hour(**ROWS)
    assert (run.decision, run.outputs["count"]) == ("promote", str(len(more))), run.reason
    assert world.last.new == len(more)
    assert "groups of rows" in world.pulls[-1].body
    assert world.versions == ["v1", "v2"]


def test_rows_in_another_order_are_the_same_rows(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    world.commit({LOG: file(lines[::-1])})
    run = world.hour(**ROWS)
    assert run.decision == "waiting", run.reason  # git counts them; read, they are the same
    assert "waiting 0/300 rows" in run.reason
    assert "529 of 529 new rows counted before" in run.reason
    assert "nothing until more datasets arrive" in run.plain_summary


def test_a_bad_row_is_left_out_by_its_line_and_the_rest_of_its_file_counts(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    more = rows(drifted(40, 3))
    world.commit({LOG: file([*lines, "many,7,0.8,town,60", *more])})
    run = world.hour(**ROWS)
    assert run.decision == "promote", run.log
    assert f"log.csv,line={len(lines) + 2}::set aside: holds text ('many')" in run.log
    assert "1 bad rows were left out" in run.plain_summary
    assert world.state.set_aside == ()


def test_many_bad_rows_stop_the_run(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    world.commit({LOG: file(lines + ["many,7,0.8,town,60"] * len(lines))})
    run = world.hour(**ROWS)
    assert (run.code, run.decision) == (3, "failed")
    assert "rows are bad (max-quarantine allows 10.0 %)" in run.reason


def test_the_rows_of_a_file_that_was_moved_and_edited_are_the_same_rows(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    world.commit({LOG: None, f"{STORE}/moved.csv": file([*lines, *rows(drifted(5, 3))[:40]])})
    run = world.hour(**ROWS)
    assert run.decision == "waiting", run.reason  # git counts all of them; read, most are known
    assert "waiting 40/300 rows" in run.reason


def test_rows_are_not_counted_again_when_the_data_path_becomes_a_list(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    world.commit({LOG: file([*lines, *rows(drifted(5, 3))[:40]]), "data/more/other.csv": file(rows(steady(1, 9))[:5])})
    run = world.hour(**ROWS, data_path=f"{STORE}, data/more")
    assert run.decision == "waiting", run.reason
    assert "waiting 45/300 rows" in run.reason


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (lambda text: text + "1,2,3,4,5,6,7\n", ""),
        (lambda text: text.replace("hours_studied", "hours", 1), "lacks the column 'hours_studied'"),
    ],
)
def test_a_known_file_that_broke_stops_the_run_until_it_is_corrected(
    empty: World, broken: Callable[[str], str], reason: str
) -> None:
    lines, second = rows(steady(15, 1)), f"{STORE}/second.csv"
    others, more = rows(steady(15, 2)), rows(drifted(40, 3))
    empty.commit({LOG: file(lines), second: file(others)})
    assert empty.hour(**ROWS).decision == "promote"
    seen = empty.state.data
    empty.commit({LOG: file(lines + more), second: broken(file(others))})
    run = empty.hour(**ROWS, max_quarantine="1")
    assert (run.code, run.decision) == (3, "failed"), run.reason
    assert f"{second} can no longer be used" in run.reason
    assert reason in run.reason
    assert (empty.state.data, empty.state.set_aside) == (seen, ())
    empty.commit({second: file(others)})
    run = empty.hour(**ROWS)
    assert (run.decision, run.outputs["count"]) == ("promote", str(len(more))), run.reason


def test_an_added_file_that_is_broken_is_set_aside_and_its_rows_count_when_it_is_corrected(
    growing: tuple[World, list[str]],
) -> None:
    world, lines = growing
    more, late = rows(drifted(40, 3)), rows(drifted(3, 5))
    world.commit({LOG: file(lines + more), f"{STORE}/late.csv": file(late).replace("score", "result", 1)})
    world.hour(**ROWS)
    assert world.last.new == len(more)
    assert [item.path for item in world.state.set_aside] == [f"{STORE}/late.csv"]
    world.commit({f"{STORE}/late.csv": file(late)})
    assert world.hour(**ROWS).outputs["count"] == str(len(late))


def test_rows_that_repeat_each_other_count_in_an_edited_file(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    more = lines[:310]  # appended once more: it happened again
    world.commit({LOG: file(lines + more)})
    run = world.hour(**ROWS)
    assert run.outputs["count"] == "310", run.reason
    assert run.decision in ("hold", "reject", "promote"), run.reason


def test_old_bad_rows_are_reported_once_and_always_left_out(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    more, again = rows(drifted(40, 3)), rows(drifted(40, 4))
    lines = [*lines, "many,7,0.8,town,60", *more]
    world.commit({LOG: file(lines)})
    assert "set aside: holds text ('many')" in world.hour(**ROWS).log
    world.commit({LOG: file([*lines, "few,7,0.8,town,60", *again])})
    run = world.hour(**ROWS)
    assert "('many')" not in run.log
    assert f"log.csv,line={len(lines) + 2}::set aside: holds text ('few')" in run.log
    assert "1 bad rows were left out" in run.plain_summary
    assert world.last.new == len(again)


def test_the_share_of_bad_rows_is_of_the_new_ones(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    bad = [f"many,7,0.8,town,{n}" for n in range(60)]
    world.commit({LOG: file(lines + bad)})
    assert len(bad) < 0.15 * len(lines)
    run = world.hour(**{**ROWS, "threshold": "60"})
    assert (run.code, run.decision) == (3, "failed"), run.reason
    assert run.reason.startswith("60 of 60 new rows are bad (max-quarantine allows 10.0 %)")


def test_a_file_with_the_rows_of_another_is_a_copy_where_rows_count(growing: tuple[World, list[str]]) -> None:
    world, lines = growing
    more = rows(drifted(5, 3))[:40]
    world.commit({f"{STORE}/sorted.csv": file(sorted(lines)), f"{STORE}/longer.csv": file(lines + more)})
    run = world.hour(**ROWS)
    assert run.decision == "waiting", run.reason
    assert "waiting 40/300 rows" in run.reason
    assert f"{2 * len(lines):,} of {2 * len(lines) + 40:,} new rows counted before" in run.reason
    assert "sorted.csv::set aside: holds the same rows as data/new_data/log.csv" in run.log


def test_rows_of_an_added_file_count_although_old_rows_equal_them(empty: World) -> None:
    def month(first: int, flipped: int) -> str:
        lines = [
            f"{n % 4},{n % 3},{'no' if (n % 4 > 1) == bool(flipped) else 'yes'}" for n in range(first, first + 300)
        ]
        return "\n".join(["visits,plan,churn", *lines]) + "\n"

    settings = {**ROWS, "target": "churn"}
    empty.commit({f"{STORE}/may.csv": month(0, 0)})
    assert empty.hour(**settings).outputs["count"] == "300"
    empty.commit({f"{STORE}/june.csv": month(5, 0).replace("yes", "no", 30)})
    assert empty.hour(**settings).outputs["count"] == "300"


def test_files_of_one_row_are_trained_on_and_copies_of_them_are_reported(empty: World) -> None:
    def reading(n: int) -> str:
        return f"temperature,open,load\n{20 + n % 8},{n % 2},{40 + 3 * (n % 8) + 5 * (n % 2)}\n"

    empty.commit({f"{STORE}/{n:04}.csv": reading(n) for n in range(120)})
    run = empty.hour(threshold="100")
    assert (run.decision, run.outputs["count"]) == ("promote", "120"), run.reason
    assert "112 of 120 files have a content that was there: each holds one row" in run.plain_summary
    assert empty.champion.rows > 60
    empty.commit({f"{STORE}/again/{n:04}.csv": reading(n) for n in range(100)})
    run = empty.hour(threshold="100")
    assert run.reason.startswith("waiting 0/100"), run.reason
    assert "100 of 100 files have a content that was there: copies do not count" in run.plain_summary
