"""Text to value, for every kind of setting: a ValueError says why it is none, in words that end a sentence."""

from __future__ import annotations

import csv
import json
import posixpath
import re
from collections.abc import Iterable, Mapping

from ml_action.core.records.policy import Guardrail

LEAST_SECRET = 32  # characters


def text(value: str) -> str:
    """One line."""
    if any(character in value for character in "\r\n\0"):
        raise ValueError("it has to be one line")
    return value


def name(value: str) -> str:
    """A model's name, which becomes part of branch names."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", value):
        raise ValueError("use lower-case letters, digits and hyphens, 63 at most: it becomes part of branch names")
    return value


def version(value: str) -> str:
    """A version's name; empty: none."""
    if value and not re.fullmatch(r"v[0-9]{1,9}", value):
        raise ValueError("versions are called v1, v2, ...")
    return value


def positive(value: str) -> int:
    """A whole number from 1."""
    number = integer(value)
    if number < 1:
        raise ValueError("it has to be 1 or more")
    return number


def integer(value: str) -> int:
    """A whole number."""
    try:
        return int(value)
    except ValueError:
        raise ValueError("it has to be a whole number") from None


def count(value: str) -> int:
    """A whole number from 0."""
    number = integer(value)
    if number < 0:
        raise ValueError("it has to be 0 or more")
    return number


def duration(value: str) -> int:
    """Seconds, from 0 or from a whole number with its unit."""
    found = re.fullmatch(r"([0-9]{1,5})([mhd])", value)
    if not found and value != "0":
        raise ValueError("it has to be 0, or a number with its unit: 30m, 6h or 1d")
    return int(found[1]) * {"m": 60, "h": 3600, "d": 86_400}[found[2]] if found else 0


def flag(value: str) -> bool:
    """true or false."""
    if value not in ("true", "false"):
        raise ValueError("it has to be true or false")
    return value == "true"


def proportion(value: str) -> float:
    """A share from 0 to 1, both included."""
    return 1.0 if value.strip() in ("1", "1.0") else share(value)


def seed(value: str) -> int:
    """A seed that numpy and scikit-learn take."""
    number = integer(value)
    if not 0 <= number < 2**32:
        raise ValueError("it has to be from 0 to 4294967295: scikit-learn takes no other")
    return number


def secret(value: str) -> str:
    """A text that no program guesses, or none: a fingerprint of it is public."""
    if value and len(value) < LEAST_SECRET:
        raise ValueError(f"it has to be at least {LEAST_SECRET} characters, such as from: openssl rand -hex 32")
    return value


def fingerprint(value: str) -> str:
    """16 hexadecimal digits, or none."""
    if value and not re.fullmatch(r"[0-9a-f]{16}", value):
        raise ValueError("it has to be the 16 hexadecimal digits that the message names")
    return value


def share(value: str) -> float:
    """A share from 0 to less than 1."""
    try:
        number = float(value)
    except ValueError:
        raise ValueError("it has to be a number between 0 and 1") from None
    if not 0 <= number < 1:
        raise ValueError("it has to be at least 0 and less than 1")
    return number


def confidence(value: str) -> float:
    """A confidence from one half to less than 1."""
    number = share(value)
    if number < 0.5:
        raise ValueError("it has to be at least 0.5: below that the gate promotes noise")
    return number


def path(value: str) -> str:
    """A folder inside the repository, in POSIX spelling."""
    folder = posixpath.normpath(text(value))
    if posixpath.isabs(folder) or folder == ".." or folder.startswith("../"):
        raise ValueError("it has to be a path inside the repository, relative to its root")
    return folder


def model_dir(value: str) -> str:
    """A folder of its own inside the repository."""
    folder = path(value)
    parts = folder.lower().split("/")
    if folder == "." or ".git" in parts or parts[0] == ".github":
        raise ValueError("it has to be a folder of its own, outside .git and .github")
    return folder


def branch(value: str) -> str:
    """A branch name."""
    # git-check-ref-format(1), the part a person gets wrong
    if re.search(r"[\s\x00-\x1f\x7f~^:?*\[\\]|\.\.|@\{|^[-/]|/$|\.lock$|//", value):
        raise ValueError("it is not a branch name")
    return value


def names(value: str) -> tuple[str, ...]:
    """Names separated by commas or newlines. A name that contains a comma is in double quotes, as in a CSV header."""
    if not set(value) & set('",\n\r'):
        return (value.strip(),) if value.strip() else ()
    try:
        rows = list(csv.reader(value.splitlines(), skipinitialspace=True))
    except csv.Error as error:
        raise ValueError(f"it has to be a list of names separated by commas ({error})") from None
    return tuple(name for name in (cell.strip() for row in rows for cell in row) if name)


def types(value: str) -> tuple[str, ...]:
    """Import paths of types, separated by commas or newlines."""
    found = names(value)
    for name in found:
        if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", name):
            raise ValueError(f"{name!r} is no import path of a type, such as sklearn.tree._tree.Tree")
    return found


def format_names(names: Iterable[str]) -> str:
    """Names as one text, which `names` reads again. A single name is unchanged."""
    several = tuple(names)
    if len(several) == 1:
        return several[0]
    return ",".join('"' + name.replace('"', '""') + '"' if set(name) & set('",') else name for name in several)


def guardrails(value: str) -> tuple[Guardrail, ...]:
    """A JSON object of metrics and margins."""
    found = mapping(value)
    for key, margin in found.items():
        if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 <= margin < 1:
            raise ValueError(f"{key!r} has to have a margin of at least 0 and less than 1")
    return tuple(Guardrail(key, float(margin)) for key, margin in found.items() if isinstance(margin, int | float))


def mapping(value: str) -> Mapping[str, object]:
    """A JSON object."""
    try:
        loaded = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'it has to be a JSON object such as {{"alpha": 0.5}} ({error})') from None
    if not isinstance(loaded, dict):
        raise ValueError('it has to be a JSON object such as {"alpha": 0.5}')
    return loaded
