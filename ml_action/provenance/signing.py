"""What a run signs with, and what it says of itself in each statement."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ml_action import __version__
from ml_action.provenance.policy import Policy
from ml_action.provenance.statement import Code, Origin


@dataclass(frozen=True)
class StatementSigner:
    """Signs the statements of one run."""

    envelope_of: Callable[[bytes], bytes]  # from a statement's payload to the content of its file
    origin: Origin
    settings_sha256: str


@dataclass(frozen=True)
class Signing:
    """How promotions are signed and verified in this run."""

    signer: StatementSigner | None = None  # None: they are not signed
    policy: Policy | None = None  # None: a signature is not asked for


def own_code() -> Code:
    """Returns the release that runs, with a digest of its Python files."""
    package, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        digest.update(b"%b\0%d\0%b" % (path.relative_to(package).as_posix().encode(), len(content), content))
    return Code(__version__, digest.hexdigest())
