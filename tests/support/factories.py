"""Records and repositories for tests: sensible values, and `changes` for what a test is about."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ml_action.config.parse import parse
from ml_action.config.settings import Settings
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import Inventory, RejectedDataset, Trigger
from ml_action.core.records.evaluation import Comparison, Decision, GuardrailResult, Interval, Screening, SliceResult
from ml_action.core.records.model import History, Recipe, Trial, Version
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import MergeProgress, Publication, PullRequest
from ml_action.core.records.repository_facts import BranchProtection, RepositoryFacts, TokenInfo, TokenKind
from ml_action.git import command as git
from ml_action.git.command import Git

TIME = "2026-03-01T12:00:00Z"


def make_settings(**changes: Any) -> Settings:
    return parse({}, {}).with_values(**changes)


def make_comparison(**changes: Any) -> Comparison:
    """A clear improvement on a hundred datasets."""
    good = Comparison(
        metric="r2", champion={"r2": 0.8, "mse": 40.0}, challenger={"r2": 0.85, "mse": 30.0},
        baseline={"r2": 0.0, "mse": 200.0}, improvement=0.05, improvement_interval=Interval(0.03, 0.07),
        gain=0.25, gain_interval=Interval(0.15, 0.35), p_value=0.0001, p_worse=0.9999, p_baseline=0.0001,
        datasets=100, rows=1500, win_rate=0.9,
    )  # fmt: skip
    return replace(good, **changes)


def make_gains(middle: float = 0.05, spread: float = 0.5) -> tuple[float, ...]:
    """41 quantiles of the gains of single datasets, with longer tails than a normal distribution's."""
    places = ((place - 20) / 20 for place in range(41))
    return tuple(round(middle + spread * (0.6 * place + 0.4 * place**5), 6) for place in places)


def make_evidence(**changes: Any) -> Comparison:
    """A comparison with all that a reader is shown: slices, guardrails, gains."""
    full = make_comparison(
        improvement=0.0122, improvement_interval=Interval(0.0081, 0.0168), gain=0.061,
        gain_interval=Interval(0.039, 0.084), datasets=214, rows=3210, win_rate=0.71, trimmed=0.052, tail=-0.1,
        slices=(SliceResult("school", "town", 173, 0.072, False), SliceResult("school", "online", 41, 0.018, False)),
        guardrails=(GuardrailResult("neg_mean_absolute_error", 0.01, -5.214, -5.021, 0.037,
        0.0003),), gains=make_gains(),
    )  # fmt: skip
    return replace(full, **changes)


def make_screening(**changes: Any) -> Screening:
    """Three of 217 datasets that look wrong."""
    reason = (
        "runs against the champion: the target's correlation with its predictions is -0.81, usually 0.84; are its "
        "values reversed or shuffled?"
    )
    suspects = tuple(RejectedDataset(f"data/new_data/batch-07-{n:03}.csv", f"{n:040x}", reason) for n in (3, 8, 21))
    found = ("3 against the champion's predictions (labels reversed or shuffled?)",)
    return replace(Screening(judged=217, suspicious=3, suspects=suspects, found=found), **changes)


def make_recipe(**changes: Any) -> Recipe:
    plain = Recipe("score", ("hours", "sleep"), "regression", "sklearn.linear_model.Ridge", {"alpha": 0.5}, "r2", 0)
    return replace(plain, **changes)


def make_trial(**changes: Any) -> Trial:
    plain = Trial(
        recipe=make_recipe(), comparison=make_comparison(), artifact=b"model", digest="d" * 64, datasets=180,
        rows=2700, holdout=40, libraries={"scikit-learn": "1.9.1"}, sample={"hours": 3.5, "sleep": None},
    )  # fmt: skip
    return replace(plain, **changes)


def make_version(**changes: Any) -> Version:
    plain = Version(
        version="v1", file="v1.pkl", sha256="a" * 64, size=1234, created=TIME, attempt="20260301T120000Z-abc",
        fingerprint="f" * 64, data_tree="b" * 40, datasets=180, rows=2700, target="score",
        features=("hours", "sleep"), task="regression", estimator="sklearn.linear_model.Ridge",
        params={"alpha": 0.5}, metric="r2", scores={"r2": 0.8}, champion_scores={}, improvement=0.8,
        interval=Interval(0.7, 0.9), reason="better", libraries={"numpy": "2.1"}, sample={"hours": 3.5},
    )  # fmt: skip
    return replace(plain, **changes)


def make_history(*versions: Version, **changes: Any) -> History:
    versions = versions or (make_version(),)
    return replace(History("model", "salt", versions[-1].version, versions), **changes)


def make_attempt(**changes: Any) -> Attempt:
    plain = Attempt(
        id="20260301T120000Z-abcdef12", time=TIME, run_url="https://github.com/o/r/actions/runs/1",
        fingerprint="f" * 64, data_tree="b" * 40, salt="salt", new=200, datasets=180, rows=2700, set_aside=0,
        champion="v1", version="v2", verdict=Verdict.PROMOTE, reason="better by far", metric="r2",
        champion_score=0.8, challenger_score=0.85, improvement=0.05, interval=Interval(0.03, 0.07), gain=0.25,
        p_value=0.0001, base="c" * 40, commit="e" * 40, digest="d" * 64,
    )  # fmt: skip
    return replace(plain, **changes)


def make_pull(**changes: Any) -> PullRequest:
    plain = PullRequest(
        number=7, url="https://github.com/o/r/pull/7", state="open", head_branch="ml-auto-update/model/proposal",
        head_sha="e" * 40, head_repository="o/r", base_branch="main", author="bot", title="Promote", body="",
        draft=False, labels=("model-update",),
    )  # fmt: skip
    return replace(plain, **changes)


def make_outcome(**changes: Any) -> Outcome:
    """A promotion, with everything that an outcome can hold."""
    full = Outcome(
        Verdict.PROMOTE, "better by far", "a person reviews", inventory=Inventory("1" * 40, "2" * 40, (), 3, 2, 1),
        trigger=Trigger(True, 220, 200, "ready 220/200"), champion=make_version(), attempt=make_attempt(),
        trial=make_trial(), decision=Decision(Verdict.PROMOTE, "better by far"),
        publication=Publication(make_pull(), merge_progress=MergeProgress.ENABLED), model_path="model/v2.pkl",
    )  # fmt: skip
    return replace(full, **changes)


# --- real git -----------------------------------------------------------------------------------------------


def make_git(directory: Path) -> Git:
    """git as the product calls it, with an author."""
    who = {
        f"GIT_{role}_{part}": "someone@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
    }
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_TEMPLATE_DIR": ""}
    return Git(directory, git.environment(os.environ) | who | quiet)


@dataclass(frozen=True)
class Workspace:
    """A repository on the disk, as a person has it."""

    path: Path

    @property
    def git(self) -> Git:
        return make_git(self.path)

    def write(self, files: Mapping[str | bytes, str | bytes | None]) -> None:
        """Files by name; None deletes one."""
        for name, content in files.items():
            path = os.path.join(os.fsencode(self.path), os.fsencode(name))  # noqa: PTH118  bytes
            if content is None:
                os.unlink(path)  # noqa: PTH108
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
            with open(path, "wb") as file:  # noqa: PTH123
                file.write(content if isinstance(content, bytes) else content.encode())

    def commit(self, files: Mapping[str | bytes, str | bytes | None] | None = None, message: str = "change") -> str:
        """Writes the files and commits all that changed; the commit's id."""
        self.write(files or {})
        self.git.run("add", "-A")
        self.git.run("commit", "-q", "--allow-empty", "-m", message)
        return self.git.line("rev-parse", "HEAD")

    def tree(self, path: str = "data/new_data") -> str:
        return self.git.line("rev-parse", f"HEAD:{path}")


def make_repository(path: Path, files: Mapping[str | bytes, str | bytes | None] | None = None, *init: str) -> Workspace:
    """A repository on the branch main; with files, one commit."""
    path.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(path)
    workspace.git.run("init", "-q", "-b", "main", *init)
    if files is not None:
        workspace.commit(files)
    return workspace


def make_remote(path: Path, source: Workspace) -> Path:
    """A bare repository that holds the source's branches, and speaks filters as GitHub does."""
    source.git.run("clone", "-q", "--bare", str(source.path), str(path))
    bare = make_git(path)
    bare.run("config", "uploadpack.allowFilter", "true")
    bare.run("config", "uploadpack.allowAnySHA1InWant", "true")
    return path


def make_csvs(count: int, folder: str = "data/new_data", start: int = 0) -> dict[str | bytes, str | bytes | None]:
    """Datasets with contents of their own."""
    return {
        f"{folder}/{number:05}.csv": f"hours,score\n{number},{number * 2}\n" for number in range(start, start + count)
    }


def run_python(*arguments: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A process of this interpreter, with its output."""
    import sys

    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=dict(env), capture_output=True, text=True, errors="replace")


def make_facts(**changes: Any) -> RepositoryFacts:
    """A repository on which everything works, with the pair of tokens that we recommend."""
    plain = RepositoryFacts(
        repository="octo/students",
        default_branch="main",
        author=TokenInfo(TokenKind.APP, "ml-bot[bot]", push=True),
        approver=TokenInfo(TokenKind.ACTIONS, "github-actions[bot]", push=True),
        base=BranchProtection("main"),
        state=BranchProtection("ml-auto-update/model/state"),
        proposal=BranchProtection("ml-auto-update/model/proposal"),
        methods=("merge", "squash", "rebase"),
        auto_merge=True,
        actions_may_open=True,
        opened_before=12,
    )
    return replace(plain, **changes)
