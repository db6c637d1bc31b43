"""The public interface of `ml_action.consumer`, which docs/consumer.md promises to keep stable.

A change here breaks programs of users: keep the old name with a warning (`ml_action.consumer.deprecation`), list it in
docs/consumer.md and CHANGELOG.md, and test it below.
"""

import dataclasses
import inspect
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from ml_action import consumer
from ml_action.consumer import (
    Consumer,
    Event,
    Folder,
    GitHub,
    LoadedModel,
    Predictor,
    SourceUnavailable,
    Status,
    deprecation,
)
from tests.support.model_folder import ModelDir

DOCUMENTATION = Path(__file__).parents[3] / "docs/consumer.md"

INTERFACE = """
Api(base, token='', timeout=20.0)
    read(address, etag='', most=67108864)
    write(address, body)
ColumnProfile
Consumer(source, *, largest=1073741824, trusted=(), on_event=None, prepare=None, told=None, verification=None)
    current
    pause(every)
    refresh()
    watching(every=60.0, *, wait=True)
DataContract
DataError
Event(kind, version, before='', reason='', path='')
    way
Folder(path)
    artifact(file, most)
    counter()
    metadata()
GitHub(repository, model_dir='model', *, ref='', token='', api='https://api.github.com', timeout=20.0)
    artifact(file, most)
    counter()
    metadata()
LoadedModel(version, history, predictor, since, notes=(), prepared=None)
    answering
    model
    predict(rows)
ModelError
Predictor(model, version)
    way
Source(*args, **kwargs)
    artifact(file, most)
    counter()
    metadata()
SourceUnavailable(what, *, why='', fix='', wait=0.0, status=0)
Status(version='', wanted='', problem='', looked='', swapped='', swaps=0, failures=0, consecutive_failures=0, warning='')
    in_a_row
    ready
Verification(verify='require', *, public_key='', repository='', ref='', workflow='', name='', state=None, sigstore=False, trust_config=None)
Version
"""  # noqa: E501
SHARED = {"ColumnProfile", "DataContract", "DataError", "ModelError", "Version"}  # model_metadata.schema.json, errors
RENAMED = {
    "ml_action.consumer.Answering": "Predictor",
    "ml_action.consumer.Served": "LoadedModel",
    "ml_action.consumer.Unreachable": "SourceUnavailable",
    "Consumer(told=...)": "on_event",
    "Status.in_a_row": "consecutive_failures",
    "Event.way": "path",
    "LoadedModel.answering": "predictor",
    "Predictor.way": "path",
}


def signature(function):
    """Names, kinds and defaults of the parameters: types are checked by mypy."""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name != "self"
    ]
    return str(inspect.Signature(parameters))


def members(cls):
    fields = {field.name for field in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else set()
    for name, member in sorted(vars(cls).items()):
        if inspect.isfunction(member) and not name.startswith("_"):
            yield f"    {name}{signature(member)}"
        elif isinstance(member, property) and name not in fields:
            yield f"    {name}"


def interface():
    lines = []
    for name in consumer.__all__:
        cls = getattr(consumer, name)
        lines += [name] if name in SHARED else [f"{name}{signature(cls)}", *members(cls)]
    return "\n".join(["", *lines, ""])


@pytest.fixture
def loaded(models: ModelDir) -> LoadedModel:
    models.publish()
    watcher = Consumer(Folder(models.path))
    assert watcher.refresh()
    return watcher.current


def deprecated(old):
    """Expects the warning about this name."""
    message = f"{old} is deprecated and will be removed in version {deprecation.REMOVED_IN}: use {RENAMED[old]}"
    return pytest.warns(DeprecationWarning, match=re.escape(message) + "$")


def test_the_public_names_and_their_signatures_are_pinned():
    assert list(consumer.__all__) == sorted(consumer.__all__)
    assert interface() == INTERFACE


def test_the_attributes_of_public_objects_are_pinned(models, loaded):
    objects = {
        Consumer(Folder(models.path)): {"source", "status"},
        Folder("model"): {"path"},
        GitHub("octo/students"): {"repository"},
        SourceUnavailable("gone"): {"what", "why", "fix", "wait", "status"} | {"path", "line", "set_aside"},
        loaded.predictor: {"model", "features", "by_frame", "path", "rowwise"},
    }
    for instance, names in objects.items():
        assert {name for name in vars(instance) if not name.startswith("_")} == names, instance


def test_the_renamed_classes_keep_their_old_names():
    for old, new in (("Answering", Predictor), ("Served", LoadedModel), ("Unreachable", SourceUnavailable)):
        with deprecated(f"ml_action.consumer.{old}") as caught:
            assert getattr(consumer, old) is new
        assert caught[0].filename == __file__  # the caller's line is shown


def test_a_name_that_never_existed_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'ml_action\.consumer' has no attribute 'Consumers'"):
        _ = consumer.Consumers


def test_the_old_name_of_on_event_still_receives_events(models):
    models.publish()
    events = []
    with deprecated("Consumer(told=...)") as caught:
        watcher = Consumer(Folder(models.path), told=events.append)
    assert caught[0].filename == __file__
    assert watcher.refresh()
    assert [event.kind for event in events] == ["swapped"]


def test_renamed_attributes_keep_their_old_names(loaded):
    event, status = Event("swapped", "v1", path="linear"), Status(consecutive_failures=2)
    for instance, old, value in (
        (event, "way", "linear"),
        (status, "in_a_row", 2),
        (loaded, "answering", loaded.predictor),
        (loaded.predictor, "way", "linear"),
    ):
        with deprecated(f"{type(instance).__name__}.{old}") as caught:
            assert getattr(instance, old) == value
        assert caught[0].filename == __file__


def test_the_new_names_warn_of_nothing(models):
    models.publish()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        watcher = Consumer(Folder(models.path), on_event=lambda event: event.path)
        assert watcher.refresh()
        assert watcher.current.predictor.path == "linear"
        assert watcher.status.consecutive_failures == 0


def test_every_deprecated_name_is_documented():
    rows = re.findall(r"(?m)^\| `([^`]+)` \| `([^`]+)` \|$", DOCUMENTATION.read_text(encoding="utf-8"))
    assert dict(rows) == {old.removeprefix("ml_action.consumer."): new for old, new in RENAMED.items()}


def test_a_process_that_loads_no_model_imports_no_scikit_learn():
    code = (
        "import sys; from ml_action.consumer import Api, Folder, GitHub; print({'sklearn', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
