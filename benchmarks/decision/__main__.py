"""`python -m benchmarks.decision`: the table of the gate against its aims. Progress on stderr, Markdown on stdout."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decision", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--full", dest="mode", action="store_const", const="full", default="quick")
    mode.add_argument("--quick", dest="mode", action="store_const", const="quick")
    parser.add_argument(
        "--world", action="append", default=[], metavar="NAME", help="only worlds with this in the name"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=float, default=1.0, help="so many times the usual replications")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--reasons", action="store_true", help="print some of our gate's sentences, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts, too")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the shares promoted as SVG, too")
    parser.add_argument("--read", type=Path, metavar="FILE", help="take the counts from an earlier run's file")
    options = parser.parse_args()
    # One thread each: before NumPy is loaded, and for the processes that are started.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    from benchmarks.decision import chart, report, results, run

    if options.read:
        found = results.load(options.read)
    else:
        planned = run.jobs(options.mode, options.seed, options.world, options.times)
        found = run.run(options.mode, options.seed, planned, options.jobs, run.progress)
    print(report.markdown(found))
    if options.reasons:
        print(report.sentences(found))
    if options.json:
        results.save(found, options.json)
    if options.chart:
        options.chart.write_text(chart.draw(found), encoding="utf-8")


if __name__ == "__main__":
    main()
