"""The world of the act tests: a repository on the stand-in, its users' commits, and workflows that act runs on it.

An hour is a fresh clone and one run of a workflow from it, as a runner has it. Where act differs from GitHub it is made
up for here: GITHUB_TOKEN gets the permissions that the workflow's job asks for, which act ignores.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ml_action.commands.demo import students
from ml_action.commands.sandbox_session import SandboxSession, plain_git
from ml_action.git import journal, registry
from ml_action.git.command import Git
from ml_action.reports.sections.run import ICONS
from sandbox import Account, PullRequest

ROOT = Path(__file__).resolve().parents[3]
FULL_NAME = "octo/students"
RUNNER_IMAGE = "ml-auto-update-act-runner"
ACTION = "org/ml-auto-update@v1"
APP_TOKEN = "actions/create-github-app-token"
STATE, PROPOSAL = "ml-auto-update/model/state", "ml-auto-update/model/proposal"
BOT_PERMISSIONS = {"contents": "write", "pull_requests": "write"}  # what docs/github.md asks an App for
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "DOCKER_HOST", "SSL_CERT_FILE")
TIMEOUT = 300.0

LATER_STEP = """\
      - name: Later step
        if: always()
        env:
          CHECK: ${{ toJSON(steps.check.outputs) }}
          ACTION: ${{ toJSON(steps.ACTION_ID.outputs) }}
        run: |
          python3 -c 'import json, os; print("later", json.dumps([json.loads(os.environ[k]) for k in ("CHECK", "ACTION")]))'
"""  # noqa: E501


@dataclass(frozen=True)
class Run:
    """What act printed and how it ended; `lines` are its log entries."""

    code: int
    lines: list[dict[str, Any]]

    @property
    def log(self) -> str:
        """The log as a person reads it: each line with the step that printed it."""
        return "\n".join(f"[{one.get('step', 'act')}] {one['msg'].rstrip()}" for one in self.lines)

    @property
    def steps(self) -> dict[str, str]:
        """How each step that ran ended; a step that was skipped is not in it."""
        found = {}
        for one in self.lines:
            if one.get("stage") == "Main" and one.get("stepResult") and len(one.get("stepID", ())) == 1:
                found[one["stepID"][0]] = one["stepResult"]
        return found

    def messages(self, command: str) -> list[str]:
        """The messages of a workflow command: error, warning."""
        return [one["arg"] for one in self.lines if one.get("command") == command]

    @property
    def summary(self) -> str:
        """What the job summary would show."""
        return "\n".join(one["content"] for one in self.lines if one.get("command") == "summary")

    @property
    def verdicts(self) -> list[str]:
        """The lines in which the product says how it ended."""
        icons = tuple(ICONS.values())
        return [one["msg"].strip() for one in self.lines if one.get("raw_output") and one["msg"].startswith(icons)]

    @property
    def later(self) -> tuple[dict[str, str], dict[str, str]]:
        """The outputs of the check and of the action, as a later step of the job had them."""
        (line,) = (one["msg"] for one in self.lines if one.get("raw_output") and one["msg"].startswith("later "))
        check, action = json.loads(line.removeprefix("later "))
        return check, action


@dataclass
class World:
    """A repository on the stand-in and the tools to run its workflows."""

    here: SandboxSession
    act: str
    tree: Path  # the action's own repository, as `uses:` would download it
    app_token: Path  # a stand-in for actions/create-github-app-token
    files: Path
    batches: int = 0

    # --- people ---------------------------------------------------------------------------------------------

    @property
    def git(self) -> Git:
        return plain_git(self.here.repository.path)

    @property
    def bot(self) -> Account:
        """The App, with the permissions that the documentation asks for."""
        return self.here.hub.add_account("ml-bot", kind="app", permissions=BOT_PERMISSIONS)

    def commit(self, files: Mapping[str, str | Path], branch: str = "main", on: str = "main") -> str:
        """Commits files as a person; a path means the content and mode of that file."""
        with tempfile.TemporaryDirectory(dir=self.files) as name:
            clone = plain_git(Path(name))
            clone.run("init", "--quiet")
            url = str(self.here.repository.path)
            if self.git.object_id(f"refs/heads/{on}"):
                clone.run("fetch", "--quiet", "--depth=1", url, on)
                clone.run("reset", "--quiet", "--hard", "FETCH_HEAD")
            for path, content in files.items():
                target = clone.directory / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, Path):
                    shutil.copy(content, target)
                else:
                    target.write_text(content, encoding="utf-8")
            clone.run("add", "--all", "--force")
            clone.run("commit", "--quiet", "--message", f"Change {len(files)} files")
            clone.run("push", "--quiet", "--force", url, f"HEAD:refs/heads/{branch}")
        self.here.hub.synchronise(self.here.repository)
        return self.git.object_id(f"refs/heads/{branch}")

    def arrive(self, count: int, world: str = "steady") -> str:
        """Datasets arrive on main."""
        self.batches += 1
        texts = students.datasets(count, world, self.batches)
        return self.commit({f"data/new_data/{self.batches}-{n:03}.csv": text for n, text in enumerate(texts)})

    def api(self, who: Account, method: str, path: str, **body: Any) -> Any:
        """A person's click, as the request that it sends."""
        request = urllib.request.Request(
            f"{self.here.hub.url}/repos/{FULL_NAME}/{path}", json.dumps(body).encode() if body else None, method=method,
            headers={"Authorization": f"Bearer {who.token}", "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    # --- workflows ------------------------------------------------------------------------------------------

    def adopt(self, name: str, *edits: tuple[str, str], later: str = "") -> None:
        """Copies an example workflow and edits it as its comments describe; `later`: a last step prints outputs."""
        text = (ROOT / "example-workflows" / name).read_text(encoding="utf-8")
        for old, new in edits:
            assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}"
            text = text.replace(old, new)
        self.write(name, text + LATER_STEP.replace("ACTION_ID", later) if later else text)

    def write(self, name: str, text: str) -> None:
        """A workflow of the user's own."""
        self.commit({f".github/workflows/{name}": text})

    def run(
        self, workflow: str, event: str, payload: Mapping[str, Any] | None = None, *, job: str = "", **secrets: str
    ) -> Run:
        """One run of a workflow of the repository, or of one job of it, in a fresh clone."""
        folder = Path(tempfile.mkdtemp(prefix="hour-", dir=self.files))
        clone = folder / "students"
        plain_git(folder).run("clone", "--quiet", "--depth=1", self.here.repository.path.as_uri(), clone.name)
        plain_git(clone).run("remote", "set-url", "origin", self.here.hub.git_url(self.here.repository))
        path = clone / ".github" / "workflows" / workflow
        token = self.here.hub.add_account("github-actions", kind="actions", permissions=job_permissions(path, job))
        (folder / "secrets").write_text("".join(
            f"{name}={value}\n" for name, value in {"GITHUB_TOKEN": token.token, **secrets}.items()
        ))  # fmt: skip
        repository = {"full_name": FULL_NAME, "default_branch": "main", "name": "students", "owner": {"login": "octo"}}
        (folder / "event.json").write_text(json.dumps({"repository": repository, **(payload or {})}))
        done = self._act(folder, clone, event, path, *(["--job", job] if job else []))
        printed = (done.stderr + done.stdout).splitlines()
        run = Run(done.returncode, [json.loads(line) for line in printed if line.startswith("{")])
        for secret in (token.token, *secrets.values()):
            assert secret not in run.log
        for verdict in run.verdicts:
            print(f"{workflow}: {verdict}")  # pytest -s
        return run

    def _act(self, folder: Path, clone: Path, event: str, path: Path, *more: str) -> subprocess.CompletedProcess[str]:
        environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        environ |= {"XDG_CONFIG_HOME": str(self.files / "config"), "XDG_CACHE_HOME": str(self.files / "cache")}
        server = self.here.hub.url
        command = [
            self.act, event, "--json", "--rm", "--pull=false", f"--platform=ubuntu-latest={RUNNER_IMAGE}",
            "--workflows", str(path), "--eventpath", str(folder / "event.json"),
            "--secret-file", str(folder / "secrets"), "--container-daemon-socket=-",
            f"--local-repository={ACTION}={self.tree}", *(f"--local-repository={one}" for one in self._app_token()),
            "--env", f"GITHUB_SERVER_URL={server}", "--env", f"GITHUB_API_URL={server}",
            "--env", f"GITHUB_GRAPHQL_URL={server}/graphql", "--env", f"GITHUB_REPOSITORY={FULL_NAME}", *more,
        ]  # fmt: skip
        with exclusive():
            return subprocess.run(
                command, cwd=clone, env=environ, capture_output=True, text=True, timeout=TIMEOUT,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def _app_token(self) -> Iterator[str]:
        """act fetches every action of a job, also of a step that is skipped; this one is not to be had offline."""
        files = [*(ROOT / "example-workflows").glob("*.yml"), ROOT / ".github" / "workflows" / "retrain.yml"]
        words = " ".join(path.read_text(encoding="utf-8") for path in files).split()
        for name in {word for word in words if word.startswith(f"{APP_TOKEN}@")}:
            yield f"{name}={self.app_token}"

    # --- what came of it ------------------------------------------------------------------------------------

    @property
    def pulls(self) -> list[PullRequest]:
        self.here.hub.synchronise(self.here.repository)
        return list(self.here.hub.pulls(self.here.repository))

    def approvals(self, pull: PullRequest) -> list[tuple[str, str]]:
        """(who, commit) of each approval."""
        return [(review.user.login, review.commit_id) for review in pull.reviews if review.state == "APPROVED"]

    @property
    def champion(self) -> str:
        """The version in production; empty without one."""
        history = registry.read(self.git, self.git.object_id("refs/heads/main"), "model")
        return history.champion.version if history and history.champion else ""

    @property
    def last(self) -> Any:
        """The latest attempt in the journal."""
        return journal.read(self.git, self.git.object_id(f"refs/heads/{STATE}")).attempts[-1]


def job_permissions(workflow: Path, job: str) -> dict[str, str]:
    """The permissions of a job, the first one by default: what GitHub would give its token, and act would not."""
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return dict(jobs[job or next(iter(jobs))]["permissions"])


@contextmanager
def exclusive() -> Iterator[None]:
    """act names its containers after the workflow and the job: two runs at once would take each other's."""
    with (Path(tempfile.gettempdir()) / "ml-auto-update-act.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
