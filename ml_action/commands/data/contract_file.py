"""Learned requirements in ml-auto-update.toml: tables are added, and every present line stays."""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from ml_action.config.column_rules import ColumnRule
from ml_action.config.settings import CONFIG_FILE, Settings
from ml_action.core.errors import SettingsError


def stated_columns(top: Path, settings: Settings) -> frozenset[str]:
    """Returns the columns with a rule of the user, in the file or elsewhere."""
    present = tomlkit.parse(read(top)).unwrap().get("contract", {})
    return frozenset(rule.name for rule in settings.data.contract) | frozenset(
        present if isinstance(present, dict) else ()
    )


def read(top: Path) -> str:
    """Returns the text of the file with its line ends; empty if there is no file.

    Raises:
        SettingsError: The file is a link, or no text, or no TOML.
    """
    path = top / CONFIG_FILE
    if path.is_symlink():
        raise _unusable("is a symbolic link", "it is not read either", "put the file itself there")
    if not path.exists():
        return ""
    try:
        text = path.read_bytes().decode("utf-8")
        tomlkit.parse(text)
    except (ValueError, TOMLKitError) as error:
        raise _unusable(f"cannot be extended: {error}", "a typing error", "correct the line") from error
    return text


def with_tables(text: str, tables: Mapping[str, Mapping[str, object]]) -> str:
    """Returns the text with a table [contract.NAME] for each of these columns, which must not be in it yet."""
    if not tables:
        return text
    document = tomlkit.parse(text)
    present: Any = document.get("contract")
    if isinstance(present, InlineTable):
        for name, values in tables.items():
            present.append(name, _inline(values))
        made = tomlkit.dumps(document)
    else:  # at the end, so that no line of the user has to move
        made = text + ("" if not text or text.endswith("\n") else "\n") + ("\n" if text.strip() else "")
        made += _rendered(tables)
    if 0 < text.count("\r\n") == text.count("\n"):
        made = made.replace("\r\n", "\n").replace("\n", "\r\n")
    _check(text, made, tables)
    return made


def _rendered(tables: Mapping[str, Mapping[str, object]]) -> str:
    document = tomlkit.document()
    document.append("contract", tomlkit.table(is_super_table=True))
    parts: Any = document["contract"]
    for name, values in tables.items():
        table = tomlkit.table()
        table.update(values)
        table.add(tomlkit.nl())
        parts.append(name, table)
    return tomlkit.dumps(document).rstrip("\n") + "\n"


def _inline(values: Mapping[str, object]) -> Any:
    table = tomlkit.inline_table()
    table.update(values)
    return table


def _check(before: str, after: str, tables: Mapping[str, Mapping[str, object]]) -> None:
    """Checks that the new text has the added tables, and everything that was in the old text.

    Raises:
        SettingsError: It has not, so that writing it would damage the file.
    """
    old = tomlkit.parse(before).unwrap()
    try:
        new = tomlkit.parse(after).unwrap()
    except TOMLKitError:
        new = {}
    if not new or new != {**old, "contract": {**old.get("contract", {}), **tables}}:
        raise _unusable(
            "was not changed: its [contract] cannot be extended safely",
            "it is written in a form that this command does not know",
            "add the tables by hand; `ml-auto-update data contract` shows what was learned",
        )
    ColumnRule.parse_all(json.dumps(new["contract"]))


def difference(before: str, after: str) -> str:
    """Returns the change as a patch."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"a/{CONFIG_FILE}", f"b/{CONFIG_FILE}", lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def write(top: Path, text: str) -> None:
    """Replaces the file in one step: at any time it has its old content or its new one."""
    path = top / CONFIG_FILE
    handle, name = tempfile.mkstemp(prefix=f".{CONFIG_FILE}.", dir=top)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  a handle
            file.write(text.encode())
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unusable(what: str, why: str, fix: str) -> SettingsError:
    return SettingsError(f"{CONFIG_FILE} {what}", why=why, fix=fix, path=CONFIG_FILE)
