"""Signatures without a key: the real client of Sigstore, against a stand-in of its services and of GitHub's tokens."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import replace

import pytest

from ml_action.config.parse import parse
from ml_action.consumer import Consumer, Folder, Verification
from ml_action.core.errors import ForgeError, ModelError, SettingsError
from ml_action.git import registry
from ml_action.provenance import keyless, statement
from ml_action.provenance.keyless import Keyless
from ml_action.provenance.policy import by_sigstore, unverified_statement
from ml_action.provenance.unverified import Unverified, Verdict
from ml_action.runtime import actions, statement_signing
from tests.support import sigstore_server
from tests.support.model_folder import ModelDir
from tests.support.signing import KEY, ORIGIN, make_promotion, make_statement, pem, signed

PAYLOAD = statement.to_bytes(make_statement())
WORKFLOW = ".github/workflows/loop.yml"


@pytest.fixture(scope="module")
def sigstore(tmp_path_factory):
    """The services with the trust configuration of their clients, and a bundle that was made there."""
    with sigstore_server.running() as services:
        services.config = services.trust(tmp_path_factory.mktemp("trust"))
        services.identity = Keyless("octo/students", "refs/heads/main", WORKFLOW, trust_config=services.config)
        services.bundle = services.identity.bundle_of(PAYLOAD, keyless.identity_token(services.environ))
        yield services


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    """Where the client keeps its copy of the public root of trust."""
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))


def refused(identity, content):
    with pytest.raises(Unverified) as caught:
        identity.payload_of(content)
    assert caught.value.fix
    return caught.value


def test_bundle_is_verified_without_a_request(sigstore):
    sigstore.down = True
    try:
        assert sigstore.identity.payload_of(sigstore.bundle) == PAYLOAD
    finally:
        sigstore.down = False
    assert unverified_statement(sigstore.bundle) == make_statement()
    assert by_sigstore("octo/students", "main", WORKFLOW, sigstore.config).statement_in(sigstore.bundle)


@pytest.mark.parametrize(
    "changes",
    [
        {"repository": "octo/other"},
        {"ref": "refs/heads/develop"},
        {"workflow": ".github/workflows/other.yml"},
        {"server": "https://git.example.org"},
        {"issuer": "https://example.org"},
        {"trust_config": None},  # the public Sigstore, whose root of trust comes with the package
    ],
    ids=str,
)
def test_bundle_of_another_identity_is_not_trusted(sigstore, changes):
    assert refused(replace(sigstore.identity, **changes), sigstore.bundle).verdict is Verdict.UNTRUSTED


def leaves(document, path=()):
    """The path of every text and number of a JSON document."""
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from leaves(value, (*path, key))
    else:
        yield path


def planted(document, path):
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    value = str(holder[path[-1]])
    place = len(value) // 2
    holder[path[-1]] = value[:place] + ("1" if value[place] != "1" else "2") + value[place + 1 :]
    return changed


def test_change_of_any_part_of_the_bundle_is_refused(sigstore):
    document = json.loads(sigstore.bundle)
    paths = list(leaves(document))
    assert len(paths) > 12
    for path in paths:
        error = refused(sigstore.identity, json.dumps(planted(document, path)).encode())
        assert error.verdict in (Verdict.UNTRUSTED, Verdict.MALFORMED), path


@pytest.mark.parametrize("content", [b"", b"{}", b'{"mediaType": 1}', b'{"mediaType": "x"}', b"[" * 60_000])
def test_file_that_is_no_bundle_is_refused(sigstore, content):
    refused(sigstore.identity, content)
    with pytest.raises(Unverified):
        unverified_statement(content)


def test_envelope_of_a_key_is_no_bundle_and_a_bundle_no_envelope(sigstore):
    assert "signed by a key" in refused(sigstore.identity, signed(make_statement())).what
    assert "no DSSE envelope" in refused(KEY.public, sigstore.bundle).what


def test_trust_configuration_that_cannot_be_read_is_reported(sigstore, tmp_path):
    (tmp_path / "empty").write_text("{}")
    for path in (tmp_path / "nothing", tmp_path / "empty"):
        with pytest.raises(ModelError, match="root of trust cannot be read") as caught:
            replace(sigstore.identity, trust_config=path).payload_of(sigstore.bundle)
        assert not isinstance(caught.value, Unverified)


# --- signing ----------------------------------------------------------------------------------------------


def test_run_asks_for_an_identity_when_it_signs_and_not_before(sigstore, tmp_path):
    environ = {
        "GITHUB_REPOSITORY": "octo/students", "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_WORKFLOW_REF": f"octo/students/{WORKFLOW}@refs/heads/main", "GITHUB_WORKFLOW_SHA": "c" * 40,
        "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "d" * 40,
    }  # fmt: skip
    settings = parse({"signing": "sigstore"}, {})
    without = statement_signing.signing_of(settings, actions.read_context(environ, tmp_path))
    assert without.signer
    assert without.signer.origin == ORIGIN
    with pytest.raises(SettingsError, match="no identity token") as caught:
        without.signer.envelope_of(PAYLOAD)
    assert "id-token: write" in caught.value.fix
    context = actions.read_context(environ | sigstore.environ, tmp_path)
    signing = statement_signing._keyless(settings, context, sigstore.config)
    assert signing.signer
    assert signing.policy
    assert signing.policy.statement_in(signing.signer.envelope_of(PAYLOAD)) == make_statement()
    of_other_branch = statement_signing._keyless(settings.with_values(base="release"), context, sigstore.config).policy
    assert of_other_branch
    with pytest.raises(Unverified, match="OIDCSourceRepositoryRef"):
        of_other_branch.statement_in(sigstore.bundle)


def test_machine_of_a_person_has_no_identity(tmp_path):
    with pytest.raises(SettingsError, match="repository's name is not known"):
        statement_signing.signing_of(parse({"signing": "sigstore"}, {}), actions.read_context({}, tmp_path))


def test_key_and_sigstore_together_are_refused():
    with pytest.raises(SettingsError, match="either Sigstore signs, or the key"):
        parse({"signing": "sigstore", "signing-key": pem()}, {})


def test_trouble_of_the_services_is_reported_with_what_happens_next(sigstore):
    token = keyless.identity_token(sigstore.environ)
    sigstore.down = True
    try:
        for ask in (
            lambda: keyless.identity_token(sigstore.environ),
            lambda: sigstore.identity.bundle_of(PAYLOAD, token),
            lambda: sigstore.identity.bundle_of(PAYLOAD, "no token"),
        ):
            with pytest.raises(ForgeError) as caught:
                ask()
            assert "the next run trains and signs again" in caught.value.fix
            assert token not in str(caught.value)
    finally:
        sigstore.down = False


def test_missing_package_is_reported_with_its_remedy(sigstore, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sigstore.verify", None)
    with pytest.raises(ModelError, match="package is not installed") as caught:
        sigstore.identity.payload_of(sigstore.bundle)
    assert "pip install sigstore" in caught.value.fix
    context = actions.read_context({"GITHUB_REPOSITORY": "octo/students"}, tmp_path)
    with pytest.raises(SettingsError, match="package is not installed"):
        statement_signing.signing_of(parse({"signing": "sigstore"}, {}), context)


def test_consumer_loads_what_sigstore_certified_and_nothing_else(sigstore, tmp_path):
    models = ModelDir(tmp_path / "model")
    version = models.publish()
    metadata = (models.path / registry.METADATA).read_bytes()
    about = make_statement(
        model_file=version.file, model_sha256=version.sha256, metadata_sha256=statement.sha256(metadata),
        promotion=make_promotion(version="v1"),
    )  # fmt: skip
    bundle = sigstore.identity.bundle_of(statement.to_bytes(about), keyless.identity_token(sigstore.environ))
    (models.path / statement.FILE).write_bytes(bundle)
    asked = {"sigstore": True, "ref": "main", "trust_config": sigstore.config}
    consumer = Consumer(Folder(models.path), verification=Verification(repository="octo/students", **asked))
    assert consumer.refresh(), consumer.status
    consumer = Consumer(Folder(models.path), verification=Verification(repository="octo/other", **asked))
    assert not consumer.refresh()
    assert "octo/students" in consumer.status.problem
