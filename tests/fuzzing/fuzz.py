"""Hostile datasets through the Action's door, thousands of them: no traceback, hang, memory blow-up or unescaped text.

    python -m tests.fuzzing.fuzz --files 20000 --seed 1
    python -m tests.fuzzing.fuzz --heavy

Each batch is a git repository of 200 sound datasets and 300 hostile ones (tests/support/hostile_files.py). `check`
counts it, and the whole loop runs on it as a step on a runner. `faults_of` lists
what must hold. Prints Markdown. Failing files are kept in a folder, with the seed.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import os
import random
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from ml_action import cli
from ml_action.commands import sandbox_session
from ml_action.commands.demo import students
from ml_action.git import journal
from ml_action.git.command import Git
from tests.support import benign_files, hostile_files
from tests.support.hostile_files import Hostile

ROOT = Path(__file__).resolve().parents[2]

HOSTILE, SOUND, OLD = 300, 200, 60
STORE = b"data/new_data/"
STATE, PROPOSAL = "refs/heads/ml-auto-update/model/state", "refs/heads/ml-auto-update/model/proposal"
ENTRYPOINT = [sys.executable, "-I", str(ROOT / "entrypoint.py")]
ADDRESSES = 8 << 30  # bytes: more is refused, and is a bug
MEGABYTES, SECONDS = 1500, 120.0  # of one process
OUTSIDE = 8  # every eighth batch runs in processes of its own, as the container starts them
JUDGED = 3  # every third batch is judged as a pull request's data, too
COMMON = {"forge": "none", "autonomy": "report", "threshold": "150", "max-quarantine": "1", "max-dataset-size": "50"}
SCENARIOS: Mapping[str, Mapping[str, str]] = {
    "first": {"target": "score"},
    "champion": {},
    "automatic": {},
    "rows": {"target": "score", "unit": "rows", "threshold": "1500"},
    "champion again": {"target": "score"},
    "untracked": {"target": "score", "untracked": "true"},
    "classes": {"target": "school", "task": "classification"},
    "patterns": {"target": "score", "data-path": "data/new*/**, data/*/*.parquet"},
    "strange names": {"target": "score", "autonomy": "propose"},
    "strange target": {"target": "", "autonomy": "propose"},  # filled in
    "trees": {
        "target": "score", "estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "params": '{"max_iter": 5}',
    },
}  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """A finished process."""

    code: int
    log: str
    seconds: float
    megabytes: float  # peak resident set


@dataclass
class Batch:
    """A repository, the files that came into it, and what became of them."""

    number: int
    scenario: str
    workspace: Path
    files: Sequence[Hostile]
    ended: dict[str, Ended] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    given: Mapping[str, str] = field(default_factory=dict)
    reasons: dict[str, str] | None = None  # by blob id; None where the run was stopped before that was known
    decision: str = ""

    @property
    def runner(self) -> Path:
        """Where the runner keeps its files."""
        return self.workspace.with_name(f"{self.workspace.name}-runner")


# --- repositories ---------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """git's answer."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, input=stdin)
    return done.stdout.decode("utf-8", "replace").strip()


def commit(folder: Path, files: Iterable[tuple[bytes, bytes]]) -> None:
    """A commit on main, in the work tree too."""
    known = subprocess.run(["git", "rev-parse", "-q", "--verify", "main"], cwd=folder, capture_output=True, text=True)
    parts = [b"commit refs/heads/main\ncommitter f <f@example.org> 1790000000 +0000\ndata 1\nx\n"]
    parts += [b"from " + known.stdout.strip().encode() + b"\n"] if known.returncode == 0 else []
    for path, content in files:
        name = b"".join(b"\\%03o" % sign for sign in path)
        parts += [b'M 100644 inline "%s"\ndata %d\n' % (name, len(content)), content, b"\n"]
    git(folder, "fast-import", "--quiet", "--force", stdin=b"".join(parts))
    git(folder, "reset", "--quiet", "--hard", "main")


def sound_files(count: int, world: str, number: int) -> Iterator[tuple[bytes, bytes]]:
    """Datasets as they should be."""
    for place, text in enumerate(students.datasets(count, world, number)):
        yield STORE + b"%s-%05d-%03d.csv" % (world.encode(), number, place), text.encode()


def make_repository(folder: Path, *, champion: bool) -> Path:
    """A repository with or without a model in production."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "fuzz")
    git(folder, "config", "user.email", "fuzz@example.org")
    commit(folder, [(b"README.md", b"x\n"), *sound_files(OLD, "steady", 1)])
    if champion:
        made = [*ENTRYPOINT, "run", "--forge", "none", "--threshold", str(OLD), "--target", "score"]
        subprocess.run(made, cwd=folder, check=True, capture_output=True)
        git(folder, "merge", "--quiet", "ml-auto-update/model/proposal")
    return folder


def prepare(bases: Mapping[bool, Path], folder: Path, number: int, files: Sequence[Hostile], scenario: str) -> Batch:
    """The repository of one batch."""
    given, spoil = dict(SCENARIOS[scenario]), Spoiled(number, target=scenario == "strange target")
    shutil.copytree(bases["champion" in scenario], folder, symlinks=True)
    sound = list(sound_files(SOUND, "drifted", number + 2))
    if scenario.startswith("strange"):
        given["target"] = spoil.columns[-1]
        sound = [(path, spoil.content(content)) for path, content in sound]
        files = [Hostile(item.kind, item.name, spoil.content(item.content)) for item in files]
    ours = [(STORE + item.name, item.content) for item in files]
    if scenario == "untracked":
        commit(folder, sound)
        for path, content in ours:
            place = os.path.join(os.fsencode(folder), path)  # noqa: PTH118  bytes
            os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
            with open(place, "wb") as file:  # noqa: PTH123
                file.write(content)
    else:
        commit(folder, [*sound, *ours])
    return Batch(number, scenario, folder, files, given=given)


class Spoiled:
    """Hostile names in place of those of the sound columns and schools: in every file, so that they become features."""

    def __init__(self, number: int, *, target: bool) -> None:
        rng = random.Random(number)
        harmless = [
            name for name in hostile_files.STRANGE if name == name.strip() and name.isprintable() and len(name) > 2
        ]
        self.columns = [*rng.sample(hostile_files.STRANGE, 4), rng.choice(harmless) if target else "score"]
        self.schools = dict(zip(students.SCHOOLS, rng.sample(harmless, 3), strict=True))

    def content(self, content: bytes) -> bytes:
        """The same with other names."""
        head = hostile_files.as_csv([self.columns], lambda _: True).removesuffix(b"\n")
        content = content.replace(students.COLUMNS.encode(), head)
        for school, name in self.schools.items():
            content = content.replace(b"," + school.encode() + b",", b"," + hostile_files.quoted(name).encode() + b",")
        return content


# --- runs -----------------------------------------------------------------------------------------------------------


def environ_of(batch: Batch, mode: str, given: Mapping[str, str]) -> dict[str, str]:
    """What the runner puts into the environment of a step."""
    files = batch.runner / mode
    (files / "temp").mkdir(parents=True)
    (files / "event.json").write_text('{"repository": {"default_branch": "main"}}')
    inputs = {**COMMON, **given, "mode": mode}
    return {
        "PATH": os.environ["PATH"], "HOME": str(files), "LANG": "C.UTF-8", "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(batch.workspace), "GITHUB_REPOSITORY": "octo/students", "GITHUB_REF": "refs/heads/main",
        "GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "7", "GITHUB_OUTPUT": str(files / "output"),
        "GITHUB_STEP_SUMMARY": str(files / "summary"), "GITHUB_EVENT_PATH": str(files / "event.json"),
        "RUNNER_TEMP": str(files / "temp"), **{f"INPUT_{name.upper()}": text for name, text in inputs.items()},
    }  # fmt: skip


Start = Callable[[dict[str, str], Path], int]


def in_a_fork(environ: dict[str, str], log: Path) -> int:
    """The door in a child that has pandas loaded already; its process id."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        os.chdir(environ["GITHUB_WORKSPACE"])
        with log.open("wb") as stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
        sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123
        code = cli.main([], environ)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def outside(environ: dict[str, str], log: Path) -> int:
    """The door as the container has it; its process id."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ENTRYPOINT, env=environ, cwd=environ["GITHUB_WORKSPACE"], stdin=subprocess.DEVNULL, stdout=stream,
            stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES)),  # noqa: PLW1509
        )  # fmt: skip
    process.returncode = 0  # wait4 will wait for it
    return process.pid


def run(start: Start, environ: dict[str, str], log: Path, limit: float) -> Ended:
    """One process to its end, or to the limit."""
    begun = time.perf_counter()
    pid = start(environ, log)

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    timer = threading.Timer(limit, end)
    timer.start()
    _, status, usage = os.wait4(pid, 0)
    timer.cancel()
    seconds = time.perf_counter() - begun
    return Ended(os.waitstatus_to_exitcode(status), log.read_text("utf-8", "replace"), seconds, usage.ru_maxrss / 1024)


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Every file of a folder with its mode, time of change and content."""
    found: dict[str, tuple[object, ...]] = {}
    for path in folder.rglob("*"):
        state = path.lstat()
        if stat.S_ISLNK(state.st_mode):
            found[str(path.relative_to(folder))] = (state.st_mode, str(path.readlink()))
        elif stat.S_ISREG(state.st_mode):
            digest = hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
            name = str(path.relative_to(folder))
            # git touches an object that it would have written again
            found[name] = (state.st_mode, 0 if name.startswith(".git/objects/") else state.st_mtime_ns, digest)
        elif not stat.S_ISDIR(state.st_mode):
            found[str(path.relative_to(folder))] = (state.st_mode,)
    return found


OURS = re.compile(r"\.ml-auto-update/(report\.md|\.gitignore)")
RECORDED = re.compile(r"\.git/(objects/.*|(logs/)?refs/heads/ml-auto-update/.*)", re.DOTALL)


def changes(before: Mapping[str, tuple[object, ...]], after: Mapping[str, tuple[object, ...]], mode: str) -> list[str]:
    """What a run changed in the user's workspace, next to its report and, without a forge, the bot's two branches."""
    paths = sorted(path for path in {**before, **after} if before.get(path) != after.get(path))
    paths = [path for path in paths if not OURS.fullmatch(path)]
    if mode == "run":
        bots = {f".git/{folder}{branch}" for folder in ("", "logs/") for branch in (STATE, PROPOSAL)}
        paths = [path for path in paths if path not in bots and not (RECORDED.fullmatch(path) and path not in before)]
    return paths


def play(batch: Batch, start: Start, limit: float = SECONDS) -> None:
    """`check`, `data` now and then, `run`; what is wrong with them is in `faults` afterwards."""
    before = snapshot(batch.workspace)
    for mode in ("check", "data", "run") if batch.number % JUDGED == JUDGED - 1 else ("check", "run"):
        environ = environ_of(batch, mode, batch.given)
        ended = batch.ended[mode] = run(start, environ, batch.runner / mode / "log", limit)
        after = snapshot(batch.workspace)
        batch.faults += [f"{mode}: {fault}" for fault in faults_of(batch, mode, ended)]
        batch.faults += [f"{mode}: changed {path!r}" for path in changes(before, after, mode)]
        before = after
    store = sandbox_session.plain_git(batch.workspace)
    state = journal.read(store, store.object_id(STATE))
    if batch.ended["run"].code == 0:
        batch.reasons = {item.blob: item.reason for item in state.set_aside}
    pages = {"the pull request": state.report, "the model card": (card_of(store) or b"").decode()}
    batch.faults += [f"{name}: {fault}" for name, text in pages.items() for fault in benign_files.page_faults(text)]


def card_of(store: Git) -> bytes | None:
    """The model card on the proposal's branch."""
    names = store.line("ls-tree", "--name-only", f"{PROPOSAL}:model").split() if store.object_id(PROPOSAL) else []
    return store.read(f"{PROPOSAL}:model/{max(name for name in names if name.endswith('.md'))}") if names else None


def faults_of(batch: Batch, mode: str, ended: Ended) -> Iterator[str]:
    """What must never be, of one run."""
    files = batch.runner / mode
    if ended.code not in (0, 3):
        yield f"exit code {ended.code} after {ended.seconds:.0f} s"
    if ended.megabytes > MEGABYTES:
        yield f"{ended.megabytes:,.0f} MB"
    yield from benign_files.log_faults(ended.log)
    if list((files / "temp").iterdir()):
        yield "left something in the temporary folder"
    for name in ("summary", "output"):
        if not (files / name).exists():
            yield f"no {name}"
            return
    summary, output = ((files / name).read_bytes().decode("utf-8", "replace") for name in ("summary", "output"))
    yield from benign_files.page_faults(summary)
    yield from benign_files.output_faults(output)
    if (batch.workspace / ".ml-auto-update/report.md").read_bytes().decode("utf-8", "replace") != summary:
        yield "report.md is not the summary"
    batch.decision = benign_files.outputs_of(output).get("decision", "")


def keep(batch: Batch, folder: Path, seed: int) -> None:
    """What is needed to see it again."""
    place = folder / f"seed-{seed}-batch-{batch.number:03}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(batch.workspace, place / "workspace", symlinks=True)
    shutil.copytree(batch.runner, place / "runner", symlinks=True)
    (place / "faults.txt").write_text("\n".join(batch.faults) + "\n", "utf-8", "replace")


# --- figures --------------------------------------------------------------------------------------------------------


@dataclass
class Figures:
    """What became of how many files."""

    files: Counter[str] = field(default_factory=Counter)  # by kind
    judged: Counter[str] = field(default_factory=Counter)  # in runs that went on
    aside: Counter[str] = field(default_factory=Counter)
    families: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    decisions: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[float, str] = (0.0, "")
    seconds: float = 0.0

    def add(self, batch: Batch) -> None:
        """One more batch."""
        for item in batch.files:
            self.files[item.kind] += 1
            self.judged[item.kind] += batch.reasons is not None
            reason = (batch.reasons or {}).get(blob_id(item.content))
            if reason:
                self.aside[item.kind] += 1
                self.families[item.kind][family(reason)] += 1
        self.decisions[batch.decision] += 1
        for mode, ended in batch.ended.items():
            case = f"`{mode}`, {batch.scenario}, batch {batch.number}"
            self.seconds += ended.seconds
            self.slowest = max(self.slowest, (ended.seconds, case))
            self.largest = max(self.largest, (ended.megabytes, case))

    def _share(self, kind: str) -> str:
        return f"{self.aside[kind] / self.judged[kind]:.0%}" if self.judged[kind] else "–"

    def table(self) -> Iterator[str]:
        """Markdown."""
        yield "| kind | files | set aside | most often because it … |"
        yield "|---|---|---|---|"
        for kind in sorted(self.files):
            most = "; ".join(f"{name} ({count:,})" for name, count in self.families[kind].most_common(3))
            yield f"| {kind} | {self.files[kind]:,} | {self._share(kind)} | {most or '–'} |"
        share = self.aside.total() / max(self.judged.total(), 1)
        yield f"| **all** | **{self.files.total():,}** | **{share:.0%}** | |"
        yield ""
        yield f"- endings of the runs: {', '.join(f'{count} {name}' for name, count in self.decisions.most_common())}"
        yield f"- slowest process: {self.slowest[0]:.1f} s ({self.slowest[1]})"
        yield f"- largest process: {self.largest[0]:,.0f} MB ({self.largest[1]})"
        stopped = self.files.total() - self.judged.total()
        yield f"- {stopped:,} files were in batches whose run was stopped (exit code 3); the shares are of the others"
        yield f"- all processes: {self.seconds:,.0f} s"


def blob_id(content: bytes) -> str:
    """As git names it."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def family(reason: str) -> str:
    """A reason without what is only of this file."""
    text = re.sub(r" ?\(.*", "", re.sub(r"'.*'", "…", reason))
    text = re.split(r"[:;,]", re.sub(r"[0-9][0-9.,]*", "n", text))[0]
    return " ".join(re.sub(r"(the same rows as|stand in).*", r"\1 another", text).split()[:9]).replace("|", "")


def fuzz(
    count: int, seed: int, scratch: Path, failures: Path | None = None, say: Callable[[str], None] = print
) -> tuple[Figures, list[Batch]]:
    """All batches in turn; the figures, and the batches that failed."""

    bases = {champion: make_repository(scratch / f"base-{champion}", champion=champion) for champion in (False, True)}
    figures, bad = Figures(), []
    made, number = hostile_files.files(count, seed), 0
    while files := list(islice(made, HOSTILE)):
        folder = scratch / f"batch-{number:03}"
        batch = prepare(bases, folder, number, files, list(SCENARIOS)[number % len(SCENARIOS)])
        play(batch, outside if number % OUTSIDE == OUTSIDE - 1 else in_a_fork)
        figures.add(batch)
        if batch.faults:
            bad.append(batch)
            say(f"seed {seed}, batch {number} ({batch.scenario}): " + "\n   ".join(map(ascii, batch.faults[:8])))
            if failures:
                keep(batch, failures, seed)
        else:
            last = batch.ended["run"]
            say(f"batch {number} ({batch.scenario}): {batch.decision}, {last.seconds:.1f} s, {last.megabytes:.0f} MB")
        shutil.rmtree(folder)
        shutil.rmtree(batch.runner)
        number += 1
    return figures, bad


# --- the heavy ones -------------------------------------------------------------------------------------------------

GIGABYTE = 1_000_000_000
MANY = "many"


def names_of(number: int, count: int) -> bytes:
    """A header whose names no other one has."""
    return ",".join(f"c{number}_{place}" for place in range(count)).encode() + b"\n"


def lines_of(piece: bytes, size: int) -> Iterator[bytes]:
    for _ in range(size // len(piece)):
        yield piece


HEAVY: Mapping[str, tuple[str, Callable[[], Iterable[bytes]]]] = {
    "a line of 1 GB": ("plain.csv", lambda: lines_of(b"x" * 1_000_000, GIGABYTE)),
    "a quoted cell of 1 GB": ("quoted.csv", lambda: chain([b'a,b\n"'], lines_of(b"x,\n" * 300_000, GIGABYTE))),
    "a gzip bomb of 10 GB": ("bomb.csv.gz", lambda: [hostile_files.bomb()]),
    "a gzip file of one line of 1 GB": ("line.csv.gz", lambda: [gzip.compress(b"x" * GIGABYTE, 1, mtime=0)]),
    "100,000 columns, 50 rows": ("wide.csv", lambda: [names_of(0, 100_000), *[b"1," * 99_999 + b"1\n"] * 50]),
    "100 files of 10,000 columns, no two of a name": (MANY, list),
}


def heavy(scratch: Path) -> int:
    """One case after another, each among 200 sound datasets; the number that failed."""
    base = {champion: make_repository(scratch / f"base-{champion}", champion=champion) for champion in (False, True)}
    print("| case | exit code | seconds | MB | reason |\n|---|---|---|---|---|", flush=True)
    failed = 0
    for number, (title, (name, make)) in enumerate(HEAVY.items()):
        folder = scratch / f"heavy-{number}"
        files = list(wide_files()) if name == MANY else []
        batch = prepare(base, folder, 0, files, "first")
        if not files:
            path = folder / STORE.decode() / name
            with path.open("wb") as file:
                file.writelines(make())
            git(folder, "-c", "core.bigFileThreshold=1m", "add", "-A")
            git(folder, "commit", "--quiet", "-m", "heavy")
        environ = environ_of(batch, "run", {"target": "score", "max-dataset-size": "2000"})
        ended = run(outside, environ, batch.runner / "run/log", 600)
        faults = [fault for fault in faults_of(batch, "run", ended) if not fault.endswith(" MB")]
        failed += bool(faults)
        store = sandbox_session.plain_git(folder)
        aside = journal.read(store, store.object_id(STATE)).set_aside
        reason = aside[0].reason if aside else "–"
        print(
            f"| {title} | {ended.code} | {ended.seconds:.1f} | {ended.megabytes:,.0f} | {reason} |", *faults, flush=True
        )
        shutil.rmtree(folder)
    return failed


def wide_files() -> Iterator[Hostile]:
    """A few kilobytes each: what they hold is nothing, what a table of all of them would hold is not."""
    for number in range(100):
        head = students.COLUMNS.encode() + b"," + names_of(number, 9995)
        row = b"%d,7,0.5,town,%d" % (number % 9, number) + b",1" * 9995 + b"\n"
        yield Hostile("wide", b"wide-%03d.csv" % number, head + row)


def main() -> int:
    """Measures and prints; 1 when something failed."""
    parser = argparse.ArgumentParser(description="Hostile datasets through the Action's door.")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--heavy", action="store_true", help="a few enormous files instead")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"), help="where batches that fail are kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ml-auto-update-fuzz-", ignore_cleanup_errors=True) as scratch:
        if options.heavy:
            return min(heavy(Path(scratch)), 1)
        figures, bad = fuzz(
            options.files,
            options.seed,
            Path(scratch),
            options.failures,
            lambda text: print(text, file=sys.stderr, flush=True),
        )
    print("\n".join(figures.table()))
    print(f"- seed {options.seed}: {len(bad)} batches failed" + (f", kept in {options.failures}" if bad else ""))
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
