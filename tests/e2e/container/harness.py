"""A step of a job as GitHub's runner runs it: `docker run` with its mounts, its environment and its file commands.

Written after actions/runner: DockerCommandManager.DockerRun (the command line), ContainerInfo.TranslateToContainerPath
(paths), ActionCommand (commands in the log), FileCommandManager.EnvFileKeyValuePairs (outputs), and
https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support (root, the workspace's owner).
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
RUNNER_UID = 1001  # of the account `runner` on GitHub's hosted machines
ANNOTATIONS = {"error", "warning", "notice"}
REGISTERED = ANNOTATIONS | {
    "set-output", "save-state", "set-env", "add-path", "add-mask", "add-matcher", "remove-matcher", "debug", "group",
    "endgroup", "echo", "stop-commands", "pause-logging",
}  # fmt: skip
FILE_COMMANDS = {
    "GITHUB_OUTPUT": "set_output", "GITHUB_ENV": "set_env", "GITHUB_PATH": "add_path", "GITHUB_STATE": "save_state",
    "GITHUB_STEP_SUMMARY": "step_summary",
}  # fmt: skip
SUMMARY_LIMIT = 1024 * 1024
PLAIN_GIT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


# --- what the runner reads -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """A workflow command in the log."""

    name: str
    properties: Mapping[str, str]
    data: str


def unescape(text: str, more: Mapping[str, str]) -> str:
    for code, character in ({"%0D": "\r", "%0A": "\n"} | dict(more) | {"%25": "%"}).items():
        text = text.replace(code, character)
    return text


def parse_v2(line: str) -> Command | None:
    """`::name key=value,key=value::data` at the start of a line."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, pairs = line[2:end].partition(" ")
    if name.lower() not in REGISTERED:
        return None
    split = (pair.partition("=") for pair in pairs.strip().split(",") if "=" in pair)
    properties = {key: unescape(value, {"%3A": ":", "%2C": ","}) for key, _, value in split}
    return Command(name.lower(), properties, unescape(line[end + 2 :], {}))


def parse_v1(line: str) -> Command | None:
    """`##[name key=value;key=value]data` anywhere in a line."""
    found = re.search(r"##\[([^\] ]*) ?([^\]]*)\](.*)", line)
    if not found or found[1].lower() not in REGISTERED:
        return None
    properties = dict(pair.split("=", 1) for pair in found[2].split(";") if "=" in pair)
    return Command(found[1].lower(), properties, found[3])


def commands(log: str) -> list[Command]:
    """Every command that the runner would obey; it ends lines as .NET does."""
    found = (parse_v2(line) or parse_v1(line) for line in re.split(r"\r\n|\r|\n", log))
    return [command for command in found if command]


def env_file(text: str) -> dict[str, str]:
    """`name=value` and `name<<DELIMITER`; the runner fails the step at anything else."""
    values, lines = {}, iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            values[line[:equals]] = line[equals + 1 :]
            continue
        assert heredoc > 0, f"invalid format {line!r}"
        delimiter, value = line[heredoc + 2 :], []
        for part in lines:
            if part == delimiter:
                break
            value.append(part)
        else:
            raise AssertionError(f"matching delimiter not found {delimiter!r}")
        values[line[:heredoc]] = "\n".join(value)
    return values


# --- the result ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What a step leaves behind."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str
    other_files: Mapping[str, str]  # GITHUB_ENV and friends: the action writes nothing there

    @property
    def decision(self) -> str:
        return self.outputs.get("decision", "")

    @property
    def commands(self) -> list[Command]:
        return commands(self.log)

    def annotations(self, kind: str) -> list[Command]:
        return [command for command in self.commands if command.name == kind]


# --- the machine ---------------------------------------------------------------------------------------------


@dataclass
class Machine:
    """A runner's folders on the host. A job has one; each step gets new files for its commands."""

    root: Path
    image: str
    server: str  # http://127.0.0.1:1234
    repository: str  # owner/name
    mapped_temp: bool = True  # runners before v2.329 do not mount RUNNER_TEMP
    secrets: list[str] = field(default_factory=list)  # what no step may show
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        for folder in ("_github_home", "_github_workflow", "_runner_file_commands"):
            (self.temp / folder).mkdir(parents=True)
        self.event({"repository": {"default_branch": "main"}})

    @property
    def temp(self) -> Path:
        return self.root / "work/_temp"

    @property
    def workspace(self) -> Path:
        name = self.repository.rpartition("/")[2]
        return self.root / "work" / name / name

    @property
    def mounts(self) -> dict[str, str]:
        """Host path to container path, in the order in which the runner adds them."""
        temp = {self.temp: "/github/runner_temp"} if self.mapped_temp else {}
        paths = temp | {
            self.temp / "_github_home": "/github/home",
            self.temp / "_github_workflow": "/github/workflow",
            self.temp / "_runner_file_commands": "/github/file_commands",
            self.workspace: "/github/workspace",
        }
        return {str(host): inside for host, inside in paths.items()}

    def translate(self, value: str) -> str:
        """A host path as the container sees it; the mapping that was added last is tried first."""
        for host, inside in reversed(self.mounts.items()):
            if value == host or value.startswith(host + "/"):
                return inside + value[len(host) :]
        return value

    def event(self, payload: Mapping[str, Any]) -> None:
        (self.temp / "_github_workflow/event.json").write_text(json.dumps(payload))

    # --- actions/checkout --------------------------------------------------------------------------------------

    def checkout(self, source: str, *, token: str = "", persist: str = "") -> None:
        """What actions/checkout leaves: a depth-1 clone, a detached HEAD, another owner than root.

        `persist` is how the token is left behind: `config` as up to v5, `include` as from v6 on.
        """
        shutil.rmtree(self.workspace, ignore_errors=True)
        self.workspace.parent.mkdir(parents=True, exist_ok=True)
        self.run_git("clone", "--quiet", "--depth=1", source, str(self.workspace), cwd=self.root)
        self.run_git("checkout", "--quiet", "--detach")
        self.run_git("remote", "set-url", "origin", f"{self.server}/{self.repository}")
        key = f"http.{self.server}/.extraheader"
        header = f"AUTHORIZATION: basic {token}"
        if persist == "config":
            self.run_git("config", key, header)
        if persist == "include":
            name = f"git-credentials-{secrets.token_hex(8)}.config"
            self.run_git("config", "--file", str(self.temp / name), key, header)
            for where, folder in ((self.workspace, self.temp), ("/github/workspace", "/github/runner_temp")):
                self.run_git("config", f"includeIf.gitdir:{where}/.git.path", f"{folder}/{name}")
        self.give_to_runner()

    def run_git(self, *arguments: str, cwd: Path | None = None) -> str:
        command = ["git", "-c", "safe.directory=*", *arguments]
        done = subprocess.run(command, cwd=cwd or self.workspace, env=PLAIN_GIT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def give_to_runner(self) -> None:
        for path in (self.workspace, *self.workspace.rglob("*")):
            os.chown(path, RUNNER_UID, RUNNER_UID, follow_symlinks=False)

    # --- a step ------------------------------------------------------------------------------------------------

    def start(self, inputs: Mapping[str, str], env: Mapping[str, str] | None = None, *, keep: bool = False) -> Step:
        """Starts the action's container. `keep`: without --rm, so that it can be looked at afterwards."""
        step = Step(self, secrets.token_hex(16), keep)
        self.steps.append(step)
        step.start({**inputs_of_action(), **inputs}, env or {})
        return step

    def run(self, inputs: Mapping[str, str], env: Mapping[str, str] | None = None) -> Result:
        return self.start(inputs, env).wait()

    def context(self, files: Mapping[str, Path]) -> dict[str, str]:
        """The variables of the runner's allow-list (GitHubContext, RunnerContext); no GITHUB_TOKEN."""
        owner = self.repository.partition("/")[0]
        return {
            "HOME": str(self.temp / "_github_home"),
            "GITHUB_ACTION": "retrain", "GITHUB_ACTOR": "ada", "GITHUB_API_URL": self.server,
            "GITHUB_BASE_REF": "", "GITHUB_EVENT_NAME": "schedule",
            "GITHUB_EVENT_PATH": str(self.temp / "_github_workflow/event.json"),
            "GITHUB_GRAPHQL_URL": f"{self.server}/graphql", "GITHUB_HEAD_REF": "", "GITHUB_JOB": "retrain",
            "GITHUB_REF": "refs/heads/main", "GITHUB_REF_NAME": "main", "GITHUB_REF_TYPE": "branch",
            "GITHUB_REPOSITORY": self.repository, "GITHUB_REPOSITORY_OWNER": owner, "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": "7", "GITHUB_RUN_NUMBER": "1", "GITHUB_SERVER_URL": self.server,
            "GITHUB_SHA": self.run_git("rev-parse", "HEAD").strip() if (self.workspace / ".git").exists() else "",
            "GITHUB_WORKFLOW": "retrain", "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_ARCH": "X64", "RUNNER_NAME": "Hosted Agent", "RUNNER_OS": "Linux", "RUNNER_TEMP": str(self.temp),
            "RUNNER_TOOL_CACHE": "/opt/hostedtoolcache", "RUNNER_WORKSPACE": str(self.workspace.parent),
            "ACTIONS_RUNTIME_URL": "http://127.0.0.1:1/", "ACTIONS_RUNTIME_TOKEN": "x",
        } | {name: str(path) for name, path in files.items()}  # fmt: skip


def inputs_of_action() -> dict[str, str]:
    """Every input that action.yml declares, with its default; an expression is given by the test."""
    declared = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    defaults = {name: str(row.get("default", "")) for name, row in declared.items()}
    return {name: "" if "${{" in default else default for name, default in defaults.items()}


@dataclass
class Step:
    """A container that runs the action."""

    machine: Machine
    id: str
    keep: bool
    lines: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"mlautoupdate_{self.id[:6]}"

    @property
    def files(self) -> dict[str, Path]:
        folder = self.machine.temp / "_runner_file_commands"
        return {variable: folder / f"{name}_{self.id}" for variable, name in FILE_COMMANDS.items()}

    def start(self, inputs: Mapping[str, str], env: Mapping[str, str]) -> None:
        for path in self.files.values():
            path.touch()
            os.chown(path, RUNNER_UID, RUNNER_UID)
        named = {f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in inputs.items()}
        wanted = {**self.machine.context(self.files), **env, **named}
        values = {name: self.machine.translate(value) for name, value in wanted.items()}
        mounts = {"/var/run/docker.sock": "/var/run/docker.sock", **self.machine.mounts}
        command = ["docker", "run", "--name", self.name, "--label", self.id[:6], "--workdir", "/github/workspace"]
        command += [] if self.keep else ["--rm"]
        for name in values:
            command += ["-e", name]
        command += ["-e", "GITHUB_ACTIONS=true", "-e", "CI=true", "--network", "host"]
        for host, inside in mounts.items():
            command += ["-v", f"{host}:{inside}"]
        self.process = subprocess.Popen(
            [*command, self.machine.image], env=os.environ | values, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.decode("utf-8", "surrogateescape"))

    def until(self, text: str, seconds: float = 60) -> None:
        """Waits for a line of the log."""
        end = time.monotonic() + seconds
        while not any(text in line for line in self.lines):
            assert self.process.poll() is None, f"it ended before {text!r}:\n{''.join(self.lines)}"
            assert time.monotonic() < end, f"{text!r} was never printed:\n{''.join(self.lines)}"
            time.sleep(0.02)

    def docker_kill(self, signal: str) -> None:
        subprocess.run(["docker", "kill", "--signal", signal, self.name], check=True, capture_output=True)

    def inspect(self) -> Any:
        answer = subprocess.run(["docker", "inspect", self.name], check=True, capture_output=True).stdout
        return json.loads(answer)[0]

    def changed_files(self) -> list[str]:
        """What the container's own file system differs in from the image."""
        answer = subprocess.run(["docker", "diff", self.name], check=True, capture_output=True, text=True).stdout
        return [line[2:] for line in answer.splitlines()]

    def remove(self) -> None:
        """Ends the container, should a failed test have left it behind."""
        subprocess.run(["docker", "rm", "--force", self.name], check=False, capture_output=True)

    def wait(self, seconds: float = 180) -> Result:
        """The result, once what holds for every step is known to hold."""
        code = self.process.wait(seconds)
        self.reader.join()
        if self.process.stdout:
            self.process.stdout.close()
        texts = {name: path.read_bytes().decode() for name, path in self.files.items()}
        for path in self.files.values():
            path.unlink()
        result = Result(
            code, "".join(self.lines), env_file(texts.pop("GITHUB_OUTPUT")), texts.pop("GITHUB_STEP_SUMMARY"), texts
        )
        self.audit(result)
        return result

    def audit(self, result: Result) -> None:
        """What holds for every ending of a step."""
        assert set(result.other_files.values()) == {""}
        assert "decision" in result.outputs, result.log
        assert result.summary.startswith("## ")
        assert len(result.summary.encode()) < SUMMARY_LIMIT
        assert {command.name for command in result.commands} <= {"add-mask", "warning", "error"}, result.log
        for kind in ANNOTATIONS:
            assert len(result.annotations(kind)) <= 10
        self.audit_secrets(result)
        self.audit_workspace()

    def audit_secrets(self, result: Result) -> None:
        """Every secret is masked before anything else is printed, and appears nowhere."""
        masks = [f"::add-mask::{secret}" for secret in self.machine.secrets]
        lines = result.log.splitlines()
        assert sorted(lines[: len(masks)]) == sorted(masks)
        rest = [*lines[len(masks) :], result.summary, *result.outputs.values()]
        for secret in self.machine.secrets:
            assert not any(secret in text for text in rest)

    def audit_workspace(self) -> None:
        """The workspace belongs to its owner, and is as clean as it was."""
        workspace = self.machine.workspace
        owners = {path.lstat().st_uid for path in (workspace, *workspace.rglob("*"))}
        assert owners == {RUNNER_UID}
        if (workspace / ".git").exists():
            assert self.machine.run_git("status", "--porcelain", "--untracked-files=all") == ""
        left = {path.name for path in self.machine.temp.iterdir() if not path.name.startswith("git-credentials")}
        assert left == {"_github_home", "_github_workflow", "_runner_file_commands"}
