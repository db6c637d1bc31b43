"""Data that git does not track are private: canaries in them are looked for in everything that leaves the machine.

The places are the rows of the table in docs/privacy.md.
"""

from __future__ import annotations

import io
import pickle
import random
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import joblib
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.processes import keeper
from service.state import ServiceState
from tests.scenarios.world import STATE, Run, World

PAGE = Path(__file__).parents[2] / "docs/privacy.md"
FOLDER = "fetched"
SETTINGS = {
    "data_path": FOLDER, "untracked": "true", "target": "verdict", "slices": "town", "max_quarantine": "0.5",
    "dashboard": "true",
}  # fmt: skip

# What each canary is, by how it is planted. A number is looked for by its first five digits.
WORDS = {
    "Quuxville": "a category", "Zanzitown": "a category", "Nowhereham": "an unknown category",
    "passedly": "a label", "failedly": "a label", "perhapsly": "an unknown label",
    "manyquark": "text among numbers", "Unreadabull": "a cell of a malformed file",
    "headerlesson": "a cell in place of a header",
    "dozzes": "a column's name that is a typing error", "sidecolumn": "a column that one file has",
}  # fmt: skip
NUMBERS = {
    "0.0173951": "the smallest value", "61.83917": "the largest value", "5.917384": "a frequent value",
    "48213.7719": "the value of a constant column", "99917.385": "a value far out of range",
    "355.04304": "a value in another unit",
}  # fmt: skip
HEAD = "doses,rig,town,verdict"
PUBLIC = ("doses", "patient-quincy")  # the name of a feature and of a file: the page says that they leave


# --- the data ---------------------------------------------------------------------------------------------------


def good(rng: random.Random, place: int) -> str:
    rows = []
    for row in range(8):
        doses = rng.choice(["5.917384", f"{rng.uniform(0.5, 11):.6f}"])
        if place == 1 and row < 2:
            doses = ("0.0173951", "61.83917")[row]
        likely = "passedly" if float(doses) + rng.gauss(0, 0.8) > 5.5 else "failedly"
        rows.append(f"{doses},48213.7719,{rng.choice(['Quuxville', 'Zanzitown'])},{likely}")
    return "\n".join([HEAD, *rows, ""])


def bad(rng: random.Random) -> dict[str, str]:
    """A file for each way to be rejected, or to make a sentence that quotes it."""
    usual = [good(rng, 0) for _ in range(9)]
    return {
        "patient-quincy": usual[0].replace("48213.7719", "manyquark", 1),
        "far": re.sub(r"(?m)^[0-9.]+,", "99917.385,", usual[1]),
        "scaled": re.sub(r"(?m)^[0-9.]+,", "355.04304,", usual[2]),
        "unknown": usual[3].replace("Quuxville", "Nowhereham").replace("Zanzitown", "Nowhereham"),
        "label": usual[4].replace("passedly", "perhapsly").replace("failedly", "perhapsly"),
        "malformed": usual[5] + "1,2,3,4,Unreadabull\n",
        "headless": usual[6].replace(HEAD, "1,2,headerlesson,4"),
        "typing-error": usual[7].replace("doses", "dozzes"),
        "wide": "\n".join(f"{line},sidecolumn" for line in usual[8].splitlines()) + "\n",
    }


def workspace(world: World, seed: int) -> Path:
    """A checkout into which an earlier step fetched the data."""
    folder = world.here.workspace()
    (folder / FOLDER).mkdir()
    for batch in range(1, seed + 1):
        rng = random.Random(batch)  # noqa: S311  data, no secret
        files = {f"{batch}-{place}": good(rng, place) for place in range(45)}
        if batch == seed:
            files |= bad(rng)
        for name, text in files.items():
            (folder / FOLDER / f"{name}.csv").write_text(text)
    return folder


# --- what leaves ------------------------------------------------------------------------------------------------


def of_run(run: Run, world: World) -> dict[str, str]:
    """What a run leaves on the runner, and what it sent in requests."""
    sent = [f"{one.method} {one.path}?{one.query}\n{one.body.decode()}" for one in world.exchanges if not one.git]
    return {
        "outputs": "\n".join(run.outputs.values()),
        "summary": run.summary,
        "annotations": "\n".join(line for line in run.log.splitlines() if line.startswith("::")),
        "log": run.log,
        "pull request, comments, dashboard": "\n".join(sent),
    }


def pushed(world: World) -> dict[str, str]:
    """Every object that was pushed, by what it is."""
    listed = world.git.line("cat-file", "--batch-all-objects", "--batch-check").splitlines()
    kinds = {oid: kind for oid, kind, _ in map(str.split, listed)}
    model = world.on("main")
    model_files = {oid for path, oid in model.items() if path.endswith(".pkl")}
    metadata = {oid for path, oid in model.items() if path.endswith("model_metadata.json")}
    journal = {oid for path, oid in world.on(STATE).items()}
    found: dict[str, list[str]] = {}
    for oid, kind in kinds.items():
        place = (
            "model file" if oid in model_files
            else "metadata" if oid in metadata
            else "journal" if oid in journal
            else "other git objects"
        )  # fmt: skip
        content = world.git.run("cat-file", kind, oid)
        if place == "model file":  # it is compressed
            content = pickle.dumps(joblib.load(io.BytesIO(content)))
        found.setdefault(place, []).append(content.decode("utf-8", "replace"))
    return {place: "\n".join(texts) for place, texts in found.items()}


def of_service(world: World, folder: Path) -> Iterator[tuple[str, str]]:
    """What anybody reads who reaches the service."""
    folder.mkdir()
    for name in world.git.line("ls-tree", "--name-only", "main:model").splitlines():
        (folder / name).write_bytes(world.git.read(f"main:model/{name}") or b"")
    config = Config(model_dir=str(folder), every=3600.0, allowed_hosts=("testserver",))
    state = ServiceState(config, keeper.source_of(config))
    with TestClient(create_app(state), raise_server_exceptions=False) as client:
        state.consumer.refresh()
        for path in ("/", "/?doses=x", "/model", "/openapi.json", "/docs", "/readyz"):
            answer = client.get(path)
            assert answer.status_code == 200, answer.text
            yield "service page", answer.text
        for body in ("{}", '{"doses": "x"}', '{"doses": 5, "rig": 5, "town": "x"}', "[", '{"other": 1}'):
            yield "service page", client.post("/predict", content=body).text
        yield "metrics", client.get("/metrics").text


# --- the search -------------------------------------------------------------------------------------------------


def found_in(text: str) -> Iterator[str]:
    """Yields each canary that a text holds: a word anywhere, a number as a number with five of its digits."""
    yield from (f"{word} ({what})" for word, what in WORDS.items() if word.lower() in text.lower())
    for number, what in NUMBERS.items():
        first = re.escape(number[:6])
        if re.search(rf"(?<![0-9A-Za-z.]){first}", text):
            yield f"{number} ({what})"


def leaks(places: Iterable[tuple[str, str]]) -> list[str]:
    return sorted({f"{canary} is in: {place}" for place, text in places for canary in found_in(text)})


def rows_of_the_page() -> dict[str, str]:
    """The table of docs/privacy.md: each place with its cell about data that are not tracked."""
    rows = [line.strip("| \n").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return {row[0].strip(): row[2].strip() for row in rows if len(row) == 3 and row[0] != "where"}


# --- tests ------------------------------------------------------------------------------------------------------


def test_a_canary_is_found_whole_or_as_its_first_digits():
    assert list(found_in("median 48213.8, such as 'quuxville'")) == [
        "Quuxville (a category)",
        "48213.7719 (the value of a constant column)",
    ]
    assert list(found_in("a148213.7 and 0.017 and 61.8")) == []
    for text in bad(random.Random(1)).values():  # noqa: S311
        assert list(found_in(text))


def test_no_cell_of_private_data_leaves(
    make_world: Callable[..., World], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    world = make_world()
    world.commit({"README.md": "A loop over data that are fetched."})
    places: list[tuple[str, str]] = []
    reasons = ""
    for seed in (1, 2):
        run = world.hour(workspace(world, seed), **SETTINGS)
        assert run.code == 0, run.log
        places += of_run(run, world).items()
        reasons += run.log
    assert world.versions, reasons
    objects = pushed(world)
    places += objects.items()
    places += [*of_service(world, tmp_path / "model"), ("service log", caplog.text)]
    shown = {place for place, _ in places}
    hidden = [(place, text) for place, text in places if place != "model file"]
    assert leaks(hidden) == [], "\n".join(leaks(hidden))
    # The search looked at what there is to see: the files were rejected for their cells, and what is public is there.
    assert reasons.count("[private]") >= 4, reasons
    for name in PUBLIC:
        assert any(name in text for _, text in hidden), name
    # What cannot be hidden: the encoder of the model holds its categories, a classifier its labels.
    assert {line.split(" ")[0] for line in leaks([("model file", objects["model file"])])} >= {"Quuxville", "passedly"}
    assert rows_of_the_page().keys() == shown
    assert {place for place, cell in rows_of_the_page().items() if cell != "no cell"} == {"model file"}


def test_a_pattern_of_the_search_is_a_row_of_the_page():
    assert len(rows_of_the_page()) > 8
    with pytest.raises(AssertionError, match="Quuxville"):
        assert leaks([("log", "holds 'Quuxville'")]) == []
