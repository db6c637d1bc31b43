"""Where the checkout is, and of which repository."""

import os

import pytest

from ml_action.core.errors import RepositoryError, SettingsError
from ml_action.runtime import actions, checkout, wiring
from tests.support.factories import make_repository

OWN = "https://github.com/octo/students.git"
OTHER = "https://github.com/other/data"


@pytest.fixture
def context(tmp_path):
    def build(folder, **environ):
        base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GITHUB_ACTIONS": "true"}
        base |= {"GITHUB_REPOSITORY": "octo/students"}
        return actions.read_context(base | environ, folder)

    return build


def clone(path, *urls):
    path.mkdir(parents=True, exist_ok=True)
    made = make_repository(path, {"a": "1"})
    for number, url in enumerate(urls):
        made.git.run("remote", "add", f"remote{number}" if number else "origin", url)
    return made


# --- where --------------------------------------------------------------------------------------------------


def test_the_workspace_is_the_checkout_or_lies_in_it(tmp_path, context):
    made = clone(tmp_path / "w")
    (made.path / "data").mkdir(exist_ok=True)
    assert checkout.find("", context(made.path)) == made.path
    assert checkout.find("", context(made.path / "data")) == made.path


def test_the_only_checkout_in_a_sub_folder_is_found(tmp_path, context):
    clone(tmp_path / "code", OWN)
    (tmp_path / "cache").mkdir()
    assert checkout.find("", context(tmp_path)) == tmp_path / "code"


def test_of_two_checkouts_the_one_of_this_repository_is_found(tmp_path, context):
    clone(tmp_path / "a", OTHER)
    clone(tmp_path / "b", OWN)
    assert checkout.find("", context(tmp_path)) == tmp_path / "b"


def test_of_two_checkouts_of_this_repository_one_has_to_be_named(tmp_path, context):
    clone(tmp_path / "a", OWN)
    clone(tmp_path / "b", OWN)
    with pytest.raises(SettingsError, match="several folders hold a checkout of this repository: 'a', 'b'") as caught:
        checkout.find("", context(tmp_path))
    assert "workspace" in caught.value.fix
    assert checkout.find("b", context(tmp_path)) == tmp_path / "b"


def test_a_checkout_that_is_named_may_lie_deeper(tmp_path, context):
    made = clone(tmp_path / "work/code/repo", OWN)
    assert checkout.find("work/code/repo", context(tmp_path)) == made.path
    assert checkout.find("", context(tmp_path)) == tmp_path  # none is found so deep: there is no checkout


def test_a_folder_that_is_named_has_to_be_there(tmp_path, context):
    with pytest.raises(SettingsError, match="there is no folder 'none'"):
        checkout.find("none", context(tmp_path))


def test_a_link_to_a_checkout_elsewhere_is_not_followed(tmp_path, context):
    clone(tmp_path / "elsewhere", OWN)
    (tmp_path / "w").mkdir()
    (tmp_path / "w/link").symlink_to(tmp_path / "elsewhere")
    assert checkout.find("", context(tmp_path / "w")) == tmp_path / "w"


def test_on_a_laptop_no_sub_folder_is_searched(tmp_path, context):
    clone(tmp_path / "code", OWN)
    assert checkout.find("", context(tmp_path, GITHUB_ACTIONS="")) == tmp_path


# --- of which repository ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/octo/students.git", "octo/students"),
        ("https://ada@github.com/octo/students", "octo/students"),
        ("git@github.com:octo/stu.dents.git", "octo/stu.dents"),
        ("org-1234@github.com:octo/students.git", "octo/students"),
        ("ssh://git@github.com/octo/students.git/", "octo/students"),
        ("ssh://git@github.com:22/octo/students", "octo/students"),
        ("https://github.com.evil.org/octo/students", ""),
        ("https://evil.org/github.com/octo/students", ""),
        ("git@gitlab.com:octo/students.git", ""),
        ("/srv/students.git", ""),
        ("https://github.com/octo/students/more", ""),
    ],
)
def test_a_clone_says_which_repository_of_the_server_it_came_from(tmp_path, context, url, name):
    made = clone(tmp_path / "w", url)
    assert checkout.origin(made.path, context(made.path)) == name


def test_a_clone_without_a_remote_has_no_origin(tmp_path, context):
    made = clone(tmp_path / "w")
    assert checkout.origin(made.path, context(made.path)) == ""


@pytest.mark.parametrize(
    "urls",
    [
        [OWN],
        ["https://github.com/Octo/Students"],  # GitHub does not distinguish case
        ["git@github.com:octo/students.git"],
        ["https://github.com/ada/students", OWN],  # a fork, and what it is a fork of
        ["/srv/students.git"],
        ["https://gitlab.com/other/data"],
        [],
    ],
)
def test_a_checkout_of_this_repository_or_of_an_unknown_one_passes(tmp_path, context, urls):
    made = clone(tmp_path / "w", *urls)
    checkout.require_own(made.git, context(made.path))


@pytest.mark.parametrize("url", [OTHER, "git@github.com:other/data.git", "https://github.com/octo/students-archive"])
def test_a_checkout_of_another_repository_stops_the_run(tmp_path, context, url):
    made = clone(tmp_path / "w", url)
    with pytest.raises(RepositoryError, match=r"the checkout is of \S+, and this run is for octo/students"):
        wiring.find_place({"token": "t"}, context(made.path))


def test_another_repository_on_a_server_of_ones_own(tmp_path, context):
    made = clone(tmp_path / "w", "https://git.example:8443/other/data")
    there = context(made.path, GITHUB_SERVER_URL="https://git.example:8443")
    with pytest.raises(RepositoryError, match="of other/data"):
        wiring.find_place({"token": "t"}, there)
    made.git.run("remote", "set-url", "origin", "ssh://git@git.example:2222/octo/students")
    wiring.find_place({"token": "t"}, there)


def test_without_a_server_any_checkout_will_do(tmp_path, context):
    made = clone(tmp_path / "w", OTHER)
    assert wiring.find_place({"forge": "none"}, context(made.path)).remote == str(made.path)


def test_a_rewritten_address_does_not_reach_git(tmp_path, context):
    made = clone(tmp_path / "w", OWN)
    (tmp_path / ".gitconfig").write_text(
        '[url "git@github.com:"]\n\tinsteadOf = https://github.com/\n\tpushInsteadOf = https://github.com/\n'
    )
    git = wiring.find_place({"token": "t"}, context(made.path)).workspace
    assert git.line("ls-remote", "--get-url", OWN) == OWN
