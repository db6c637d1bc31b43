"""Takes the pictures docs/service-*.png: the page of the service while it serves the models that the loop promoted.

`python -m scripts.docs.service` (a minute; needs Chromium, which scripts/browser installs). Real data arrive in a
repository on the stand-in of GitHub, one site of the panel after the other. Each time the loop decides, and the service
follows it through GitHub's API.
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

SITES, BATCH = ("2", "6", "4"), 240
SETTINGS = {
    "data-path": "data/new_data", "target": panel.TARGET, "features": "xage,mhi,physlm,disea,educdec,female",
    "metric": "neg_mean_absolute_error", "threshold": "200", "autonomy": "merge",
}  # fmt: skip


def batches() -> Iterator[dict[str, str]]:
    """Yields the files of each week."""
    participants = panel.datasets()
    for site in SITES:
        for start in range(0, len(participants[site]), BATCH):
            some = participants[site][start : start + BATCH]
            yield {f"data/new_data/site-{site}-{number:04}.csv": text for number, text in enumerate(some, start)}


def run_weeks(session: SandboxSession) -> None:
    """Runs the loop after every week."""
    session.hub.protect(session.repository, "main", required_reviews=1)
    for files in batches():
        flaky_server.commit(session.git, files)
        session.hub.synchronise(session.repository)
        outcome = session.run_once(SETTINGS, PlainLog(io.StringIO()))
        sys.stdout.write(f"{len(files)} people: {outcome.verdict}: {outcome.reason}\n")


def take_pictures(session: SandboxSession, folder: Path) -> None:
    """Asks for a prediction, and takes a picture in each colour scheme."""
    source = {"SERVICE_REPOSITORY": session.repository.full_name, "SERVICE_API": session.hub.url}
    tab = browser.Browser(folder / "profile")
    with live_service.running(Path("model"), folder / "log", **source, SERVICE_TOKEN=session.author.token) as service:
        tab.open(service.url)
        tab.ask("document.getElementById('f0').focus(); document.getElementById('f0').select()")
        tab.events.clear()
        tab.press("Enter", 13)
        tab.wait_for("Page.loadEventFired")
        for name in ("light", "dark"):
            tab.picture(ROOT / f"docs/service-{name}.png", dark=name == "dark")
    tab.close()


def main() -> None:
    """Runs the loop, and takes the pictures."""
    with tempfile.TemporaryDirectory() as folder, sandbox_session.open_session(Path(folder), "octo/health") as session:
        run_weeks(session)
        take_pictures(session, Path(folder))


if __name__ == "__main__":
    main()
