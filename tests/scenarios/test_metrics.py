"""What a model is judged by, through the whole loop: several targets, weights, metrics of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ml_action.core.errors import SettingsError
from tests.scenarios.world import Started, World, drifted, steady

ASKED = {"target": 'score,"rest, in h"', "weight": "count", "features": "hours_studied,attendance"}


def widened(texts: Iterable[str]) -> list[str]:
    """One more target, whose name has a comma in it, and how many students a row represents."""
    found = []
    for text in texts:
        head, *rows = text.splitlines()
        cells = [row.split(",") for row in rows]
        more = [f"{row},{24 - float(cell[0]) - float(cell[1]):.2f},{1 + n % 4}" for n, (row, cell) in enumerate(
            zip(rows, cells, strict=True)
        )]  # fmt: skip
        found.append("\n".join([f'{head},"rest, in h",count', *more]) + "\n")
    return found


def test_several_targets_and_weights_from_the_first_model_to_the_next(empty: World) -> None:
    empty.arrive(widened(steady(60, 1)))
    run = empty.hour(threshold="40", autonomy="merge", **ASKED)
    assert run.decision == "promote", run.log
    champion = empty.champion
    assert champion.outputs == ("score", "rest, in h")
    assert champion.features == ("hours_studied", "attendance")
    assert champion.weight == "count"
    assert "| weight of a row | `count` |" in empty.read("model/v1.md").decode()
    assert champion.contract is not None
    assert champion.contract.outputs == champion.outputs
    assert json.loads(empty.read("model/model_metadata.json"))["versions"][0]["target"] == 'score,"rest, in h"'
    # what is left open is as it was
    empty.arrive(widened(drifted(60, 2)))
    run = empty.hour(threshold="40", autonomy="merge", weight="count")
    assert run.decision == "promote", run.log
    assert empty.versions == ["v1", "v2"]
    assert empty.champion.outputs == champion.outputs
    # one of them alone is another question
    empty.arrive(widened(drifted(60, 3)))
    run = empty.hour(threshold="40", target="score", weight="count")
    assert run.decision == "incomparable"
    assert "predicts 'score,\"rest, in h\"', the settings ask for 'score'" in run.plain_summary


def test_a_dataset_with_a_bad_weight_is_set_aside_with_its_line(empty: World) -> None:
    texts = widened(steady(45, 1))
    texts[3] = texts[3].replace(",1\n", ",-1\n", 1)
    texts[4] = "\n".join(line.rpartition(",")[0] for line in texts[4].splitlines()) + "\n"
    empty.arrive(texts)
    run = empty.hour(threshold="40", **ASKED)
    assert "holds a weight below zero (-1) in the column 'count'" in run.plain_summary
    assert "lacks the column 'count'" in run.plain_summary
    assert empty.last.datasets + empty.last.set_aside <= 45


def test_rows_are_the_unit_of_several_targets_too(empty: World) -> None:
    head, *_ = widened(steady(1, 1))[0].splitlines()
    rows = [row for text in widened(steady(60, 1)) for row in text.splitlines()[1:]]
    empty.commit({"data/new_data/all.csv": "\n".join([head, *rows]) + "\n"})
    run = empty.hour(threshold="200", unit="rows", autonomy="merge", **ASKED)
    assert run.decision == "promote", run.log
    assert empty.champion.outputs == ("score", "rest, in h")


def test_a_metric_in_the_workspace_is_not_imported(production: World, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w')\ndef profit(y_true, y_pred):\n    return 1.0\n"
    production.commit({"mymetrics.py": code, "sklearn/metrics.py": code})
    production.arrive(drifted(45, 8))
    state = production.state.commit
    for path, message in (
        ("mymetrics.profit", "the package 'mymetrics' is not installed"),
        ("sklearn.metrics.profit", "no scorer"),
    ):
        run = Started(production.job(metric=path)).wait()
        assert (run.code, run.decision) == (SettingsError.exit_code, "failed")
        assert message in run.plain_summary
    assert not mark.exists()
    assert production.state.commit == state


def test_a_wrong_guardrail_stops_the_run_before_anything_is_trained(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(guardrails='{"neg_mean_absolut_error": 0.01}')
    assert (run.code, run.decision) == (SettingsError.exit_code, "failed")
    assert "Did you mean 'neg_mean_absolute_error'" in run.plain_summary
    assert "fit:" not in run.log
    assert len(production.attempts) == 1


def test_a_function_of_a_library_decides(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(metric="sklearn.metrics.mean_pinball_loss", guardrails='{"sklearn.metrics.max_error": 0.5}')
    assert run.decision == "promote", run.log
    assert production.last.metric == "sklearn.metrics.mean_pinball_loss"
    assert production.last.improvement is not None
    assert production.last.improvement > 0


def test_the_class_that_counts_is_named_for_labels_of_words(empty: World) -> None:
    texts = []
    for text in steady(60, 1):
        head, *rows = text.splitlines()
        place = head.split(",").index("score")
        cells = [row.split(",") for row in rows]
        texts.append("\n".join([head, *(",".join([*one[:place], "yes" if float(one[place]) > 55 else "no",
                                                  *one[place + 1 :]]) for one in cells)]) + "\n")  # fmt: skip
    empty.arrive(texts)
    run = empty.hour(threshold="40", autonomy="merge", target="score", metric="f1")
    assert run.code == SettingsError.exit_code
    assert "Set `positive` to the class that counts" in run.log
    run = empty.hour(threshold="40", autonomy="merge", target="score", metric="f1", positive="no")
    assert run.decision == "promote", run.log
    assert empty.champion.metric == "f1(pos_label='no')"
    assert 0.5 < empty.champion.scores["f1(pos_label='no')"] <= 1
