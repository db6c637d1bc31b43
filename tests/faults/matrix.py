"""Every fault at every exchange of a full promotion: `make faults`; writes docs/faults.md.

python tests/faults/matrix.py [--only FAULT ...] [--write docs/faults.md]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from tests.faults.page import page
from tests.faults.table import FAULTS, Fault
from tests.faults.world import PLOTS, Injection, Point, inject, prepare, record


def points(start: Path, root: Path) -> list[Point]:
    """Every exchange of every plot."""
    return [point for plot in PLOTS.values() for point in record(start, root / f"record-{plot.name}", plot)]


def pairs(listed: Sequence[Point], faults: Iterable[Fault]) -> list[tuple[Point, Fault]]:
    """What is tried: every fault at every new exchange, and at all of them what a plot is made for."""
    fresh = new(listed)
    return [
        (point, fault)
        for fault in faults
        for point in listed
        if fault.hits(point.request) and (point in fresh or fault.group in PLOTS[point.plot].groups)
    ]


def new(listed: Sequence[Point]) -> list[Point]:
    """The exchanges that no plot before has."""
    plots = list(PLOTS)
    earlier = {(plot, str(point)) for point in listed for plot in plots[plots.index(point.plot) + 1 :]}
    return [point for point in listed if (point.plot, str(point)) not in earlier]


def run_all(start: Path, root: Path, tried: Sequence[tuple[Point, Fault]], jobs: int) -> Iterator[Injection]:
    """All of them, some at a time; in order."""
    numbers = count()
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda pair: inject(start, root / f"injection-{next(numbers)}", *pair), tried)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=[fault.name for fault in FAULTS], metavar="FAULT")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)) + 1)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args(argv)
    began, found = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        start = prepare(root / "start")
        listed = points(start, root)
        tried = pairs(listed, [fault for fault in FAULTS if fault.name in options.only])
        print(f"{len(listed)} points, {len(tried)} injections", flush=True)
        for result in run_all(start, root, tried, options.jobs):
            found.append(result)
            if result.failure:
                print(f"FAILED: {result.fault} at {result.point.plot}: {result.point}\n{result.failure}", flush=True)
            elif len(found) % 50 == 0:
                print(f"{len(found)} of {len(tried)} ({time.monotonic() - began:.0f} s)", flush=True)
    failed = [result for result in found if result.failure]
    print(f"{len(found) - len(failed)} of {len(found)} survived ({time.monotonic() - began:.0f} s)")
    if options.write and not failed:
        options.write.write_text(page(listed, found), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
