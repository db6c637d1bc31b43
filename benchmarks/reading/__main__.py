"""Runs the comparison, or one process of it."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import reading
from benchmarks.reading import process
from benchmarks.reading.process import Digests, Measured
from benchmarks.reading.readers import BASELINE, OURS, PLAIN, READERS

ROOT = Path(__file__).resolve().parents[2]


def prepare(root: Path, count: int) -> Path:
    """Writes students' files into a folder, and the same into a repository next to it."""
    from benchmarks.run import commit, new_repository
    from ml_action.commands.demo import students

    folder = root / str(count)
    folder.mkdir()
    for number, text in enumerate(students.datasets(count, "steady", 1)):
        (folder / f"{number:07}.csv").write_text(text)
    commit(new_repository(root / f"{count}-git"), students.datasets(count, "steady", 1), "")
    return folder


def measured(name: str, folder: Path, others: str, *, compare: bool) -> Measured:
    """Runs a reader in a process."""
    python = sys.executable if name in PLAIN else others
    command = [python, "-m", reading.__name__, "--reader", name, "--folder", str(folder)]
    command += ["--compare"] if compare else []
    return process.parse(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def compare_readers(folder: Path, count: int, runs: int, others: str) -> None:
    """Prints a table: every reader once per round, after a round for the caches without the baseline."""
    for name in READERS:
        if name != BASELINE:
            measured(name, folder, others, compare=False)
    found: dict[str, list[Measured]] = {name: [] for name in READERS}
    for number in range(runs):
        for name, results in found.items():
            results.append(measured(name, folder, others, compare=not number))
    print_table(found, count, runs)


def print_table(found: dict[str, list[Measured]], count: int, runs: int) -> None:
    base = found[BASELINE]
    medians = {name: statistics.median(run.load for run in results) for name, results in found.items()}
    fastest = min((name for name in READERS if name not in OURS), key=lambda name: medians[name])
    print(f"\n{count:,} files, {runs} rounds; fastest other reader: {fastest}\n")
    print("| reader | load, ms | times as fast as pandas' loop | relative to the fastest | peak, MB | same |")
    print("|---|---|---|---|---|---|")
    for name, results in found.items():
        faster = statistics.median(a.load / b.load for a, b in zip(base, results, strict=True))
        high = statistics.median(run.peak for run in results)
        relative, same = medians[name] / medians[fastest], sameness(results[0].digests, base[0].digests)
        print(f"| {name} | {1000 * medians[name]:,.0f} | {faster:.1f} | {relative:.2f} | {high:,.0f} | {same} |")
    ours = found[OURS[0]][0]
    print(f"\nOur frame has {ours.frame:,.0f} MB, and reading it needed {ours.peak - ours.before:,.0f} MB more memory.")


def sameness(one: Digests | None, other: Digests | None) -> str:
    if one is None or other is None:
        return "unknown"
    if one.exact == other.exact:
        return "to the bit"
    return "except for the 13th digit or the dtype" if one.near == other.near else "no"


def compare_large(root: Path) -> None:
    """Writes and reads one large file, each in a process of its own."""
    from benchmarks.reading import large

    path = root / "large.csv"
    large.write(path)
    subprocess.run([sys.executable, "-m", reading.__name__, "--large", "--folder", str(path)], cwd=ROOT, check=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reading", description=reading.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--files", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--others", default=sys.executable, help="an interpreter with requirements/bench.txt")
    parser.add_argument("--large", action="store_true", help="one file of a gigabyte instead")
    parser.add_argument("--reader", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--compare", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measures and prints."""
    given = arguments()
    if given.reader:
        process.print_measured(given.reader, given.folder, compare=given.compare)
    elif given.large and given.folder:
        from benchmarks.reading import large

        large.measure(given.folder)
    else:
        with tempfile.TemporaryDirectory(prefix="ml-auto-update-bench-") as scratch:
            if given.large:
                compare_large(Path(scratch))
            for count in [] if given.large else given.files:
                compare_readers(prepare(Path(scratch), count), count, given.runs, given.others)


if __name__ == "__main__":
    main()
