"""Which datasets no version ever trains on, and in which fold a dataset is judged: keyed hashes.

The split is by dataset and by content: a dataset that is in the holdout once stays in it, whatever arrives later and in
whatever order, so no version can have learned what it is scored on (decision.md, step 2).

The key is no secret: it is recorded in the metadata, so that anybody can repeat a verdict. It keeps the split of one
model apart from that of another. It does not keep a contributor from choosing: a file's hash can be steered by adding a
blank to it, and a few hundred tries put two hundred files outside of the holdout. What such files teach is still judged
on the holdout's other files, in the folds, and by people who look at the data (docs/threats.md).
"""

from __future__ import annotations

import hashlib
import hmac

_RANGE = 2**256


def new_salt(name: str, tree: str) -> str:
    """Returns the key of a model's holdout, 64 hexadecimal digits, for the model's name and its first data tree.

    It is derived and not random: a first run that was killed arrives at the same split when it is repeated.
    """
    return hashlib.sha256(f"ml-auto-update holdout\0{name}\0{tree}".encode()).hexdigest()


def in_holdout(salt: str, identity: str, share: float) -> bool:
    """Whether the dataset of this identity (its git blob id) is in the permanent holdout.

    `share` is the expected share of datasets in it, from 0 to 1. A dataset that is in the holdout at one share is in it
    at every larger one. The result depends on nothing but the arguments.
    """
    return _number(salt, "holdout", identity) < share * _RANGE


def fold_of(salt: str, identity: str, folds: int) -> int:
    """Returns the fold, from 0 to `folds` - 1, that the dataset is judged in; independent of `in_holdout`."""
    return _number(salt, "fold", identity) % folds


def _number(salt: str, purpose: str, identity: str) -> int:
    """Returns HMAC-SHA256 as a number below 2**256."""
    message = f"{purpose}\0{identity}".encode()
    return int.from_bytes(hmac.digest(salt.encode(), message, "sha256"), "big")
