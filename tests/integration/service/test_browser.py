"""The service's page in a real browser: a prediction, the picture of the versions, both colour schemes, its policy."""

import os

import pytest

from tests.support import browser, live_service


@pytest.fixture
def chromium(tmp_path):
    if browser.find() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium: scripts/browser installs it")
        pytest.skip("no Chromium: scripts/browser installs it")
    tab = browser.Browser(tmp_path / "profile")
    yield tab
    tab.close()


def test_a_prediction_in_a_real_browser(models, chromium, tmp_path):
    columns = "hours_studied sleep room tutor score"
    for step in range(6):
        models.publish(3.0 + step / 4, columns=columns)
    with live_service.running(models.path, tmp_path / "log") as service:
        chromium.open(service.url)
        assert chromium.complaints() == []
        chromium.ask("document.getElementById('f0').focus(); document.getElementById('f0').select()")
        chromium.type("4")
        chromium.events.clear()
        chromium.press("Enter", 13)
        chromium.wait_for("Page.loadEventFired")
        assert "score = " in chromium.ask("document.querySelector('.result').textContent")
        assert chromium.ask("document.getElementById('f0').value") == "4"
        assert chromium.ask("document.querySelectorAll('svg .mark').length") == 6
        assert chromium.ask("document.documentElement.scrollWidth <= window.innerWidth")
        assert chromium.complaints() == []
        pictures = [tmp_path / "light.png", tmp_path / "dark.png"]
        for path, dark in zip(pictures, (False, True), strict=True):
            chromium.picture(path, dark=dark)
        colours = chromium.ask("getComputedStyle(document.body).backgroundColor")
        chromium.open(f"{service.url}/docs")  # under the same policy
        assert "/predict" in chromium.ask("document.body.textContent")
        assert chromium.complaints() == []
    assert colours == "rgb(13, 17, 23)"
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
