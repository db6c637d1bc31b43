"""The dry run: it has every method of the protocol, and none has an effect."""

import inspect

import pytest

from ml_action.forge.base import AutoMerge, Forge, MergeQueue, MergeReply, Merging, PullRequests, Reviews
from ml_action.forge.dry_run import DryRun
from ml_action.forge.github.client import GitHub
from ml_action.forge.github.merging import GitHubAutoMerge, GitHubMergeQueue


def methods(protocol):
    return [name for name, value in vars(protocol).items() if inspect.isfunction(value) and not name.startswith("_")]


METHODS = [name for protocol in (PullRequests, Reviews, Merging, Forge) for name in methods(protocol)]


@pytest.mark.parametrize("kind", [GitHub, DryRun])
@pytest.mark.parametrize("name", METHODS)
def test_both_forges_have_every_method_with_the_same_parameters(kind, name):
    expected = list(inspect.signature(getattr(Forge, name)).parameters)
    assert list(inspect.signature(getattr(kind, name)).parameters) == expected


@pytest.mark.parametrize(("protocol", "kind"), [(AutoMerge, GitHubAutoMerge), (MergeQueue, GitHubMergeQueue)])
def test_github_has_the_optional_ways_to_merge(protocol, kind):
    for name in methods(protocol):
        expected = list(inspect.signature(getattr(protocol, name)).parameters)
        assert list(inspect.signature(getattr(kind, name)).parameters) == expected


def test_nothing_is_known_and_nothing_happens():
    logged = []
    forge = DryRun("octo/students", logged.append)
    assert forge.default_branch() == "main"
    assert (forge.author(), forge.approver(), forge.pulls_of("b")) == ("", "", ())
    assert (forge.changed_paths(None), forge.approvals(None)) == ((), frozenset())
    assert forge.compare_url("main", "b") == ""
    assert forge.merge(None, "", "").reply is MergeReply.REFUSED
    assert (forge.auto_merge, forge.merge_queue) == (None, None)
    assert forge.edit("as it was", title="", body="") == "as it was"
    assert not forge.comment_once(None, "", "")
    assert not forge.upsert_comment(1, "", "")
    for effect in (forge.label, forge.approve, forge.close):
        assert effect(*[None] * (len(inspect.signature(effect).parameters))) is None
    with pytest.raises(LookupError):
        forge.get(1)
    assert logged == []
