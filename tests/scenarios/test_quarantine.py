"""Bad datasets among good ones: set aside and reported, never counted, never trained on; many of them stop the run."""

from __future__ import annotations

import json

import pytest

from ml_action.commands.demo import corruption
from tests.scenarios.world import STORE, World, drifted, steady

CONFIG = "ml-auto-update.toml"


def broken(seed: int = 5) -> dict[str, str]:
    """Nine datasets of the drifted world, each broken in its own way, by path."""
    return {f"{STORE}/{name}.csv": text for name, text in corruption.corrupted(drifted(9, seed), "score").items()}


def scaled(texts: list[str], factor: float) -> list[str]:
    """The same students with their hours in another unit."""
    found = []
    for text in texts:
        head, *rows = text.strip().split("\n")
        cells = (row.split(",") for row in rows)
        found.append("\n".join([head, *(",".join([f"{float(one) * factor:.4f}", *rest]) for one, *rest in cells), ""]))
    return found


def test_nine_broken_datasets_of_99_are_left_out_and_the_other_ninety_are_promoted(production: World) -> None:
    production.commit(broken())
    production.arrive(drifted(90, 8))
    run = production.hour()
    assert (run.code, run.decision, run.outputs["quarantined"]) == (0, "promote", "9")
    assert production.last.new == 90
    assert production.last.set_aside == 9
    for text in (run.plain_summary, production.pull.body.replace("\\", "")):
        assert "Quarantine: 9 datasets set aside" in text
        for path in broken():
            assert f"`{path}`" in text
    for words in (
        "in-another-unit.csv::set aside: has the column 'score' about ",
        "with-repeated-rows.csv::set aside: repeats",
    ):
        assert words in run.log
    assert "with-a-word.csv,line=" in run.log


def test_what_was_set_aside_is_not_counted_again_and_a_corrected_file_counts(production: World) -> None:
    production.commit(broken())
    production.arrive(drifted(90, 8))
    production.hour()
    assert production.hour().outputs["count"] == "0"
    path = f"{STORE}/with-a-word.csv"
    production.commit({path: drifted(10, 77)[9]})
    assert production.hour().outputs["count"] == "1"


def test_more_bad_datasets_than_max_quarantine_stop_the_run_which_uses_nothing_up(production: World) -> None:
    production.commit(broken())
    production.arrive(drifted(40, 8))
    before = production.git.line("for-each-ref")
    run = production.hour()
    assert (run.code, run.decision, run.outputs["quarantined"]) == (3, "failed", "9")
    assert "9 of 49 new datasets are bad (18.4 %; max-quarantine allows 10.0 %)" in run.reason
    assert "with-repeated-rows.csv" in run.plain_summary
    assert production.git.line("for-each-ref") == before
    production.commit(dict.fromkeys(broken()))
    assert production.hour().decision == "promote"


def test_max_quarantine_is_a_setting_and_two_bad_datasets_never_stop_a_run(production: World) -> None:
    production.commit(broken())
    production.arrive(drifted(40, 8))
    assert production.hour(max_quarantine="0.5").decision == "promote"
    two = dict(list(broken(6).items())[:2])
    production.commit(
        {path.replace("without", "still-without").replace("with-a", "again-with-a"): text for path, text in two.items()}
    )
    run = production.hour(threshold="1")
    assert run.decision == "waiting"
    assert "2 of 2 new datasets are bad" in run.reason


@pytest.mark.parametrize("factor", [60, 1000])
def test_well_formed_files_in_another_unit_are_found(production: World, factor: float) -> None:
    production.arrive(scaled(drifted(4, 3), factor))
    production.arrive(drifted(60, 8))
    run = production.hour()
    assert (run.decision, run.outputs["quarantined"]) == ("promote", "4")
    assert "has the column 'hours_studied' about" in run.plain_summary
    assert "minutes instead of hours" in run.plain_summary or factor == 1000


def test_a_whole_batch_in_another_unit_stops_the_run(production: World) -> None:
    production.arrive(scaled(drifted(60, 8), 60))
    run = production.hour()
    assert (run.code, run.decision) == (3, "failed")
    assert "60 of 60 new datasets are bad" in run.reason


def test_the_very_first_batch_is_judged_against_itself(empty: World) -> None:
    empty.arrive(scaled(steady(3, 3), 60))
    empty.arrive(steady(57, 1))
    run = empty.hour()
    assert (run.decision, run.outputs["quarantined"]) == ("promote", "3")


def test_training_data_that_repeat_rows_of_the_holdout_are_set_aside(production: World) -> None:
    from ml_action.datasets.holdout import in_holdout
    from ml_action.git.registry import read

    history = read(production.git, production.tip("main"), "model")
    assert history
    held = [
        path
        for path, blob in production.on("main").items()
        if path.startswith(STORE) and in_holdout(history.salt, blob, 0.2)
    ]
    taken = production.read(held[0]).decode().strip().split("\n")
    new = drifted(60, 8)
    mixed = [text.rstrip("\n") + "\n" + "\n".join(taken[1:]) + "\n" for text in new[:8]]
    production.arrive([*mixed, *new[8:]])
    run = production.hour(max_quarantine="0.5")
    assert "no model may learn from (holdout): a leak" in run.plain_summary


def test_one_value_outside_the_users_rule_sets_the_dataset_aside(production: World) -> None:
    production.commit({CONFIG: "[contract.hours_studied]\nmin = 0\nmax = 24\n"})
    texts = drifted(60, 8)
    lines = texts[0].strip().split("\n")
    lines[3] = "25" + lines[3][lines[3].index(",") :]
    production.commit({f"{STORE}/long-day.csv": "\n".join(lines) + "\n"})
    production.arrive(texts[1:])
    run = production.hour()
    assert (run.decision, run.outputs["quarantined"]) == ("promote", "1"), run.log
    assert "long-day.csv,line=4::set aside: holds 25" in run.log
    assert "more than max = 24" in run.log


def test_an_invalid_rule_is_reported_with_its_key(production: World) -> None:
    production.commit({CONFIG: '[contract.hours_studied]\nmin = 5\nmax = 3\nunits = "h"\n'})
    run = production.hour()
    assert run.code == 2
    assert "'hours_studied' has an unknown key 'units'" in run.plain_summary
    assert "min is larger than max" in run.plain_summary


def test_the_metadata_of_a_version_hold_the_contract_of_its_data(production: World) -> None:
    contract = production.champion.contract
    assert contract
    assert contract.target == "score"
    assert [item.name for item in contract.columns] == ["score", "hours_studied", "sleep_hours", "attendance", "school"]
    school = contract.profile("school")
    assert school
    assert set(school.categories) == {"town", "village", "online"}
    text = production.read("model/model_metadata.json").decode()
    assert json.loads(text)["versions"][0]["contract"]["target"] == "score"


def test_drift_is_reported_as_an_effect_size_in_outputs_summary_and_pull_request(production: World) -> None:
    production.arrive([text.replace("town", "village") for text in drifted(60, 8)])
    run = production.hour()
    assert json.loads(run.outputs["drifted"]) in (["school"], [])
    assert float(run.outputs["drift"]) > 0.15
    assert "Drift of the new datasets" in run.plain_summary
    assert "| `school` |" in run.plain_summary


def test_drift_starts_the_training_early_and_is_measured_only_once(production: World) -> None:
    usual = {"threshold": "100", "drift_threshold": "40"}
    production.arrive(steady(45, 8))
    run = production.hour(**usual)
    assert (run.decision, run.outputs["count"]) == ("waiting", "45")
    assert "no drift (the largest is" in run.reason
    assert "of it beyond chance)" in run.reason
    assert production.attempts[1:] == ()
    again = production.hour(**usual)
    assert again.decision == "waiting"
    assert "from 40 on drift would, and there is no drift" in again.reason
    assert "reading" not in again.log
    production.arrive([text.replace(",town,", ",village,").replace(",online,", ",village,") for text in drifted(45, 9)])
    run = production.hour(**usual)
    assert run.decision in ("promote", "hold")
    assert json.loads(run.outputs["drifted"]) == ["school"]
    assert production.last.new == 90
    assert "trained early: school drifted" in run.plain_summary


def test_a_source_that_breaks_gradually_stops_the_run_too(production: World) -> None:
    """Each hour brings four datasets in minutes while 36 good ones wait: four are few, all together are many."""
    production.arrive(drifted(36, 8))
    decisions = []
    for hour in range(3):
        production.arrive(scaled(drifted(4, 50 + hour), 60))
        decisions.append(production.hour().decision)
    assert decisions[0] == "waiting"
    assert decisions[-1] == "failed"


def test_what_a_wrong_rule_set_aside_counts_when_the_rule_is_corrected(production: World) -> None:
    production.arrive(drifted(30, 8))
    production.commit({CONFIG: "[contract.hours_studied]\nmax = 8\n"})
    run = production.hour(threshold="25", max_quarantine="1")
    assert run.decision == "waiting"
    assert int(run.outputs["count"]) < 25
    production.commit({CONFIG: "[contract.hours_studied]\nmax = 24\n"})
    assert production.hour(mode="check", threshold="25").outputs["count"] == "30"
    assert production.hour(threshold="25").decision in ("promote", "hold")
    assert production.last.new == 30


def test_a_copy_counts_when_its_original_is_taken_away_before_it_was_counted(production: World) -> None:
    texts = drifted(39, 8)
    head, *rows = texts[0].strip().split("\n")
    production.arrive(texts)
    production.commit({f"{STORE}/zz-sorted.csv": "\n".join([head, *sorted(rows), ""])})
    assert production.hour().outputs["count"] == "39"
    assert production.hour(mode="check").outputs["count"] == "39"
    production.commit({f"{STORE}/batch-2-000.csv": None})
    assert production.hour(mode="check").outputs["count"] == "39"


def test_a_removed_feature_is_no_longer_judged(production: World) -> None:
    production.arrive(scaled(drifted(60, 8), 60))
    assert production.hour().decision == "failed"
    run = production.hour(features="sleep_hours,attendance,school")
    assert run.outputs["quarantined"] == "0"
    assert run.decision != "failed"


def test_one_file_with_a_column_more_does_not_change_what_is_predicted(empty: World) -> None:
    texts = steady(46, 1)
    head, *rows = texts[0].strip().split("\n")
    odd = "\n".join([f"{head},comment", *(f"{row},fine" for row in rows), ""])
    empty.arrive([*texts[1:], odd])
    run = empty.hour()
    assert run.decision == "promote", run.log
    assert empty.champion.target == "score"


def test_drift_is_measured_again_under_another_setting(production: World) -> None:
    usual = {"threshold": "100", "drift_threshold": "40"}
    production.arrive([text.replace(",town,", ",village,").replace(",online,", ",village,") for text in drifted(45, 9)])
    assert production.hour(**usual, drift="0.95").decision == "waiting"
    assert "and there is no drift" in production.hour(**usual, drift="0.95").reason
    assert production.hour(**usual).decision in ("promote", "hold")


def test_a_run_that_finds_nothing_new_to_say_writes_nothing(production: World) -> None:
    production.commit(dict(list(broken().items())[:2]))
    production.arrive(drifted(38, 8))
    assert production.hour().decision == "waiting"
    before = production.git.line("for-each-ref")
    again = production.hour()
    assert (again.decision, again.outputs["count"]) == ("waiting", "38")
    assert "reading" not in again.log
    assert production.git.line("for-each-ref") == before
