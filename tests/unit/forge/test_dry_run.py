"""The forge that does nothing: it has every method of the protocol, and none has an effect."""

import inspect

import pytest

from ml_action.forge.base import Forge, MergeReply
from ml_action.forge.dry_run import DryRun
from ml_action.forge.github.client import GitHub

METHODS = [name for name, value in vars(Forge).items() if inspect.isfunction(value) and not name.startswith("_")]


@pytest.mark.parametrize("kind", [GitHub, DryRun])
@pytest.mark.parametrize("name", METHODS)
def test_both_forges_have_every_method_with_the_same_parameters(kind, name):
    expected = list(inspect.signature(getattr(Forge, name)).parameters)
    assert list(inspect.signature(getattr(kind, name)).parameters) == expected


def test_nothing_is_known_and_nothing_happens():
    said = []
    forge = DryRun("octo/students", said.append)
    assert forge.default_branch() == "main"
    assert (forge.author(), forge.approver(), forge.find("b")) == ("", "", None)
    assert (forge.changed_paths(None), forge.approvals(None)) == ((), frozenset())
    assert forge.merge(None, "", "").reply is MergeReply.REFUSED
    assert forge.enable_auto_merge(None, "", "").reply is MergeReply.REFUSED
    assert forge.edit("as it was", title="", body="") == "as it was"
    assert not forge.comment_once(None, "", "")
    assert not forge.tell(1, "", "")
    for effect in (forge.label, forge.approve, forge.disable_auto_merge, forge.close):
        assert effect(*[None] * (len(inspect.signature(effect).parameters))) is None
    with pytest.raises(LookupError):
        forge.get(1)
    assert said == []
