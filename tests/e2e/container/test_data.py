"""`mode: data` in the container: a pull request's datasets are judged, and it gets one comment."""

from __future__ import annotations

import json
import urllib.request

from ml_action.commands.demo import students
from tests.e2e.container.harness import Result
from tests.e2e.container.world import FULL_NAME, STORE, World

BRANCH = "more-data"
GOOD = next(students.datasets(1, "drifted", 8))
BAD = GOOD.replace("\n", "\nmany,7,0.8,town,60\n", 1)


def push(world: World, text: str) -> str:
    """A commit on the branch of the pull request, of which main knows nothing."""
    main = world.git.object_id("refs/heads/main")
    world.commit({f"{STORE}/more.csv": text})
    commit: str = world.git.object_id("refs/heads/main")
    world.git.run("update-ref", f"refs/heads/{BRANCH}", commit)
    world.git.run("update-ref", "refs/heads/main", main)
    world.here.hub.synchronise(world.here.repository)
    return commit


def open_pull(world: World) -> None:
    ada = world.here.hub.add_account("ada")
    body = json.dumps({"title": "More data", "body": "", "head": BRANCH, "base": "main"}).encode()
    headers = {"Authorization": f"Bearer {ada.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{world.here.hub.url}/repos/{FULL_NAME}/pulls", body, headers=headers)
    urllib.request.urlopen(request, timeout=10).close()


def judged(world: World, commit: str, permissions: dict[str, str]) -> Result:
    """The job of the pull request's workflow, with the workflow's own token."""
    bot = world.here.hub.add_account("github-actions", kind="actions", permissions=permissions)
    machine = world.machine()
    machine.run_git("fetch", "--quiet", "--depth=1", world.here.repository.path.as_uri(), BRANCH)
    machine.run_git("checkout", "--quiet", "--detach", "FETCH_HEAD")
    machine.give_to_runner()
    machine.secrets = [bot.token]
    head = {"sha": commit, "repo": {"full_name": FULL_NAME}}
    pull = {"number": 1, "html_url": "https://github.com/octo/students/pull/1", "base": {"ref": "main"}, "head": head}
    machine.event({"repository": {"default_branch": "main"}, "pull_request": pull})
    given = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/1/merge"}
    return machine.run({"mode": "data", "token": bot.token}, given)


def test_a_pull_request_is_judged_and_commented_on_and_the_comment_edited(production: World) -> None:
    write, read = ({"contents": "read", "pull-requests": level} for level in ("write", "read"))
    first = push(production, BAD)
    open_pull(production)
    run = judged(production, first, write)
    assert (run.code, run.decision, run.outputs["quarantined"]) == (3, "failed", "1"), run.log
    (error,) = run.annotations("error")
    assert (error.properties["file"], error.properties["line"]) == (f"{STORE}/more.csv", "2")
    (pull,) = production.pulls
    assert "1 of 1 dataset is bad" in pull.comments[0].body

    run = judged(production, push(production, GOOD), write)
    assert (run.code, run.decision) == (0, "ready"), run.log
    (comment,) = pull.comments
    assert "1 dataset is good" in comment.body

    run = judged(production, push(production, BAD), read)
    assert (run.code, run.decision) == (3, "failed"), run.log
    assert "no comment" in run.summary
    assert [comment.body] == [one.body for one in pull.comments]
