"""A model file is verified before it is unpickled."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
import warnings

import pytest
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import InconsistentVersionWarning

from ml_action.core.errors import ModelError
from ml_action.modelling.training import library_versions, model_file

CALLS = []


class Canary:
    """Records that it is unpickled."""

    def __reduce__(self):
        return (_record_call, ())


class Broken:
    """Cannot be unpickled."""

    def __reduce__(self):
        return (_raise, ("no such\nmodule",))


class OldModel:
    """Unpickles with scikit-learn's version warning, twice, and another warning."""

    def __reduce__(self):
        return (_warn, ())


def _record_call():
    CALLS.append("unpickled")


def _raise(text):
    raise AttributeError(text)


def _warn():
    for _ in range(2):
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name="Ridge", current_sklearn_version="1.9.1", original_sklearn_version="1.2.0"
            ),
            stacklevel=1,
        )
    return "the model"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_model_survives_writing_and_loading():
    model = DummyRegressor().fit([[0], [1]], [1.0, 3.0])
    data, digest = model_file.dump(model)
    assert digest == sha256(data)
    assert model_file.load(data, digest).predict([[0]])[0] == 2
    assert model_file.load(data, digest.upper()).predict([[0]])[0] == 2
    assert model_file.dump(model) == (data, digest)


def test_nothing_is_unpickled_before_the_digest_is_verified():
    data = pickle.dumps(Canary())
    CALLS.clear()
    for wrong in ("0" * 64, "", "☃", sha256(data)[:-1]):
        with pytest.raises(ModelError, match="sha256"):
            model_file.load(data, wrong)
    assert CALLS == []
    model_file.load(data, sha256(data))
    assert CALLS == ["unpickled"]  # the canary works


@pytest.mark.parametrize("data", [b"", b"version https://git-lfs", pickle.dumps(Broken())])
def test_file_that_cannot_be_unpickled_is_an_error_on_one_line(data):
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        model_file.load(data, sha256(data))
    assert "\n" not in caught.value.what


def test_another_version_of_scikit_learn_is_noted_once():
    data = pickle.dumps(OldModel())
    notes = []
    assert model_file.load(data, sha256(data), notes.append) == "the model"
    assert notes == ["The champion was written with scikit-learn 1.2.0 and is loaded with 1.9.1."]


def test_versions_are_read_without_importing_the_libraries():
    code = (
        "import json, sys; from ml_action.modelling.training.library_versions import libraries; found = libraries();"
        "assert not {'numpy', 'pandas', 'sklearn', 'joblib'} & set(sys.modules); print(json.dumps(found))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert list(found) == ["python", "scikit-learn", "pandas", "numpy", "joblib"]
    assert all(found.values())


def test_missing_library_has_no_version(monkeypatch):
    monkeypatch.setattr(library_versions, "_PACKAGES", ("no-such-package-at-all",))
    assert library_versions.libraries()["no-such-package-at-all"] == ""
