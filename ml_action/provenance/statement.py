"""What is signed: an in-toto statement about a promotion. https://github.com/in-toto/attestation/tree/main/spec/v1

Its subjects are the model file and model_metadata.json as the promotion leaves them; its predicate says where they come
from. As with the envelope, what is read has to be byte for byte what we would write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_action.config.settings import METADATA
from ml_action.core.codec import decode, encode
from ml_action.core.records.evaluation import Interval
from ml_action.provenance import envelope
from ml_action.provenance.unverified import malformed

FILE = "model_statement.json"  # in the model directory, next to the metadata
TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://github.com/org/ml-auto-update/promotion/v1"
MAX_COUNTER = 2**53  # every JSON reader agrees on numbers below


@dataclass(frozen=True)
class Model:
    """A version and its model file."""

    version: str
    sha256: str


@dataclass(frozen=True)
class Judgement:
    """What the gate found."""

    verdict: str
    metric: str
    improvement: float | None
    interval: Interval | None  # of the improvement
    forced: bool  # by a person, whatever the gate found


@dataclass(frozen=True)
class Code:
    """What trained: a release of ml-auto-update."""

    version: str
    sha256: str  # of its Python files


@dataclass(frozen=True)
class Origin:
    """The run, and the workflow that it was a run of. Everything is empty outside of GitHub."""

    repository: str = ""  # owner/name
    run: str = ""  # its id
    run_attempt: str = ""
    workflow: str = ""  # path of its file in the repository
    workflow_sha: str = ""  # commit of that file
    ref: str = ""  # such as refs/heads/main
    sha: str = ""  # commit that the run was for
    server: str = ""  # https://github.com


@dataclass(frozen=True)
class Promotion:
    """The predicate: where a model comes from."""

    name: str  # of the model
    counter: int  # one more with each promotion and rollback
    version: str
    previous: Model | None  # in production before
    judgement: Judgement
    fingerprint: str  # of data, settings, recipe, libraries and champion
    data_tree: str  # git's id of the data
    settings_sha256: str  # of the settings that shape a model or its verdict
    code: Code
    origin: Origin
    time: str  # UTC, ISO 8601


@dataclass(frozen=True)
class Statement:
    """A promotion, and the files that it is about."""

    model_file: str
    model_sha256: str
    metadata_sha256: str
    promotion: Promotion


def to_bytes(statement: Statement) -> bytes:
    """Returns the payload of the envelope."""
    document = {
        "_type": TYPE,
        "subject": [
            {"name": statement.model_file, "digest": {"sha256": statement.model_sha256}},
            {"name": METADATA, "digest": {"sha256": statement.metadata_sha256}},
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": encode(statement.promotion),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def parse(payload: bytes) -> Statement:
    """Returns the statement in a payload.

    Raises:
        Unverified: these are not the bytes that we would write.
    """
    document = envelope.load(payload)
    try:
        statement = _statement(document)
        same = to_bytes(statement) == payload
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise malformed("it is no in-toto statement about a promotion") from error
    if not same:
        raise malformed("it holds more, or less, than our statements")
    if not 0 < statement.promotion.counter < MAX_COUNTER:
        raise malformed("its counter is out of range")
    return statement


def _statement(document: Mapping[str, Any]) -> Statement:
    model, metadata = document["subject"]
    promotion = decode(Promotion, document["predicate"])
    return Statement(model["name"], model["digest"]["sha256"], metadata["digest"]["sha256"], promotion)


def sha256(content: bytes) -> str:
    """Returns the digest of a file, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
