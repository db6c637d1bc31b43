"""Which datasets no version ever trains on, and in which fold a dataset is judged: keyed hashes.

The split is by dataset and by content: a dataset that is in the holdout once stays in it, whatever arrives later and in
whatever order, so no version can have learned what it is scored on (decision.md, step 2).

The key is made of a public salt, which is recorded in the metadata, and of a secret where one is given (the setting
`holdout-key`). Without a secret anybody can compute the split: a contributor steers a file by adding a blank to it, and
a few hundred tries put two hundred files outside of the holdout. With one only who holds it can; what is stored is a
fingerprint, which shows that the secret was changed.
"""

from __future__ import annotations

import hashlib
import hmac

from ml_action.core.dataclass import dataclass, field
from ml_action.core.errors import SettingsError

_RANGE = 2**256


@dataclass(frozen=True)
class HoldoutKey:
    """The public salt of a model's holdout, and the secret that is needed besides. Empty: none is."""

    salt: str
    secret: str = field(default="", repr=False)

    @property
    def value(self) -> str:
        """The key of `in_holdout` and `fold_of`. It is as secret as `secret` is."""
        if not self.secret:
            return self.salt
        return hmac.digest(self.secret.encode(), f"ml-auto-update holdout\0{self.salt}".encode(), "sha256").hex()

    @property
    def fingerprint(self) -> str:
        """What is recorded of the key: 16 hexadecimal digits that differ for each secret and salt. Empty: no secret."""
        if not self.secret:
            return ""
        return hmac.digest(self.value.encode(), b"fingerprint", "sha256").hex()[:16]

    def of_version(self, recorded: str) -> str:
        """Returns the key of the holdout that a version was trained without, or "" if it is unknown.

        Args:
            recorded: The fingerprint in the version's record; empty: it was the salt alone.
        """
        if not recorded:
            return self.salt
        return self.value if recorded == self.fingerprint else ""

    def require(self, version: str, recorded: str, replaced: str) -> None:
        """Checks that the champion's holdout is known, or that the user has given it up.

        Args:
            version: The champion.
            recorded: The fingerprint in its record.
            replaced: The fingerprint that the user says is replaced.

        Raises:
            SettingsError: The secret is missing or another one.
        """
        if self.of_version(recorded) or replaced == recorded:
            return
        state = "is another one" if self.secret else "is empty"
        raise SettingsError(
            f"holdout-key {state}: the holdout of {version} was drawn with the key {recorded}",
            why="the secret was changed or is not set in this workflow; with another key models would be trained on "
            "datasets that were held out so far",
            fix=f"pass the key of before again. If it is lost or shall go, set replaced-holdout-key: {recorded}; a new "
            "holdout is drawn then, and what was held out until now may be trained on",
        )


def new_salt(name: str, tree: str) -> str:
    """Returns the public salt of a model's holdout, 64 hexadecimal digits, for its name and its first data tree.

    It is derived and not random: a first run that was killed arrives at the same split when it is repeated.
    """
    return hashlib.sha256(f"ml-auto-update holdout\0{name}\0{tree}".encode()).hexdigest()


def in_holdout(key: str, identity: str, share: float) -> bool:
    """Whether the dataset of this identity (its git blob id) is in the permanent holdout.

    `share` is the expected share of datasets in it, from 0 to 1. A dataset that is in the holdout at one share is in it
    at every larger one. The result depends on nothing but the arguments.
    """
    return _number(key, "holdout", identity) < share * _RANGE


def fold_of(key: str, identity: str, folds: int) -> int:
    """Returns the fold, from 0 to `folds` - 1, that the dataset is judged in; independent of `in_holdout`."""
    return _number(key, "fold", identity) % folds


def _number(key: str, purpose: str, identity: str) -> int:
    """Returns HMAC-SHA256 as a number below 2**256."""
    message = f"{purpose}\0{identity}".encode()
    return int.from_bytes(hmac.digest(key.encode(), message, "sha256"), "big")
