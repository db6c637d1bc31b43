import os
import threading
from multiprocessing import Pipe

import pytest

from ml_action.consumer import Folder, SourceUnavailable
from service.feedback.collector import Feedback, FullError
from service.feedback.rate import Rate, RateError
from service.processes.channel import Channel, answer
from service.processes.keeper import Keeper
from service.processes.worker import KeptFeedback, KeptSource


class Written:
    def __init__(self):
        self.files = []

    def put(self, file):
        self.files.append(file)


@pytest.fixture
def connected():
    """Returns a channel to a keeper with these collaborators."""

    def connect(source, feedback=None):
        here, there = Pipe()
        keeper = Keeper(None, source, feedback, None)
        threading.Thread(target=answer, args=(here, keeper._answerers(0)), daemon=True).start()
        return Channel(os.dup(there.fileno()))

    return connect


def test_a_worker_reads_files_through_the_keeper_and_meets_its_errors(connected, tmp_path):
    (tmp_path / "model_metadata.json").write_bytes(b"\x00\xff{}")
    channel = connected(Folder(tmp_path))
    source = KeptSource(channel, channel, "octo/students")
    assert source.metadata() == b"\x00\xff{}"
    assert source.artifact("model_metadata.json", 1) == b"\x00\xff"
    assert (source.counter(), str(source)) == (b"", "octo/students")
    with pytest.raises(SourceUnavailable, match=r"v1\.pkl cannot be read") as caught:
        source.artifact("v1.pkl", 1)
    assert "not the model directory" in caught.value.why


def test_a_worker_hands_rows_over_and_meets_the_limits(connected, tmp_path):
    target = Written()
    collector = Feedback(target, pending=3, rate=Rate(5))
    feedback = KeptFeedback(connected(Folder(tmp_path), collector))
    assert feedback.add(("a", "b"), [{"a": 1.5, "b": None}, {"a": 2, "b": "x,\n"}], "10.0.0.1") == 2
    assert feedback.state() == {"waiting": 2, "problem": "", "outcomes": {}}
    with pytest.raises(FullError):
        feedback.add(("a",), [{"a": 1}] * 2, "10.0.0.1")
    with pytest.raises(RateError):
        feedback.add(("a",), [{"a": 1}] * 2, "10.0.0.1")
    assert collector.flush()
    assert [file.content for file in target.files] == [b'a,b\n1.5,\n2,"x,\n"\n']
    assert feedback.state()["outcomes"] == {"written": 2}


@pytest.mark.parametrize(
    ("question", "about"),
    [("token", {}), ("artifact", {"file": 5}), ("__init__", {}), ("add", {"columns": [], "rows": [], "client": ""})],
)
def test_a_worker_that_asks_for_nonsense_gets_an_error_and_the_keeper_continues(connected, tmp_path, question, about):
    channel = connected(Folder(tmp_path))
    with pytest.raises(RuntimeError, match="the keeper failed"):
        channel.ask(question, **about)
    assert channel.ask("counter") == b""
