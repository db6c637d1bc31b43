"""Tokens, permissions, roles, and the visibility of a repository."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from github import Auth, BadCredentialsException, Github

from sandbox import Account, Sandbox
from tests.support.sandbox_world import World


def test_a_user_sees_their_own_login(world: World, ada: Account) -> None:
    assert Github(base_url=world.hub.url, auth=Auth.Token(ada.token)).get_user().login == "ada"


@pytest.mark.parametrize(("kind", "login"), [("app", "ml-bot[bot]"), ("actions", "github-actions[bot]")])
def test_an_app_has_the_login_of_a_bot_and_no_user(world: World, kind: str, login: str) -> None:
    account = world.hub.add_account("ml-bot", kind=kind)
    assert account.login == login
    response = requests.get(f"{world.hub.url}/user", headers={"Authorization": f"token {account.token}"}, timeout=5)
    assert (response.status_code, response.json()["message"]) == (403, "Resource not accessible by integration")


def test_without_a_valid_token_there_is_no_user(world: World) -> None:
    assert requests.get(f"{world.hub.url}/user", timeout=5).status_code == 401
    with pytest.raises(BadCredentialsException, match="Bad credentials"):
        Github(base_url=world.hub.url, auth=Auth.Token("wrong")).get_user().login  # noqa: B018


def test_an_unknown_kind_or_role_is_an_error(world: World) -> None:
    with pytest.raises(ValueError, match="robot"):
        world.hub.add_account("x", kind="robot")
    with pytest.raises(ValueError, match="king"):
        world.hub.add_account("x", role="king")


@pytest.mark.parametrize("name", ["students", "a/b/c", "../x", "octo/..", "octo/a b"])
def test_a_repository_needs_a_valid_name(tmp_path, name: str) -> None:
    with Sandbox(tmp_path) as hub, pytest.raises(ValueError, match="owner/name"):
        hub.create_repository(name)


def test_a_private_repository_is_not_found_without_a_role(make_world: Callable[..., World]) -> None:
    world = make_world(private=True)
    outsider = world.hub.add_account("outsider", role="none")
    assert world.call("GET", "/pulls", outsider).status_code == 404
    assert world.call("GET", "/pulls").status_code == 404
    assert "not found" in world.push(outsider, "main", fails=True)
    world.repository.add_collaborator("outsider", "read")
    assert world.call("GET", "/pulls", outsider).status_code == 200


def test_a_private_repository_requires_read_permissions(make_world: Callable[..., World]) -> None:
    world = make_world(private=True)
    narrow = world.hub.add_account("narrow", kind="app", permissions={"pull-requests": "read"})
    assert world.call("GET", "/pulls", narrow).status_code == 200
    response = world.call("GET", "/branches/main", narrow)
    assert (response.status_code, response.json()["message"]) == (403, "Resource not accessible by integration")


def test_a_public_repository_can_be_read_but_not_written_without_a_token(world: World) -> None:
    assert world.call("GET", "").json()["full_name"] == "octo/students"
    assert world.call("POST", "/labels", json={"name": "x"}).status_code == 401


@pytest.mark.parametrize(
    ("missing", "method", "path", "body"),
    [
        ("pull_requests", "POST", "/pulls", {"head": "topic", "base": "main", "title": "T"}),
        ("pull_requests", "POST", "/pulls/1/reviews", {"event": "APPROVE"}),
        ("contents", "PUT", "/pulls/1/merge", {}),
        ("contents", "DELETE", "/git/refs/heads/topic", None),
        ("contents", "POST", "/dispatches", {"event_type": "x"}),
        ("statuses", "POST", "/statuses/main", {"state": "success"}),
        ("checks", "POST", "/check-runs", {"name": "ci", "head_sha": "main"}),
        ("actions", "POST", "/actions/workflows/x.yml/dispatches", {"ref": "main"}),
    ],
)
def test_the_denial_names_the_kind_of_token(world: World, missing, method, path, body) -> None:
    permissions = dict.fromkeys(("contents", "pull_requests", "statuses", "checks", "actions"), "write")
    permissions[missing] = "read"
    for kind, what in (("app", "integration"), ("user", "personal access token")):
        weak = world.hub.add_account("weak", kind=kind, permissions=permissions)
        response = world.call(method, path, weak, json=body)
        assert (response.status_code, response.json()["message"]) == (403, f"Resource not accessible by {what}")


@pytest.mark.parametrize("permission", ["issues", "pull_requests"])
def test_either_permission_may_create_labels(world: World, permission: str) -> None:
    weak = world.hub.add_account("weak", kind="app", permissions={permission: "write"})
    assert world.call("POST", "/labels", weak, json={"name": "x", "color": "ffffff"}).status_code == 201


def test_only_accounts_with_write_access_see_merge_settings(world: World, bot: Account) -> None:
    reader = world.hub.add_account("reader", kind="app", permissions={"contents": "read"})
    assert world.call("GET", "", bot).json()["allow_auto_merge"] is True
    assert "allow_auto_merge" not in world.call("GET", "", reader).json()
    assert "allow_squash_merge" not in world.call("GET", "").json()


def test_an_archived_repository_is_read_only(world: World, bot: Account) -> None:
    world.repository.change_settings(archived=True)
    response = world.call("POST", "/labels", bot, json={"name": "x"})
    assert (response.status_code, "archived" in response.json()["message"]) == (403, True)
    assert world.call("GET", "/labels", bot).status_code == 200


def test_names_are_found_in_any_case(world: World, bot: Account) -> None:
    response = requests.get(f"{world.hub.url}/repos/Octo/Students", timeout=5)
    assert response.json()["full_name"] == "octo/students"


def test_a_body_that_is_not_json_is_a_bad_request(world: World, bot: Account) -> None:
    response = world.call("POST", "/labels", bot, data=b"{")
    assert (response.status_code, response.json()["message"]) == (400, "Problems parsing JSON")


def test_an_existing_bare_repository_keeps_its_branches(tmp_path, make_world: Callable[..., World]) -> None:
    world = make_world()
    again = world.hub.create_repository("octo/students")
    assert "refs/heads/main" in again.git.refs()
