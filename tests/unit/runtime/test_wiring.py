"""Which collaborators a run gets. `file://` replaces the server: git_url is made of server and repository name."""

import json
import os
import sys

import pytest

from ml_action.config import file
from ml_action.core.errors import RepositoryError, SettingsError
from ml_action.core.log import PlainLog
from ml_action.forge.dry_run import DryRun
from ml_action.runtime import actions, authority, repository_access, wiring
from tests.support.factories import make_csvs, make_git, make_remote, make_repository


@pytest.fixture
def workspace(tmp_path):
    return make_repository(tmp_path / "w", {"readme": "x"} | make_csvs(3))


@pytest.fixture
def server(tmp_path, workspace):
    """A server with one repository, o/r."""
    (tmp_path / "server/o").mkdir(parents=True)
    make_remote(tmp_path / "server/o/r.git", workspace)
    return tmp_path / "server"


@pytest.fixture
def context(tmp_path):
    def build(workspace, **environ):
        (tmp_path / "temp").mkdir(exist_ok=True)
        base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RUNNER_TEMP": str(tmp_path / "temp")}
        return actions.read_context(base | environ, getattr(workspace, "path", workspace))

    return build


@pytest.fixture
def on_server(server, context):
    def build(workspace, given=(), **environ):
        there = {"GITHUB_SERVER_URL": server.as_uri(), "GITHUB_REPOSITORY": "o/r"}
        return wiring.find_place({"token": "t", **dict(given)}, context(workspace, **there | environ))

    return build


def scratch_in(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


# --- the place ----------------------------------------------------------------------------------------------


def test_without_a_token_the_workspace_is_all_there_is(workspace, context):
    place = wiring.find_place({}, context(workspace, GITHUB_REPOSITORY="o/r"))
    assert place.remote == str(workspace.path)
    assert not place.on_github


def test_with_a_token_and_a_name_it_is_github(workspace, on_server, server):
    place = on_server(workspace)
    assert place.on_github
    assert place.remote == f"{server.as_uri()}/o/r.git"
    assert any(
        "extraheader" in value for name, value in place.workspace.env.items() if name.startswith("GIT_CONFIG_KEY")
    )
    assert "token='t'" not in repr(place)


def test_forge_none_keeps_the_token_away_from_git(workspace, on_server):
    place = on_server(workspace, {"forge": "none"})
    assert not place.on_github
    assert not any("extraheader" in value for value in place.workspace.env.values())


def test_forge_github_without_a_repository_name_is_reported(workspace, context):
    with pytest.raises(SettingsError, match="the repository's name is not known"):
        wiring.find_place({"forge": "github", "token": "t"}, context(workspace))


def test_a_folder_inside_a_repository_means_the_repository(workspace, context):
    assert wiring.find_place({}, context(workspace.path / "data")).workspace.directory == workspace.path


def test_a_folder_without_a_repository_means_itself(tmp_path, context):
    (tmp_path / "empty").mkdir()
    assert wiring.find_place({}, context(tmp_path / "empty")).workspace.directory == tmp_path / "empty"


def test_a_missing_folder_is_reported(tmp_path, context):
    with pytest.raises(RepositoryError, match="there is no folder"):
        wiring.find_place({}, context(tmp_path / "nowhere"))


# --- the configuration file ---------------------------------------------------------------------------------


def test_the_file_in_the_repository_is_read(workspace, context):
    workspace.write({"ml-auto-update.toml": 'threshold = 7\ntarget = "é"'})
    settings = wiring.find_place({"target": "x"}, context(workspace.path / "data")).settings
    assert (settings.trigger.threshold, settings.training.target) == (7, ("x",))


def test_a_file_that_is_no_toml_is_reported_with_its_line(tmp_path):
    (tmp_path / "ml-auto-update.toml").write_text("threshold = 7\ntarget = score\n")
    with pytest.raises(SettingsError, match=r"ml-auto-update.toml is not TOML: .*line 2") as caught:
        file.read_config(tmp_path)
    assert caught.value.path == "ml-auto-update.toml"


def test_bytes_that_are_no_text_are_reported(tmp_path):
    (tmp_path / "ml-auto-update.toml").write_bytes(b"threshold = \xff\n")
    with pytest.raises(SettingsError, match="is not TOML"):
        file.read_config(tmp_path)


def test_no_file_a_folder_and_a_link_are_no_configuration(tmp_path):
    assert file.read_config(tmp_path) == {}
    (tmp_path / "ml-auto-update.toml").mkdir()
    assert file.read_config(tmp_path) == {}
    (tmp_path / "ml-auto-update.toml").rmdir()
    (tmp_path / "secret").write_text("password = 1")
    (tmp_path / "ml-auto-update.toml").symlink_to("secret")
    assert file.read_config(tmp_path) == {}


def test_a_python_without_toml_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "tomllib", None)
    with pytest.raises(SettingsError, match=r"ml-auto-update.toml needs Python 3.11"):
        file.parse_config("threshold = 1")


# --- the branches -------------------------------------------------------------------------------------------


def branches(place):
    found = repository_access.name_branches(place)
    return found.base, found.state, found.proposal


def test_branches_bear_the_models_name(workspace, context):
    place = wiring.find_place({"name": "students", "base": "prod"}, context(workspace))
    assert branches(place) == ("prod", "ml-auto-update/students/state", "ml-auto-update/students/proposal")


def test_locally_the_base_is_the_branch_of_the_checkout(workspace, context):
    workspace.git.run("checkout", "-q", "-b", "feature/é")
    assert branches(wiring.find_place({}, context(workspace)))[0] == "feature/é"


def test_locally_a_detached_head_means_the_branch_that_contains_it(workspace, context):
    workspace.git.run("checkout", "-q", "--detach")
    assert branches(wiring.find_place({}, context(workspace)))[0] == "main"


def test_locally_a_head_on_no_branch_is_reported(workspace, context):
    workspace.git.run("checkout", "-q", "--detach")
    workspace.commit({"readme": "y"})
    with pytest.raises(SettingsError, match="the checkout is on no branch"):
        branches(wiring.find_place({}, context(workspace)))


def test_on_github_the_event_names_the_base(workspace, on_server, tmp_path):
    (tmp_path / "event.json").write_text(json.dumps({"repository": {"default_branch": "trunk"}}))
    assert branches(on_server(workspace, GITHUB_EVENT_PATH=str(tmp_path / "event.json")))[0] == "trunk"


def test_on_github_without_an_event_the_server_is_asked(workspace, on_server, server):
    make_git(server / "o/r.git").run("branch", "-m", "main", "prod/é")
    make_git(server / "o/r.git").run("symbolic-ref", "HEAD", "refs/heads/prod/é")
    workspace.git.run("checkout", "-q", "-b", "feature")
    assert branches(on_server(workspace))[0] == "prod/é"


def test_a_repository_without_a_default_branch_is_reported(workspace, on_server, server):
    make_repository(server / "o/empty.git", None, "--bare")
    with pytest.raises(RepositoryError, match="the repository has no default branch yet"):
        branches(on_server(workspace, GITHUB_REPOSITORY="o/empty"))


def test_a_repository_that_is_not_on_the_server_is_reported(workspace, on_server):
    with pytest.raises(RepositoryError, match="the repository was not found on the server"):
        branches(on_server(workspace, GITHUB_REPOSITORY="o/none"))


# --- opening ------------------------------------------------------------------------------------------------


def never():
    raise AssertionError("no scratch folder is needed")


def test_reading_locally_needs_no_store_at_all(workspace, context):
    opened = authority.open_for_reading(wiring.find_place({}, context(workspace)), never)
    place, found, tips = opened.target, opened.repository, opened.repository.tips
    assert found.store is place.workspace
    assert tips.base == "HEAD"


@pytest.mark.parametrize("given", [{"data-path": "data/*.csv"}, {"data-path": "data, more"}, {"unit": "rows"}])
def test_reading_locally_needs_a_store_where_trees_are_composed_or_lines_compared(workspace, context, tmp_path, given):
    place = wiring.find_place(given, context(workspace))
    found = authority.open_for_reading(place, lambda: scratch_in(tmp_path)).repository
    assert found.store.directory.parent == tmp_path / "scratch"
    assert (found.workspace, found.tips.base) == (place.workspace.directory, found.head)


def test_reading_a_bare_repository(server, context):
    place = wiring.find_place({}, context(server / "o/r.git"))
    found = authority.open_for_reading(place, never).repository
    assert found.store.object_id(f"{found.head}:readme")


def test_reading_on_github_borrows_the_workspace(workspace, on_server, tmp_path):
    found = authority.open_for_reading(on_server(workspace), lambda: scratch_in(tmp_path)).repository
    assert found.store.directory.parent == tmp_path / "scratch"
    assert found.tips.base == found.head


def test_reading_without_a_checkout_clones_only_trees(on_server, tmp_path, workspace):
    (tmp_path / "empty").mkdir()
    opened = authority.open_for_reading(on_server(tmp_path / "empty"), lambda: scratch_in(tmp_path))
    place, found, tips = opened.target, opened.repository, opened.repository.tips
    assert tips.base == found.head == workspace.git.line("rev-parse", "HEAD")
    assert list((tmp_path / "empty").iterdir()) == []
    assert place.settings.trigger.threshold == 200


def test_without_a_checkout_the_file_is_read_from_the_server(on_server, tmp_path, workspace, server):
    workspace.commit({"ml-auto-update.toml": 'threshold = 7\nname = "students"\nbase = "prod"'})
    prod = workspace.commit(make_csvs(2, start=9))
    workspace.git.run("push", "-q", str(server / "o/r.git"), "HEAD~1:main", "HEAD:refs/heads/prod")
    (tmp_path / "empty").mkdir()
    opened = authority.open_for_reading(on_server(tmp_path / "empty"), lambda: scratch_in(tmp_path))
    place, found, tips = opened.target, opened.repository, opened.repository.tips
    assert (place.settings.trigger.threshold, place.settings.name) == (7, "students")
    assert tips.base == found.head == prod


def test_without_checkout_and_server_there_is_nothing_to_read(tmp_path, context):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RepositoryError, match="is not a git repository"):
        authority.open_for_reading(wiring.find_place({}, context(tmp_path / "empty")), never)


# --- tools --------------------------------------------------------------------------------------------------


def tools(place, tmp_path):
    return wiring.make_tools(place, scratch_in(tmp_path), PlainLog(sys.stdout))


def test_locally_and_for_a_report_the_forge_opens_nothing(workspace, context, on_server, tmp_path):
    made = tools(wiring.find_place({}, context(workspace)), tmp_path)
    assert isinstance(made.forge(), DryRun)
    assert made.forge() is made.forge()
    assert made.repository.tips.base == workspace.git.line("rev-parse", "HEAD")
    (tmp_path / "scratch").rename(tmp_path / "old")
    assert isinstance(tools(on_server(workspace, {"autonomy": "report"}), tmp_path).forge(), DryRun)


def test_on_github_the_forge_speaks_to_it(workspace, on_server, tmp_path):
    made = tools(on_server(workspace, GITHUB_RUN_ID="7"), tmp_path)
    forge = made.forge()
    assert type(forge).__name__ == "GitHub"
    assert forge.repository == "o/r"
    assert made.run.url.endswith("/o/r/actions/runs/7")
    forge.close()


def test_the_time_is_utc_in_whole_seconds():
    assert len(wiring.now()) == len("2026-03-01T12:00:00Z")
    assert wiring.now().endswith("Z")


def test_an_approval_needs_no_checkout(on_server, tmp_path, workspace):
    (tmp_path / "empty").mkdir()
    place = on_server(tmp_path / "empty", {"autonomy": "report"})
    settings, made = wiring.make_approval_tools(place, scratch_in(tmp_path), PlainLog(sys.stdout))
    assert made.repository.tips.base == workspace.git.line("rev-parse", "HEAD")
    assert settings == place.settings
    assert list((tmp_path / "empty").iterdir()) == []
