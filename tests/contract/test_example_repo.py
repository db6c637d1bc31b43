"""example-repo/: what a user copies agrees with what the project says, and its model is what its metadata say."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import tomllib

from ml_action.config.parse import parse
from ml_action.config.settings import CONFIG_FILE, METADATA
from ml_action.core import model_metadata
from ml_action.modelling.training import model_file
from scripts import example_repo

HERE = Path(__file__).parents[2] / "example-repo"
LOCK = Path(__file__).parents[2] / "requirements"


@pytest.fixture
def history():
    return model_metadata.parse((HERE / "model" / METADATA).read_bytes(), METADATA)


def test_its_workflows_are_the_examples():
    found = {path.name: path.read_text() for path in (HERE / ".github/workflows").iterdir()}
    assert found == example_repo.workflows()


def test_its_settings_are_settings(history):
    settings = parse({}, tomllib.loads((HERE / CONFIG_FILE).read_text()))
    assert settings.training.target == (history.champion.target,)
    assert (HERE / str(settings.data.data_path)).is_dir()
    assert settings.publication.model_dir == "model"


def test_its_data_are_those_that_the_script_writes():
    texts = [path.read_text() for path in sorted((HERE / "data/new_data").glob("*.csv"))]
    assert texts == list(example_repo.datasets(example_repo.DATASETS))


def test_its_model_has_the_recorded_digest_and_answers(history):
    champion = history.champion
    content = (HERE / "model" / champion.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == champion.sha256
    import pandas as pd

    model = model_file.load(content, champion.sha256, lambda note: None)
    (answer,) = model.predict(pd.DataFrame([{"hours_studied": 5.0}]))
    assert 30 < answer < 90


def test_its_model_was_made_by_the_libraries_of_the_image(history):
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (LOCK / "runtime.txt").read_text(), re.MULTILINE))
    for name in ("scikit-learn", "pandas", "numpy", "joblib"):
        assert history.champion.libraries[name] == locked[name]


def test_its_readme_speaks_of_files_that_are_there():
    text = (HERE / "README.md").read_text()
    for path in re.findall(r"^\| `([^`]+)`", text, re.MULTILINE):
        assert (HERE / path).exists(), path


def test_its_metadata_are_json():
    assert json.loads((HERE / "model" / METADATA).read_bytes())["current"] == "v1"


def test_its_readme_and_its_image_install_the_same_consumer_for_the_same_python(history):
    readme, image = (HERE / "README.md").read_text(), (HERE / "service/Dockerfile").read_text()
    (address,) = re.findall(r"^ARG ML_AUTO_UPDATE=(\S+)$", image, re.MULTILINE)
    (python,) = re.findall(r"^ARG PYTHON=python:([0-9.]+)-slim$", image, re.MULTILINE)
    assert f"pip install --no-deps {address}\n" in readme
    assert f"Python {python}," in readme
    assert history.champion.libraries["python"].startswith(f"{python}.")


def test_its_service_runs_on_the_libraries_of_the_image():
    locks = (LOCK / "runtime.txt", HERE / "service/requirements.txt")
    image, service = (dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", lock.read_text(), re.MULTILINE)) for lock in locks)
    assert {"scikit-learn", "pandas", "numpy", "joblib", "scipy", "skops"} <= service.keys() & image.keys()
    assert {name: service[name] for name in service.keys() & image.keys()} == {
        name: image[name] for name in service.keys() & image.keys()
    }


def test_its_model_answers_in_a_notebook_as_its_readme_says(monkeypatch, capsys):
    monkeypatch.chdir(HERE)
    (code,) = re.findall(r"```python\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102
    assert re.fullmatch(r"\[[0-9.]+\]\n", capsys.readouterr().out)
