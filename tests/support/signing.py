"""Keys and signed statements for tests: real Ed25519, and texts as OpenSSL writes them."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from ml_action.config.signing_key import PRIVATE_PREFIX, PUBLIC_PREFIX
from ml_action.core import model_metadata
from ml_action.core.records.evaluation import Interval
from ml_action.git import registry
from ml_action.provenance import statement
from ml_action.provenance.keys import SigningKey
from ml_action.provenance.signing import StatementSigner
from ml_action.provenance.statement import Code, Judgement, Model, Origin, Promotion, Statement
from tests.support.model_folder import ModelDir

KEY, OTHER = SigningKey(b"k" * 32), SigningKey(b"o" * 32)
ORIGIN = Origin(
    "octo/students", "77", "1", ".github/workflows/loop.yml", "c" * 40, "refs/heads/main", "d" * 40, "https://github.com"
)  # fmt: skip
SIGNER = StatementSigner(KEY.envelope_of, ORIGIN, "5" * 64)


def pem(key: SigningKey = KEY) -> str:
    """The private half, as `openssl genpkey` prints it."""
    line = base64.b64encode(PRIVATE_PREFIX + key.seed).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----\n"


def public_pem(key: SigningKey = KEY) -> str:
    """The public half, as `openssl pkey -pubout` prints it."""
    line = base64.b64encode(PUBLIC_PREFIX + key.public.raw).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{line}\n-----END PUBLIC KEY-----\n"


def make_promotion(**changes: Any) -> Promotion:
    plain = Promotion(
        name="model", counter=2, version="v2", previous=Model("v1", "a" * 64),
        judgement=Judgement("promote", "r2", 0.05, Interval(0.03, 0.07), forced=False), fingerprint="f" * 64,
        data_tree="b" * 40, settings_sha256="5" * 64, code=Code("0.1.0", "6" * 64), origin=ORIGIN,
        time="2026-03-01T12:00:00Z",
    )  # fmt: skip
    return replace(plain, **changes)


def make_statement(**changes: Any) -> Statement:
    return replace(Statement("v2.pkl", "d" * 64, "e" * 64, make_promotion()), **changes)


def signed(about: Statement, key: SigningKey = KEY) -> bytes:
    """The file with this statement."""
    return key.envelope_of(statement.to_bytes(about))


def sign(models: ModelDir, *, key: SigningKey = KEY, **changes: Any) -> bytes:
    """Writes the statement about the current version of a folder, as its promotion would; `changes` go into it."""
    metadata = (models.path / registry.METADATA).read_bytes()
    version = model_metadata.parse(metadata, "").champion
    assert version
    promotion = make_promotion(**{"version": version.version, "counter": len(models.versions), **changes})
    about = Statement(version.file, version.sha256, statement.sha256(metadata), promotion)
    content = signed(about, key)
    (models.path / statement.FILE).write_bytes(content)
    return content
