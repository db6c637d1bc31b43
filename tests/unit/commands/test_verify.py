"""`ml-auto-update verify`: a good, an edited, an old and an unsigned promotion, by hand and offline."""

from __future__ import annotations

import json
import os

import pytest

from ml_action import cli
from ml_action.git import registry
from ml_action.provenance import statement
from tests.support.model_folder import ModelDir
from tests.support.signing import KEY, OTHER, public_pem, sign


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose model directory has two versions, the second signed."""
    models = ModelDir(tmp_path / "checkout" / "model")
    models.publish()
    models.publish()
    sign(models)
    return models


@pytest.fixture
def verify(checkout, tmp_path, capsys):
    """Runs the command on the model directory: exit code and output."""
    key = tmp_path / "signing-key.pub"
    key.write_text(public_pem())

    def run(*options, path=checkout.path, public_key=str(key)):
        given = ["--public-key", public_key] if public_key else []
        code = cli.main(["verify", str(path), *given, *options], {"PATH": os.environ["PATH"]})
        output = capsys.readouterr()
        return code, output.out + output.err

    return run


def test_good_promotion(verify):
    code, output = verify()
    assert code == 0
    assert output == (
        f"verified: v2, signed by {KEY.public.id[:19]} of octo/students, .github/workflows/loop.yml at refs/heads/main,"
        " run 77; counter 2\n"
    )


def test_checkout_is_as_good_as_its_model_folder(verify, checkout):
    assert verify(path=checkout.path.parent)[0] == 0
    assert verify(public_key=public_pem())[0] == 0
    assert verify("--repository", "octo/students", "--ref", "main", "--workflow", ".github/workflows/loop.yml")[0] == 0


def test_key_and_folder_of_the_settings_file(verify, checkout):
    top = checkout.path.parent
    checkout.path.rename(top / "best")
    line = public_pem().splitlines()[1]
    (top / "ml-auto-update.toml").write_text(f'model-dir = "best"\nsigning-public-key = "{line}"\n')
    code, output = verify("--json", path=top, public_key="")
    assert (code, json.loads(output)["key_from"]) == (0, "ml-auto-update.toml")


def edit_model(models):
    path = models.path / "v2.pkl"
    path.write_bytes(path.read_bytes() + b"x")


def edit_metadata(models):
    path = models.path / registry.METADATA
    path.write_bytes(path.read_bytes().replace(b"v2 is better", b"v2 is a gem"))


def edit_statement(models):
    path = models.path / statement.FILE
    content = json.loads(path.read_bytes())
    content["signatures"][0]["sig"] = "A" * 86 + "=="
    path.write_text(json.dumps(content, indent=1) + "\n")


CASES = [
    (edit_model, "edited: the model file v2.pkl is not the one that was signed\n"),
    (lambda models: (models.path / "v2.pkl").unlink(), "edited: the model file v2.pkl cannot be read"),
    (edit_metadata, "edited: model_metadata.json is not the file that was signed\n"),
    (edit_statement, "edited: the signature of the statement is not one of the key"),
    (lambda models: models.point("v1"), "edited: the statement is about v2, the metadata name v1\n"),
    (lambda models: models.write(b"{}"), "malformed: the statement cannot be used"),
    (lambda models: sign(models, key=OTHER), "untrusted: the statement names the key"),
    (lambda models: (models.path / statement.FILE).unlink(), "unsigned: there is no model_statement.json"),
    (
        lambda models: (models.path / statement.FILE).write_bytes(b"[" * 60_000),
        "malformed: the statement cannot be used",
    ),
]


@pytest.mark.parametrize(("change", "words"), CASES)
def test_promotion_that_is_not_what_was_signed(verify, checkout, change, words):
    change(checkout)
    code, output = verify()
    assert code == 6
    assert output.startswith(words)
    assert "  Do: " in output
    code, output = verify("--json")
    found = json.loads(output)
    assert code == 6
    assert words.startswith(f"{found['verdict']}: ")
    assert found["fix"]


@pytest.mark.parametrize("policy", [("--repository", "octo/other"), ("--ref", "dev"), ("--workflow", "a.yml")])
def test_promotion_from_elsewhere(verify, policy):
    code, output = verify(*policy)
    assert (code, output.split(":")[0]) == (6, "untrusted")


def test_old_promotion(verify, checkout, tmp_path):
    state = ("--state", str(tmp_path / "state"))
    old = {path.name: path.read_bytes() for path in checkout.path.iterdir()}
    assert verify(*state)[0] == 0
    checkout.publish()
    sign(checkout)
    assert verify(*state)[0] == 0
    for name, content in old.items():
        (checkout.path / name).write_bytes(content)
    code, output = verify(*state)
    assert code == 6
    assert output.startswith("replayed: v2 is signed with the counter 2, and v3 with 3 was accepted before\n")
    assert verify()[0] == 0  # without a memory it cannot be known


def test_statement_is_part_of_the_json(verify):
    code, output = verify("--json")
    found = json.loads(output)
    assert code == 0
    assert found["verdict"] == "verified"
    assert found["key"] == KEY.public.id
    assert found["statement"]["promotion"]["origin"]["repository"] == "octo/students"


@pytest.mark.parametrize("text", ["", "nothing.pub", "abc"])
def test_missing_or_wrong_key_is_a_wrong_setting(verify, text):
    code, output = verify(public_key=text)
    assert code == 2
    assert "public" in output
    assert "Do: " in output


def test_folder_without_metadata_is_a_wrong_setting(verify, tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        code, output = verify(path=path)
        assert code == 2
        assert "there is no model_metadata.json" in output
