"""Values with equal hashes are found, however they are hidden; sound values never are."""

from __future__ import annotations

import itertools
import signal
import string
import uuid

import numpy as np
import pandas as pd
import pytest

from ml_action.modelling.reading import colliding_columns, collisions, csv_file
from ml_action.modelling.reading.collisions import colliding_files, hashes_of
from tests.support.colliding import colliding_floats, colliding_whole_numbers, colliding_words

WORDS = colliding_words(6000)
FILE = "".join(f"{number},{word}\n" for number, word in enumerate(WORDS)).encode()
SOUND = "".join(f"{number / 7:.6f},{number % 1000},name {number}\n" for number in range(60_000)).encode()


def polynomial(word: bytes) -> int:
    found = 0
    for byte in word:
        found = (found * 31 + (byte if byte < 128 else byte - 256)) % 2**32
    return found


def test_hashes_are_those_of_pandas():
    words = [b"", b"a", *(np.random.default_rng(1).bytes(size) for size in range(1, 60))]
    assert hashes_of(words).tolist() == [polynomial(word) for word in words]
    pieces = list(collisions.pieces("é abcdefg,short,another word\n\nlast one".encode()))
    found = [piece.word(place) for piece in pieces for place in range(len(piece.hashes))]
    assert found == ["é abcdefg".encode(), b"another word", b"last one"]
    assert np.concatenate([piece.hashes for piece in pieces]).tolist() == [polynomial(word) for word in found]


@pytest.mark.parametrize(
    "file",
    [
        FILE,
        FILE.replace(b"\n", b"\r\n"),
        "".join(f'"{number}","{word}"\n' for number, word in enumerate(WORDS)).encode(),
        "".join(f'"a ""b"", c",{word}\n' for word in WORDS).encode(),
        "".join(f'5" x,{word}\n' for word in WORDS).encode(),
        SOUND[:100_000] + FILE,
        "".join(",,,," + word + "\n" for word in WORDS).encode(),
    ],
    ids=["plain", "CRLF", "quoted", "after quotes", "odd quotes", "behind sound rows", "between gaps"],
)
def test_words_with_one_hash_are_found(file):
    assert colliding_files([SOUND[:100_000], file]) == [1]


def test_files_with_most_of_them_are_left_out_until_few_are_left():
    many = [FILE[start : start + 1000] for start in range(0, len(FILE), 1000)]
    sound = f"x,{WORDS[-1]}\n".encode() * 100
    left_out = set(colliding_files([sound, *many]))
    assert 0 not in left_out
    assert len(many) - 25 < len(left_out) < len(many)


def test_sound_words_share_no_hashes():
    """Counters of mixed case do by threes: `Aa` and `BB`."""
    letters = string.ascii_letters + string.digits
    counters = [f"item-{''.join(word)}" for word in itertools.islice(itertools.product(letters, repeat=3), 60_000)]
    numbers = [f"{number:012d}" for number in range(60_000)]
    keys = [str(uuid.UUID(int=number * 7919**9 % 2**128)) for number in range(20_000)]
    for words in (counters, numbers, keys):
        assert colliding_files(["\n".join(words).encode()]) == []
        frame = pd.DataFrame({"a": words, "b": np.arange(len(words)) * 1000, "c": np.arange(len(words)) / 3})
        assert colliding_columns.colliding_datasets(frame, np.arange(len(words)) // 100, ["b"]) == []


@pytest.mark.parametrize(
    "values",
    [colliding_floats(5000), colliding_whole_numbers(5000), pd.Series(WORDS[:5000]), pd.Series([None, *WORDS[:4999]])],
    ids=["floats", "whole numbers", "words", "words and gaps"],
)
def test_columns_of_a_table_are_searched_too(values):
    column = np.concatenate([np.arange(3000).astype(str) if isinstance(values, pd.Series) else np.arange(3000), values])
    frame = pd.DataFrame({"sound": np.arange(8000) / 3, "a": pd.Series(column)})
    found = colliding_columns.colliding_datasets(frame, np.arange(8000) // 1000)
    assert set(found) <= {3, 4, 5, 6, 7}
    assert len(found) >= 4


def test_signal_is_heard_while_a_file_is_parsed():
    class Heard(BaseException):
        pass

    def hear(*_):
        raise Heard

    content = b"a,b,c\n" + SOUND * 20
    before = signal.signal(signal.SIGALRM, hear)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(Heard):
            csv_file.parse(content)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
