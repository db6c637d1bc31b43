"""Datasets that are copies, damaged, or not what they seem: counted as what they are, and never twice."""

from __future__ import annotations

import random

from tests.scenarios.world import STORE, World, drifted, steady


def reordered(text: str, seed: int) -> str:
    head, *rows = text.splitlines()
    random.Random(seed).shuffle(rows)  # noqa: S311  an order, no secret
    return "\n".join([head, *rows]) + "\n"


def with_columns_turned(text: str) -> str:
    return "\n".join(",".join(reversed(row.split(","))) for row in text.splitlines()) + "\n"


def respelled(text: str) -> str:
    """The same numbers in another spelling."""
    head, *rows = text.splitlines()
    cells = (row.split(",") for row in rows)
    return "\n".join([head, *(",".join([f"{float(cell[0]):.4e}", *cell[1:]]) for cell in cells)]) + "\n"


def without_target(text: str) -> str:
    return "\n".join(row.rpartition(",")[0] for row in text.splitlines()) + "\n"


BAD = {
    "a copy of an old one in another order": (lambda text: reordered(steady(1, 1)[0], 3), "holds the same rows as"),
    "a copy of a new one in another order": (lambda text: reordered(drifted(2, 8)[1], 3), "holds the same rows as"),
    "a copy in other columns' order": (lambda text: with_columns_turned(drifted(2, 8)[1]), "holds the same rows as"),
    "a copy with numbers spelled otherwise": (lambda text: respelled(drifted(2, 8)[1]), "holds the same rows as"),
    "without the target": (without_target, "lacks the column 'score'"),
    "with text among numbers": (lambda text: text.replace("\n", "\nmany,7,0.8,town,60\n", 1), "holds text ('many')"),
    "with ragged rows": (lambda text: text + "1,2,3,4,5,6,7\n", ""),
    "with infinity": (lambda text: text + "1,7,0.8,town,inf\n", "infinite"),
    "empty": (lambda text: "", ""),
    "not text at all": (lambda text: "\x00\x01PK\x03\x04", ""),
}


def test_bad_datasets_of_every_kind_are_set_aside_with_reasons_and_never_counted(production: World) -> None:
    """38 sound ones and all kinds of bad ones: enough files, too few datasets."""
    good = drifted(48, 8)
    production.arrive(good[:38])
    made = {f"{STORE}/zz-{n}.csv": make(good[40]) for n, (make, _) in enumerate(BAD.values())}
    production.commit(made)
    run = production.hour(max_quarantine="1")
    assert (run.code, run.decision, run.outputs["count"]) == (0, "waiting", "38")
    assert run.outputs["quarantined"] == str(len(BAD))
    recorded = {item.path: item for item in production.state.set_aside}
    assert set(recorded) == set(made)
    for path, (_, reason) in zip(made, BAD.values(), strict=True):
        assert reason in recorded[path].reason, path
        assert path in run.summary
        assert f"file={path}" in run.log or "others, which the report lists" in run.log
    assert "a corrected file counts as new" in run.plain_summary
    assert len(production.attempts) == 1
    assert production.calls == []

    before = production.state.commit
    again = production.hour()
    assert (again.decision, again.outputs["count"], again.outputs["quarantined"]) == ("waiting", "38", "0")
    assert production.state.commit == before
    check = production.hour(mode="check")
    assert (check.outputs["count"], check.outputs["ready"]) == ("38", "false")

    names = list(made)
    production.commit({names[8]: good[46], names[9]: good[47]})  # two of them corrected
    run = production.hour()
    assert (run.decision, run.outputs["count"]) == ("promote", "40")
    assert production.last.new == 40
    assert production.versions == ["v1", "v2"]


def test_renamed_and_copied_files_are_not_new(production: World) -> None:
    first = f"{STORE}/batch-1-000.csv"
    text = production.read(first)
    renames = {f"{STORE}/batch-1-{n:03}.csv": f"{STORE}/archive/{n:03}.csv" for n in range(1, 45)}
    production.commit({f"{STORE}/copy-{n}.csv": text for n in range(50)}, moves=renames)
    run = production.hour()
    assert (run.decision, run.outputs["count"]) == ("waiting", "0")
    assert "94 renamed or copied" in run.summary


def test_the_same_new_content_under_many_names_is_one_dataset(production: World) -> None:
    (text,) = drifted(1, 8)
    production.commit({f"{STORE}/same-{n}.csv": text for n in range(60)})
    assert production.hour().outputs["count"] == "1"


def test_an_edited_dataset_counts_and_its_old_content_is_no_longer_trained_on(production: World) -> None:
    texts = drifted(45, 8)
    production.commit({f"{STORE}/batch-1-{n:03}.csv": text for n, text in enumerate(texts)})
    run = production.hour()
    assert run.outputs["count"] == "45"
    assert production.last.datasets <= 45


def test_removed_datasets_are_neither_new_nor_trained_on(production: World) -> None:
    production.commit({f"{STORE}/batch-1-{n:03}.csv": None for n in range(40)})
    run = production.hour()
    assert (run.decision, run.outputs["count"]) == ("waiting", "0")
    production.arrive(drifted(45, 8))
    production.hour()
    assert production.last.datasets < 50


def test_files_that_are_no_datasets_do_not_count(production: World) -> None:
    production.commit({f"{STORE}/note-{n}.txt": f"{n}" for n in range(50)} | {"elsewhere/a.csv": "a,b\n1,2\n"})
    assert production.hour().outputs["count"] == "0"


def test_odd_file_names_are_counted_and_shown_safely(production: World) -> None:
    names = ("ümläut ☃.csv", 'quo"te.csv', "new\nline.csv", "-dash.csv", "::error::x.csv", "UPPER.CSV", "a,b;c$d`e.csv")
    texts = drifted(47, 8)
    production.arrive(texts[:40])
    quoted = ('"' + f"{STORE}/{name}".replace('"', '\\"').replace("\n", "\\n") + '"' for name in names)
    production.commit(dict(zip(quoted, map(without_target, texts[40:]), strict=True)))
    run = production.hour(autonomy="report", max_quarantine="1")
    assert (run.outputs["count"], run.outputs["quarantined"]) == ("47", "7")
    assert {item.path for item in production.state.set_aside} == {f"{STORE}/{name}" for name in names}
    assert [line for line in run.log.splitlines() if line.startswith("::error")] == []


def test_when_nothing_can_be_read_the_run_fails_with_the_first_reason(empty: World) -> None:
    empty.arrive(["" for _ in range(1)])
    empty.commit({f"{STORE}/{n}.csv": f"\x00{n}" for n in range(45)})
    run = empty.hour()
    assert (run.code, run.decision) == (3, "failed")
    assert "none of the 46 datasets can be read" in run.plain_summary
    assert not empty.tip("ml-auto-update/model/state")


def test_a_git_lfs_pointer_is_reported_as_one(empty: World) -> None:
    empty.arrive(steady(45, 1))
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
    empty.commit({f"{STORE}/large.csv": pointer})
    run = empty.hour()
    assert (run.code, run.outputs["quarantined"]) == (0, "1")
    assert "Git LFS pointer" in run.plain_summary
    assert "lfs: true" in run.log


def test_datasets_that_one_run_set_aside_cost_the_next_no_training(production: World) -> None:
    """Setting aside is recorded like everything else: a second look at the same files costs no second training."""
    production.arrive([without_target(text) for text in drifted(45, 8)])
    run = production.hour(max_quarantine="1")
    assert (run.decision, run.outputs["count"], run.outputs["quarantined"]) == ("waiting", "0", "45")
    before = production.git.line("for-each-ref")
    assert production.hour().outputs["count"] == "0"
    assert production.git.line("for-each-ref") == before


def test_datasets_set_aside_under_a_wrong_setting_are_used_again_under_the_right_one(production: World) -> None:
    """The settings name a column that only the newest datasets have; the next commit reverts that."""
    production.arrive(drifted(45, 8))
    production.commit({f"{STORE}/wide-{n}.csv": widened(text) for n, text in enumerate(drifted(45, 24))})
    features = "hours_studied, sleep_hours, attendance, school"
    run = production.hour(features=f"{features}, mood", threshold="40", max_quarantine="1")
    assert run.outputs["quarantined"] == "90"
    production.arrive(drifted(45, 31))
    run = production.hour(features=features)
    assert run.decision in ("hold", "promote")
    assert run.outputs["quarantined"] == "0"
    assert production.last.datasets > 100  # of 180, a fifth of them held out: the 90 are trained on again


def test_a_wrong_setting_that_makes_most_datasets_bad_stops_the_run_and_uses_nothing_up(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.commit({f"{STORE}/wide-{n}.csv": widened(text) for n, text in enumerate(drifted(45, 24))})
    run = production.hour(features="hours_studied, sleep_hours, attendance, school, mood")
    assert (run.code, run.decision) == (3, "failed")
    assert "45 of 90 new datasets are bad" in run.reason
    assert production.state.set_aside == ()
    assert production.hour(features="hours_studied, sleep_hours, attendance, school").decision == "promote"
    assert production.last.new == 90


def widened(text: str) -> str:
    head, *rows = text.splitlines()
    return "\n".join([f"mood,{head}", *(f"{len(row) % 7},{row}" for row in rows)]) + "\n"
