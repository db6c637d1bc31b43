"""Which certificate authorities are trusted: the machine's, or those of a file, and the private ones that are added.

curl, git, Python and Node.js each read a variable of their own for this, and people set one of them and expect all to
follow. Verification is never switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ml_action.core.dataclass import dataclass
from ml_action.core.errors import SettingsError

REPLACING = ("GIT_SSL_CAINFO", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # files of all authorities
ADDED = "NODE_EXTRA_CA_CERTS"  # a file of authorities that are trusted too
VARIABLES = (*REPLACING, ADDED)
MARK = b"CERTIFICATE-----"
MAX_BYTES = 16 * 1024 * 1024
PLACES = (  # of the machine's authorities, if OpenSSL does not know it
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True)
class Authorities:
    """The files of trusted authorities. Both empty: the machine's own are all there is."""

    base: str = ""  # a file that replaces the machine's own; empty: these
    added: tuple[str, ...] = ()  # files with more of them


def choose(
    environ: Mapping[str, str], named: str, folder: Path, warn: Callable[[str], None] = lambda _: None
) -> Authorities:
    """Returns the authorities that the environment and the setting `ca-bundle` name.

    Args:
        environ: the environment's variables.
        named: the setting; empty: it is not set.
        folder: where relative paths begin.
        warn: takes a sentence for each variable whose file is not here.

    Raises:
        SettingsError: the setting names no file of certificates.
    """
    files = {name: folder / environ[name] for name in VARIABLES if environ.get(name)}
    problems = {name: _problem_of(file) for name, file in files.items()}
    for name, problem in problems.items():
        if problem:
            warn(f"{name} is ignored: {environ[name]!r} {problem}")
    found = {name: str(file) for name, file in files.items() if not problems[name]}
    added = [found[ADDED]] if ADDED in found else []
    if named:
        added.append(_require_certificates(folder / named, named))
    return Authorities(next((found[name] for name in REPLACING if name in found), ""), tuple(added))


def _problem_of(file: Path) -> str:
    """Returns why a file is of no use, or "" if it holds certificates."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES)
    except OSError as error:
        return f"cannot be read ({error.strerror}); a container sees the checkout, and no other folder of the runner"
    return "" if MARK in content else "holds no certificate in text form (PEM)"


def _require_certificates(file: Path, named: str) -> str:
    problem = _problem_of(file)
    if problem:
        raise SettingsError(
            f"ca-bundle: {named!r} {problem}",
            why="the path is wrong, or the certificate is in its binary form (DER)",
            fix="put the certificates into a file of the repository, as openssl x509 -inform der -in FILE -out ca.pem "
            "writes it, and name its path there",
        )
    return str(file)


def write_bundle(authorities: Authorities, folder: Callable[[], Path]) -> str:
    """Returns the path of one file with all trusted authorities, or "" if the machine's own are all there is.

    A file is written, into the folder that `folder` returns, only if it is made of several.
    """
    if not authorities.added:
        return authorities.base
    bundle = folder() / "trusted-authorities.pem"
    parts = [path for path in (authorities.base or _machines_own(), *authorities.added) if path]
    bundle.write_bytes(b"\n".join(Path(path).read_bytes() for path in parts))
    return str(bundle)


def _machines_own() -> str:
    """Returns the file of the authorities that this machine trusts, or "" if it has none."""
    import ssl  # late: it loads OpenSSL, and few runs have certificates of their own

    paths = ssl.get_default_verify_paths()
    candidates: Iterator[str | None] = iter((paths.cafile, paths.openssl_cafile, *PLACES))
    return next((path for path in candidates if path and Path(path).is_file()), "")


def with_bundle(environ: Mapping[str, str], bundle: str) -> dict[str, str]:
    """Returns the environment in which git, curl, requests and Python trust the authorities of this one file."""
    if not bundle:
        return dict(environ)
    return {**environ, **dict.fromkeys(REPLACING, bundle)}
