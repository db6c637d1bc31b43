"""A signed statement: what is read is what was signed, to the last byte, and everything else is refused."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.config.signing_key import private_key, public_key
from ml_action.core.errors import ModelError
from ml_action.core.records.evaluation import Interval
from ml_action.provenance import envelope, statement
from ml_action.provenance.keys import PublicKey, SigningKey
from ml_action.provenance.policy import Policy, require_files
from ml_action.provenance.statement import Judgement, Origin
from ml_action.provenance.unverified import Unverified, Verdict
from tests.support.factories import make_version
from tests.support.signing import KEY, OTHER, make_promotion, make_statement, pem, public_pem, signed

POLICY = Policy(KEY.public)
METADATA = b'{"format": 1}'
VERSION = make_version(version="v2", file="v2.pkl", sha256="d" * 64)
ABOUT = make_statement(metadata_sha256=statement.sha256(METADATA))
CONTENT = signed(ABOUT)


def refused(content, policy=POLICY):
    with pytest.raises(Unverified) as caught:
        policy.statement_in(content)
    assert caught.value.fix
    return caught.value


def places(document, path=()):
    """Every value of a JSON document, by its path; objects and lists too."""
    yield path
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        yield from places(value, (*path, key))


def planted(document, path):
    """The document with another value at a path."""
    if not path:
        return {"other": document}
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    value = holder[path[-1]]
    holder[path[-1]] = (
        not value if isinstance(value, bool)
        else value + 1 if isinstance(value, int | float)
        else value[:-1] + ("0" if value[-1:] != "0" else "1") if isinstance(value, str)
        else {**value, "more": 1} if isinstance(value, dict)
        else [*value, "more"] if isinstance(value, list)
        else "not null"
    )  # fmt: skip
    return changed


PAYLOAD = json.loads(statement.to_bytes(ABOUT))
ENVELOPE = json.loads(CONTENT)


def test_statement_that_was_signed_is_read_as_it_was_written():
    assert POLICY.statement_in(CONTENT) == ABOUT
    require_files(ABOUT, METADATA, VERSION)


def test_statement_has_the_form_of_in_toto_and_dsse():
    assert list(ENVELOPE) == ["payload", "payloadType", "signatures"]
    assert ENVELOPE["payloadType"] == "application/vnd.in-toto+json"
    assert PAYLOAD["_type"] == "https://in-toto.io/Statement/v1"
    assert [subject["name"] for subject in PAYLOAD["subject"]] == ["v2.pkl", "model_metadata.json"]
    assert PAYLOAD["predicateType"] == statement.PREDICATE_TYPE
    assert envelope.signed_bytes(b"hello") == b"DSSEv1 28 application/vnd.in-toto+json 5 hello"


@pytest.mark.parametrize("path", list(places(PAYLOAD)), ids=str)
def test_change_of_any_part_of_the_statement_is_refused(path):
    payload = json.dumps(planted(PAYLOAD, path), sort_keys=True, separators=(",", ":")).encode()
    assert payload != statement.to_bytes(ABOUT)
    changed = ENVELOPE | {"payload": base64.b64encode(payload).decode()}
    assert refused((json.dumps(changed, indent=1) + "\n").encode()).verdict is Verdict.EDITED


@pytest.mark.parametrize("path", list(places(ENVELOPE)), ids=str)
def test_change_of_any_part_of_the_envelope_is_refused(path):
    content = (json.dumps(planted(ENVELOPE, path), indent=1) + "\n").encode()
    assert refused(content).verdict in (Verdict.EDITED, Verdict.MALFORMED, Verdict.UNTRUSTED)


@pytest.mark.parametrize("path", [path for path in places(PAYLOAD) if path[:1] != ("predicate",)], ids=str)
def test_payload_of_another_form_is_refused_even_when_the_key_signed_it(path):
    document = planted(PAYLOAD, path)
    content = KEY.envelope_of(json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
    with pytest.raises(Unverified):
        require_files(POLICY.statement_in(content), METADATA, VERSION)


@pytest.mark.parametrize("number", range(0, len(CONTENT), 7))
def test_any_single_byte_counts(number):
    for byte in (CONTENT[number] ^ 1, CONTENT[number] ^ 32):
        refused(CONTENT[:number] + bytes([byte]) + CONTENT[number + 1 :])
    refused(CONTENT[:number])


@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["payload", "payloadType", "signatures", "keyid", "sig", "predicate", "subject"]), inner),
    max_leaves=8,
).map(lambda document: json.dumps(document).encode()))  # fmt: skip
def test_malformed_files_are_refused_and_never_a_bug(content):
    refused(content)
    with pytest.raises(Unverified):
        statement.parse(content)


@pytest.mark.parametrize(
    "content",
    [b"[" * 60_000, b"{" * 10, b"\xff\xfe", b"null", b'{"payload": ' + b'"' + b"A" * 70_000 + b'"}', b"0" * 9999],
    ids=["deep", "open", "binary", "null", "large", "number"],
)
def test_hostile_file_is_refused_in_bounded_time(content):
    assert refused(content).verdict is Verdict.MALFORMED


def test_key_twice_in_the_envelope_is_refused():
    twice = CONTENT.replace(b'"payloadType"', b'"payload": "e30=",\n "payloadType"')
    assert refused(twice).verdict is Verdict.MALFORMED


def test_statement_of_another_key_is_not_trusted():
    error = refused(signed(ABOUT, OTHER))
    assert error.verdict is Verdict.UNTRUSTED
    assert OTHER.public.id[:19] in error.what
    assert "new public key" in error.fix


def test_signature_of_another_key_under_our_name_is_refused():
    theirs = json.loads(signed(ABOUT, OTHER))
    theirs["signatures"][0]["keyid"] = KEY.public.id
    assert refused((json.dumps(theirs, indent=1) + "\n").encode()).verdict is Verdict.EDITED


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        (replace(POLICY, repository="octo/other"), "repository"),
        (replace(POLICY, ref="develop"), "ref"),
        (replace(POLICY, ref="refs/tags/main"), "ref"),
        (replace(POLICY, workflow=".github/workflows/other.yml"), "workflow"),
    ],
)
def test_statement_from_elsewhere_is_not_trusted(policy, name):
    error = refused(CONTENT, policy)
    assert error.verdict is Verdict.UNTRUSTED
    assert f"of the {name} " in error.what


def test_policy_that_is_met_in_every_part_accepts():
    policy = Policy(KEY.public, "Octo/Students", "main", ".github/workflows/loop.yml")
    assert policy.statement_in(CONTENT) == ABOUT


def test_statement_of_a_machine_without_a_repository_meets_no_policy_that_names_one():
    off_github = signed(replace(ABOUT, promotion=make_promotion(origin=Origin())))
    assert POLICY.statement_in(off_github).promotion.origin == Origin()
    assert "(none)" in refused(off_github, replace(POLICY, repository="octo/students")).what


@pytest.mark.parametrize(
    ("metadata", "version", "words"),
    [
        (METADATA + b" ", VERSION, "model_metadata.json is not the file"),
        (METADATA, replace(VERSION, sha256="0" * 64), "the model file of v2 is not the one"),
        (METADATA, replace(VERSION, file="v2.skops"), "the model file of v2 is not the one"),
        (METADATA, replace(VERSION, version="v1"), "about v2, the metadata name v1"),
    ],
)
def test_files_other_than_the_signed_ones_are_refused(metadata, version, words):
    with pytest.raises(Unverified, match=words) as caught:
        require_files(ABOUT, metadata, version)
    assert caught.value.verdict is Verdict.EDITED


@pytest.mark.parametrize("counter", [0, -1, 2**53, 2**70])
def test_counter_out_of_range_is_refused(counter):
    assert "counter" in refused(signed(replace(ABOUT, promotion=make_promotion(counter=counter)))).what


def test_figures_that_are_no_numbers_are_null():
    judgement = Judgement("rollback", "r2", float("nan"), None, forced=False)
    found = POLICY.statement_in(signed(replace(ABOUT, promotion=make_promotion(judgement=judgement, previous=None))))
    assert found.promotion.judgement == replace(judgement, improvement=None)
    strange = make_promotion(judgement=replace(judgement, interval=Interval(float("-inf"), 0.5)))
    assert POLICY.statement_in(signed(replace(ABOUT, promotion=strange))).promotion.judgement.interval is not None


# --- keys -------------------------------------------------------------------------------------------------


def test_keys_are_those_of_openssl(tmp_path):
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True, text=True)
    public = subprocess.run(
        ["openssl", "pkey", "-pubout"], input=made.stdout, capture_output=True, check=True, text=True
    )
    key = SigningKey(private_key(made.stdout))
    assert key.public == PublicKey(public_key(public.stdout))
    assert pem(key) == made.stdout
    assert public_pem(key) == public.stdout


def test_one_line_of_a_key_is_enough():
    assert private_key(pem().splitlines()[1]) == KEY.seed
    assert public_key(public_pem().splitlines()[1]) == KEY.public.raw
    assert private_key("") == public_key("") == b""


@pytest.mark.parametrize(
    "text", ["x", "-----BEGIN PRIVATE KEY-----", public_pem(), pem()[:60], "A" * 64, pem() * 2, "é"]
)
def test_text_that_is_no_private_key_is_refused(text):
    with pytest.raises(ValueError, match="openssl genpkey"):
        private_key(text)


def test_private_key_in_place_of_the_public_one_is_refused():
    with pytest.raises(ValueError, match="-pubout"):
        public_key(pem())


def test_private_key_is_in_no_representation():
    assert repr(KEY) == "SigningKey()"


def test_missing_library_is_reported_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(ModelError, match="cryptography is not installed") as caught:
        POLICY.statement_in(CONTENT)
    assert not isinstance(caught.value, Unverified)
    assert caught.value.fix == "pip install cryptography"
