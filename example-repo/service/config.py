"""The service's settings: environment variables, read once. All mistakes are told together."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

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


def _names(text: str) -> tuple[str, ...]:
    """names parted by commas"""
    return tuple(name.strip() for name in text.split(",") if name.strip())


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


def _setting(default: Any, parse: Callable[[str], Any], says: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"parse": parse, "says": says, "secret": secret})


@dataclass(frozen=True, kw_only=True)
class Config:
    """What can be set. A secret may stand in a file: SERVICE_TOKEN_FILE=/run/secrets/token."""

    model_dir: str = _setting("model", str, "The folder of the model: on this machine, or in the repository.")
    repository: str = _setting(
        "", _repository, "owner/name on GitHub to take models from; empty: from the folder here."
    )
    branch: str = _setting("", str, "The branch of the repository; empty: the default branch.")
    token: str = _setting("", str, "For GitHub: contents:read, and contents:write for feedback.", secret=True)
    api: str = _setting(
        "https://api.github.com", _address, "GitHub's API; of an Enterprise server https://HOST/api/v3."
    )
    every: float = _setting(60.0, _seconds, "Seconds between two looks for a new model.")
    largest_model: int = _setting(1024**3, _whole, "Bytes of a model file that are loaded at all.")
    trusted_types: tuple[str, ...] = _setting((), _names, "Types that a skops file may hold beside the usual ones.")
    ranges: str = _setting("wide", _one_of("wide", "training", "off"), "Which values are answered (docs/service.md).")
    max_body: int = _setting(1024**2, _whole, "Bytes of a request's body.")
    max_rows: int = _setting(10_000, _whole, "Rows of one request.")
    feedback: str = _setting("off", _one_of("off", "folder", "github"), "Where labelled rows go.")
    feedback_path: str = _setting("data/new_data", str, "The folder for them, here or in the repository.")
    feedback_token: str = _setting("", str, "Who sends feedback has to know it; empty: everybody may.", secret=True)
    feedback_rows: int = _setting(20, _whole, "Rows that make a dataset.")
    feedback_seconds: float = _setting(300.0, _seconds, "Seconds after which fewer rows make one.")
    feedback_pending: int = _setting(10_000, _whole, "Rows that wait at most; more are refused.")
    host: str = _setting("127.0.0.1", str, "The address to listen on.")
    port: int = _setting(8000, _port, "The port to listen on.")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Config:
        """The settings. Raises ValueError with one line for each that is wrong."""
        values, wrong = {}, []
        for spec in fields(cls):
            name = PREFIX + spec.name.upper()
            try:
                text = _text(env, name, secret=spec.metadata["secret"])
                if text is not None:
                    values[spec.name] = spec.metadata["parse"](text)
            except (ValueError, OSError) as error:
                wrong.append(f"{name}: {_reason(spec.metadata['parse'], error, secret=spec.metadata['secret'])}")
        known = {PREFIX + spec.name.upper() for spec in fields(cls)}
        known |= {f"{name}_FILE" for name in known}
        wrong += [
            f"{name}: there is no such setting" for name in sorted(env) if name.startswith(PREFIX) and name not in known
        ]
        config = cls(**values)
        if config.feedback == "github" and not (config.repository and config.token):
            wrong.append(f"{PREFIX}FEEDBACK: github needs {PREFIX}REPOSITORY and {PREFIX}TOKEN")
        if wrong:
            raise ValueError("\n".join(wrong))
        return config


def _text(env: Mapping[str, str], name: str, *, secret: bool) -> str | None:
    if secret and env.get(f"{name}_FILE"):
        text = Path(env[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
        if not text:  # a secret that was to be asked for is not asked for, and nobody notices
            raise OSError(errno.ENODATA, "it is empty")
        return text
    return env.get(name) or None


def _reason(parse: Callable[[str], Any], error: Exception, *, secret: bool) -> str:
    if isinstance(error, OSError):
        return f"its file cannot be used: {error.strerror}"
    kind = parse.__doc__ or "text"
    return f"it has to be {kind}" + ("" if secret else f", not {_given(error)!r}")


def _given(error: Exception) -> str:
    """What was set: int() and float() quote it at the end of what they say."""
    text = str(error)
    found = re.search(r": '(.*)'$", text)
    return (found[1] if found else text)[-60:]


def table() -> str:
    """The settings as a Markdown table, for docs/service.md."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for spec in fields(Config):
        default = (
            ""
            if spec.default in ("", (), MISSING)
            else f"`{spec.default:g}`"
            if isinstance(spec.default, float)
            else f"`{spec.default}`"
        )
        lines.append(f"| `{PREFIX}{spec.name.upper()}` | {default} | {spec.metadata['says']} |")
    return "\n".join(lines) + "\n"
