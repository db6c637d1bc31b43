"""docs/faults.md, from what was found."""

from __future__ import annotations

from collections.abc import Sequence

from tests.faults.table import FAULTS
from tests.faults.world import Injection, Point

HEAD = """# Faults

<!-- Written by `make faults`: do not edit. -->

A run talks to GitHub over a network at night. This page says what it does about trouble, and shows what was tried.

## What a run does about trouble

- **It asks again.** Questions to the API, `git fetch` and `git ls-remote` are repeated up to four times, after 1, 2, 4
  and 8 seconds.
- **It looks before it writes again.** A request that changes something may have had its effect though its answer was
  lost. So the run looks: is the pull request there, is the review, is it merged? If not, it tries again, twice at most.
  A push looks by itself: git asks the server for its branches first.
- **It waits as long as GitHub asks**, for `Retry-After` or until `X-RateLimit-Reset`; for a minute where a limit names
  no time. Every wait is a line of the log before it begins.
- **It does not wait for ever.** All waits of a run together take ten minutes at most. A limit that lasts longer ends
  the run at once, with exit code 5. A connection on which nothing comes is given up after 30 seconds (API) or two
  minutes (git).
- **What is not done then is the next run's.** State and proposal move in one atomic push, and everything after it is
  read from them: whatever a run leaves undone, the next one completes, and nothing is done twice.
- **A signal ends it at once.** SIGINT and SIGTERM, with which a job is cancelled, end a run with 130 and 143.

"""

TRIED = """## What was tried

A full promotion makes {calls} calls to the API, one less where the label is there already, and runs {trips} git
commands that talk to the server. A recording run shows which exchanges that makes. A proxy between the run and the
[stand-in of GitHub](../sandbox) breaks one exchange in one way, on the wire. Then plain runs follow until one finds
nothing to do. In the end, for every one of the **{tried} injections**:

- there is exactly one pull request, merged, with one label, one approval for each commit, and no comment;
- one new version is on the base branch, in one commit, and the journal has one line for each attempt;
- nothing is counted twice or lost: the next run says `waiting 0/40` without a call to the API;
- no token is in a log, summary or output, no file is left in the temporary folder, and no run ended as a bug;
- `git fsck --full --strict` finds nothing.

**{survived} of {tried} survived:** {ways}.

Two runs at once are among them: another run, or one of `mode: approve`, passes from beginning to end before each
exchange and after each that changes something, while this one makes a promotion, follows one up or brings one up to
date. Where two pushes meet, the second is refused (compare-and-swap), and its run stops. Two requests are left
out, since GitHub opens and approves for everyone who asks, whatever they have seen: should another run open, approve
and merge in the instant between a run's look and its `POST`, there would be a second pull request or a second
approval of the same commit. The `concurrency` group of the example workflows keeps runs apart.

"""


POINTS = """The exchanges in their order. A promotion merges at once or, where a check is required, by auto-merge; it is
followed up when its run died after the push, and brought up to date when more data arrives while it waits. What a run
shares with the runs above it is not tried again, except with other runs.

"""


def page(points: Sequence[Point], found: Sequence[Injection]) -> str:
    """The whole page."""
    first = [point for point in points if point.plot == points[0].plot]
    tried = TRIED.format(
        calls=sum(not point.request.is_git for point in first),
        trips=sum("info/refs" in point.request.path for point in first),
        tried=len(found), survived=sum(not one.failure for one in found), ways=_ways(found),
    )  # fmt: skip
    return HEAD + tried + _by_fault(found) + _by_point(points, found)


def _ways(found: Sequence[Injection]) -> str:
    words = ("{} in the very run", "{} by the next run", "{} by the one after it", "{} by the third")
    counts = [sum(one.plain_runs == busy for one in found) for busy in range(len(words))]
    return ", ".join(word.format(number) for word, number in zip(words, counts, strict=True) if number)


def _by_fault(found: Sequence[Injection]) -> str:
    """A row for each fault: at how many exchanges it was tried, and who completed the promotion."""
    text = "| fault | exchanges | over at once | by a later run |\n|:--|--:|--:|--:|\n"
    for fault in FAULTS:
        busy = [one.plain_runs for one in found if one.fault == fault.name and not one.failure]
        text += _row([fault.name, len(busy), busy.count(0), len(busy) - busy.count(0)])
    return text + "\n"


def _by_point(points: Sequence[Point], found: Sequence[Injection]) -> str:
    """A row for each exchange that was tried: how many faults of each kind it survived."""
    groups = {fault.name: fault.group for fault in FAULTS}
    names = list(dict.fromkeys(groups.values()))
    text = POINTS + _row(["run", "exchange", *names]) + "|:--|:--" + "|--:" * len(names) + "|\n"
    for point in points:
        hits = [groups[one.fault] for one in found if one.point == point and not one.failure]
        text += _row([point.plot, f"`{point}`", *(hits.count(name) or "" for name in names)]) if hits else ""
    return text


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"


def faults_of(page: str) -> list[str]:
    """The faults that a page describes."""
    rows = (line.split(" | ")[0].removeprefix("| ") for line in page.splitlines() if line.startswith("| "))
    return [name for name in rows if name in {fault.name for fault in FAULTS}]
