"""A promotion is approved only when it is exactly the one that was made."""

from dataclasses import replace

import pytest

from ml_action.core.records.promotion import PullRequest
from ml_action.forge.base import ForgeLimits
from ml_action.promotion.ownership import Ownership
from ml_action.promotion.verification import ExpectedPullRequest, find_objections

OURS = PullRequest(
    number=7,
    url="https://github.com/octo/students/pull/7",
    state="open",
    head_branch="ml-auto-update/students/proposal",
    head_sha="c" * 40,
    head_repository="octo/students",
    base_branch="main",
    author="ml-bot[bot]",
    title="Promote students v2",
    body="",
    draft=False,
    labels=("model-update",),
)
LIMITS = ForgeLimits(title=256, body=65_536, changed_files=3_000)
PATHS = ("model/v2.pkl", "model/model_metadata.json")


class People:
    """A forge with one bot, and one person who may write."""

    repository = "octo/students"

    def author(self):
        return "ml-bot[bot]"

    def may_write(self, login):
        return {"ada": True, "mallory": False}.get(login)


def objections_to(pull=OURS, *, paths=PATHS, model_dir="model", commit="c" * 40, recorded=(), number=0):
    ownership = Ownership(People(), "ml-auto-update/students/proposal", "main", dict(recorded))
    return find_objections(pull, ExpectedPullRequest(ownership, number, commit, model_dir), paths, LIMITS)


def test_our_own_promotion_raises_no_objection():
    assert objections_to() == ()


def test_case_in_the_repository_s_name_does_not_matter():
    assert objections_to(replace(OURS, head_repository="Octo/Students")) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"author": "mallory"}, "opened by mallory, who is neither the bot nor known to have write access"),
        ({"author": "other-app[bot]"}, "opened by other-app[bot], who is neither the bot"),
        ({"author": ""}, "opened by a deleted account"),
        ({"head_repository": "mallory/students"}, "comes from mallory/students"),
        ({"head_repository": ""}, "comes from a deleted repository"),
        (
            {"head_branch": "ml-auto-update/students/proposal2"},
            "comes from the branch ml-auto-update/students/proposal2",
        ),
        ({"head_sha": "d" * 40}, "its head is dddddddddddd, not the recorded cccccccccccc"),
        ({"base_branch": "release"}, "it goes to release, not to main"),
        ({"state": "closed"}, "it is closed"),
        ({"state": "merged"}, "it is merged"),
        ({"draft": True}, "it is a draft"),
    ],
)
def test_each_difference_is_an_objection_of_its_own(change, words):
    (objection,) = objections_to(replace(OURS, **change))
    assert words in objection


def test_all_objections_are_listed_together():
    pull = replace(OURS, author="mallory", head_sha="d" * 40, draft=True)
    assert len(objections_to(pull, paths=(".github/workflows/ci.yml",))) == 4


def test_a_person_who_may_write_may_open_it_in_the_bots_place():
    assert objections_to(replace(OURS, author="ada")) == ()


def test_a_recorded_author_is_the_only_one():
    assert objections_to(replace(OURS, author="old-bot[bot]"), recorded={7: "old-bot[bot]"}) == ()
    for author in ("ada", "ml-bot[bot]", "mallory", ""):
        assert objections_to(replace(OURS, author=author), recorded={7: "old-bot[bot]"})
    assert objections_to(recorded={7: ""}) == ()  # journals of before 0.2 name none
    assert objections_to(replace(OURS, author="mallory"), recorded={7: ""})


def test_another_number_than_the_recorded_one_is_an_objection():
    assert objections_to(number=7) == ()
    assert objections_to(number=8) == ("the journal names pull request 8, not 7",)


def test_missing_recorded_commit_is_an_objection():
    (objection,) = objections_to(commit="")
    assert "no commit is recorded" in objection


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "models/v2.pkl",
        "model",
        "model2/v2.pkl",
        "data/a.csv",
        ".github/workflows/ci.yml",
        "a/model/v2.pkl",
    ],
)
def test_a_path_outside_the_model_directory_is_an_objection(path):
    (objection,) = objections_to(paths=(*PATHS, path))
    assert f"outside model/: {path}" in objection


def test_many_foreign_paths_are_counted_and_not_all_listed():
    (objection,) = objections_to(paths=tuple(f"data/{n}.csv" for n in range(10)))
    assert objection.endswith("data/0.csv, data/1.csv, data/2.csv and 7 more")


def test_workflows_stay_untouched_even_when_the_model_lives_at_the_root():
    assert objections_to(paths=("v2.pkl",), model_dir=".") == ()
    assert objections_to(paths=("v2.pkl", ".GitHub/x"), model_dir=".")


def test_a_pull_request_without_changes_is_not_a_promotion():
    assert objections_to(paths=()) == ("it changes no file",)


def test_more_files_than_github_lists_cannot_be_verified():
    (objection,) = objections_to(paths=tuple(f"model/{n}.pkl" for n in range(LIMITS.changed_files)))
    assert "does not list them all" in objection


@pytest.mark.parametrize(
    "path", [".github/workflows/ci.yml", ".GITHUB/workflows/deep/er/ci.yml", ".github/dependabot.yml"]
)
def test_no_depth_hides_a_workflow_where_the_model_lives_at_the_root(path):
    assert objections_to(paths=("v2.pkl", path), model_dir=".") == (f"it changes files outside ./: {path}",)


@pytest.mark.parametrize("model_dir", ["model", "model/", "/model/"])
def test_a_model_directory_may_be_written_with_slashes(model_dir):
    assert objections_to(model_dir=model_dir) == ()
    (objection,) = objections_to(paths=("model.pkl", "modelling/v2.pkl"), model_dir=model_dir)
    assert objection.endswith("/: model.pkl, modelling/v2.pkl")


@pytest.mark.parametrize("model_dir", ["X", "X/model", "./"])
def test_only_dots_and_slashes_mean_the_root(model_dir):
    assert bool(objections_to(paths=("v2.pkl",), model_dir=model_dir)) == model_dir.startswith("X")
    assert objections_to(paths=(f"{model_dir}/v2.pkl",), model_dir=model_dir) == ()


@pytest.mark.parametrize(
    ("count", "end"), [(1, "0.csv"), (3, "2.csv"), (4, "2.csv and 1 more"), (5, "2.csv and 2 more")]
)
def test_three_paths_are_listed_and_the_others_counted(count, end):
    (objection,) = objections_to(paths=tuple(f"{n}.csv" for n in range(count)))
    assert objection.endswith(end)


def test_the_objections_are_whole_sentences():
    assert objections_to(replace(OURS, draft=True))[0].startswith("it is a draft: ")
    assert objections_to(commit="") == ("no commit is recorded that it could be compared with",)
    (opened,) = objections_to(replace(OURS, author="mallory"))
    assert opened == "it was opened by mallory, who is neither the bot nor known to have write access here"
    (head,) = objections_to(replace(OURS, head_sha="d" * 40), commit="0123456789abcdef")
    assert head == "its head is dddddddddddd, not the recorded 0123456789ab"


def test_one_file_less_than_github_lists_can_be_verified():
    assert objections_to(paths=tuple(f"model/{n}.pkl" for n in range(LIMITS.changed_files - 1))) == ()
