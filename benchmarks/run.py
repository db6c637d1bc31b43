"""`make bench`: the speed aims, each against a named baseline in the same run. Prints a Markdown table."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import pair
from ml_action.commands import sandbox_session
from ml_action.commands.demo import students
from ml_action.datasets.survey import DIFF

HERE = Path(__file__).resolve().parent
ENTRY = str(HERE.parent / "entrypoint.py")
STATE = "refs/heads/ml-auto-update/model/state"
CHECK = [os.path.realpath(sys.executable), "-I", "-S", ENTRY, "check"]
RUN = [sys.executable, "-I", ENTRY, "run", "--target", "score"]
PLAIN = [sys.executable, str(HERE / "baseline_script.py"), "."]


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    """git's answer."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, input=stdin)
    return done.stdout.strip()


def commit(folder: Path, files: Iterator[str], prefix: str) -> str:
    """Commits datasets to main; the data path's tree."""
    parent = subprocess.run(["git", "rev-parse", "--verify", "-q", "main"], cwd=folder, capture_output=True, text=True)
    head = "commit refs/heads/main\ncommitter b <b@example.com> 0 +0000\ndata 1\nx\n"
    head += f"from {parent.stdout.strip()}\n" if parent.returncode == 0 else ""
    body = (
        f"M 100644 inline data/new_data/{prefix}{n:07}.csv\ndata {len(text)}\n{text}\n" for n, text in enumerate(files)
    )
    git(folder, "fast-import", "--quiet", stdin=head + "".join(body))
    return git(folder, "rev-parse", "main:data/new_data")


def new_repository(folder: Path) -> Path:
    """An empty repository with an author."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "bench")
    git(folder, "config", "user.email", "bench@example.com")
    return folder


def table(number: int, rows: int, mark: str) -> str:
    """A small dataset that no other one equals."""
    return "hours_studied,score\n" + "".join(f"{(number + row) % 10},{number}{mark}\n" for row in range(rows))


def counting(root: Path, old: int, new: int, rows: int = 1) -> Path:
    """A repository of small datasets whose state branch has seen the old ones."""
    folder = new_repository(root / f"counting-{old}-{rows}")
    tree = commit(folder, (table(n, rows, "") for n in range(old)), "old")
    state = git(folder, "mktree", stdin=f"040000 tree {tree}\tdata\n")
    git(folder, "update-ref", STATE, git(folder, "commit-tree", state, "-m", "state"))
    commit(folder, (table(n, rows, ".5") for n in range(new)), "new")
    return folder


def training(root: Path, count: int) -> Path:
    """A repository with a champion of 60 datasets and many new ones."""
    folder = new_repository(root / f"training-{count}")
    commit(folder, students.datasets(60, "steady", 1), "old")
    git(folder, "checkout", "--quiet", "main")
    subprocess.run([*RUN, "--threshold", "60"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    git(folder, "merge", "--quiet", "ml-auto-update/model/proposal")
    commit(folder, students.datasets(count, "drifted", 2), "new")
    git(folder, "reset", "--quiet", "--hard", "main")
    return folder


def restorer(folder: Path, keep: Path) -> Callable[[], None]:
    """Puts the repository back as it was: both commands change it."""
    shutil.copytree(folder, keep, symlinks=True)
    kept = git(folder, "rev-parse", "main"), git(folder, "rev-parse", STATE)

    def restore() -> None:
        git(folder, "reset", "--quiet", "--hard", kept[0])
        git(folder, "update-ref", STATE, kept[1])
        git(
            folder,
            "update-ref",
            "refs/heads/ml-auto-update/model/proposal",
            git(keep, "rev-parse", "ml-auto-update/model/proposal"),
        )

    return restore


def without_checkout(root: Path) -> str:
    """The `check` action in an empty workspace, over HTTP, against a depth-1 clone with checkout: the table's row."""
    with sandbox_session.open_session(root / "server", "octo/students") as here:
        source = counting(root, 99_000, 1_000, rows=5)
        git(source, "push", "--quiet", str(here.repository.path), "main", f"{STATE}:{STATE}")
        git(here.repository.path, "config", "uploadpack.allowFilter", "true")
        workspace = root / "workspace"

        def empty() -> None:
            shutil.rmtree(workspace, ignore_errors=True)
            workspace.mkdir()

        settings = {"INPUT_MODE": "check", "INPUT_TOKEN": here.author.token, "GITHUB_WORKSPACE": str(workspace)}
        environ = here.environ(**settings, GITHUB_ACTIONS="true")
        clone = ["git", "clone", "--quiet", "--depth=1", here.hub.git_url(here.repository, here.author), "clone"]
        row = pair(
            "`check` without a checkout, 100,000 datasets of five rows over HTTP, against a depth-1 checkout",
            CHECK[:-1],
            ["sh", "-c", f"cd workspace && exec {shlex.join(clone)}"],
            root,
            runs=1,  # the checkout takes a minute
            reset=empty,
            env=environ,
        )
    return row.line("≤ 0.05, ≤ 1.5 s")


def main() -> None:
    """Measures and prints."""
    print("| what | ours | baseline | ratio | aim |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="ml-auto-update-bench-") as scratch:
        root = Path(scratch)
        folder = counting(root, 99_000, 1_000)
        trees = (f"{STATE}:data", "HEAD:data/new_data")
        print(
            pair(
                "`check`, 100,000 datasets, 1,000 new, against the same `git diff-tree`",
                CHECK,
                ["git", *DIFF, *trees],
                folder,
                runs=11,
            ).line("≤ 1.5"),
            flush=True,
        )
        print(
            pair(
                "… against `git diff-tree -r` that knows no renames and copies",
                CHECK,
                ["git", "diff-tree", "-r", "-z", *trees],
                folder,
                runs=11,
            ).line("–"),
            flush=True,
        )
        print(without_checkout(root), flush=True)
        for count, runs, aim in ((220, 7, "≤ 1.5"), (10_000, 3, "≤ 0.5")):
            folder = training(root, count)
            print(
                pair(
                    f"`run`, {count:,} new datasets, against the plain script",
                    RUN,
                    PLAIN,
                    folder,
                    runs=runs,
                    reset=restorer(folder, root / f"kept-{count}"),
                ).line(aim),
                flush=True,
            )


if __name__ == "__main__":
    main()
