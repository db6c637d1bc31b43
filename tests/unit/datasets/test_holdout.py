"""The permanent holdout: stable, keyed, monotone in its share, and of the size that was asked for."""

from __future__ import annotations

import hashlib

import pytest

from ml_action.core.errors import SettingsError
from ml_action.datasets.holdout import HoldoutKey, fold_of, in_holdout, new_salt

BLOBS = [hashlib.sha1(str(number).encode()).hexdigest() for number in range(4000)]  # noqa: S324 (git's)


def test_the_split_never_moves():
    """These values are recorded for ever: a change of them would put seen datasets into the holdout."""
    assert new_salt("default", "a" * 40) == "636666577fb2cc9fd432264df65388468e87ab066bfebc97ac4eed2b5076c639"
    salt = new_salt("default", "a" * 40)
    assert [blob[:4] for blob in BLOBS[:30] if in_holdout(salt, blob, 0.2)] == [
        "b658",
        "da4b",
        "bd30",
        "fa35",
        "0716",
        "9103",
        "bc33",
        "0a57",
    ]
    assert [fold_of(salt, blob, 5) for blob in BLOBS[:10]] == [4, 3, 1, 0, 1, 1, 3, 4, 0, 2]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_the_holdout_has_about_its_share(share):
    held = sum(in_holdout("salt", blob, share) for blob in BLOBS)
    assert held / len(BLOBS) == pytest.approx(share, abs=0.025)


def test_no_share_holds_nothing_and_a_whole_share_everything():
    assert not any(in_holdout("salt", blob, 0.0) for blob in BLOBS)
    assert all(in_holdout("salt", blob, 1.0) for blob in BLOBS)


def test_a_larger_share_keeps_what_was_held():
    small = {blob for blob in BLOBS if in_holdout("salt", blob, 0.1)}
    large = {blob for blob in BLOBS if in_holdout("salt", blob, 0.3)}
    assert small < large


def test_another_salt_holds_other_datasets():
    one = {blob for blob in BLOBS if in_holdout("one", blob, 0.2)}
    other = {blob for blob in BLOBS if in_holdout("other", blob, 0.2)}
    assert len(one & other) < len(one) / 2


def test_folds_are_even_and_independent_of_the_holdout():
    held = [blob for blob in BLOBS if in_holdout("salt", blob, 0.2)]
    for group in (BLOBS, held):
        sizes = [sum(fold_of("salt", blob, 5) == fold for blob in group) for fold in range(5)]
        assert min(sizes) > 0.7 * len(group) / 5
        assert sum(sizes) == len(group)


def test_the_salt_depends_on_the_model_and_on_its_first_data():
    salts = {new_salt(name, tree) for name in ("a", "b") for tree in ("1" * 40, "2" * 40)}
    assert len(salts) == 4
    assert all(len(salt) == 64 for salt in salts)


SECRET = "0123456789abcdef" * 4


def test_without_a_secret_the_key_is_the_public_salt_as_it_always_was():
    assert (HoldoutKey("salt").value, HoldoutKey("salt").fingerprint) == ("salt", "")


def test_with_a_secret_the_split_follows_from_both_and_never_moves():
    key = HoldoutKey("salt", SECRET)
    assert key.value == "180fdcf009dbc8115377fa6ec9d806ee7418201ae10b6f2cd14180bc1134c1fa"
    assert len({key.value, HoldoutKey("other", SECRET).value, HoldoutKey("salt", SECRET + "x").value, "salt"}) == 4
    held, public = ({blob for blob in BLOBS if in_holdout(each, blob, 0.2)} for each in (key.value, "salt"))
    assert len(held & public) / len(held) == pytest.approx(0.2, abs=0.04)


def test_the_fingerprint_differs_for_each_key_and_neither_it_nor_the_representation_is_the_key():
    key = HoldoutKey("salt", SECRET)
    others = (HoldoutKey("other", SECRET), HoldoutKey("salt", SECRET + "x"))
    assert len({one.fingerprint for one in (key, *others)}) == 3
    assert len(key.fingerprint) == 16
    assert key.fingerprint not in key.value
    assert SECRET not in repr(key)
    assert key.value not in repr(key)


def test_a_versions_own_holdout_is_known_from_its_record():
    key = HoldoutKey("salt", SECRET)
    assert key.of_version("") == "salt"
    assert key.of_version(key.fingerprint) == key.value
    assert key.of_version("f" * 16) == ""
    assert HoldoutKey("salt").of_version(key.fingerprint) == ""


@pytest.mark.parametrize(("secret", "state"), [("", "is empty"), (SECRET + "x", "is another one")])
def test_a_key_that_is_missing_or_changed_ends_the_run_unless_the_user_gives_the_old_one_up(secret, state):
    known = HoldoutKey("salt", SECRET).fingerprint
    HoldoutKey("salt", SECRET).require("v2", known, "")
    HoldoutKey("salt", secret).require("v1", "", "")  # drawn without a secret
    HoldoutKey("salt", secret).require("v2", known, known)
    for replaced in ("", "f" * 16):
        with pytest.raises(SettingsError) as caught:
            HoldoutKey("salt", secret).require("v2", known, replaced)
        assert f"holdout-key {state}: the holdout of v2 was drawn with the key {known}" in str(caught.value)
        assert f"replaced-holdout-key: {known}" in str(caught.value)
        assert not secret or secret not in str(caught.value)
