"""auto-retrain.yml as a user has it, hour after hour, run by act with the real containers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.act.world import PROPOSAL, Run, World

# What the comments of the file say, with the App's token in a secret of the user's.
TWO_IDENTITIES = (
    "autonomy: propose\n",
    "autonomy: merge\n          token: ${{ secrets.ML_BOT_TOKEN }}\n          approver-token: ${{ github.token }}\n",
)
DECLARED = {"ready", "count", "threshold", "decision", "reason"}  # outputs of check/action.yml


def test_it_waits_trains_merges_and_waits_again(make_world: Callable[..., World]) -> None:
    world = make_world(60)
    world.adopt("auto-retrain.yml", TWO_IDENTITIES, later="retrain")

    def hour(event: str = "schedule") -> Run:
        return world.run("auto-retrain.yml", event, ML_BOT_TOKEN=world.bot.token)

    # 1: 60 of 200. Seconds, no checkout, no container.
    run = hour()
    assert run.code == 0, run.log
    assert run.verdicts == ["⏳ waiting 60/200: 140 more new datasets start a training"]
    assert set(run.steps) == {"check", "3"}  # 3: the later step
    check, action = run.later
    assert {name: check[name] for name in DECLARED - {"reason"}} == {
        "ready": "false", "count": "60", "threshold": "200", "decision": "waiting"
    }  # fmt: skip
    assert action == {}
    assert world.pulls == []

    # 2: after 220 more it trains the first version, opens, approves and merges.
    world.arrive(220)
    run = hour()
    assert run.code == 0, run.log
    assert run.steps == {"check": "success", "1": "success", "retrain": "success", "3": "success"}
    check, action = run.later
    assert (check["decision"], check["count"]) == ("ready", "280")
    assert (action["decision"], action["merge-state"], action["version"]) == ("promote", "merged", "v1")
    assert (action["pr-number"], action["model-path"]) == ("1", "model/v1.pkl")
    (pull,) = world.pulls
    assert (pull.head, pull.author.login, pull.labels) == (PROPOSAL, "ml-bot[bot]", ["model-update"])
    assert world.approvals(pull) == [("github-actions[bot]", world.last.commit)]
    assert pull.merged
    assert world.champion == "v1"

    # 3: nothing new.
    run = hour()
    assert run.code == 0, run.log
    assert set(run.steps) == {"check", "3"}
    assert run.later[0]["count"] == "0"

    # 4: the world has changed: the challenger beats the champion.
    world.arrive(220, "drifted")
    run = hour("workflow_dispatch")
    assert run.code == 0, run.log
    _, action = run.later
    assert (action["decision"], action["merge-state"], action["version"]) == ("promote", "merged", "v2")
    assert float(action["challenger-score"]) > float(action["champion-score"])
    assert "v2" in run.summary
    assert world.champion == "v2"


def test_the_count_in_the_container(make_world: Callable[..., World]) -> None:
    """mode: check, without a checkout."""
    world = make_world(3)
    world.write("count.yml", COUNT)
    run = world.run("count.yml", "workflow_dispatch")
    assert run.code == 0, run.log
    assert "] counted 3 of 200: waiting" in run.log
    assert run.summary.startswith("## ⏳ waiting")


COUNT = """\
name: Count
on: workflow_dispatch
permissions: {}
jobs:
  count:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - id: count
        uses: org/ml-auto-update@v1
        with:
          mode: check
      - env:
          COUNT: ${{ steps.count.outputs.count }}
          THRESHOLD: ${{ steps.count.outputs.threshold }}
          DECISION: ${{ steps.count.outputs.decision }}
        run: |
          echo "counted $COUNT of $THRESHOLD: $DECISION"
"""


@pytest.mark.parametrize(
    ("edit", "error", "logged"),
    [
        pytest.param(
            ("target: score", "target: no_such_column"), "no_such_column", "ready 210/200",
            id="no such column",
        ),
        pytest.param(
            ("contents: write", "contents: read "), "may not write to this repository", "nothing was trained",
            id="no permission",
        ),
    ],
)  # fmt: skip
def test_a_failing_run_says_why(
    make_world: Callable[..., World], edit: tuple[str, str], error: str, logged: str
) -> None:
    world = make_world(210)
    world.adopt("auto-retrain.yml", edit, later="retrain")
    run = world.run("auto-retrain.yml", "schedule")
    assert run.code != 0
    assert run.steps["retrain"] == "failure"
    (annotation,) = run.messages("error")
    assert error in annotation
    assert "## ❌ failed" in run.summary
    assert error in run.summary.replace("\\", "")
    _, action = run.later
    assert action["decision"] == "failed"
    assert error in action["reason"]
    assert world.pulls == []
    assert logged in run.log
