"""Which keys a run signs and verifies with, and what it says of itself."""

from __future__ import annotations

import pytest

from ml_action.config.parse import parse
from ml_action.core.errors import SettingsError
from ml_action.provenance.signing import Signing
from ml_action.runtime import actions
from ml_action.runtime.statement_signing import signing_of
from tests.support.signing import KEY, ORIGIN, OTHER, pem, public_pem

ENVIRON = {
    "GITHUB_REPOSITORY": "octo/students", "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_WORKFLOW_REF": "octo/students/.github/workflows/loop.yml@refs/heads/main",
    "GITHUB_WORKFLOW_SHA": "c" * 40, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "d" * 40,
}  # fmt: skip


def signing(tmp_path, environ=ENVIRON, file=(), **given):
    inputs = {name.replace("_", "-"): value for name, value in given.items()}
    return signing_of(parse(inputs, dict(file)), actions.read_context(environ, tmp_path))


def test_without_a_key_nothing_is_signed_and_no_signature_is_asked_for(tmp_path):
    assert signing(tmp_path) == Signing()


def test_run_with_the_key_signs_in_the_name_of_its_workflow(tmp_path):
    found = signing(tmp_path, signing_key=pem())
    assert found.signer
    assert found.signer.origin == ORIGIN
    assert found.policy
    assert (found.policy.key, found.policy.repository) == (KEY.public, "octo/students")
    assert KEY.public.payload_of(found.signer.envelope_of(b"{}")) == b"{}"


def test_public_key_alone_verifies(tmp_path):
    found = signing(tmp_path, file={"signing-public-key": public_pem()})
    assert found.signer is None
    assert found.policy
    assert found.policy.key == KEY.public


def test_keys_of_two_pairs_are_refused(tmp_path):
    assert signing(tmp_path, signing_key=pem(), signing_public_key=public_pem()).signer
    with pytest.raises(SettingsError, match="not the public half"):
        signing(tmp_path, signing_key=pem(), signing_public_key=public_pem(OTHER))


def test_machine_of_a_person_has_no_origin(tmp_path):
    found = signing(tmp_path, {}, signing_key=pem())
    assert found.signer
    assert found.signer.origin.repository == ""
    assert found.policy
    assert found.policy.repository == ""


def test_settings_that_shape_a_model_change_the_digest_and_others_do_not(tmp_path):
    def digest(**given):
        signer = signing(tmp_path, signing_key=pem(), **given).signer
        return signer and signer.settings_sha256

    assert digest() == digest(label="other")
    assert digest() != digest(seed="1")
