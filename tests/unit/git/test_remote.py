"""The git command is a script here that says what a server in trouble makes it say."""

import pytest

from ml_action.core.retry import RetryBudget
from ml_action.git import remote
from ml_action.git.command import Git
from ml_action.git.process import GitFailed

TROUBLE = "fatal: unable to access 'https://github.com/o/r/': The requested URL returned error: 502"
LIMIT = "fatal: unable to access 'https://github.com/o/r/': The requested URL returned error: 429"
RACE = "! [rejected] (stale info)"
REFUSAL = "remote: Repository not found."


class Fake:
    """git with a list of what goes wrong, one line a call; with an empty line all is well."""

    def __init__(self, folder):
        self.folder, self.waits = folder, []
        script = folder / "git"
        script.write_text(
            f'#!/bin/sh\ncd "{folder}"\necho "$@" >> calls\nline=$(head -n 1 script)\n'
            'sed -i 1d script\n[ -z "$line" ] || { echo "$line" >&2; exit 128; }\necho fine\n'
        )
        script.chmod(0o755)

    def git(self, *lines):
        (self.folder / "script").write_text("".join(f"{line}\n" for line in lines))
        env = {"PATH": f"{self.folder}:/usr/bin:/bin"}
        return Git(self.folder, env, RetryBudget(300, pause=self.waits.append))

    @property
    def calls(self):
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def fake(tmp_path, monkeypatch):
    made = Fake(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return made


def test_read_is_repeated_while_the_error_is_transient(fake):
    assert remote.read(fake.git(TROUBLE, TROUBLE), "ls-remote", "x") == b"fine\n"
    assert fake.calls == ["ls-remote x"] * 3
    assert fake.waits == [1, 2]


def test_lasting_error_is_raised(fake):
    with pytest.raises(GitFailed, match="502"):
        remote.read(fake.git(*[TROUBLE] * 9), "fetch", "x")
    assert len(fake.calls) == 5


def test_refusal_is_raised_at_once(fake):
    with pytest.raises(GitFailed, match="not found"):
        remote.read(fake.git(REFUSAL), "fetch", "x")
    assert fake.calls == ["fetch x"]
    assert fake.waits == []


def test_rate_limit_is_waited_out_for_a_minute(fake):
    remote.read(fake.git(LIMIT), "fetch", "x")
    assert fake.waits == [60]


def test_push_is_repeated_twice_at_most(fake):
    with pytest.raises(GitFailed, match="502"):
        remote.push(fake.git(*[TROUBLE] * 9), "x")
    assert fake.calls == ["push x"] * 3


def test_lost_race_is_not_repeated(fake):
    with pytest.raises(GitFailed, match="stale info"):
        remote.push(fake.git(RACE), "x")
    assert fake.calls == ["push x"]


def test_race_after_an_error_may_be_against_our_own_first_attempt(fake):
    remote.push(fake.git(TROUBLE, RACE), "x")  # the third finds everything up to date
    assert fake.calls == ["push x"] * 3


def test_race_after_an_error_that_another_run_won_is_lost(fake):
    with pytest.raises(GitFailed, match="stale info"):
        remote.push(fake.git(TROUBLE, RACE, RACE), "x")
