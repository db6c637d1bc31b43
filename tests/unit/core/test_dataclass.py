"""The light decorator against the standard one: what holds for one has to hold for the other."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
from functools import cached_property

import pytest

from ml_action.core import dataclass as light


def make(library):
    """Returns two classes, defined with the decorator of this library."""

    @library.dataclass(frozen=True)
    class Record:
        """A record."""

        name: str
        secret: str = library.field(repr=False)
        size: int = 3
        parts: tuple[str, ...] = library.field(default_factory=tuple)
        budget: object = library.field(default=None, repr=False, compare=False)

        @cached_property
        def loud(self):
            return self.name.upper()

    @library.dataclass
    class Counter:
        """A counter."""

        first: int
        seen: dict = library.field(default_factory=dict)

    return Record, Counter


@pytest.fixture(params=[dataclasses, light], ids=["standard", "light"])
def library(request):
    return request.param


@pytest.fixture
def kinds(library):
    return make(library)


@pytest.fixture
def record(kinds):
    return kinds[0]("a", "s", parts=("x",))


def test_values_come_by_position_by_name_and_by_default(record):
    assert vars(record) == {"name": "a", "secret": "s", "size": 3, "parts": ("x",), "budget": None}
    assert list(vars(record)) == ["name", "secret", "size", "parts", "budget"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        (("a",), {}),
        (("a", "b", 1, (), None, 6), {}),
        (("a", "b"), {"name": "c"}),
        (("a", "b"), {"title": "c"}),
    ],
    ids=["no values", "one missing", "too many", "one twice", "unknown"],
)
def test_wrong_values_are_refused(kinds, values, named):
    with pytest.raises(TypeError):
        kinds[0](*values, **named)


def test_a_frozen_record_cannot_be_changed(record):
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del record.name
    assert record.loud == "A"


def test_records_compare_by_their_values_and_class(kinds, record):
    other = kinds[0]("a", "s", 3, ("x",), "not compared")
    assert record == other
    assert hash(record) == hash(other)
    assert record != kinds[0]("b", "s", 3, ("x",))
    assert record != ("a", "s", 3, ("x",), None)


def test_a_representation_shows_no_secret(record):
    assert repr(record).endswith("Record(name='a', size=3, parts=('x',))")


def test_a_record_that_is_not_frozen_can_be_changed_and_shares_no_default(kinds):
    _, counter = kinds
    one, two = counter(1), counter(2)
    one.first += 4
    one.seen["a"] = 1
    assert (one.first, two.seen) == (5, {})
    with pytest.raises(TypeError):
        hash(one)


def test_the_standard_functions_take_records(kinds, record):
    assert [field.name for field in dataclasses.fields(kinds[0])] == ["name", "secret", "size", "parts", "budget"]
    assert dataclasses.asdict(record)["parts"] == ("x",)
    assert dataclasses.is_dataclass(record)
    assert dataclasses.replace(record, size=4) == kinds[0]("a", "s", 4, ("x",))


def test_replace_makes_another_record(library, record):
    assert record.loud == "A"
    changed = library.replace(record, name="b")
    assert (changed.name, changed.secret, changed.loud, record.name) == ("b", "s", "B", "a")


def test_the_signature_names_the_fields(kinds):
    signature = inspect.signature(kinds[0])
    required = [name for name, parameter in signature.parameters.items() if parameter.default is parameter.empty]
    assert list(signature.parameters) == ["name", "secret", "size", "parts", "budget"]
    assert required == ["name", "secret"]


def test_a_class_below_has_its_fields(kinds, record):
    class Below(kinds[0]):
        """A record with another method."""

    below = Below(**{name: getattr(record, name) for name in record.__match_args__})
    assert dataclasses.replace(below, size=5).size == 5
    assert below != record


def test_a_record_can_be_copied_and_sent_to_another_process():
    tips = importlib.import_module("ml_action.git.repository").Tips("a", "b", "c")
    assert copy.deepcopy(tips) == pickle.loads(pickle.dumps(tips)) == tips


def test_a_record_matches_by_position(kinds, record):
    kind = kinds[0]
    match record:
        case kind(name, _, size):
            assert (name, size) == ("a", 3)
