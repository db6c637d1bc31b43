"""What a proposed commit may do to the history: add the version of its attempt, and nothing else. Pure, without git."""

from dataclasses import replace

import pytest

from ml_action.promotion.verification import of_files, of_history, unknown_keys
from tests.support.factories import make_attempt, make_history, make_version

ATTEMPT = make_attempt()
V1 = make_version()
V2 = make_version(
    version="v2", file="v2.pkl", sha256=ATTEMPT.digest, attempt=ATTEMPT.id, fingerprint=ATTEMPT.fingerprint
)
BEFORE, AFTER = make_history(V1), make_history(V1, V2)


def objections(after=AFTER, before=BEFORE, attempt=ATTEMPT, name="model"):
    return [*of_history(before, after, attempt, name)]


def test_a_history_that_grows_by_the_attempt_is_as_it_should_be():
    assert objections() == []


@pytest.mark.parametrize("file", ["v2.pkl", "v2.skops"])
def test_both_formats_of_a_model_file_are_known(file):
    assert objections(make_history(V1, replace(V2, file=file))) == []


def test_the_first_version_follows_no_history():
    first = make_attempt(version="v1", digest=V1.sha256, id=V1.attempt, fingerprint=V1.fingerprint)
    assert objections(BEFORE, None, first) == []
    assert objections(BEFORE, None, first, "other") == ["it changes the name or the salt of the history"]
    assert objections(BEFORE, None, replace(first, salt="other")) == ["it changes the name or the salt of the history"]
    assert objections(AFTER, None, first) == ["it adds v1, v2 to the history, not v1 alone"]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (replace(AFTER, name="other"), "it changes the name or the salt of the history"),
        (replace(AFTER, salt="other"), "it changes the name or the salt of the history"),
        (make_history(replace(V1, size=1), V2), "it changes versions that the base branch has already"),
        (make_history(V2), "it changes versions that the base branch has already"),
        (make_history(V2, V1, current="v2"), "it changes versions that the base branch has already"),
        (make_history(V1), "it adds no version to the history, not v2 alone"),
        (make_history(V1, replace(V2, version="v3")), "it adds v3 to the history, not v2 alone"),
        (
            make_history(V1, V2, *(replace(V2, version=f"v{n}") for n in (3, 4, 5))),
            "it adds v2, v3, v4 to the history, not v2 alone",
        ),
        (replace(AFTER, current="v1"), "it makes v1 the current version, not v2"),
        (make_history(V1, replace(V2, file="v1.pkl")), "its model file is 'v1.pkl', not v2.pkl"),
        (make_history(V1, replace(V2, file="v2.py")), "its model file is 'v2.py', not v2.pkl"),
        (
            make_history(V1, replace(V2, sha256="0123456789abcdef")),
            "its model's sha256 is '0123456789ab', not the recorded dddddddddddd",
        ),
        (
            make_history(V1, replace(V2, attempt="other")),
            "it is of the attempt 'other', not of 20260301T120000Z-abcdef12",
        ),
        (
            make_history(V1, replace(V2, fingerprint="other")),
            "it is of the attempt '20260301T120000Z-abcdef12', not of 20260301T120000Z-abcdef12",
        ),
        (
            make_history(V1, replace(V2, holdout_fingerprint="0" * 16)),
            "it names another key of the holdout than the journal",
        ),
    ],
)
def test_whatever_else_it_does_is_an_objection_of_its_own(after, expected):
    assert objections(after) == [expected]


def test_everything_that_differs_in_a_version_is_listed():
    changed = replace(V2, file="x.pkl", sha256="0" * 64, attempt="other")
    assert len(objections(make_history(V1, changed, current="v1"))) == 4


def test_only_its_own_files_may_change():
    own = ("model/v2.pkl", "model/v2.md", "model/model_metadata.json")
    assert [*of_files(own, own)] == []
    assert [*of_files(own[:1], own)] == []
    others = ["a", "b", "c", "d"]
    assert [*of_files([*own, *others], own)] == ["it changes files that are not its own: a, b, c"]


@pytest.mark.parametrize(
    ("written", "known", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"a": 1}, ["b"]),
        ({"a": {"b": 1, "c": {"d": 1}}}, {"a": {"b": 1, "c": {}}}, ["a.c.d"]),
        ({1: {2: 3}}, {1: {}}, ["1.2"]),
        ({"a": [{"b": 1}, {"c": 1}]}, {"a": [{"b": 1}, {}]}, ["a[1].c"]),
        ([{"x": 1}], [{}], ["[0].x"]),
        ({"a": [{"b": 1}]}, {"a": ({},)}, ["a[0].b"]),
        ({"a": [1, 2]}, {"a": [1]}, []),
        ({"a": [{"b": 1}]}, {"a": "text"}, []),
        ({"a": {"b": 1}}, {"a": None}, []),
        ("text", {}, []),
    ],
)
def test_keys_that_the_decoder_ignores_are_found_wherever_they_are(written, known, expected):
    assert [*unknown_keys(written, known)] == expected
