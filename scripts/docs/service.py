"""Take docs/service-*.png again: the page of the service while it runs the models that the loop promoted.

`python -m scripts.docs.service` (a minute; needs Chromium, which scripts/browser installs). Real people arrive, one
site of the panel after the other, in a repository on the stand-in of GitHub; each time the loop decides, and the
service follows it through GitHub's API.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.demo import panel
from ml_action.commands.sandbox_session import SandboxSession
from ml_action.core.log import PlainLog
from tests.support import browser, flaky_server, live_service

ROOT = Path(__file__).resolve().parents[2]

SITES, AT_ONCE = ("2", "6", "4"), 240
SETTINGS = {
    "data-path": "data/new_data", "target": panel.TARGET, "features": "xage,mhi,physlm,disea,educdec,female",
    "metric": "neg_mean_absolute_error", "threshold": "200", "autonomy": "merge",
}  # fmt: skip


def batches() -> Iterator[dict[str, str]]:
    """The files of each week."""
    people = panel.datasets()
    for site in SITES:
        for start in range(0, len(people[site]), AT_ONCE):
            some = people[site][start : start + AT_ONCE]
            yield {f"data/new_data/site-{site}-{number:04}.csv": text for number, text in enumerate(some, start)}


def play(here: SandboxSession) -> None:
    """Weeks pass."""
    here.hub.protect(here.repository, "main", required_reviews=1)
    for files in batches():
        flaky_server.commit(sandbox_session.plain_git(here.repository.path), files)
        here.hub.synchronise(here.repository)
        ending = here.run_once(SETTINGS, PlainLog(io.StringIO()))
        sys.stdout.write(f"{len(files)} people: {ending.verdict}: {ending.reason}\n")


def take(here: SandboxSession, folder: Path) -> None:
    """A person asks for a prediction, by day and by night."""
    source = {"SERVICE_REPOSITORY": here.repository.full_name, "SERVICE_API": here.hub.url}
    tab = browser.Browser(folder / "profile")
    with live_service.running(Path("model"), folder / "log", **source, SERVICE_TOKEN=here.author.token) as service:
        tab.open(service.url)
        tab.ask("document.getElementById('f0').focus(); document.getElementById('f0').select()")
        tab.events.clear()
        tab.press("Enter", 13)
        tab.wait_for("Page.loadEventFired")
        for name in ("light", "dark"):
            tab.picture(ROOT / f"docs/service-{name}.png", dark=name == "dark")
    tab.close()


def main() -> None:
    """Both."""
    with tempfile.TemporaryDirectory() as folder, sandbox_session.open_session(Path(folder), "octo/health") as here:
        play(here)
        take(here, Path(folder))


if __name__ == "__main__":
    main()
