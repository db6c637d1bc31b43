import json
from dataclasses import replace

import pytest

from ml_action.core import model_metadata
from ml_action.core.codec import encode
from ml_action.core.errors import ModelError
from ml_action.core.records.model import History
from tests.support.factories import TIME, make_attempt, make_history, make_trial, make_version


def metadata(**changes):
    return json.dumps({"format": 1, **encode(make_history())} | changes).encode()


def test_the_history_comes_back_and_is_the_same_bytes():
    history = make_history(make_version(), make_version(version="v2", params={"é\udcff": [1, None]}))
    content = model_metadata.to_bytes(history)
    assert model_metadata.parse(content, "model/model_metadata.json") == history
    assert model_metadata.to_bytes(model_metadata.parse(content, "x")) == content
    assert content.isascii()
    assert json.loads(content)["current"] == "v2"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "cannot be used"),
        (b"\xff", "cannot be used"),
        (b"[]", "its format is None; this version reads 1"),
        (b"{}", "its format is None; this version reads 1"),
        (metadata(format=0), "its format is 0; this version reads 1"),
        (metadata(format=True), "its format is True; this version reads 1"),
        (metadata(format="1"), "its format is '1'"),
        (metadata(versions="x"), "History.versions should be list, not str"),
        (metadata(current="v9"), "`current` is 'v9', which is none of its versions"),
        (metadata(current=None), "History.current should be str, not NoneType"),
        (metadata(versions=[encode(make_version(version="one", features=[]))]), "the version 'one' is not v1, v2, ..."),
        (metadata(versions=[encode(make_version(version="v\u0661", features=[]))]), "is not v1, v2, ..."),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n", "cannot be used"),
    ],
)
def test_damaged_metadata_are_reported_with_their_path(content, reason):
    with pytest.raises(ModelError) as caught:
        model_metadata.parse(content, "model/model_metadata.json")
    assert caught.value.what.startswith("model/model_metadata.json cannot be used: ")
    assert reason in caught.value.what
    assert caught.value.path == "model/model_metadata.json"
    assert caught.value.fix


@pytest.mark.parametrize("content", [metadata(format=2), b'{"format": 17, "models": []}'])
def test_metadata_of_a_newer_format_ask_for_an_upgrade(content):
    with pytest.raises(
        ModelError, match=r"has the format (2|17): a newer version of ml-auto-update wrote it"
    ) as caught:
        model_metadata.parse(content, "model/model_metadata.json")
    assert "upgrade ml-auto-update here" in caught.value.fix
    assert caught.value.path == "model/model_metadata.json"


def test_a_number_is_never_used_twice():
    assert model_metadata.next_version(None) == "v1"
    assert model_metadata.next_version(History("m", "s", "", ())) == "v1"
    versions = [make_version(version=name) for name in ("v1", "v10", "v9")]
    assert model_metadata.next_version(make_history(*versions, current="v1")) == "v11"


def test_the_challenger_becomes_a_version():
    version = model_metadata.version_of(make_trial(), make_attempt())
    assert (version.version, version.file, version.sha256, version.size) == ("v2", "v2.pkl", "d" * 64, 5)
    assert (version.target, version.features, version.params) == ("score", ("hours", "sleep"), {"alpha": 0.5})
    assert (version.created, version.attempt) == (TIME, make_attempt().id)
    assert version.scores == make_trial().comparison.challenger


def test_a_version_is_appended_and_becomes_the_current_one():
    first = model_metadata.with_version(None, make_version(), name="model", salt="s")
    assert (first.name, first.salt, first.current) == ("model", "s", "v1")
    second = model_metadata.with_version(first, make_version(version="v2"), name="other", salt="other")
    assert (second.name, second.salt, second.current) == ("model", "s", "v2")
    assert [version.version for version in second.versions] == ["v1", "v2"]
    assert second.champion.version == "v2"


def test_what_was_written_before_there_could_be_several_targets_is_read_as_one():
    old = json.loads(metadata())
    del old["versions"][0]["targets"]
    (version,) = model_metadata.parse(json.dumps(old).encode(), "x").versions
    assert version.outputs == (version.target,) == ("score",)
    several = make_history(make_version(target="score,tired", targets=("score", "tired")))
    assert model_metadata.parse(model_metadata.to_bytes(several), "x").champion.outputs == ("score", "tired")


# --- back to an earlier version -----------------------------------------------------------------------------


def two_versions():
    sample = {"current": "v2", 'a "current": "v2"': ["}", "\udcff"]}
    return make_history(make_version(), make_version(version="v2", sample=sample, params={"current": "v2"}))


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_the_pointer_moves_and_no_other_byte(indent, encoding):
    text = json.dumps({"format": 1, **encode(two_versions())}, indent=indent, ensure_ascii=False)
    content = text.encode(encoding, "surrogatepass")
    moved = model_metadata.with_current(content, "v1")
    assert model_metadata.parse(moved, "x") == replace(two_versions(), current="v1")
    assert len(moved) == len(content)
    assert sum(old != new for old, new in zip(content, moved, strict=True)) == 1
    assert model_metadata.with_current(moved, "v2") == content


def test_of_two_pointers_the_one_that_counts_moves():
    content = b'{"current": "v7", "current" : "v2"\n, "x": {}}'
    assert model_metadata.with_current(content, "v10") == b'{"current": "v7", "current" : "v10"\n, "x": {}}'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[]", "'{' is missing at 0"),
        (b'{"current" "v1"}', "':' is missing at 11"),
        (b'{"current": "v1" "x": 1}', "',' is missing at 17"),
        (b"{", "Expecting value"),
        (b'{"versions": []}', "it has no `current`"),
    ],
)
def test_metadata_without_a_pointer_are_reported(content, reason):
    with pytest.raises(ValueError, match=reason):
        model_metadata.with_current(content, "v1")
