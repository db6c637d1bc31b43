"""Which certificate authorities a run trusts."""

import ssl
from pathlib import Path

import pytest

from ml_action.config import certificates
from ml_action.config.certificates import Authorities
from ml_action.core.errors import SettingsError

PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def _machine(monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


@pytest.fixture
def files(tmp_path):
    for name in ("all", "other", "added", "company"):
        (tmp_path / f"{name}.pem").write_text(PEM.format(name))
    (tmp_path / "binary.der").write_bytes(b"\x30\x82")
    return tmp_path


def choose(files, named="", **environ):
    warnings = []
    chosen = certificates.choose(environ, named, files, warnings.append)
    return chosen, warnings


def test_nothing_is_named():
    assert certificates.choose({"PATH": "/usr/bin", "SSL_CERT_FILE": ""}, "", None) == Authorities()


@pytest.mark.parametrize("name", certificates.REPLACING)
def test_each_variable_replaces_the_machines_own(files, name):
    path = str(files / "all.pem")
    assert choose(files, **{name: path}) == (Authorities(path), [])
    assert choose(files, **{name: "all.pem"}) == (Authorities(path), [])  # from the workspace


def test_authorities_are_added(files):
    chosen, _ = choose(files, "company.pem", NODE_EXTRA_CA_CERTS="added.pem", CURL_CA_BUNDLE="all.pem")
    assert chosen == Authorities(str(files / "all.pem"), (str(files / "added.pem"), str(files / "company.pem")))
    content = Path(certificates.write_bundle(chosen, lambda: files)).read_text()
    assert [name for name in ("all", "added", "company", "other") if PEM.format(name) in content] == [
        "all",
        "added",
        "company",
    ]


def test_added_authorities_leave_the_machines_own(files):
    own = ssl.get_default_verify_paths()
    chosen, _ = choose(files, "company.pem")
    content = Path(certificates.write_bundle(chosen, lambda: files)).read_text()
    assert PEM.format("company") in content
    if own.cafile:
        assert Path(own.cafile).read_text() in content


def test_no_file_is_written_without_need(files):
    def never():
        raise AssertionError

    assert certificates.write_bundle(Authorities("x.pem"), never) == "x.pem"
    assert certificates.write_bundle(Authorities(), never) == ""


@pytest.mark.parametrize(
    ("path", "problem"),
    [("away.pem", "cannot be read"), ("binary.der", "holds no certificate"), (".", "cannot be read")],
)
def test_a_variable_that_names_no_certificates_is_ignored_with_a_warning(files, path, problem):
    chosen, warnings = choose(files, SSL_CERT_FILE=path, CURL_CA_BUNDLE="all.pem")
    assert chosen == Authorities(str(files / "all.pem"))
    assert len(warnings) == 1
    assert warnings[0].startswith(f"SSL_CERT_FILE is ignored: {path!r} {problem}")


@pytest.mark.parametrize("path", ["away.pem", "binary.der", "."])
def test_a_setting_that_names_no_certificates_is_an_error(files, path):
    with pytest.raises(SettingsError, match=f"ca-bundle: '{path}'") as caught:
        choose(files, path)
    assert "openssl x509" in caught.value.fix


def test_every_tool_reads_the_one_bundle():
    assert certificates.with_bundle({"A": "b"}, "") == {"A": "b"}
    assert certificates.with_bundle({"A": "b", "SSL_CERT_FILE": "old"}, "new") == {
        "A": "b",
        **dict.fromkeys(certificates.REPLACING, "new"),
    }
