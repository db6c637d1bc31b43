"""Write docs/doctor.md's examples again: five repositories that are broken in different ways, and what the doctor says.

`python -m scripts.docs.doctor` (part of `make docs`). Each is a real repository on the stand-in of GitHub, and the text
is what `ml-auto-update doctor` prints there. A test holds the page against it.
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
from ml_action.core.records.repository_facts import BranchProtection, RepositoryFacts, TokenInfo, TokenKind
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
class Broken:
    """A repository with something the matter: what happened to it, and the settings of the run."""

    happened: Callable[[SandboxSession], Mapping[str, str]]
    autonomy: str
    granted: str = ", pull-requests: write"  # by the workflow's file


def _no_permission(here: SandboxSession) -> Mapping[str, str]:
    token = here.hub.add_account("x", kind="actions", permissions={"contents": "write"})
    return {"token": token.token}


def _actions_kept_out(here: SandboxSession) -> Mapping[str, str]:
    here.repository.change_settings(actions_may_create_and_approve=False)
    here.hub.protect(here.repository, "main", required_reviews=1)
    rights = {"contents": "write", "pull_requests": "write", "administration": "read"}
    return {
        "token": here.hub.add_account("ml-bot", kind="app", permissions=rights).token,
        "approver-token": here.reviewer.token,
    }


def _rules_everywhere(here: SandboxSession) -> Mapping[str, str]:
    here.hub.protect(here.repository, "~ALL", ruleset="reviews everywhere", required_reviews=1)
    return {"token": here.author.token, "approver-token": here.reviewer.token}


def _checks_never_report(here: SandboxSession) -> Mapping[str, str]:
    here.repository.change_settings(allow_auto_merge=False)
    here.hub.protect(here.repository, "main", required_reviews=1, required_checks=("tests",))
    return {"token": here.reviewer.token, "approver-token": here.author.token}


def _one_person(here: SandboxSession) -> Mapping[str, str]:
    here.repository.workflows[RETRAIN] = "disabled_inactivity"
    here.repository.change_settings(allow_squash_merge=False)
    here.hub.protect(here.repository, "main", ruleset="main", required_reviews=2)
    ada = here.hub.add_account("ada", kind="classic").token
    return {"token": ada, "approver-token": ada}


BROKEN: Mapping[str, Broken] = {
    "The workflow's own token, without the permission": Broken(_no_permission, "propose", granted=""),
    "“Allow GitHub Actions to create and approve pull requests” is off": Broken(_actions_kept_out, "merge"),
    "A ruleset for all branches": Broken(_rules_everywhere, "propose"),
    "Checks that never report": Broken(_checks_never_report, "merge"),
    "One person's token for both, two approvals, a schedule that went to sleep": Broken(_one_person, "merge"),
}


def play(broken: Broken) -> str:
    """What the doctor prints on such a repository."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox_session.open_session(Path(folder) / "hub", "octo/students") as here,
    ):
        _commit(sandbox_session.plain_git(here.repository.path), broken.granted)
        given = broken.happened(here)
        environ = here.environ(GITHUB_WORKFLOW_REF=f"octo/students/{RETRAIN}@refs/heads/main")
        flags = [word for name, text in given.items() for word in (f"--{name}", text)]
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            cli.main(
                ["doctor", "--workspace", str(here.workspace()), "--autonomy", broken.autonomy, *flags], dict(environ)
            )
    return output.getvalue().rstrip()


def _commit(git: Git, granted: str) -> None:
    """A first commit on main."""
    files = FILES | {RETRAIN: FILES[RETRAIN] % granted}
    parts = [b"commit refs/heads/main\ncommitter Ada <ada@example.org> 1790000000 +0000\ndata 5\nBegin\n"]
    parts += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n".encode() for path, text in files.items()]
    git.run("fast-import", "--quiet", "--force", stdin=b"".join(parts))


def examples() -> str:
    """The five of them, as they stand in the page."""
    return "\n\n".join(
        f"### {number}. {name}\n\n```text\n{play(broken)}\n```"
        for number, (name, broken) in enumerate(BROKEN.items(), 1)
    )


def dead_ends() -> str:
    """Every row of the table, in general words."""
    plain = RepositoryFacts(
        repository="owner/name",
        default_branch="DEFAULT",
        author=TokenInfo(TokenKind.OTHER, "the author"),
        approver=TokenInfo(TokenKind.OTHER, "the approver"),
        base=BranchProtection("BASE", checks=("…",), methods=("…",)),
        state=BranchProtection("ml-auto-update/NAME/state", refused=("…",)),
        proposal=BranchProtection("ml-auto-update/NAME/proposal", refused=("…",)),
        disabled=(("…", "disabled_inactivity"),),
    )
    goal = Goal(Autonomy.MERGE, "squash", "MODEL-DIR")
    values = template_values(plain, goal) | remedies(plain) | {"author": "the token", "reviews": "several"}
    lines = ["| | what is the matter | what happens | where it is fixed |", "|---|---|---|---|"]
    for row in sorted(CHECKS, key=lambda one: (list(Severity).index(one.severity), list(Autonomy).index(one.level))):
        cells = (text.format_map(values).replace("|", "¦") for text in (row.what, row.consequence, row.fix))
        lines.append(f"| {HEADS[row.severity]} `{row.level}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def written(page: str) -> str:
    """The page with both parts as they are now."""
    for name, text in (("examples", examples()), ("dead ends", dead_ends())):
        pattern = rf"(?s)(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        page = re.sub(pattern, lambda found, text=text: f"{found[1]}\n{text}\n\n{found[2]}", page)  # type: ignore[misc]
    return page


def main() -> None:
    """Writes it."""
    os.environ["COLUMNS"] = "200"
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
