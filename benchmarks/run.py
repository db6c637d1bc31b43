"""`make bench`: compares the speed with its aims, each relative to a baseline in the same run. Prints Markdown."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Pair
from ml_action.commands import sandbox_session
from ml_action.commands.demo import students
from ml_action.datasets.counting import DIFF

HERE = Path(__file__).resolve().parent
ENTRY = str(HERE.parent / "entrypoint.py")
STATE = "refs/heads/ml-auto-update/model/state"
PROPOSAL = "ml-auto-update/model/proposal"
CHECK = [os.path.realpath(sys.executable), "-I", "-S", ENTRY, "check"]
RUN = [sys.executable, "-I", ENTRY, "run", "--target", "score"]
PLAIN = [sys.executable, str(HERE / "baseline_script.py"), "."]


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    """Returns git's output."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, input=stdin)
    return done.stdout.strip()


def commit(folder: Path, files: Iterator[str], prefix: str) -> str:
    """Commits datasets to main, and returns the data path's tree."""
    parent = subprocess.run(["git", "rev-parse", "--verify", "-q", "main"], cwd=folder, capture_output=True, text=True)
    head = "commit refs/heads/main\ncommitter b <b@example.com> 0 +0000\ndata 1\nx\n"
    head += f"from {parent.stdout.strip()}\n" if parent.returncode == 0 else ""
    body = (
        f"M 100644 inline data/new_data/{prefix}{n:07}.csv\ndata {len(text)}\n{text}\n" for n, text in enumerate(files)
    )
    git(folder, "fast-import", "--quiet", stdin=head + "".join(body))
    return git(folder, "rev-parse", "main:data/new_data")


def new_repository(folder: Path) -> Path:
    """Makes an empty repository with an author."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "bench")
    git(folder, "config", "user.email", "bench@example.com")
    return folder


def table(number: int, rows: int, mark: str) -> str:
    """Returns a small dataset that differs from all others."""
    return "hours_studied,score\n" + "".join(f"{(number + row) % 10},{number}{mark}\n" for row in range(rows))


def counting(root: Path, old: int, new: int, rows: int = 1) -> Path:
    """Makes a repository of small datasets whose state branch has the old ones."""
    folder = new_repository(root / f"counting-{old}-{rows}")
    tree = commit(folder, (table(n, rows, "") for n in range(old)), "old")
    state = git(folder, "mktree", stdin=f"040000 tree {tree}\tdata\n")
    git(folder, "update-ref", STATE, git(folder, "commit-tree", state, "-m", "state"))
    commit(folder, (table(n, rows, ".5") for n in range(new)), "new")
    return folder


def training(root: Path, count: int) -> Path:
    """Makes a repository with a champion of 60 datasets and many new datasets."""
    folder = new_repository(root / f"training-{count}")
    commit(folder, students.datasets(60, "steady", 1), "old")
    git(folder, "checkout", "--quiet", "main")
    subprocess.run([*RUN, "--threshold", "60"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    git(folder, "merge", "--quiet", PROPOSAL)
    commit(folder, students.datasets(count, "drifted", 2), "new")
    git(folder, "reset", "--quiet", "--hard", "main")
    return folder


def restorer(folder: Path, keep: Path) -> Callable[[], None]:
    """Returns a function that restores the repository, since both commands change it."""
    shutil.copytree(folder, keep, symlinks=True)
    kept = git(folder, "rev-parse", "main"), git(folder, "rev-parse", STATE)

    def restore() -> None:
        git(folder, "reset", "--quiet", "--hard", kept[0])
        git(folder, "update-ref", STATE, kept[1])
        git(folder, "update-ref", f"refs/heads/{PROPOSAL}", git(keep, "rev-parse", PROPOSAL))

    return restore


def without_checkout(root: Path) -> str:
    """Compares `check` in an empty workspace, over HTTP, with a depth-1 clone and checkout. Returns the table's row."""
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
        pair = Pair(
            "`check` without a checkout, 100,000 datasets of five rows over HTTP, against a depth-1 checkout",
            CHECK[:-1],
            ["sh", "-c", f"cd workspace && exec {shlex.join(clone)}"],
            root,
            empty,
            environ,
        )
        return pair.measure(1).line("≤ 0.05, ≤ 1.5 s")  # once, since the checkout takes a minute


def checks(root: Path) -> Iterator[str]:
    """Compares `check` with git, and yields the rows."""
    folder = counting(root, 99_000, 1_000)
    trees = (f"{STATE}:data", "HEAD:data/new_data")
    same = "`check`, 100,000 datasets, 1,000 new, against the same `git diff-tree`"
    yield Pair(same, CHECK, ["git", *DIFF, *trees], folder).measure(11).line("≤ 1.5")
    plain = "… against `git diff-tree -r` without renames and copies"
    yield Pair(plain, CHECK, ["git", "diff-tree", "-r", "-z", *trees], folder).measure(11).line("–")
    yield without_checkout(root)


def runs(root: Path) -> Iterator[str]:
    """Compares `run` with the plain script, and yields the rows."""
    for count, times, aim in ((220, 7, "≤ 1.5"), (10_000, 3, "≤ 0.5")):
        folder = training(root, count)
        name = f"`run`, {count:,} new datasets, against the plain script"
        yield Pair(name, RUN, PLAIN, folder, restorer(folder, root / f"kept-{count}")).measure(times).line(aim)


def main() -> None:
    """Measures and prints."""
    print("| what | ours | baseline | ratio | aim |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="ml-auto-update-bench-") as scratch:
        for row in itertools.chain(checks(Path(scratch)), runs(Path(scratch))):
            print(row, flush=True)


if __name__ == "__main__":
    main()
