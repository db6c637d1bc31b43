from pathlib import Path

import pytest

from service import config
from service.config import Config

DOCS = Path(__file__).parents[2] / "docs"


def test_nothing_has_to_be_set():
    assert Config.from_env({"PATH": "/bin"}) == Config()


def test_settings_are_read(tmp_path):
    (tmp_path / "token").write_text("secret\n")
    env = {"SERVICE_EVERY": "5", "SERVICE_PORT": "80", "SERVICE_TOKEN_FILE": str(tmp_path / "token")}
    found = Config.from_env(env)
    assert (found.every, found.port, found.token) == (5.0, 80, "secret")
    assert "secret" not in repr(found)


def test_all_mistakes_are_told_together():
    env = {
        "SERVICE_EVERY": "soon", "SERVICE_PORT": "0", "SERVICE_RANGES": "narrow", "SERVICE_TOKEN_FILE": "/nowhere",
        "SERVICE_COLOUR": "red", "SERVICE_FEEDBACK": "github",
    }  # fmt: skip
    with pytest.raises(ValueError) as caught:  # noqa: PT011  each line is compared
        Config.from_env(env)
    lines = str(caught.value).splitlines()
    assert len(lines) == 6
    assert any("one of wide, training, off" in line and "narrow" in line for line in lines)
    assert any("SERVICE_COLOUR: there is no such setting" in line for line in lines)
    assert any("SERVICE_FEEDBACK: github needs" in line for line in lines)


def test_the_page_on_the_service_tells_every_setting():
    assert config.table() in (DOCS / "service.md").read_text(encoding="utf-8")
