"""The settings file of a repository: ml-auto-update.toml."""

from __future__ import annotations

from pathlib import Path

from ml_action.config.settings import CONFIG_FILE
from ml_action.core.errors import SettingsError


def read_config(top: Path) -> dict[str, object]:
    """The keys of ml-auto-update.toml; none where there is no file.

    Raises:
        SettingsError: it is not TOML.
    """
    path = top / CONFIG_FILE
    if not path.is_file() or path.is_symlink():
        return {}
    return parse_config(path.read_text(encoding="utf-8", errors="replace"))


def parse_config(text: str) -> dict[str, object]:
    """The same, from the file's text."""
    try:
        import tomllib  # late: the file is optional, and Python 3.10 has no tomllib
    except ImportError:
        raise SettingsError(
            f"{CONFIG_FILE} needs Python 3.11",
            why="this runner's python3 is older",
            fix="add actions/setup-python before this step, or pass the settings as inputs",
        ) from None
    try:
        parsed: dict[str, object] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError; numbers of thousands of digits; deep nesting
        raise SettingsError(
            f"{CONFIG_FILE} is not TOML: {error}",
            why="a typing error",
            fix="correct the line; text values stand in double quotes",
            path=CONFIG_FILE,
        ) from error
    return parsed
