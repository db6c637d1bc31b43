"""The reusable workflow, called from another repository, with an App's token."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.act.world import World

CALLER = """\
name: Call the loop
on: workflow_dispatch
permissions: {}
jobs:
  retrain:
    permissions:
      contents: write
      pull-requests: write
    uses: org/ml-auto-update/.github/workflows/retrain.yml@v1
    with:
      target: score
      threshold: "40"
      autonomy: merge
      app-client-id: Iv1.example
    secrets:
      app-private-key: ${{ secrets.ML_BOT_PRIVATE_KEY }}
  report:
    needs: retrain
    runs-on: ubuntu-latest
    permissions: {}
    steps:
      - env:
          DECISION: ${{ needs.retrain.outputs.decision }}
          REASON: ${{ needs.retrain.outputs.reason }}
          URL: ${{ needs.retrain.outputs.pr-url }}
        run: |
          echo "report: $DECISION, $REASON, $URL"
"""


def test_the_loop_is_called_by_another_workflow(make_world: Callable[..., World]) -> None:
    world = make_world(50)
    world.write("call.yml", CALLER)

    # The stand-in of actions/create-github-app-token gives the "key" back as the token.
    run = world.run("call.yml", "workflow_dispatch", ML_BOT_PRIVATE_KEY=world.bot.token)
    assert run.code == 0, run.log
    (pull,) = world.pulls
    assert pull.merged
    assert pull.author.login == "ml-bot[bot]"
    report = next(line for line in run.log.splitlines() if "] report: " in line)
    assert "report: promote, better by " in report
    assert report.endswith("/octo/students/pull/1")

    run = world.run("call.yml", "workflow_dispatch", ML_BOT_PRIVATE_KEY=world.bot.token)
    assert run.code == 0, run.log
    assert "] report: waiting, waiting 0/40" in run.log
