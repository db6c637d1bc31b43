"""A few hostile datasets (`fuzz.py` has thousands), and any bytes and any text for the two edges that untrusted data
meets: the reader and the report.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml_action.commands.data import report as data_report
from ml_action.commands.data.findings import DatasetFinding, FindingStatus, Inspection
from ml_action.core.log import PlainLog
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.core.records.evaluation import Check, Decision, GuardrailResult, Screening, SliceResult
from ml_action.core.records.policy import Policy
from ml_action.git import lfs
from ml_action.loop.gate import decide
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.limits import ReadLimits
from ml_action.modelling.training.recipe import resolve_recipe
from ml_action.modelling.validation import datasets as validation
from ml_action.modelling.validation import rows as rowchecks
from ml_action.modelling.validation.requirements import Requirements
from ml_action.reports import pages
from ml_action.reports.render.markdown import render
from ml_action.reports.summary import summary
from ml_action.runtime import actions
from ml_action.runtime.actions import ActionsLog
from tests.fuzzing import fuzz
from tests.support import benign_files, hostile_files
from tests.support.factories import (
    make_attempt,
    make_comparison,
    make_evidence,
    make_outcome,
    make_settings,
    make_trial,
    make_version,
)

FILES, SEED = 400, 20261123
WHOLE = hostile_files.WHOLE
PLAYED = ("champion", "rows", "strange target")


# --- the whole way --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    root = tmp_path_factory.mktemp("bases")
    return {champion: fuzz.make_repository(root / str(champion), champion=champion) for champion in (False, True)}


@pytest.mark.parametrize("scenario", PLAYED)
def test_hostile_files_through_the_door(bases: dict[bool, Path], tmp_path: Path, scenario: str) -> None:
    number = PLAYED.index(scenario)
    size = FILES // len(PLAYED)
    files = list(islice(hostile_files.files(FILES, SEED), number * size, (number + 1) * size))
    batch = fuzz.prepare(bases, tmp_path / "batch", number, files, scenario)
    fuzz.play(batch, fuzz.outside)
    assert batch.faults == []
    assert batch.reasons


def test_the_same_seed_makes_the_same_files() -> None:
    assert list(hostile_files.files(70, 3)) == list(hostile_files.files(70, 3))
    assert list(hostile_files.files(70, 3)) != list(hostile_files.files(70, 4))


def test_a_few_files_of_ten_thousand_columns_make_no_table_of_all_of_them() -> None:
    """A hundred thousand columns, side by side, none of which can be used."""
    rng = random.Random(1)
    wide = [",".join(f"c{n}_{place}" for place in range(9000)) + "\n" + "1," * 8999 + "1\n" for n in range(12)]
    texts = [*wide, *(hostile_files.sound(rng) for _ in range(60))]
    table, set_aside = read(*(("x.csv", text.encode()) for text in texts))
    assert not set_aside
    assert len(table.datasets) == len(texts)
    assert len(table.frame.columns) == len(hostile_files.COLUMNS)
    assert table.has("c3_5").sum() == 1


def test_a_column_that_a_setting_names_is_read_however_few_files_have_it() -> None:
    wide = [",".join(f"c{n}_{place}" for place in range(9000)) + "\n" + "1," * 8999 + "1\n" for n in range(12)]
    datasets = [Dataset(f"{n}.csv", str(n)) for n in range(12)]
    rows = [f"{text}{text.splitlines()[1]}\n".encode() * 1 for text in wide]
    tall = "a\n" + "1\n" * 2000
    table, _ = frames.read([*datasets, Dataset("tall.csv", "tall")], [*rows, tall.encode()], required=["c3_5", "a"])
    assert set(table.frame.columns) == {"c3_5", "a"}


def sound_table(*more: str) -> frames.Table:
    rng = random.Random(1)
    return read(*(("x.csv", text.encode()) for text in [*(hostile_files.sound(rng) for _ in range(60)), *more]))[0]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("1e308", "too large to calculate with (1e+308)"),
        ("1e149", "too large to calculate with"),
        ("inf", "infinite number"),
    ],
)
def test_one_number_that_nothing_can_be_calculated_with_stops_no_training(number: str, reason: str) -> None:
    """Its square is infinite: means, variances and errors of the whole column would be."""
    table = sound_table(f"{WHOLE}1,7,{number},town,60\n2,7,0.5,town,60\n")
    _, set_aside = validation.validate(table, Requirements(("score",)))
    assert [item.line for item in set_aside] == [2]
    assert reason in set_aside[0].reason


def test_one_infinite_number_among_words_is_left_out_of_rows() -> None:
    table = sound_table(f"{WHOLE}inf,7,0.5,town,60\nfoo,7,0.5,town,60\n1,7,0.5,town,60\n")
    rows, _, reported, bad, _ = rowchecks.validate_rows(table, Requirements(("score",)))
    assert bad == len(reported) == 2
    assert rows.frame["hours_studied"].max() < 100


@pytest.mark.parametrize(
    "more",
    [
        ("18446744073709551615", "-1", "absent"),  # no type holds both numbers; the word makes objects of all
        ("true", "false"),
    ],
)
def test_one_file_of_another_type_makes_no_classes_of_a_number_target(more: tuple[str, ...]) -> None:
    table = sound_table(*(f"{WHOLE}1,7,0.5,town,{target}\n2,7,0.6,town,{target}\n" for target in more))
    recipe = resolve_recipe(table, make_settings(target=("score",)).training)
    assert recipe.task == "regression"
    sound, _ = validation.validate(table, Requirements(("score",), recipe.features))
    assert sound.frame["score"].dtype == "float64"


def test_looking_for_near_names_takes_no_minutes() -> None:
    """Files of thousands of columns, none of which is one of thousands of features."""
    head = ",".join(f"feature_{place}" for place in range(1500))
    texts = [f"{head},score\n" + f"{number}," * 1500 + f"{number}\n" for number in range(9)]
    texts += [head.replace("feature", "Merkmal") + "\n" + "1," * 1499 + f"{number}\n" for number in range(3)]
    table, _ = read(*(("x.csv", text.encode()) for text in texts))
    begun = time.perf_counter()
    _, set_aside = validation.validate(table, Requirements(("score",)))
    assert len(set_aside) == 3
    assert time.perf_counter() - begun < 20  # four minutes, once


# --- the reader -----------------------------------------------------------------------------------------------------

SOUND = hostile_files.sound(random.Random(7)).encode()
PARQUET = hostile_files.packed(hostile_files.sound_parquet(random.Random(7)))
csv_bytes = st.text(st.sampled_from("".join({*hostile_files.SOUP[0:40]} | {"\n", '"', ",", "\r"})), max_size=60).map(
    str.encode
)
any_bytes = (
    st.binary(max_size=300) | csv_bytes | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
)


@st.composite
def spoiled(draw: st.DrawFn, good: bytes) -> bytes:
    """Good bytes with a few of them replaced, or cut off."""
    content = bytearray(good[: draw(st.integers(1, len(good)))] if draw(st.booleans()) else good)
    for place, value in draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=6)):
        content[place] = value
    return bytes(content)


def read(*files: tuple[str, bytes]) -> tuple[frames.Table, tuple[RejectedDataset, ...]]:
    datasets = [Dataset(path, str(number)) for number, (path, _) in enumerate(files)]
    return frames.read(datasets, [content for _, content in files], ReadLimits(50, 10_000))


def assert_a_table_or_a_reason(path: str, content: bytes) -> None:
    """Among sound neighbours, which come out as they are, whatever is between them."""
    table, set_aside = read(("a.csv", SOUND), (path, content), ("b.csv", SOUND.replace(b".", b"1.")))
    assert len(table.datasets) + len(set_aside) == 3
    assert {"0", "2"} <= {dataset.blob for dataset in table.datasets}
    assert len(table.frame) == table.counts.sum()
    for item in set_aside:
        assert item.reason.isprintable()
        assert 3 < len(item.reason) < 400
        assert item.line >= 0
    first = table.frame.loc[table.cluster == 0, hostile_files.COLUMNS].reset_index(drop=True)
    alone = pd.read_csv(io.BytesIO(SOUND))
    assert first.astype("str").to_numpy().tolist() == alone.astype(first.dtypes).astype("str").to_numpy().tolist()


@given(any_bytes | spoiled(SOUND))
@settings(max_examples=150)
@example(b"score\n::error::x\n")
@example(lfs.PREFIX + b"v1\n")
def test_any_bytes_as_csv(content: bytes) -> None:
    assert_a_table_or_a_reason("x.csv", content)


@given(any_bytes | any_bytes.map(gzip.compress) | spoiled(gzip.compress(SOUND, mtime=0)))
@settings(max_examples=80)
def test_any_bytes_as_gzip(content: bytes) -> None:
    assert_a_table_or_a_reason("x.csv.gz", content)


@given(any_bytes | spoiled(PARQUET) | any_bytes.map(lambda content: b"PAR1" + content + b"PAR1"))
@settings(max_examples=40)
def test_any_bytes_as_parquet(content: bytes) -> None:
    assert_a_table_or_a_reason("x.parquet", content)


# --- messages -------------------------------------------------------------------------------------------------------

any_text = st.text(max_size=80) | st.lists(st.sampled_from(hostile_files.STRANGE), max_size=4).map("".join)
any_text |= st.text("<>&@#|`*_[]()!~$:-\\ \n\r\twx.a1/", max_size=40)
DECIDED = decide(make_comparison(), Policy(0.95, 0.005))


@given(any_text, any_text, any_text)
@example("0.", "1. x", " 2.")
@settings(max_examples=150)
def test_no_markup_of_any_text_survives_on_a_page(reason: str, path: str, column: str) -> None:
    aside = (RejectedDataset(path, "1", reason, 3), RejectedDataset(reason, "2", path))
    decision = Decision(Verdict.INCOMPARABLE, reason, (Check(f"slice {column}", False, path),), column)
    comparison = make_evidence(
        challenger={"r2": 0.1, column: 0.2}, slices=(SliceResult(column, path, 41, -0.1, True),),
        guardrails=(GuardrailResult(reason, 0.01, -5.2, -5.0, 0.04, 0.3),),
    )  # fmt: skip
    screening = Screening(9, 1, (RejectedDataset(column, "3", path),), (reason,), (column,))
    trial = make_trial(notes=(reason,), comparison=comparison, screening=screening)
    attempt = make_attempt(
        reason=reason, run_url="https://github.com/octo/students/actions/runs/7", comparison=comparison,
        decision=decision, screening=screening, forced=column or path, notes=(path,), policy=Policy(),
    )  # fmt: skip
    version = make_version(target=column, features=(column, path), estimator=path, params={column: reason})
    outcome = make_outcome(
        reason=reason, next_step=path, decision=decision, trial=trial, attempt=attempt, set_aside=aside,
        notes=(reason,), publication=None,
    )  # fmt: skip
    assert [*benign_files.page_faults(render(summary(outcome)))] == []
    assert [*benign_files.page_faults(render(pages.pull_request(version, attempt, trial, decision, aside)))] == []
    assert [*benign_files.page_faults(render(pages.model_card(version, attempt, trial, DECIDED)))] == []
    explained = pages.explanation(replace(attempt, policy=Policy(gate=column), run_url=path), None)
    assert [*benign_files.page_faults(render(explained))] == []
    judged = Inspection(
        (
            DatasetFinding(path, "1", FindingStatus.BAD, reason, 3),
            DatasetFinding(reason, "2", FindingStatus.COPY, column),
        ),
        column,
    )
    page = data_report.comment(judged, "c" * 40, attempt.run_url).replace("<sub>", "").replace("</sub>", "")
    assert [*benign_files.page_faults(page)] == []


@given(any_text, any_text)
@settings(max_examples=200)
def test_no_text_starts_a_workflow_command(text: str, path: str) -> None:
    stream = io.StringIO()
    log = ActionsLog(stream)
    log.warn(text, path=path, line=2)
    log.error(text)
    log.info(text)
    faults = [
        fault for fault in benign_files.log_faults(stream.getvalue()) if fault.startswith(("a command", "an unmeant"))
    ]
    assert faults == []


@given(any_text)
def test_no_file_name_is_obeyed_by_a_terminal(path: str) -> None:
    for make in (ActionsLog, PlainLog):
        stream = io.StringIO()
        make(stream).warn("set aside: is empty", path=path, line=1)
        assert [fault for fault in benign_files.log_faults(stream.getvalue()) if "unprintable" in fault] == []


@given(st.dictionaries(st.sampled_from(["reason", "decision", "drifted"]), any_text, min_size=1))
def test_outputs_read_back(values: dict[str, str]) -> None:
    written = actions.outputs_text(values).encode("utf-8", "replace").decode()
    found = benign_files.outputs_of(written)
    assert set(found) == set(values)
    ends = re.compile("\r\n")
    assert {name: ends.sub("\n", text) for name, text in values.items() if text.isprintable()} == {
        name: found[name] for name, text in values.items() if text.isprintable()
    }


# --- the watchers see -----------------------------------------------------------------------------------------------


def seen(find: Callable[[str], object], text: str) -> bool:
    return bool([*find(text)])  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "line",
    [
        "::notice::x", " ::error::x", "a\r::add-mask::x", "x ##[group]y", "\u2028::warning::x", "::stop-commands::x",
        "::warning title=a::x", "\x1b[31mred", "a\u202eb", "Traceback (most recent call last):", "x" * 20_000,
    ],
)  # fmt: skip
def test_a_wild_log_is_seen(line: str) -> None:
    assert seen(benign_files.log_faults, f"reading\n{line}\n")
    assert not seen(benign_files.log_faults, "reading\n::warning file=a b.csv,line=3::set aside%0A  Why\nnext\n")


@pytest.mark.parametrize(
    "text",
    [
        "<b>x</b>", "a @octocat", "see www.evil.example", "[a](https://evil.example)", "![a](b)", "# x", "x\n===",
        "| a |\n|---|\n| b |", "| | |\n|---|---|\n| a | b | c |", "*x*", "~~x~~", "> x", "1. x", "```\nx\n```",
        "fixes #1", "https://evil.example", "a@evil.example", "a\u202eb", "---", "<!-- x -->", "<https://evil.example>",
    ],
)  # fmt: skip
def test_a_wild_page_is_seen(text: str) -> None:
    assert seen(benign_files.page_faults, f"## ⏳ waiting: 1 of 2\n\n{text}\n")
    assert not seen(
        benign_files.page_faults,
        "## ⏳ waiting: 1 of 2\n\n**Next:** nothing `<b>` `@x`\n\n| | |\n|---|---|\n| a | b |\n",
    )


@pytest.mark.parametrize(
    "text", ["reason=x\n", "reason<<E\nx\n", "evil<<E\nx\nE\n", "", "decision<<E\nE\ndecision<<E\nE\n"]
)
def test_wild_outputs_are_seen(text: str) -> None:
    assert seen(benign_files.output_faults, text)
