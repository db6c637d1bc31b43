"""Model files in which every type is named: the same bytes, the same predictions, and trusted types only."""

from __future__ import annotations

import io
import json
import operator
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from ml_action.core.errors import ModelError
from ml_action.core.records.model import Recipe
from ml_action.modelling.training import model_file, pipeline, skops_file
from ml_action.modelling.training.model_file import ModelFormat

SKOPS = ModelFormat("skops")
TREE = "sklearn.tree._tree.Tree"
PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
FRAME = pd.DataFrame(
    {
        "hours": [1.0, None, 3.0, 4.5] * 10,
        "school": ["town", "country", None, "town"] * 10,
        "when": ["2024-01-01", "2024-02-03T10:11:12+02:00", None, "no date"] * 10,
        "score": [50.0, 60.0, 55.0, 70.0] * 10,
    }
)
FRAME.loc[:, "when"] = ["2024-01-01", "2024-02-03T10:11:12+02:00", None, "3024-05-05"] * 10


def fitted(estimator: str = "sklearn.linear_model.Ridge", **params: object) -> Pipeline:
    """Returns a pipeline like the loop's, of numbers, categories and dates."""
    features = ("hours", "school", "when")
    recipe = Recipe("score", features, "regression", estimator, params, "r2", 0)
    return pipeline.build_pipeline(recipe, pipeline.kinds(FRAME, features), FRAME).fit(
        FRAME[list(features)], FRAME["score"]
    )


def rewritten(data: bytes, change: object) -> bytes:
    """Returns a skops file with another schema."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == "schema.json" else content)  # type: ignore[operator]
    return buffer.getvalue()


def test_pipeline_of_the_loop_needs_no_list_and_predicts_the_same() -> None:
    model = fitted()
    data, digest = model_file.dump(model, SKOPS)
    again = model_file.load(data, digest, form=SKOPS)
    assert np.array_equal(again.predict(FRAME), model.predict(FRAME))
    assert model_file.types_of(data, SKOPS) == (
        "numpy.asarray", "numpy.dtype", "operator.methodcaller", "pandas.to_datetime",
    )  # fmt: skip
    assert not data.startswith(b"\x80")


def test_same_model_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = f"from {__name__} import *; sys.stdout.write(model_file.dump(fitted(), SKOPS).sha256)"
    path = str(Path(__file__).parents[4])
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True, text=True, check=True, cwd=tmp_path,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }  # fmt: skip
    assert digests == {model_file.dump(fitted(), SKOPS).sha256}
    with zipfile.ZipFile(io.BytesIO(model_file.dump(fitted(), SKOPS).content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("model", "types"),
    [
        (RandomForestRegressor(2, random_state=0), (TREE,)),
        (HistGradientBoostingRegressor(max_iter=2), (PREDICTOR,)),
    ],
)
def test_untrusted_types_are_named_with_the_setting_that_trusts_them(model: object, types: tuple[str, ...]) -> None:
    rows = np.arange(60.0).reshape(-1, 2)
    model.fit(rows, rows.sum(axis=1))  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match=f"contains untrusted types: {types[0]}") as caught:
        model_file.dump(model, SKOPS)
    assert caught.value.fix.endswith(f"trusted-types: {types[0]}")
    data, digest = model_file.dump(model, ModelFormat("skops", types))
    with pytest.raises(ModelError, match="untrusted types"):
        model_file.load(data, digest, form=SKOPS)
    again = model_file.load(data, digest, form=ModelFormat("skops", types))
    assert np.array_equal(again.predict(rows), model.predict(rows))  # type: ignore[attr-defined]


EVIL = [
    operator.methodcaller("eval", "__import__('os').system('true')"),
    operator.methodcaller("to_pickle", "/tmp/x"),  # noqa: S108
    operator.methodcaller("apply", eval),
    operator.methodcaller("astype", int),
    operator.attrgetter("__class__"),
    operator.itemgetter(0),
]


@pytest.mark.parametrize("call", EVIL, ids=str)
def test_unknown_call_is_not_trusted_for_its_type(call: object) -> None:
    model = Pipeline([("ours", FunctionTransformer(pipeline.TO_FLOAT)), ("evil", FunctionTransformer(call))])
    with pytest.raises(ModelError, match=r"untrusted types: (.*, )?operator\."):
        model_file.dump(model, SKOPS)


def test_disguised_file_is_rejected_before_anything_is_created(tmp_path: Path) -> None:
    mark = tmp_path / "canary"

    def evil(schema: bytes) -> bytes:
        original = json.loads(schema)
        call = {"__class__": "mkdir", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1}
        node = {
            "__class__": "str",
            "__module__": "builtins",
            "__loader__": "JsonNode",
            "content": f'"{mark}"',
            "__id__": 2,
        }
        args = {
            "__class__": "tuple",
            "__module__": "builtins",
            "__loader__": "TupleNode",
            "content": [node],
            "__id__": 3,
        }
        state = {"__class__": "dict", "__module__": "builtins", "__loader__": "JsonNode", "content": "{}", "__id__": 4}
        return json.dumps(
            {
                "protocol": original["protocol"], "_skops_version": original["_skops_version"],
                "__class__": "partial", "__module__": "functools", "__loader__": "PartialNode", "__id__": 5,
                "content": {"func": call, "args": args, "kwds": state, "namespace": state},
            }
        ).encode()  # fmt: skip

    data = rewritten(model_file.dump(Ridge(), SKOPS).content, evil)
    with pytest.raises(ModelError, match=r"os\.mkdir|posix\.mkdir"):
        model_file.load(data, __import__("hashlib").sha256(data).hexdigest(), form=SKOPS)
    assert not mark.exists()


def test_pickle_in_place_of_a_skops_file_is_not_unpickled(tmp_path: Path) -> None:
    data, digest = model_file.dump(Ridge())
    with pytest.raises(ModelError, match="cannot be loaded: BadZipFile"):
        model_file.load(data, digest, form=SKOPS)
    with pytest.raises(ModelError, match="cannot be loaded"):
        model_file.load(*model_file.dump(Ridge(), SKOPS))


def test_model_that_skops_cannot_write_is_an_error() -> None:
    with pytest.raises(ModelError, match="cannot be written as a skops file") as caught:
        model_file.dump(FunctionTransformer(n for n in ()), SKOPS)  # type: ignore[arg-type]
    assert "model-format: pickle" in caught.value.fix


def test_calls_of_the_pipeline_survive_the_file() -> None:
    calls = skops_file.load(skops_file.dump(list(pipeline.CALLS)))
    assert [str(call) for call in calls] == [str(call) for call in pipeline.CALLS]


@pytest.mark.parametrize(
    ("file", "form"), [("v2.skops", "skops"), ("v1.pkl", "pickle"), ("v1.skops.pkl", "pickle"), ("skops", "pickle")]
)
def test_name_of_a_file_determines_its_format(file: str, form: str) -> None:
    assert model_file.format_of(file, ("a.B",)) == ModelFormat(form, ("a.B",))
