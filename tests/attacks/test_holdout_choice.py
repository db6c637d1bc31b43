"""A contributor who tries until a dataset is not held out: with the public salt, and with a secret."""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from collections.abc import Callable

from ml_action.datasets.holdout import HoldoutKey, in_holdout
from tests.scenarios.world import World, drifted

SECRET = "3f9c0d2b7a6e4815" * 4
SALT = "5" * 64
SHARE = 0.2


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324  git's


def steered(count: int, wanted: Callable[[str], bool]) -> tuple[list[str], int]:
    """Blob ids of datasets that each got blanks at their end until they are as wanted, and how many were tried."""
    found, tries = [], 0
    for number in range(count):
        for blanks in itertools.count():
            tries += 1
            blob = blob_id(f"hours,score\n{number},50{' ' * blanks}\n".encode())
            if wanted(blob):
                found.append(blob)
                break
    return found, tries


def held(blobs: list[str], key: str) -> int:
    return sum(in_holdout(key, blob, SHARE) for blob in blobs)


def test_without_a_secret_a_few_hundred_tries_choose_for_200_datasets():
    """The documented limit of the public salt. It is no defence."""
    blobs, tries = steered(200, lambda blob: not in_holdout(HoldoutKey(SALT).value, blob, SHARE))
    assert held(blobs, HoldoutKey(SALT).value) == 0
    assert tries < 400


def test_200_of_200_datasets_cannot_be_chosen_without_the_key():
    """What is public are the salt, the fingerprint, and the code: each guess at a key steers as well as chance."""
    key = HoldoutKey(SALT, SECRET)
    guesses = [SALT, key.fingerprint, HoldoutKey(SALT, key.fingerprint).value, HoldoutKey(SALT, SALT).value]
    draw = random.Random(0)  # noqa: S311
    guesses += [HoldoutKey(SALT, f"{draw.getrandbits(256):064x}").value for _ in range(20)]
    for guess in guesses:
        blobs, _ = steered(200, lambda blob, guess=guess: not in_holdout(guess, blob, SHARE))
        assert 20 <= held(blobs, key.value) <= 64  # 40 by chance; four standard deviations


def test_the_key_is_in_nothing_that_a_run_leaves_and_a_run_without_it_stops(production: World) -> None:
    salt, state = production.state.attempts[-1].salt, production.state
    assert not state.attempts[-1].holdout_fingerprint
    production.arrive(drifted(45, 8))
    run = production.hour(holdout_key=SECRET)
    assert run.outputs["merge-state"] == "merged", run.log
    key, champion = HoldoutKey(salt, SECRET), production.champion
    assert champion.holdout_fingerprint == production.state.attempts[-1].holdout_fingerprint == key.fingerprint
    assert production.state.attempts[-1].salt == salt
    assert "the champion is judged by its own holdout" in run.plain_summary
    datasets = [blob for path, blob in production.on("main").items() if path.endswith(".csv")]
    assert champion.datasets == len(datasets) - held(datasets, key.value)

    log = re.sub(r"(?m)^::add-mask::.*\n", "", run.log)
    objects = production.git.run("cat-file", "--batch-all-objects", "--batch", "--buffer")
    sent = repr([(one.method, one.path, one.body) for one in production.exchanges])
    for text in (log, run.summary, repr(run.outputs), objects.decode("latin-1"), sent):
        assert SECRET not in text
        assert key.value not in text

    production.arrive(drifted(45, 9))
    before = production.state
    run = production.hour()
    assert (run.code, run.decision) == (2, "failed"), run.log
    assert (
        f"holdout-key is empty: the holdout of {champion.version} was drawn with the key {key.fingerprint}" in run.log
    )
    run = production.hour(holdout_key=SECRET.replace("3", "4"))
    assert "holdout-key is another one" in run.log
    assert production.state == before
    assert production.champion == champion

    run = production.hour(replaced_holdout_key=key.fingerprint, gate="higher")
    assert run.code == 0, run.log
    assert "that of the champion is unknown" in run.plain_summary
    assert not production.state.attempts[-1].holdout_fingerprint
