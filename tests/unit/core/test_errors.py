import pytest

from ml_action.core import errors
from ml_action.core.errors import ExpectedError


def test_message_has_what_why_and_what_to_do():
    error = ExpectedError("the file is gone", why="it was deleted", fix="restore it", path="a.csv", line=3)
    assert str(error) == "the file is gone\n  Why: it was deleted\n  Do:  restore it"
    assert (error.path, error.line) == ("a.csv", 3)


def test_message_leaves_out_empty_parts():
    assert str(ExpectedError("the file is gone")) == "the file is gone"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ExpectedError", 1), ("SettingsError", 2), ("DataError", 3), ("RepositoryError", 4), ("ForgeError", 5),
        ("ModelError", 6), ("NotReadyError", 7),
    ],
)  # fmt: skip
def test_each_class_has_its_exit_code(name, code):
    assert getattr(errors, name)("x").exit_code == code


def test_no_two_classes_share_an_exit_code():
    codes = [kind.exit_code for kind in ExpectedError.__subclasses__() if kind.__module__ == errors.__name__]
    codes += [errors.EXIT_BUG, errors.EXIT_INTERRUPTED, errors.EXIT_TERMINATED]
    assert len(codes) == len(set(codes))
    assert 0 not in codes
