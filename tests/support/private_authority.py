"""A server with TLS whose certificate only a private authority vouches for, as in a company's network."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class PrivateServer:
    """Where it answers, and the file of the authority that vouches for it."""

    url: str
    authority: Path
    requests: list[str]  # the paths that were asked for


class _Files(SimpleHTTPRequestHandler):
    """The files of a folder; those below /api/ are JSON."""

    def __init__(self, *arguments: Any, seen: list[str], **keywords: Any) -> None:
        self.seen = seen
        super().__init__(*arguments, **keywords)

    def do_GET(self) -> None:
        self.seen.append(self.path)
        super().do_GET()

    def guess_type(self, path: Any) -> str:
        return "application/json" if "/api/" in str(path) else super().guess_type(path)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def serve(files: Path, keep: Path, *, days: int = 1) -> Iterator[PrivateServer]:
    """Serves a folder at https://127.0.0.1. The certificate is valid for so many days, or has expired so long ago."""
    authority, certificate = _make_certificates(keep, days)
    seen: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(files), seen=seen))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield PrivateServer(f"https://127.0.0.1:{server.server_port}", authority, seen)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _make_certificates(keep: Path, days: int) -> tuple[Path, Path]:
    now = dt.datetime.now(dt.UTC)
    root = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A company's authority")])
    begin, end = (now - DAY, now + days * DAY) if days > 0 else (now + 2 * days * DAY, now + days * DAY)

    def build(name: x509.Name, public: ec.EllipticCurvePublicKey, *, authority: bool) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - 9 * DAY if authority else begin)
        builder = builder.not_valid_after(now + 9 * DAY if authority else end)
        return builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)

    own = build(issuer, root.public_key(), authority=True).sign(root, hashes.SHA256())
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    leaf = (
        build(name, key.public_key(), authority=False).add_extension(here, critical=False).sign(root, hashes.SHA256())
    )
    authority, certificate = keep / "authority.pem", keep / "server.pem"
    authority.write_bytes(own.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + secret)
    return authority, certificate
