"""Writes two parts of docs/doctor.md: what the doctor prints on broken repositories, and the table of its checks.

`python -m scripts.docs.doctor` (part of `make docs`). Each example is a real repository on the stand-in of GitHub, and
its text is the output of `ml-auto-update doctor`. A test compares the page with new output.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_action import cli
from ml_action.commands import sandbox_session
from ml_action.commands.sandbox_session import SandboxSession
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.diagnosis import Goal, Severity
from ml_action.core.records.repository_facts import (
    BranchProtection,
    DisabledWorkflow,
    RepositoryFacts,
    TokenInfo,
    TokenKind,
)
from ml_action.doctor.checks import CHECKS
from ml_action.doctor.conditions import remedies, template_values
from ml_action.git.command import Git
from ml_action.reports.doctor import HEADS

PAGE = Path("docs/doctor.md")
RETRAIN = ".github/workflows/retrain.yml"
FILES = {
    RETRAIN: "on: { schedule: [{ cron: '17 * * * *' }] }\npermissions: { contents: write%s }\njobs: {}\n"
    "# uses: org/ml-auto-update@v1\n",
    "data/new_data/a.csv": "hours,score\n1,2\n",
}


@dataclass(frozen=True)
class BrokenRepository:
    """A repository in which something will not work."""

    breaks: Callable[[SandboxSession], Mapping[str, str]]  # returns the tokens of the run, by the name of the setting
    autonomy: str
    permissions: str = ", pull-requests: write"  # in the workflow's file


def _no_permission(session: SandboxSession) -> Mapping[str, str]:
    token = session.hub.add_account("x", kind="actions", permissions={"contents": "write"})
    return {"token": token.token}


def _actions_may_not_open(session: SandboxSession) -> Mapping[str, str]:
    session.repository.change_settings(actions_may_create_and_approve=False)
    session.hub.protect(session.repository, "main", required_reviews=1)
    rights = {"contents": "write", "pull_requests": "write", "administration": "read"}
    return {
        "token": session.hub.add_account("ml-bot", kind="app", permissions=rights).token,
        "approver-token": session.reviewer.token,
    }


def _rules_everywhere(session: SandboxSession) -> Mapping[str, str]:
    session.hub.protect(session.repository, "~ALL", ruleset="reviews everywhere", required_reviews=1)
    return {"token": session.author.token, "approver-token": session.reviewer.token}


def _checks_never_report(session: SandboxSession) -> Mapping[str, str]:
    session.repository.change_settings(allow_auto_merge=False)
    session.hub.protect(session.repository, "main", required_reviews=1, required_checks=("tests",))
    return {"token": session.reviewer.token, "approver-token": session.author.token}


def _one_account(session: SandboxSession) -> Mapping[str, str]:
    session.repository.workflows[RETRAIN] = "disabled_inactivity"
    session.repository.change_settings(allow_squash_merge=False)
    session.hub.protect(session.repository, "main", ruleset="main", required_reviews=2)
    ada = session.hub.add_account("ada", kind="classic").token
    return {"token": ada, "approver-token": ada}


EXAMPLES: Mapping[str, BrokenRepository] = {
    "The workflow's own token, without the permission": BrokenRepository(_no_permission, "propose", permissions=""),
    "“Allow GitHub Actions to create and approve pull requests” is off": BrokenRepository(
        _actions_may_not_open, "merge"
    ),
    "A ruleset for all branches": BrokenRepository(_rules_everywhere, "propose"),
    "Checks that never report": BrokenRepository(_checks_never_report, "merge"),
    "One person's token for both, two approvals, a schedule that went to sleep": BrokenRepository(
        _one_account, "merge"
    ),
}


def output_of_doctor(example: BrokenRepository) -> str:
    """Returns what the doctor prints on such a repository."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox_session.open_session(Path(folder) / "hub", "octo/students") as session,
    ):
        _commit(session.git, example.permissions)
        tokens = example.breaks(session)
        environ = session.environ(GITHUB_WORKFLOW_REF=f"octo/students/{RETRAIN}@refs/heads/main")
        flags = [word for name, text in tokens.items() for word in (f"--{name}", text)]
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            cli.main(
                ["doctor", "--workspace", str(session.workspace()), "--autonomy", example.autonomy, *flags],
                dict(environ),
            )
    return output.getvalue().rstrip()


def _commit(git: Git, permissions: str) -> None:
    """Makes the first commit of main."""
    files = FILES | {RETRAIN: FILES[RETRAIN] % permissions}
    parts = [b"commit refs/heads/main\ncommitter Ada <ada@example.org> 1790000000 +0000\ndata 5\nBegin\n"]
    parts += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n".encode() for path, text in files.items()]
    git.run("fast-import", "--quiet", "--force", stdin=b"".join(parts))


def examples() -> str:
    """Returns every example as Markdown."""
    return "\n\n".join(
        f"### {number}. {name}\n\n```text\n{output_of_doctor(example)}\n```"
        for number, (name, example) in enumerate(EXAMPLES.items(), 1)
    )


def checks() -> str:
    """Returns the table of checks, in general words."""
    facts = RepositoryFacts(
        repository="owner/name",
        default_branch="DEFAULT",
        author=TokenInfo(TokenKind.OTHER, "the author"),
        approver=TokenInfo(TokenKind.OTHER, "the approver"),
        base=BranchProtection("BASE", checks=("…",), methods=("…",)),
        state=BranchProtection("ml-auto-update/NAME/state", refused=("…",)),
        proposal=BranchProtection("ml-auto-update/NAME/proposal", refused=("…",)),
        disabled=(DisabledWorkflow("…", "disabled_inactivity"),),
    )
    goal = Goal(Autonomy.MERGE, "squash", "MODEL-DIR")
    values = template_values(facts, goal) | remedies(facts) | {"author": "the token", "reviews": "several"}
    lines = ["| | what is the matter | what happens | where it is fixed |", "|---|---|---|---|"]
    for row in sorted(CHECKS, key=lambda row: (list(Severity).index(row.severity), list(Autonomy).index(row.level))):
        cells = (text.format_map(values).replace("|", "¦") for text in (row.what, row.consequence, row.fix))
        lines.append(f"| {HEADS[row.severity]} `{row.level}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def with_current_parts(page: str) -> str:
    """Returns the page with both parts as they are now."""
    for name, text in (("examples", examples()), ("checks", checks())):
        pattern = rf"(?s)(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        page = re.sub(pattern, lambda found, text=text: f"{found[1]}\n{text}\n\n{found[2]}", page)  # type: ignore[misc]
    return page


def main() -> None:
    """Writes the page."""
    os.environ["COLUMNS"] = "200"
    PAGE.write_text(with_current_parts(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
