"""`python -m benchmarks.counting [--million]`: the count relative to git's own comparison of the same two trees.

The trees are made with `git mktree --missing`, without files, because a count reads no content. 1 % of the datasets are
new, and one in a thousand was edited, so that the count has to search for them in the old tree.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.measure import Pair
from ml_action.datasets.counting import DIFF

ENTRY = str(Path(__file__).resolve().parents[1] / "entrypoint.py")
STATE = "refs/heads/ml-auto-update/model/state"
CHECK = [os.path.realpath(sys.executable), "-I", "-S", ENTRY, "check"]
SIZES = (100_000, 1_000_000)


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    """Returns git's output."""
    who = {f"GIT_{role}_{part}": "bench@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    command = ["git", *arguments]
    done = subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, input=stdin, env=os.environ | who
    )
    return done.stdout.strip()


def blob(text: str) -> str:
    """Returns an id that no other text has."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def tree(folder: Path, entries: Iterable[tuple[str, str]]) -> str:
    """Makes a tree of datasets from names and ids, without contents."""
    lines = "".join(f"100644 blob {oid}\t{name}\0" for name, oid in entries)
    return git(folder, "mktree", "-z", "--missing", stdin=lines)


def repository(folder: Path, old: int) -> Path:
    """Makes a repository whose state branch has the old datasets."""
    git(folder.parent, "init", "--quiet", "--initial-branch=main", str(folder))
    before = [(f"{n:08}.csv", blob(f"{n}")) for n in range(old)]
    after = [(name, blob(f"edited {name}") if n % 1000 == 0 else oid) for n, (name, oid) in enumerate(before)]
    after += [(f"new-{n:08}.csv", blob(f"new {n}")) for n in range(old // 100)]
    state = git(folder, "mktree", stdin=f"040000 tree {tree(folder, before)}\tdata\n")
    git(folder, "update-ref", STATE, git(folder, "commit-tree", state, "-m", "state"))
    inner = git(folder, "mktree", stdin=f"040000 tree {tree(folder, after)}\tnew_data\n")
    head = git(folder, "commit-tree", git(folder, "mktree", stdin=f"040000 tree {inner}\tdata\n"), "-m", "data")
    git(folder, "update-ref", "refs/heads/main", head)
    return folder


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="one million datasets too")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print("| what | ours | baseline | ratio | memory | aim |\n|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="ml-auto-update-bench-") as scratch:
        for size in SIZES if options.million else SIZES[:1]:
            folder = repository(Path(scratch) / str(size), size)
            row = Pair(
                f"`check`, {size:,} datasets, 1 % new, 0.1 % edited, against the same `git diff-tree`",
                CHECK,
                ["git", *DIFF, f"{STATE}:data", "HEAD:data/new_data"],
                folder,
            ).measure(options.runs)
            memory = max(run.megabytes for run in row.ours) / max(run.megabytes for run in row.baseline)
            aim = "≤ 2, memory ≤ 1.2" if size == SIZES[-1] else "–"
            print(row.line(f"**{memory:.2f}** | {aim}"), flush=True)


if __name__ == "__main__":
    main()
