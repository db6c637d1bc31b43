"""A stand-in for what keyless signing talks to, on loopback: GitHub's identity tokens, Sigstore's CA and its log.

It answers as Fulcio and Rekor do, with certificates, signed certificate timestamps, inclusion proofs and checkpoints of
its own keys, so that the real client signs and verifies against it. `trust` is what a client has to know of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ISSUER = "https://token.actions.githubusercontent.com"
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
FULCIO = "1.3.6.1.4.1.57264.1"  # https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
REQUEST_TOKEN = "may-ask-for-an-identity"


def spki(key: Any) -> bytes:
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    return bytes(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def der_text(text: str) -> bytes:
    content = text.encode()
    return bytes([0x0C, len(content)]) + content if len(content) < 128 else bytes([0x0C, 0x81, len(content)]) + content


def der_octets(content: bytes) -> bytes:
    return (bytes([4, len(content)]) if len(content) < 128 else bytes([4, 0x81, len(content)])) + content


class Sigstore:
    """The services, and the claims that the next identity token makes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.claims = {
            "repository": "octo/students",
            "ref": "refs/heads/main",
            "workflow_ref": "octo/students/.github/workflows/loop.yml@refs/heads/main",
        }
        self.down = False
        self.authority, self.ct, self.log = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.root = self._root()

    @property
    def environ(self) -> dict[str, str]:
        """What a job with `id-token: write` has."""
        url = f"{self.url}/token?api-version=2"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN}

    def trust(self, folder: Path) -> Path:
        """Writes the trust configuration of a client; its path."""
        since = {"start": "2020-01-01T00:00:00Z"}

        def log(key: Any, url: str) -> dict[str, Any]:
            public = {"rawBytes": b64(spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since}
            key_id = {"keyId": b64(hashlib.sha256(spki(key)).digest())}
            return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": key_id}

        chain = {"certificates": [{"rawBytes": b64(self.root.public_bytes(Encoding.DER))}]}
        authority = {"subject": {"organization": "x", "commonName": "y"}, "uri": self.url, "certChain": chain}
        service = {"url": self.url, "majorApiVersion": 1, "validFor": since, "operator": "tests"}
        document = {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.log, self.url)], "ctlogs": [log(self.ct, self.url)],
                "certificateAuthorities": [authority | {"validFor": since}], "timestampAuthorities": [],
            },
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "caUrls": [service],
                "oidcUrls": [service], "rekorTlogUrls": [service], "tsaUrls": [],
                "rekorTlogConfig": {"selector": "ANY"}, "tsaConfig": {"selector": "ANY"},
            },
        }  # fmt: skip
        path = folder / "trust.json"
        path.write_text(json.dumps(document))
        return path

    # --- GitHub -----------------------------------------------------------------------------------------------

    def token(self, audience: str) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": "repo:octo/students", "aud": audience, "iat": now, "exp": now + 300}
        return jwt.encode(claims | self.claims, "s" * 32, algorithm="HS256")

    # --- Fulcio -----------------------------------------------------------------------------------------------

    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        now = datetime.now(timezone.utc)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        return (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.authority.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key()), critical=False)
            .sign(self.authority, hashes.SHA256())
        )  # fmt: skip

    def certificate(self, public_key: Any, claims: dict[str, Any]) -> x509.Certificate:
        """A certificate of ten minutes for the identity in a token, with its timestamp of the CT log in it."""
        server, now = "https://github.com", datetime.now(timezone.utc)
        identity = f"{server}/{claims['workflow_ref']}"
        facts = {
            8: claims["iss"], 9: identity, 12: f"{server}/{claims['repository']}", 14: claims["ref"], 18: identity,
        }  # fmt: skip
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        issuer = self.authority.public_key()
        builder = (
            x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(self.root.subject).public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1)).not_valid_after(now + timedelta(minutes=10))
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), critical=True)
        )  # fmt: skip
        for number, text in facts.items():
            oid = x509.ObjectIdentifier(f"{FULCIO}.{number}")
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, der_text(text)), critical=False)
        before = builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes
        stamp = x509.UnrecognizedExtension(SCT_LIST, der_octets(self._timestamp(before)))
        return builder.add_extension(stamp, critical=False).sign(self.authority, hashes.SHA256())

    def _timestamp(self, tbs: bytes) -> bytes:
        """The list with one signed certificate timestamp of a precertificate (RFC 6962, 3.2 and 3.3)."""
        moment = struct.pack("!Q", int(time.time() * 1000))
        entry = hashlib.sha256(spki(self.authority)).digest() + struct.pack("!I", len(tbs))[1:] + tbs
        data = b"\0\0" + moment + b"\0\1" + entry + b"\0\0"
        signature = self.ct.sign(data, ec.ECDSA(hashes.SHA256()))
        log_id = hashlib.sha256(spki(self.ct)).digest()
        stamp = b"\0" + log_id + moment + b"\0\0" + b"\4\3" + struct.pack("!H", len(signature)) + signature
        return struct.pack("!HH", len(stamp) + 2, len(stamp)) + stamp

    def sign(self, request: dict[str, Any], token: str) -> dict[str, Any]:
        """POST /api/v2/signingCert."""
        claims = jwt.decode(token, "s" * 32, algorithms=["HS256"], audience="sigstore")
        public_key = x509.load_pem_x509_csr(base64.b64decode(request["certificateSigningRequest"])).public_key()
        made = (self.certificate(public_key, claims), self.root)
        pem = [certificate.public_bytes(Encoding.PEM).decode() for certificate in made]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": pem}}}

    # --- Rekor ------------------------------------------------------------------------------------------------

    def append(self, entry: dict[str, Any]) -> dict[str, Any]:
        """POST /api/v1/log/entries: the only entry of a log."""
        proposed = entry["spec"]["proposedContent"]
        envelope = json.loads(proposed["envelope"])

        def digest(content: bytes) -> dict[str, str]:
            return {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}

        signatures = [
            {"signature": item["sig"], "verifier": proposed["verifiers"][0]} for item in envelope["signatures"]
        ]
        spec = {
            "envelopeHash": digest(proposed["envelope"].encode()),
            "payloadHash": digest(base64.b64decode(envelope["payload"])), "signatures": signatures,
        }  # fmt: skip
        body = self._canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        root, log_id = hashlib.sha256(b"\0" + body).digest(), hashlib.sha256(spki(self.log)).digest()
        promised = {"body": b64(body), "integratedTime": int(time.time()), "logID": log_id.hex(), "logIndex": 0}
        note = f"tests - 1\n1\n{b64(root)}\n"
        signed = b64(log_id[:4] + self._signed(note.encode()))
        proof = {
            "checkpoint": f"{note}\n\u2014 tests {signed}\n", "hashes": [], "logIndex": 0, "rootHash": root.hex(),
            "treeSize": 1,
        }  # fmt: skip
        stamp = b64(self._signed(self._canonical(promised)))
        return {"0" * 64: promised | {"verification": {"inclusionProof": proof, "signedEntryTimestamp": stamp}}}

    def _signed(self, content: bytes) -> bytes:
        return self.log.sign(content, ec.ECDSA(hashes.SHA256()))

    @staticmethod
    def _canonical(document: Any) -> bytes:
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@contextmanager
def running() -> Iterator[Sigstore]:
    """The services, on a port of their own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers["Authorization"] == f"Bearer {REQUEST_TOKEN}" and not sigstore.down
            audience = self.path.rpartition("&audience=")[2]
            self._answer({"value": sigstore.token(audience)} if allowed else {}, 200 if allowed else 401)

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if sigstore.down:
                self._answer({"message": "down"}, 503)
            elif self.path == "/api/v2/signingCert":
                self._answer(sigstore.sign(request, self.headers["Authorization"].removeprefix("Bearer ")), 201)
            else:
                self._answer(sigstore.append(request), 201)

        def _answer(self, document: Any, status: int) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sigstore = Sigstore(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield sigstore
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
