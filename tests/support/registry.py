"""A container registry on loopback that serves one small image: what `docker pull` needs of the distribution API."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _layer() -> bytes:
    """Returns a layer, uncompressed, with one empty file."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    return content.getvalue()


class Image:
    """A manifest and the blobs that it names."""

    def __init__(self) -> None:
        layer = _layer()
        packed = gzip.compress(layer, mtime=0)
        config = {"architecture": "amd64", "os": "linux", "config": {}}
        made = json.dumps(config | {"rootfs": {"type": "layers", "diff_ids": [_digest(layer)]}}).encode()
        self.blobs = {_digest(blob): blob for blob in (packed, made)}
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": self._reference("application/vnd.docker.container.image.v1+json", made),
                "layers": [self._reference("application/vnd.docker.image.rootfs.diff.tar.gzip", packed)],
            }
        ).encode()
        self.digest = _digest(self.manifest)

    @staticmethod
    def _reference(kind: str, blob: bytes) -> dict[str, object]:
        return {"mediaType": kind, "size": len(blob), "digest": _digest(blob)}


@contextmanager
def serve(image: Image) -> Iterator[str]:
    """Yields the address `127.0.0.1:PORT` of a registry whose every repository and tag is this image."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            *_, kind, name = self.path.split("/")
            if kind == "blobs" and name in image.blobs:
                self._answer("application/octet-stream", image.blobs[name])
            elif kind == "manifests":
                self._answer(MANIFEST, image.manifest)
            else:
                self._answer("application/json", b"{}")

        do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

        def _answer(self, kind: str, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", _digest(content))
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keeps the output of the tests clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
