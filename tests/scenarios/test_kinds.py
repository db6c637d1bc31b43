"""Data as people write them, through the whole loop: words, codes, dates that change their form, a row of units."""

from __future__ import annotations

import io
import random
from datetime import date, timedelta

import joblib
import pandas as pd

from tests.scenarios.world import World

FILES = 60


def texts(seed: int, header: str, row, rows: int = 6) -> list[str]:
    """Returns files of rows that are made by a random number generator."""
    rng = random.Random(seed)  # noqa: S311  no secret
    return [header + "\n" + "".join(row(rng) + "\n" for _ in range(rows)) for _ in range(FILES)]


def promoted(world: World, content: list[str], **settings: str):
    """Returns the model that is promoted for these files."""
    world.arrive(content)
    run = world.hour(**settings)
    assert run.decision == "promote", run.log
    return joblib.load(io.BytesIO(world.read(f"model/{world.champion.file}")))


def test_a_class_called_none_is_a_class(empty: World) -> None:
    def row(rng: random.Random) -> str:
        sleep = rng.uniform(4, 9)
        return f"{sleep:.2f},{'None' if sleep > 6 else rng.choice(['Insomnia', 'Apnea'])}"

    model = promoted(empty, texts(1, "sleep,disorder", row), target="disorder")
    assert sorted(model.classes_) == ["Apnea", "Insomnia", "None"]
    assert model.predict(pd.DataFrame({"sleep": [8.5]})).tolist() == ["None"]


def test_codes_are_kept_to_the_last_character(empty: World) -> None:
    prices = {"01067": 80, "04109": 10, "10115": 40}

    def row(rng: random.Random) -> str:
        code = rng.choice(list(prices))
        return f"{code},{rng.uniform(1, 9):.2f},{prices[code] + rng.uniform(0, 1):.2f}"

    empty.commit({"ml-auto-update.toml": '[contract.zip]\ntype = "text"\n'})
    model = promoted(empty, texts(2, "zip,size,price", row), target="price")
    found = model.predict(pd.DataFrame({"zip": ["01067", "04109"], "size": [5.0, 5.0]}))
    assert abs(found - [80, 10]).max() < 2


def test_dates_in_another_form_are_read_as_before(empty: World) -> None:
    def sold(form: str):
        def row(rng: random.Random) -> str:
            days = rng.randrange(1000)
            return f"{(date(2021, 1, 1) + timedelta(days)).strftime(form)},{days + rng.uniform(0, 5):.2f}"

        return row

    promoted(empty, texts(3, "sold,price", sold("%Y-%m-%d")), target="price")
    empty.arrive(texts(4, "sold,price", sold("%d/%m/%Y")))
    run = empty.hour(target="price")
    assert run.outputs["quarantined"] == "0", run.log
    assert empty.last.new == FILES
    assert (run.decision, empty.champion.contract.profile("sold").forms) in (
        ("hold", ("ISO",)), ("reject", ("ISO",)), ("promote", ("ISO", "%d/%m/%Y")),
    )  # fmt: skip


def test_a_row_of_units_makes_no_classes_of_numbers(empty: World) -> None:
    def row(rng: random.Random) -> str:
        heat, wind = rng.uniform(0, 30), rng.uniform(0, 15)
        return f"{heat:.1f},{wind:.1f},{5 * wind - 0.3 * heat + rng.uniform(0, 1):.1f}"

    content = texts(5, "temp,wind,power\ndegC,m/s,kW", row)
    model = promoted(empty, content, target="power")
    assert not hasattr(model[-1], "classes_")
    assert abs(model.predict(pd.DataFrame({"temp": [10.0], "wind": [8.0]}))[0] - 37.5) < 1
