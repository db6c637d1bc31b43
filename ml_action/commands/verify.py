"""`verify`: whether a model folder is what a trusted loop signed. No model is loaded; nothing leaves this machine."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_action.commands.base import Invocation, json_option, own_options
from ml_action.config import signing_key
from ml_action.config.file import read_config
from ml_action.config.settings import CONFIG_FILE, METADATA
from ml_action.core import model_metadata
from ml_action.core.codec import encode
from ml_action.core.errors import ModelError, SettingsError
from ml_action.core.log import Log
from ml_action.core.records.model import Version
from ml_action.git import registry
from ml_action.provenance import envelope, statement
from ml_action.provenance.keys import PublicKey
from ml_action.provenance.last_accepted import LastAccepted
from ml_action.provenance.policy import Policy, by_sigstore, require_files, unsigned
from ml_action.provenance.statement import Statement
from ml_action.provenance.unverified import Unverified, Verdict, edited, malformed
from ml_action.reports.render import json

MAX_METADATA = 64 * 1024 * 1024  # bytes
CHUNK = 1024 * 1024  # bytes


@dataclass(frozen=True)
class ModelFolder:
    """A model directory, and the policy that its model has to meet."""

    path: Path
    policy: Policy
    key_from: str  # where the public key was found
    accepted: LastAccepted


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the folder and the policy."""
    parser.add_argument(
        "path", nargs="?", default=".", help="a model folder, or a checkout with one (default: this folder)"
    )
    parser.add_argument(
        "--public-key",
        default="",
        metavar="KEY",
        help=f"the file with the public key, or its text (default: signing-public-key in {CONFIG_FILE})",
    )
    parser.add_argument("--sigstore", action="store_true", help="a workflow signed by Sigstore, not by a key")
    parser.add_argument(
        "--trust-config", default="", metavar="FILE", help="trust this Sigstore instance, not the public one"
    )
    parser.add_argument("--repository", default="", metavar="OWNER/NAME", help="the repository that it has to be from")
    parser.add_argument("--ref", default="", metavar="BRANCH", help="the branch that the run has to be for")
    parser.add_argument("--workflow", default="", metavar="FILE", help="the path of the workflow that has to have run")
    parser.add_argument("--name", default="", help="the model that it has to be, by the setting name of its loop")
    parser.add_argument(
        "--state", default="", metavar="FILE", help="remember the newest promotion there, and refuse an older one"
    )
    json_option(parser)


def run(call: Invocation) -> int:
    """Prints the verdict. Returns 0 for a verified promotion, and the exit code of a ModelError for any other."""
    options = own_options(call)
    folder = _folder(options)
    try:
        found = verify(folder)
    except Unverified as error:
        _show_refusal(error, folder, call.log, as_json=options.json)
        return ModelError.exit_code
    promotion = found.promotion
    origin = promotion.origin
    made_by = (
        f"{origin.repository}, {origin.workflow} at {origin.ref}, run {origin.run}" if origin.repository else "a run"
    )
    line = f"{promotion.version}, signed by {_signer(folder.policy)} of {made_by}; counter {promotion.counter}"
    if options.json:
        sys.stdout.write(json.render(_data(Verdict.VERIFIED, line, folder) | {"statement": encode(found)}))
    else:
        call.log.info(f"{Verdict.VERIFIED}: {line}")
    return 0


def verify(folder: ModelFolder) -> Statement:
    """Returns the statement about the folder's current version.

    Raises:
        Unverified: it has none, or the files are not those that were signed.
        SettingsError: there are no metadata.
    """
    metadata = _metadata(folder.path)
    content = _read(folder.path / statement.FILE, envelope.MAX_BYTES)
    if content is None:
        raise unsigned()
    found = folder.policy.statement_in(content)
    version = _current(metadata)
    require_files(found, metadata, version)
    _require_model(folder.path, version)
    folder.accepted.accept(found)
    return found


def _signer(policy: Policy) -> str:
    return policy.key.id[:19] if isinstance(policy.key, PublicKey) else "Sigstore"


def _metadata(path: Path) -> bytes:
    content = _read(path / METADATA, MAX_METADATA)
    if content is None:
        raise SettingsError(
            f"there is no {METADATA} in {str(path)!r}",
            why="the folder is not the model directory, or the first promotion is not merged",
            fix="name the folder with the model",
        )
    return content


def _current(metadata: bytes) -> Version:
    try:
        version = model_metadata.parse(metadata, METADATA).champion
        if version is not None:
            registry.check_inside(version, METADATA)
            return version
    except ModelError as error:
        raise malformed(error.what) from error
    raise malformed("the metadata name no version")


def _require_model(path: Path, version: Version) -> None:
    """Compares the model file with its record, in chunks: it is neither loaded nor kept in memory."""
    digest = hashlib.sha256()
    try:
        with (path / version.file).open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise edited(f"the model file {version.file} cannot be read: {error.strerror}") from error
    if digest.hexdigest() != version.sha256:
        raise edited(f"the model file {version.file} is not the one that was signed")


def _read(path: Path, most: int) -> bytes | None:
    """Returns at most one byte more than `most`, or None for a missing file."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(
            f"{str(path)!r} cannot be read: {error.strerror}", fix="name a folder that you may read"
        ) from error


def _folder(options: argparse.Namespace) -> ModelFolder:
    top = Path(options.path)
    config = read_config(top)
    inside = top / str(config.get("model-dir", "model"))
    path = top if (top / METADATA).exists() or not (inside / METADATA).exists() else inside
    accepted = LastAccepted(Path(options.state) if options.state else None)
    if options.sigstore:
        return ModelFolder(path, _by_sigstore(options), "sigstore", accepted)
    key, key_from = _public_key(options.public_key, config)
    return ModelFolder(
        path, Policy(key, options.repository, options.ref, options.workflow, options.name), key_from, accepted
    )


def _by_sigstore(options: argparse.Namespace) -> Policy:
    try:
        return by_sigstore(options.repository, options.ref, options.workflow, options.trust_config, options.name)
    except ValueError as error:
        raise SettingsError(str(error), fix="add --repository and --ref") from error


def _public_key(given: str, config: Mapping[str, object]) -> tuple[PublicKey, str]:
    """Returns the public key, and where it was found."""
    text, source = given, "--public-key"
    if given and "\n" not in given and Path(given).is_file():
        text = (_read(Path(given), 10_000) or b"").decode("ascii", "replace")
    elif not given:
        text, source = str(config.get("signing-public-key", "")), CONFIG_FILE
    if not text.strip():
        raise SettingsError(
            "no public key is given",
            why=f"{CONFIG_FILE} of this folder has no signing-public-key",
            fix="name the file with the key: --public-key signing-key.pub (docs/signing.md)",
        )
    try:
        return PublicKey(signing_key.public_key(text)), source
    except ValueError as error:
        raise SettingsError(f"{source}: {error}", fix="give the public half of the loop's signing-key") from error


def _data(verdict: Verdict, reason: str, folder: ModelFolder) -> dict[str, object]:
    return {"verdict": verdict.value, "reason": reason, "key": folder.policy.key.id, "key_from": folder.key_from}


def _show_refusal(error: Unverified, folder: ModelFolder, log: Log, *, as_json: bool) -> None:
    if as_json:
        advice = {"why": error.why, "fix": error.fix}
        sys.stdout.write(json.render(_data(error.verdict, error.what, folder) | advice))
    else:
        log.info(f"{error.verdict}: {error}")
