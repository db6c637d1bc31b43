from pathlib import Path

import pytest

from service import config
from service.config import Config

DOCS = Path(__file__).parents[3] / "docs"


def test_no_setting_is_required():
    assert Config.from_env({"PATH": "/bin"}) == Config()


def test_settings_are_read(tmp_path):
    (tmp_path / "token").write_text("secret\n")
    env = {"SERVICE_EVERY": "5", "SERVICE_PORT": "80", "SERVICE_TOKEN_FILE": str(tmp_path / "token")}
    found = Config.from_env(env)
    assert (found.every, found.port, found.token) == (5.0, 80, "secret")
    assert "secret" not in repr(found)


def test_all_errors_are_reported_together():
    env = {
        "SERVICE_EVERY": "soon", "SERVICE_PORT": "0", "SERVICE_RANGES": "narrow", "SERVICE_TOKEN_FILE": "/nowhere",
        "SERVICE_COLOUR": "red", "SERVICE_FEEDBACK": "github",
    }  # fmt: skip
    with pytest.raises(ValueError) as caught:  # noqa: PT011  each line is compared
        Config.from_env(env)
    lines = str(caught.value).splitlines()
    assert len(lines) == 7
    assert any("one of wide, training, off" in line and "narrow" in line for line in lines)
    assert any("SERVICE_COLOUR: there is no such setting" in line for line in lines)
    assert any("SERVICE_FEEDBACK: github needs" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "65536", "a port from 1 to 65535"),
        ("PORT", "x", "a port from 1 to 65535, not 'x'"),
        ("EVERY", "soon", "a number of seconds, not 'soon'"),
        ("PORT", "tcp://10.0.0.1:8000", "a port"),  # what Kubernetes sets for a service of the name "service"
        ("API", "api.github.com", "https://"),
        ("API", "file:///etc", "https://"),
        ("REPOSITORY", "https://github.com/octo/students", "owner/name"),
        ("REPOSITORY", "octo", "owner/name"),
        ("VERIFY", "always", "one of off, warn, require"),
        ("VERIFY", "require", "SERVICE_VERIFY: require needs SERVICE_VERIFY_KEY"),
        ("VERIFY_KEY", "abc", "a public Ed25519 key, as PEM or as the one line in it$"),
    ],
)
def test_values_that_cannot_work_are_refused_at_the_start(name, value, message):
    with pytest.raises(ValueError, match=message):
        Config.from_env({f"SERVICE_{name}": value})


def test_an_empty_secret_file_is_refused(tmp_path):
    """Otherwise anyone could send feedback although a token was meant to be required."""
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ValueError, match=r"SERVICE_FEEDBACK_TOKEN: its file cannot be used: it is empty"):
        Config.from_env({"SERVICE_FEEDBACK_TOKEN_FILE": str(tmp_path / "token")})


def test_the_documentation_lists_every_setting():
    assert config.table() in (DOCS / "service.md").read_text(encoding="utf-8")


def test_the_token_is_read_from_its_file_each_time(tmp_path):
    """An App's token lives for an hour: whatever renews it replaces the file."""
    (tmp_path / "token").write_text("first\n")
    config = Config.from_env({"SERVICE_TOKEN_FILE": str(tmp_path / "token")})
    assert config.current_token() == "first"
    (tmp_path / "token").write_text("second\n")
    assert config.current_token() == "second"
    for content in ("", None):  # it is being replaced
        (tmp_path / "token").write_text("") if content == "" else (tmp_path / "token").unlink()
        assert config.current_token() == "first"
    assert Config(token="given").current_token() == "given"
