"""The service's settings: environment variables, read once. All errors are reported together."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from ml_action.config import signing_key

PREFIX = "SERVICE_"


def _whole(text: str) -> int:
    """a whole number from 1"""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _port(text: str) -> int:
    """a port from 1 to 65535"""
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError(text)
    return number


def _repository(text: str) -> str:
    """owner/name"""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        raise ValueError(text)
    return text


def _address(text: str) -> str:
    """an address that begins with https:// or http://"""
    if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", text):
        raise ValueError(text)
    return text


def _public_key(text: str) -> str:
    """a public Ed25519 key, as PEM or as the one line in it"""
    if not signing_key.public_key(text):
        raise ValueError(text)
    return text


def _names(text: str) -> tuple[str, ...]:
    """names separated by commas"""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _hosts(text: str) -> tuple[str, ...]:
    """names without a port, separated by commas"""
    names = _names(text.lower())
    if not all(re.fullmatch(r"[a-z0-9._-]+", name) for name in names):
        raise ValueError(text)
    return names


def _seconds(text: str) -> float:
    """a number of seconds"""
    number = float(text)
    if not 0 < number < 1e6:
        raise ValueError(text)
    return number


def _one_of(*names: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(text)
        return text

    parse.__doc__ = f"one of {', '.join(names)}"
    return parse


@dataclass(frozen=True)
class _Setting:
    """How one setting is read. The docstring of `parse` says which values it accepts."""

    parse: Callable[[str], Any]
    meaning: str
    secret: bool


def _setting(default: Any, parse: Callable[[str], Any], meaning: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"setting": _Setting(parse, meaning, secret)})


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings. A secret may be in a file: SERVICE_TOKEN_FILE=/run/secrets/token."""

    model_dir: str = _setting("model", str, "The folder of the model: on this machine, or in the repository.")
    repository: str = _setting(
        "", _repository, "owner/name on GitHub to take models from; empty: from the folder on this machine."
    )
    branch: str = _setting("", str, "The branch of the repository; empty: the default branch.")
    token: str = _setting("", str, "For GitHub: contents:read, and contents:write for feedback.", secret=True)
    api: str = _setting(
        "https://api.github.com", _address, "GitHub's API; on an Enterprise server https://HOST/api/v3."
    )
    every: float = _setting(60.0, _seconds, "Seconds between two checks for a new model.")
    largest_model: int = _setting(1024**3, _whole, "The largest model file that is loaded, in bytes.")
    trusted_types: tuple[str, ...] = _setting(
        (), _names, "Types that a skops file may contain in addition to the usual ones, separated by commas."
    )
    verify: str = _setting(
        "off", _one_of("off", "warn", "require"), "Whether a promotion has to be signed (docs/signing.md)."
    )
    verify_key: str = _setting("", _public_key, "The public key that it has to be signed with.", secret=True)
    verify_repository: str = _setting("", _repository, "owner/name that it has to be from; empty: any.")
    verify_ref: str = _setting("", str, "The branch that its run has to be for; empty: any.")
    verify_workflow: str = _setting("", str, "The path of the workflow that has to have made it; empty: any.")
    verify_name: str = _setting("", str, "The model that it has to be, by its loop's name; empty: the first decides.")
    verify_state: str = _setting(
        "", str, "The file that remembers the newest promotion; empty: an older one is accepted after a restart."
    )
    predict_token: str = _setting(
        "", str, "The token that clients send for all but /healthz and /readyz; empty: anyone may ask.", secret=True
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (), _hosts, "The names under which clients may ask, separated by commas; addresses and localhost always may."
    )
    ranges: str = _setting("wide", _one_of("wide", "training", "off"), "Which values are accepted (docs/service.md).")
    max_body: int = _setting(1024**2, _whole, "The largest request body, in bytes.")
    max_rows: int = _setting(10_000, _whole, "The most rows of one request.")
    feedback: str = _setting("off", _one_of("off", "folder", "github"), "Where labelled rows go.")
    feedback_path: str = _setting(
        "data/new_data", str, "The folder for feedback, on this machine or in the repository."
    )
    feedback_token: str = _setting("", str, "The token that clients send with feedback.", secret=True)
    feedback_access: str = _setting(
        "token", _one_of("token", "open"), "Who may send feedback: who has the token, or everybody (`open`)."
    )
    feedback_rate: int = _setting(600, _whole, "The most rows of feedback that one client may send in a minute.")
    feedback_rows: int = _setting(20, _whole, "The number of rows that make a dataset.")
    feedback_seconds: float = _setting(300.0, _seconds, "Seconds after which fewer rows make a dataset.")
    feedback_pending: int = _setting(10_000, _whole, "The most rows that wait to be written; more are refused.")
    workers: int = _setting(1, _whole, "The number of processes that load the model and answer.")
    host: str = _setting("127.0.0.1", str, "The address to listen on.")
    port: int = _setting(8000, _port, "The port to listen on.")
    token_file: str = ""  # where the token was read; empty: it was given itself

    @classmethod
    def from_env(cls, env: Mapping[str, str], *, of_worker: bool = False) -> Config:
        """Returns the settings. `of_worker`: without the token, which a worker does not have.

        Raises:
            ValueError: settings are wrong; the message has a line for each.
        """
        readings = [_read(env, spec) for spec in _settings()]
        errors = [reading.error for reading in readings if reading.error]
        errors += _unknown(env, (_variable(spec) for spec in _settings()))
        values = {name: value for reading in readings for name, value in reading.values.items()}
        config = cls(**values, token_file=env.get(f"{PREFIX}TOKEN_FILE", ""))
        if config.verify != "off" and not config.verify_key:
            errors.append(f"{PREFIX}VERIFY: {config.verify} needs {PREFIX}VERIFY_KEY")
        errors += config._feedback_errors(has_token=of_worker or bool(config.token))
        if errors:
            raise ValueError("\n".join(errors))
        return config

    def current_token(self) -> str:
        """Returns the token for GitHub as it is now: an App's lives for an hour, and its file is replaced."""
        if not self.token_file:
            return self.token
        with contextlib.suppress(OSError):
            return Path(self.token_file).read_text(encoding="utf-8", errors="replace").strip() or self.token
        return self.token  # while the file is being replaced

    def _feedback_errors(self, *, has_token: bool) -> list[str]:
        errors = []
        if self.feedback == "github" and not (self.repository and has_token):
            errors.append(f"{PREFIX}FEEDBACK: github needs {PREFIX}REPOSITORY and {PREFIX}TOKEN")
        if self.feedback != "off" and self.feedback_access == "token" and not self.feedback_token:
            errors.append(
                f"{PREFIX}FEEDBACK: every sender of feedback teaches the next model, so set {PREFIX}FEEDBACK_TOKEN, "
                f"or {PREFIX}FEEDBACK_ACCESS=open to take rows from everybody"
            )
        return errors


def _settings() -> list[Field[Any]]:
    return [spec for spec in fields(Config) if "setting" in spec.metadata]


def _variable(spec: Field[Any]) -> str:
    return PREFIX + spec.name.upper()


def _unknown(env: Mapping[str, str], variables: Iterable[str]) -> list[str]:
    known = {name for variable in variables for name in (variable, f"{variable}_FILE")}
    return [
        f"{name}: there is no such setting" for name in sorted(env) if name.startswith(PREFIX) and name not in known
    ]


@dataclass(frozen=True)
class _Reading:
    """What one variable gave: its value by the field's name, nothing if it is not set, or an error."""

    values: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


def _read(env: Mapping[str, str], spec: Field[Any]) -> _Reading:
    name, setting = _variable(spec), spec.metadata["setting"]
    try:
        text = _text(env, name, secret=setting.secret)
        return _Reading({} if text is None else {spec.name: setting.parse(text)})
    except (ValueError, OSError) as error:
        return _Reading(error=f"{name}: {_reason(setting, error)}")


def _text(env: Mapping[str, str], name: str, *, secret: bool) -> str | None:
    """Returns the variable, or for a secret the content of the file that NAME_FILE names."""
    if secret and env.get(f"{name}_FILE"):
        text = Path(env[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
        if not text:  # otherwise the token would not be required, and it would go unnoticed
            raise OSError(errno.ENODATA, "it is empty")
        return text
    return env.get(name) or None


def _reason(setting: _Setting, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"its file cannot be used: {error.strerror}"
    kind = setting.parse.__doc__ or "text"
    return f"it has to be {kind}" + ("" if setting.secret else f", not {_given(error)!r}")


def _given(error: Exception) -> str:
    """Returns the text that was set: int() and float() quote it at the end of their messages."""
    text = str(error)
    _, is_quoted, given = text.partition(": '")
    return (given.removesuffix("'") if is_quoted else text)[-60:]


def table() -> str:
    """Returns the settings as a Markdown table, for docs/service.md."""
    rows = [
        f"| `{_variable(spec)}` | {_default(spec)} | {spec.metadata['setting'].meaning} |\n" for spec in _settings()
    ]
    return "".join(["| variable | default | meaning |\n", "|---|---|---|\n", *rows])


def _default(spec: Field[Any]) -> str:
    if spec.default in ("", (), MISSING):
        return ""
    return f"`{spec.default:g}`" if isinstance(spec.default, float) else f"`{spec.default}`"
