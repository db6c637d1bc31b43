"""A server whose certificate is a company's own: git, the API and the consumer trust it as soon as it is named."""

import time

import pytest

from ml_action import cli
from ml_action.config import certificates
from ml_action.consumer import GitHub, SourceUnavailable
from ml_action.core.errors import ForgeError, RepositoryError
from ml_action.core.retry import RetryBudget
from ml_action.forge.github.session import READ_REPOSITORY, ApiAccess, Credential, GitHubSession, Timing
from ml_action.git import command, remote
from ml_action.git.command import Git, Login
from ml_action.git.errors import explain
from ml_action.git.process import GitFailed
from tests.support.factories import make_csvs, make_git, make_remote, make_repository
from tests.support.private_authority import serve


@pytest.fixture
def files(tmp_path):
    """A bare repository for git's simple protocol, and a response of the API."""
    workspace = make_repository(tmp_path / "w", make_csvs(3))
    make_git(make_remote(tmp_path / "files/o/r.git", workspace)).run("update-server-info")
    (tmp_path / "files/api/repos/o/r/contents/model").mkdir(parents=True)
    (tmp_path / "files/api/repos/o/r/labels").write_text('{"name": "x"}')
    (tmp_path / "files/api/repos/o/r/contents/model/model_metadata.json").write_text("{}")
    return tmp_path / "files"


@pytest.fixture
def server(files, tmp_path):
    with serve(files, tmp_path) as server:
        yield server


class Patient(RetryBudget):
    """Counts the waits."""

    def __init__(self):
        self.waits = []
        super().__init__(pause=self.waits.append)


def tips(server, tmp_path, budget=None, **environ):
    git = Git(tmp_path, command.environment({"PATH": "/usr/bin:/bin", **environ}), budget or Patient())
    try:
        return remote.read(git, "ls-remote", f"{server.url}/o/r.git")
    except GitFailed as failed:
        raise explain(failed) from failed


def test_git_trusts_the_authority_that_a_variable_names(server, tmp_path):
    assert b"refs/heads/main" in tips(server, tmp_path, GIT_SSL_CAINFO=str(server.authority))


def test_git_reports_an_unknown_authority_at_once(server, tmp_path):
    budget = Patient()
    with pytest.raises(RepositoryError, match="the server's certificate is not trusted here") as caught:
        tips(server, tmp_path, budget)
    assert "ca-bundle" in caught.value.fix
    assert budget.waits == []


def test_verification_cannot_be_switched_off(server, tmp_path):
    with pytest.raises(RepositoryError, match="not trusted"):
        tips(server, tmp_path, GIT_SSL_NO_VERIFY="true")
    (tmp_path / ".gitconfig").write_text("[http]\n\tsslVerify = false\n")
    with pytest.raises(RepositoryError, match="not trusted"):
        tips(server, tmp_path, HOME=str(tmp_path))


def test_verification_cannot_be_switched_off_for_the_servers_address_either(server, tmp_path):
    (tmp_path / ".gitconfig").write_text(f'[http "{server.url}/"]\n\tsslVerify = false\n')
    address = f"{server.url}/o/r.git"
    git = Git(tmp_path, command.environment({"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, Login("x", "t", address)))
    with pytest.raises(GitFailed, match="certificate"):
        git.run("ls-remote", address)


def test_an_expired_certificate_is_named_as_such(files, tmp_path):
    wanted = r"certificate is not (valid now|trusted here)"  # git with GnuTLS gives no reason
    with serve(files, tmp_path, days=-1) as server, pytest.raises(RepositoryError, match=wanted):
        tips(server, tmp_path, GIT_SSL_CAINFO=str(server.authority))


def ask(server, authorities="", budget=None):
    access = ApiAccess(f"{server.url}/api", budget or Patient(), Timing(), time.time, authorities)
    return GitHubSession(access, "o/r", Credential("token", "t")).get("/labels", READ_REPOSITORY).data


def test_the_api_trusts_the_authority_too(server):
    assert ask(server, str(server.authority))["name"] == "x"


def test_the_api_reports_an_unknown_authority_at_once(server):
    budget = Patient()
    with pytest.raises(ForgeError) as caught:
        ask(server, budget=budget)
    assert caught.value.why.startswith("the server's certificate is not trusted")
    assert "ca-bundle" in caught.value.fix
    assert budget.waits == []


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"])
def test_the_consumer_trusts_the_authority_that_any_variable_names(server, monkeypatch, name):
    for variable in certificates.VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, str(server.authority))
    assert GitHub("o/r", api=f"{server.url}/api").metadata() == b"{}"


def test_the_consumer_reports_an_unknown_authority(server):
    with pytest.raises(SourceUnavailable, match="is not trusted") as caught:
        GitHub("o/r", api=f"{server.url}/api").metadata()
    assert "SSL_CERT_FILE" in caught.value.fix


@pytest.fixture
def check(server, tmp_path, capsys):
    """Runs `check` without a checkout; its exit code and log."""
    (tmp_path / "empty").mkdir()

    def check(*arguments, **environ):
        environ |= {"PATH": "/usr/bin:/bin", "ML_AUTO_UPDATE_TOKEN": "ghs_0123", "GITHUB_REPOSITORY": "o/r"}
        environ |= {"GITHUB_SERVER_URL": server.url}
        code = cli.main(["check", "--workspace", str(tmp_path / "empty"), *arguments], environ)
        return code, capsys.readouterr().out

    return check


@pytest.mark.parametrize("name", ["NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "--ca-bundle"])
def test_a_run_gives_git_the_authority_that_any_variable_names(server, check, name):
    path = str(server.authority)
    _, log = check(name, path) if name.startswith("--") else check(**{name: path})
    assert "certificate" not in log
    assert any("info/refs" in path for path in server.requests), log  # git got through; the dumb protocol ends it there


def test_a_run_says_that_the_authority_is_unknown(check):
    code, log = check()
    assert code == 4
    assert "the server's certificate is not trusted here" in log
    assert "trying again" not in log


def test_a_bundle_that_is_not_there_is_an_error_before_anything_else(check):
    code, log = check("--ca-bundle", "none.pem")
    assert code == 2
    assert "ca-bundle: 'none.pem' cannot be read" in log
