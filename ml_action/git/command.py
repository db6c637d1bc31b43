"""The git command. Every call is made here: it ignores the user's configuration, and no argument contains a secret.

The environment of each call is built here: inherited GIT_* variables are dropped (they would point git at another
repository) but for those that name certificates, and `safe.directory` and the token's header are passed as GIT_CONFIG_*
variables. So a workspace of another user works, and the token is in no argument, file or remote URL (github.md F3).
"""

from __future__ import annotations

import base64
import contextlib
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, overload

from ml_action.core import retry
from ml_action.core.dataclass import dataclass, field
from ml_action.core.retry import RetryBudget
from ml_action.git import process
from ml_action.git.process import BatchReader, GitFailed, Location

# Whom git trusts, and how it shows itself to a server or proxy that asks for a certificate: git(1).
KEPT = frozenset(
    f"GIT_{prefix}{name}"
    for prefix in ("", "PROXY_")
    for name in ("SSL_CAINFO", "SSL_CAPATH", "SSL_CERT", "SSL_KEY", "SSL_CERT_PASSWORD_PROTECTED")
)
SILENCE = 120  # seconds without a byte until a connection is given up; a busy server sends one every five


@dataclass(frozen=True)
class Login:
    """A token for one server. It is never printed."""

    server: str  # https://github.com
    token: str = field(repr=False)
    address: str = ""  # of the repository; nothing may rewrite it

    def header(self) -> str:
        """Returns the header that actions/checkout sends too."""
        word = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return f"AUTHORIZATION: basic {word}"


def environment(inherited: Mapping[str, str], login: Login | None = None) -> dict[str, str]:
    """Returns the environment of a git process."""
    clean = {name: value for name, value in inherited.items() if not name.startswith("GIT_") or name in KEPT}
    config = [
        ("safe.directory", "*"),
        ("gc.auto", "0"),
        ("core.quotePath", "false"),
        ("protocol.ext.allow", "never"),
        ("http.followRedirects", "false"),  # a redirect would take the token's header to another server
        ("http.sslVerify", "true"),
        ("http.lowSpeedLimit", "1"),
        ("http.lowSpeedTime", str(SILENCE)),
    ]
    if login and login.token:
        # An empty value first clears a header that actions/checkout persisted: the server refuses two.
        key = f"http.{login.server.rstrip('/')}/.extraheader"
        config += [(key, ""), (key, login.header())]
    if login and login.address:
        # The longest match counts: a rewriting to SSH, or to a mirror that the token is not for, does not hold for it.
        config += [(f"url.{login.address}.{key}", login.address) for key in ("insteadOf", "pushInsteadOf")]
        config.append((f"http.{login.address}.sslVerify", "true"))
    clean |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_ADVICE": "0"}
    clean["GIT_CONFIG_COUNT"] = str(len(config))
    for index, (key, value) in enumerate(config):
        clean |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return clean


class NamedObject(NamedTuple):
    """The object that a name resolves to; both are "" if there is no such object."""

    oid: str
    kind: str  # blob, tree or commit


NO_OBJECT = NamedObject("", "")


@dataclass(frozen=True)
class Git:
    """git in one directory."""

    directory: Path
    env: Mapping[str, str] = field(repr=False)
    retry_budget: RetryBudget = field(default=retry.NO_RETRY, repr=False, compare=False)  # for calls of the server

    def run(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        """Returns the command's standard output; `extra` is added to the environment.

        Raises:
            GitFailed: it ended with another code than 0.
            RepositoryError: git is missing, or did not end in time.
        """
        return process.run(Location(self.directory, {**self.env, **(extra or {})}), arguments, stdin)

    def line(self, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> str:
        """Returns the command's standard output as text, without white space around it."""
        return self.run(*arguments, stdin=stdin, extra=extra).decode("utf-8", "surrogateescape").strip()

    def line_or_empty(self, *arguments: str) -> str:
        """Returns the same, or "" if git fails."""
        try:
            return self.line(*arguments)
        except GitFailed:
            return ""

    def object_id(self, name: str) -> str:
        """Returns the id of a revision, tree or blob, or "" if there is no such object."""
        return self.line_or_empty("rev-parse", "--verify", "--quiet", "--end-of-options", name)

    def resolve(self, *names: str) -> tuple[NamedObject, ...]:
        """Returns the objects of many names, from one process."""
        rows = self.run(
            "cat-file",
            "--batch-check=%(objectname) %(objecttype)",
            stdin="\n".join(names).encode("utf-8", "surrogateescape") + b"\n",
        )
        words = (row.rsplit(" ", 1) for row in rows.decode("utf-8", "surrogateescape").splitlines())
        found = (NamedObject(oid, kind) for oid, kind in words)
        return tuple(NO_OBJECT if named.kind in ("missing", "ambiguous") else named for named in found)

    def read(self, name: str) -> bytes | None:
        """Returns the content of a blob such as `HEAD:model/model_metadata.json`, or `None` if there is no such blob.

        Raises:
            GitFailed: the blob exists and cannot be read. A network failure must not make a champion look absent.
        """
        try:
            return self.run("cat-file", "blob", name)
        except GitFailed:
            found = self.object_id(name)
            if found and not self.object_id(f"{found}^{{tree}}"):  # not a folder, but a blob that cannot be reached
                raise
            return None

    def records(self, *arguments: str) -> Iterator[list[bytes]]:
        """Yields the command's NUL-terminated records, thousands at a time, so that they need not be kept."""
        rest = b""
        for chunk in self.stream(*arguments):
            *whole, rest = (rest + chunk).split(b"\0")
            yield whole

    def stream(self, *arguments: str) -> Iterator[bytes]:
        """Yields the command's standard output in chunks; git ends with the iterator.

        Raises:
            GitFailed: it ended with another code than 0.
        """
        return process.stream(Location(self.directory, self.env), arguments)

    @overload
    def blobs(self, oids: Iterable[str]) -> Generator[bytes, None, None]: ...
    @overload
    def blobs(self, oids: Iterable[str], max_bytes: int) -> Generator[bytes | None, None, None]: ...
    def blobs(self, oids: Iterable[str], max_bytes: int = sys.maxsize) -> Generator[bytes | None, None, None]:
        """Yields the contents of many blobs, in order, from one process that ends with the iterator.

        One content is kept at a time. It is `None` for a blob of more than `max_bytes`, which is skipped in chunks.

        Raises:
            GitFailed: a blob is missing, or git ended early.
            RepositoryError: git is missing, or was silent for too long.
        """
        import tempfile  # late: counting needs no temporary file, and saves the 5 ms of this import

        wanted = tuple(oids)
        with tempfile.TemporaryFile() as names, tempfile.TemporaryFile() as errors:
            names.write("".join(f"{oid}\n" for oid in wanted).encode())
            names.seek(0)
            with contextlib.closing(BatchReader(Location(self.directory, self.env), names, errors)) as reader:
                for _ in wanted:
                    yield reader.next(max_bytes)


def decode_path(path: bytes) -> str:
    """Returns a file name as text. Bytes that are not UTF-8 survive the way back (PEP 383)."""
    return path.decode("utf-8", "surrogateescape")
