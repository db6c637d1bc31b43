"""Files and folders as JSON of the contents API."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any
from urllib.parse import quote

from sandbox.git.objects import Entry
from sandbox.repository import Repository

FILE, SYMLINK = "100644", "120000"
SERVED = (FILE, "100755", "040000")
MAX_INLINE = 1024 * 1024  # bytes of a file in the JSON


def serialize_entry(url: str, repository: Repository, entry: Entry, ref: str) -> dict[str, Any]:
    """Returns an item of a folder: a file, a folder or a link."""
    here, page = f"{url}/repos/{repository.full_name}", f"{url}/{repository.full_name}"
    path, place = quote(entry.path), quote(ref, safe="")
    own = f"{here}/contents/{path}?ref={place}"
    folder = entry.kind == "tree"
    git, html = f"{here}/git/{entry.kind}s/{entry.sha}", f"{page}/{entry.kind}/{place}/{path}"
    return {
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size,
        "url": own,
        "html_url": html,
        "git_url": git,
        "download_url": None if folder else f"{page}/raw/{place}/{path}",
        "type": "dir" if folder else "symlink" if entry.mode == SYMLINK else "file",
        "_links": {"self": own, "git": git, "html": html},
    }


def serialize_file(url: str, repository: Repository, entry: Entry, ref: str, content: bytes) -> dict[str, Any]:
    """Returns a file with its bytes, which a large file lacks."""
    item = serialize_entry(url, repository, entry, ref)
    if entry.size > MAX_INLINE:
        return item | {"content": "", "encoding": "none"}
    return item | {"content": re.sub("(.{1,60})", r"\1\n", b64encode(content).decode()), "encoding": "base64"}
