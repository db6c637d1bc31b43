import dataclasses
import gc
import hashlib
import json
import pickle
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from ml_action.consumer import Consumer, Folder, GitHub
from ml_action.core import model_metadata
from ml_action.core.errors import ModelError
from ml_action.git import registry
from ml_action.modelling.training import library_versions, model_file
from tests.support.flaky_server import REPOSITORY, refused
from tests.support.model_folder import made, trained

FIVE = [{"hours_studied": 5}]


@pytest.fixture
def events():
    return []


@pytest.fixture
def consumer(models, events):
    return Consumer(Folder(models.path), on_event=events.append)


def test_the_current_version_is_loaded(models, consumer, events):
    version = models.publish(3.0)
    assert consumer.refresh()
    assert consumer.current.version == version
    assert consumer.current.predict(FIVE) == [pytest.approx(55.0)]
    assert consumer.status.version == consumer.status.wanted == "v1"
    assert consumer.status.swaps == consumer.status.failures == 0
    assert consumer.status.ready
    assert [(event.kind, event.version, event.path) for event in events] == [("swapped", "v1", "linear")]


def test_a_new_version_takes_over_and_a_held_one_stays_usable(models, consumer, events):
    models.publish(3.0)
    consumer.refresh()
    held = consumer.current
    models.publish(4.0)
    assert consumer.refresh()
    assert consumer.current.predict(FIVE) == [pytest.approx(60.0)]
    assert held.predict(FIVE) == [pytest.approx(55.0)]
    assert consumer.status.swaps == 1
    assert (events[-1].version, events[-1].before) == ("v2", "v1")


def test_the_old_model_is_freed_immediately(models, consumer):
    """Not when the garbage collector runs: two large models may fit, and three do not."""
    models.publish(3.0, columns="hours_studied day score")  # this one gets a frame
    consumer.refresh()
    old = weakref.ref(consumer.current.model)
    models.publish(4.0)
    gc.collect()
    gc.disable()
    try:
        assert consumer.refresh()
        assert old() is None
    finally:
        gc.enable()


def test_a_rollback_is_followed_like_a_promotion(models, consumer):
    models.publish(3.0)
    models.publish(4.0)
    consumer.refresh()
    models.point("v1")
    assert consumer.refresh()
    assert consumer.current.version.version == "v1"
    assert consumer.current.predict(FIVE) == [pytest.approx(55.0)]


def test_an_unchanged_version_is_not_loaded_again(models, consumer, events):
    models.publish()
    consumer.refresh()
    predictor = consumer.current.predictor
    assert not consumer.refresh()
    assert consumer.current.predictor is predictor
    assert len(events) == 1


def test_a_longer_history_needs_no_reload(models, consumer):
    models.publish()
    consumer.refresh()
    predictor = consumer.current.predictor
    models.publish()
    models.point("v1")
    assert not consumer.refresh()
    assert len(consumer.current.history.versions) == 2
    assert consumer.current.predictor is predictor


def test_before_the_first_model_current_raises(models, consumer):
    with pytest.raises(ModelError, match=r"No model is loaded yet") as caught:
        _ = consumer.current
    assert "has not been checked yet" in caught.value.why
    assert not consumer.refresh()
    assert not consumer.status.ready
    with pytest.raises(ModelError) as caught:
        _ = consumer.current
    assert "cannot be read" in caught.value.why


class Bomb:
    """Fails the test when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


def wrong_digest(content):
    return pickle.dumps(Bomb()).ljust(len(content), b"\0")[: len(content)]


def other(name):
    major, minor, *_ = library_versions.libraries()[name].split(".")
    return {**library_versions.libraries(), name: f"{major}.{int(minor) + 1}.0"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"content": wrong_digest}, "The model file's sha256 is"),
        ({"content": lambda data: data[:-20]}, "bytes, its record says"),
        ({"content": lambda data: data + b"\0"}, "has more than"),
        ({"content": lambda data: b""}, "has 0 bytes, its record says"),
        ({"libraries": other("scikit-learn")}, "was written with scikit-learn"),
        ({"libraries": other("python")}, "was written with python"),
        ({"size": 2**40}, "are the most that are loaded"),
        ({"size": 0}, "are the most that are loaded"),
        ({"file": "../v2.pkl"}, "names a model file outside its folder"),
        ({"file": "v9.pkl.gone"}, None),
        ({"sample": {"hours_studied": "many"}}, "does not answer its sample request"),
    ],
)
def test_the_old_version_stays_if_the_new_one_is_bad(models, consumer, events, changes, reason):
    models.publish(3.0)
    consumer.refresh()
    version = models.publish(4.0, **changes)
    if reason is None:
        (models.path / version.file).unlink()
        reason = "v9.pkl.gone cannot be read"
    assert not consumer.refresh()
    assert not consumer.refresh()
    assert consumer.current.version.version == "v1"
    assert consumer.current.predict(FIVE) == [pytest.approx(55.0)]
    status = consumer.status
    assert (status.version, status.wanted, status.failures, status.consecutive_failures) == ("v1", "v2", 2, 2)
    assert reason in status.problem
    assert [event.kind for event in events] == ["swapped", "refused"]  # reported once
    assert reason in events[-1].reason


def test_a_file_that_is_not_a_model_is_refused(models, consumer):
    """The digest matches, so it was promoted; but it is no model."""
    version, _ = made(1)
    content = pickle.dumps("no model")
    lying = dataclasses.replace(version, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    models.publish()
    models.versions[0] = lying
    models.point("v1")
    (models.path / "v1.pkl").write_bytes(content)
    assert not consumer.refresh()
    assert "does not answer its sample request" in consumer.status.problem


class Odd:
    """A custom estimator."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, frame):
        return np.array([self.answer] * len(frame))


class Leaves(Odd):
    """Loading its file ends the process."""

    def __reduce__(self):
        return sys.exit, (3,)


def publish_file(models, model):
    content, digest = model_file.dump(model)
    return models.publish(sha256=digest, size=len(content), content=lambda _: content)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Odd(np.datetime64("2026-01-01")), "answers its sample request with 2026-01-01"),
        (Odd(None), "answers its sample request with None"),
        (Odd(float("inf")), "answers its sample request with inf"),
        (Odd([1.0, 2.0]), "does not answer its sample request"),
        (Leaves(1.0), "SystemExit: 3"),
    ],
)
def test_a_model_with_an_invalid_prediction_is_refused(models, consumer, model, reason):
    models.publish()
    consumer.refresh()
    publish_file(models, model)
    assert not consumer.refresh()
    assert reason in consumer.status.problem
    assert consumer.current.predict(FIVE) == [pytest.approx(55.0)]


def test_a_model_that_predicts_a_column_returns_numbers(models, consumer):
    publish_file(models, Odd([2.5]))
    consumer.refresh()
    assert consumer.current.predict(FIVE * 2) == [2.5, 2.5]


def test_an_edited_record_is_verified_like_a_new_version(models, consumer):
    """The same file with another record: other targets, another reason."""
    version = models.publish()
    consumer.refresh()
    models.versions[0] = dataclasses.replace(version, targets=("score", "effort"))
    models.point("v1")
    assert not consumer.refresh()
    assert "does not answer its sample request" in consumer.status.problem
    assert consumer.current.predict(FIVE) == [pytest.approx(55.0)]
    models.versions[0] = dataclasses.replace(version, reason="a better reason")
    models.point("v1")
    assert consumer.refresh()
    assert consumer.current.version.reason == "a better reason"


def test_unchanged_metadata_are_not_parsed_again(models, consumer, monkeypatch):
    models.publish()
    consumer.refresh()
    monkeypatch.setattr(model_metadata, "parse", lambda *_: pytest.fail("parsed again"))
    assert not consumer.refresh()
    assert consumer.status.problem == ""


def test_a_listener_that_raises_does_not_end_the_watch(models):
    def fails(event):
        raise RuntimeError(event.kind)

    consumer = Consumer(Folder(models.path), on_event=fails)
    consumer.refresh()
    models.publish()
    assert consumer.refresh()
    assert consumer.status.version == "v1"


def test_the_first_check_can_run_in_the_background(models):
    started, may_continue = threading.Event(), threading.Event()

    class Slow(Folder):
        def metadata(self):
            started.set()
            may_continue.wait(20)
            return super().metadata()

    models.publish()
    consumer = Consumer(Slow(models.path))
    with consumer.watching(every=3600, wait=False):
        assert started.wait(20)
        assert not consumer.status.ready
        may_continue.set()
        consumer.refresh()
        assert consumer.status.ready


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (b"{", "cannot be used"),
        (b'{"format": 2}', "a newer version of ml-auto-update wrote it"),
        (b"version https://git-lfs.github.com/spec/v1", "cannot be used"),
        (b"[" * 100_000, "cannot be used"),
    ],
)
def test_the_old_version_stays_if_the_metadata_are_invalid(models, consumer, metadata, reason):
    models.publish()
    consumer.refresh()
    models.write(metadata)
    assert not consumer.refresh()
    assert reason in consumer.status.problem
    assert consumer.current.version.version == "v1"


def test_metadata_without_a_model_are_reported(models, consumer):
    models.path.mkdir()
    models.write(model_metadata.to_bytes(dataclasses.replace(models.history, versions=(), current="")))
    assert not consumer.refresh()
    assert "name no model yet" in consumer.status.problem


def test_a_problem_that_passes_is_cleared(models, consumer):
    models.publish()
    consumer.refresh()
    version = models.publish(4.0, content=lambda data: data[:-20])  # a checkout in progress
    consumer.refresh()
    _, content = made(2, 4.0)
    (models.path / version.file).write_bytes(content)
    assert consumer.refresh()
    assert (consumer.status.version, consumer.status.problem, consumer.status.consecutive_failures) == ("v2", "", 0)
    assert consumer.status.failures == 1


def test_the_pause_doubles_with_each_failure_up_to_a_limit(models, consumer):
    models.publish()
    consumer.refresh()
    assert 60 <= consumer.pause(60) <= 72
    models.write(b"{")
    for _ in range(2):
        consumer.refresh()
    assert 240 <= consumer.pause(60) <= 288
    for _ in range(9):
        consumer.refresh()
    assert 600 <= consumer.pause(60) <= 720
    assert 3600 <= consumer.pause(3600) <= 4320


def test_the_pause_is_as_long_as_the_server_asks_for(hosted):
    hosted.trouble = refused(429, {"Retry-After": "1800"})
    consumer = Consumer(GitHub(REPOSITORY, api=hosted.url))
    consumer.refresh()
    assert 1800 <= consumer.pause(60) <= 2160


def test_a_version_from_github_needs_one_download(models, hosted):
    models.publish(3.0)
    hosted.upload(models.path)
    consumer = Consumer(GitHub(REPOSITORY, api=hosted.url))
    assert consumer.refresh(), consumer.status.problem
    assert not consumer.refresh()
    models.publish(4.0)
    hosted.upload(models.path)
    assert consumer.refresh()
    assert consumer.current.predict(FIVE) == [pytest.approx(60.0)]
    asked = [tuple(call.rpartition("/")[2].split()) for call in hosted.calls]
    name = registry.METADATA
    assert asked == [(name, "200"), ("v1.pkl", "200"), (name, "304"), (name, "200"), ("v2.pkl", "200")]


def test_the_watch_ends_with_its_block(models, consumer):
    models.publish(3.0)
    threads = threading.active_count()
    with consumer.watching(every=0.01):
        assert consumer.current.version.version == "v1"
        models.publish(4.0)
        until = time.monotonic() + 20
        while consumer.current.version.version != "v2" and time.monotonic() < until:
            time.sleep(0.01)
        assert consumer.current.version.version == "v2"
    assert threading.active_count() == threads


def test_threads_never_see_a_mix_of_versions(models, consumer):
    models.publish(3.0)
    models.publish(4.0)
    consumer.refresh()
    answers, done = set(), threading.Event()

    def ask():
        while not done.wait(0.001):
            served = consumer.current
            answers.add((served.version.version, *(round(answer, 6) for answer in served.predict(FIVE * 3))))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(20):
        models.point("v1" if turn % 2 == 0 else "v2")
        assert consumer.refresh()
    done.set()
    for thread in threads:
        thread.join()
    assert consumer.status.swaps == 20
    assert answers == {("v1", 55.0, 55.0, 55.0), ("v2", 60.0, 60.0, 60.0)}


def test_predictions_of_several_targets_are_named(models, consumer):
    models.publish(3.0, columns="hours_studied score effort", targets=("score", "effort"))
    consumer.refresh()
    (answer,) = consumer.current.predict(FIVE)
    assert answer == {"score": pytest.approx(55.0), "effort": pytest.approx(30.0)}


def test_predicted_classes_are_named(models, consumer):
    models.publish(3.0, columns="hours_studied passed", targets=("passed",))
    consumer.refresh()
    answers = consumer.current.predict([{"hours_studied": 0.5}, {"hours_studied": 9.5}])
    assert json.dumps(answers) == '["no", "yes"]'


def test_a_skops_file_is_loaded(models, consumer):
    version, _ = made(1, 3.0)
    *_, model, _ = trained(3.0, "hours_studied score", ("score",), "")
    content, digest = model_file.dump(model, model_file.ModelFormat("skops"))
    models.path.mkdir()
    models.versions.append(dataclasses.replace(version, file="v1.skops", sha256=digest, size=len(content)))
    (models.path / "v1.skops").write_bytes(content)
    models.point("v1")
    assert consumer.refresh(), consumer.status.problem
    assert consumer.current.predict(FIVE) == [pytest.approx(55.0)]
    assert consumer.current.predictor.path == "linear"
