"""The model directory on the base branch: what is in production and what was (design section 2).

A model file is trusted only if its digest is the one that model_metadata.json records.
"""

from __future__ import annotations

from ml_action.config.settings import METADATA
from ml_action.core.errors import ModelError
from ml_action.core.model_metadata import parse
from ml_action.core.records.model import History, Version
from ml_action.git import lfs
from ml_action.git.command import Git

__all__ = ["METADATA", "artifact", "check_inside", "read", "read_bytes"]


def read(git: Git, commit: str, model_dir: str) -> History | None:
    """The history on that commit, or None when there is no metadata yet.

    Raises:
        ModelError: the metadata is damaged or of another tool.
    """
    content = read_bytes(git, commit, model_dir)
    return None if content is None else parse(content, f"{model_dir}/{METADATA}")


def read_bytes(git: Git, commit: str, model_dir: str) -> bytes | None:
    """The unchanged bytes of model_metadata.json, or None if it does not exist yet."""
    return git.read(f"{commit}:{model_dir}/{METADATA}") if commit else None


def check_inside(version: Version, path: str) -> None:
    """Raises ModelError when the metadata name a file that is not one of the model directory."""
    if "/" in version.file or "\\" in version.file or version.file.startswith(".") or "\0" in version.file:
        raise ModelError(
            f"the metadata names a model file outside its folder: {version.file!r}",
            why="someone edited it by hand",
            fix="restore model_metadata.json",
            path=path,
        )


def artifact(git: Git, commit: str, model_dir: str, version: Version) -> bytes:
    """The bytes of a version's model file, unverified: the caller compares the digest before it unpickles them.

    Raises:
        ModelError: the file is not there, or is a Git LFS pointer.
    """
    path = f"{model_dir}/{version.file}"
    check_inside(version, path)
    content = git.read(f"{commit}:{path}")
    if content is None:
        raise ModelError(
            f"the file of {version.version}: {path} is not on the base branch",
            why="it was deleted or never added",
            fix="restore it, or go back to a version whose file is there",
            path=path,
        )
    if lfs.is_pointer(content):
        raise ModelError(
            f"{path} is a Git LFS pointer, not a model",
            why="the folder is tracked by Git LFS",
            fix="take model files out of .gitattributes: the loop reads them from git itself",
            path=path,
        )
    return content
