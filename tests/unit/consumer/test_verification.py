"""A consumer that asks for signed promotions: what it loads, what it refuses, and that it reads no model before."""

from __future__ import annotations

import json
import logging

import pytest

from ml_action.consumer import Consumer, Folder, SourceUnavailable, Verification
from ml_action.core.errors import ModelError
from ml_action.git import registry
from ml_action.provenance import statement
from tests.support.model_folder import ModelDir
from tests.support.signing import OTHER, pem, public_pem, sign

STATEMENT = statement.FILE


class Watched(Folder):
    """A folder that records which files are read."""

    def __init__(self, path):
        super().__init__(path)
        self.read = []

    def artifact(self, file, most):
        self.read.append(file)
        return super().artifact(file, most)


def consumer(models: ModelDir, verify="require", **asked):
    return Consumer(Watched(models.path), verification=Verification(verify, public_key=public_pem(), **asked))


def refused(watcher, *words):
    """Expects a refusal for this reason, before a byte of a model is read."""
    watcher.source.read.clear()
    assert not watcher.refresh()
    assert not [file for file in watcher.source.read if file.endswith((".pkl", ".skops"))]
    for word in (*words, "Do:"):
        assert word in watcher.status.problem
    return watcher.status


@pytest.fixture
def signed_v2(models):
    """Two versions; the second is current, and signed."""
    models.publish()
    models.publish()
    sign(models)
    return models


@pytest.mark.parametrize("verify", ["warn", "require"])
def test_signed_promotion_is_loaded(signed_v2, verify):
    watcher = consumer(signed_v2, verify, repository="octo/students", ref="main", workflow=".github/workflows/loop.yml")
    assert watcher.refresh()
    assert (watcher.status.version, watcher.status.warning, watcher.status.problem) == ("v2", "", "")
    assert watcher.source.read == [registry.METADATA, STATEMENT, "v2.pkl"]


def test_verified_metadata_are_verified_once(signed_v2):
    watcher = consumer(signed_v2)
    assert watcher.refresh()
    (signed_v2.path / STATEMENT).unlink()
    assert not watcher.refresh()
    assert watcher.status.problem == ""


def test_promotion_without_a_statement_in_each_mode(signed_v2, caplog):
    (signed_v2.path / STATEMENT).unlink()
    status = refused(consumer(signed_v2), "the promotion is not signed", "set signing-key in the workflow")
    assert status.version == ""
    watcher = consumer(signed_v2, "warn")
    with caplog.at_level(logging.WARNING):
        assert watcher.refresh()
        assert not watcher.refresh()
    assert watcher.status.version == "v2"
    assert "v2 is not verified: there is no model_statement.json" in watcher.status.warning
    assert [record.message for record in caplog.records] == [watcher.status.warning]
    watcher = consumer(signed_v2, "off")
    assert watcher.refresh()
    assert watcher.status.warning == ""
    assert STATEMENT not in watcher.source.read


def test_warning_ends_when_the_promotion_is_signed(signed_v2):
    content = (signed_v2.path / STATEMENT).read_bytes()
    (signed_v2.path / STATEMENT).unlink()
    watcher = consumer(signed_v2, "warn")
    assert watcher.refresh()
    (signed_v2.path / STATEMENT).write_bytes(content)
    watcher.refresh()
    assert watcher.status.warning == ""


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"repository": "octo/other"}, "the repository octo/students, not of octo/other"),
        ({"ref": "develop"}, "the ref refs/heads/main, not of refs/heads/develop"),
        ({"workflow": ".github/workflows/other.yml"}, "the workflow .github/workflows/loop.yml"),
    ],
)
def test_promotion_from_elsewhere_is_refused(signed_v2, asked, words):
    refused(consumer(signed_v2, **asked), words, "correct the policy")


def test_promotion_of_another_key_is_refused(signed_v2):
    sign(signed_v2, key=OTHER)
    refused(consumer(signed_v2), "names the key", "new public key")


def test_edited_metadata_are_refused_and_the_version_before_keeps_answering(signed_v2):
    watcher = consumer(signed_v2)
    assert watcher.refresh()
    path = signed_v2.path / registry.METADATA
    path.write_bytes(path.read_bytes() + b"\n")
    assert refused(watcher, "model_metadata.json is not the file that was signed").version == "v2"
    assert watcher.current.predict([{"hours_studied": 1.0}])


def test_edited_model_whose_digest_is_edited_too_is_refused(signed_v2):
    data = json.loads((signed_v2.path / registry.METADATA).read_bytes())
    data["versions"][1]["sha256"] = "0" * 64
    signed_v2.write(json.dumps(data).encode())
    refused(consumer(signed_v2), "model_metadata.json is not the file that was signed")


def test_edited_model_is_refused_by_its_digest(signed_v2):
    model = signed_v2.path / "v2.pkl"
    model.write_bytes(model.read_bytes()[:-1] + b"!")
    watcher = consumer(signed_v2)
    assert not watcher.refresh()
    assert "sha256" in watcher.status.problem.lower()


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 60_000, b" " * 70_000, b"\xff"])
def test_file_that_is_no_statement_is_refused(signed_v2, content):
    (signed_v2.path / STATEMENT).write_bytes(content)
    refused(consumer(signed_v2), "the statement cannot be used")


# --- older promotions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("remember", [True, False])
def test_older_promotion_is_refused_also_after_a_restart(models, tmp_path, remember):
    state = tmp_path / "state" / "accepted.json" if remember else None
    models.publish()
    sign(models)
    older = {path.name: path.read_bytes() for path in models.path.iterdir()}
    watcher = consumer(models, state=state)
    assert watcher.refresh()
    models.publish()
    sign(models)
    assert watcher.refresh()
    for name, content in older.items():
        (models.path / name).write_bytes(content)
    words = (
        "v1 is signed with the counter 1, and v2 with 2 was accepted before",
        "bring the model directory up to date",
    )
    assert refused(watcher, *words).version == "v2"
    again = consumer(models, state=state)
    if remember:
        refused(again, *words, f"delete {state}")
    else:
        assert again.refresh()


def test_processes_that_share_a_memory_accept_nothing_older_than_any_of_them_did(models, tmp_path):
    state = tmp_path / "state"
    models.publish()
    sign(models)
    slow, fast = consumer(models, state=state), consumer(models, state=state)
    assert slow.refresh()
    models.publish()
    sign(models)
    older = {path.name: path.read_bytes() for path in models.path.iterdir()}
    models.publish()
    sign(models)
    assert fast.refresh()
    for name, content in older.items():
        (models.path / name).write_bytes(content)
    refused(slow, "v2 is signed with the counter 2, and v3 with 3 was accepted before")


def test_rollback_that_the_loop_signed_is_followed(models, tmp_path):
    models.publish()
    models.publish()
    sign(models)
    watcher = consumer(models, state=tmp_path / "state")
    assert watcher.refresh()
    models.point("v1")
    sign(models, counter=3)
    assert watcher.refresh()
    assert watcher.status.version == "v1"


def test_two_promotions_with_one_counter_are_not_both_accepted(models):
    models.publish()
    sign(models)
    watcher = consumer(models)
    assert watcher.refresh()
    models.publish()
    sign(models, counter=1)
    refused(watcher, "v2 is signed with the counter 1, and v1 with 1")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"counter": "1"}', b"[" * 100_000])
def test_damaged_memory_is_reported_and_not_ignored(signed_v2, tmp_path, content):
    state = tmp_path / "state"
    state.write_bytes(content)
    refused(consumer(signed_v2, state=state), f"{state}, which remembers", "delete the file only if")


def test_memory_that_cannot_be_written_is_reported(signed_v2, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    refused(consumer(signed_v2, state=tmp_path / "file" / "state"), "cannot be used")


# --- sources ----------------------------------------------------------------------------------------------


class Github(Watched):
    """A source whose statement fails as an HTTP server does."""

    status = 404

    def artifact(self, file, most):
        if file == STATEMENT:
            raise SourceUnavailable("the server answers", status=self.status)
        return super().artifact(file, most)


def test_missing_file_is_unsigned_and_a_server_in_trouble_is_not(signed_v2):
    asked = Verification("warn", public_key=public_pem())
    source = Github(signed_v2.path)
    watcher = Consumer(source, verification=asked)
    assert watcher.refresh()
    assert "is not signed" in watcher.status.warning
    source.status = 500
    watcher = Consumer(source, verification=asked)
    assert not watcher.refresh()
    assert watcher.status.problem == "the server answers"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"verify": "always"}, "one of off, warn, require"),
        ({"verify": "require"}, "needs the public_key"),
        ({"verify": "warn", "public_key": " "}, "needs the public_key"),
        ({"sigstore": True}, "name the repository"),
        ({"sigstore": True, "repository": "o/n", "workflow": "a.yml"}, "name the ref too"),
        ({"sigstore": True, "repository": "o/n", "public_key": public_pem()}, "needs the public_key"),
        ({"public_key": "abc"}, "a public Ed25519 key"),
        ({"public_key": pem()}, "a public Ed25519 key"),
    ],
)
def test_verification_that_could_not_work_is_refused_at_once(given, words):
    with pytest.raises(ValueError, match=words) as caught:
        Verification(**given)
    assert pem().splitlines()[1] not in str(caught.value)


def test_off_needs_no_key(signed_v2):
    assert Consumer(Folder(signed_v2.path), verification=Verification("off")).refresh()


def test_refusal_is_the_reason_why_no_version_is_loaded(signed_v2):
    (signed_v2.path / STATEMENT).unlink()
    watcher = consumer(signed_v2)
    watcher.refresh()
    with pytest.raises(ModelError, match="not signed"):
        _ = watcher.current
