"""Which files of a repository are datasets: folders and patterns, as the setting `data-path` names them. Pure.

A pattern knows `*` and `?` (not across folders), `**` between slashes (any number of folders) and nothing else. Its
root is the folder that it surely lies in: that folder's tree is what is remembered, the pattern is applied to the
names in it. A pattern that ends in a plain name of no dataset, such as `data/*/new`, means the folders of that name.
A pattern without a folder, such as `sales*.csv`, means files in the repository's root, and none below it.
"""

from __future__ import annotations

import json
import re
from functools import cached_property

from ml_action.config import parsers
from ml_action.core import file_formats
from ml_action.core.dataclass import dataclass, field, replace


@dataclass(frozen=True)
class DataPath:
    """Folders and patterns, in POSIX spelling, relative to the repository's root."""

    patterns: tuple[str, ...]
    suffixes: tuple[str, ...] = field(default_factory=file_formats.suffixes)  # of the formats that count

    @classmethod
    def parse(cls, text: str) -> DataPath:
        """From names separated by commas. Raises ValueError for a path that leaves the repository."""
        patterns = tuple(dict.fromkeys(parsers.path(name) for name in parsers.names(text)))
        if not patterns:
            raise ValueError("name at least one folder")
        return cls(patterns)

    def __str__(self) -> str:
        return ", ".join(self.patterns)

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The folders that hold every dataset; none lies inside another."""
        found = sorted({_root(pattern) for pattern in self.patterns})
        return tuple(
            root
            for root in found
            if not any(root != other and (_holds_all(other, self) or root.startswith(f"{other}/")) for other in found)
        )

    @cached_property
    def only_files_of_root(self) -> bool:
        """Whether the root of the repository is one of the roots, for the files in it alone."""
        at_root = [pattern for pattern in self.patterns if _root(pattern) == "."]
        return bool(at_root) and all(_is_pattern(pattern) and "/" not in pattern for pattern in at_root)

    @cached_property
    def folder(self) -> str:
        """The one folder that it is, or empty: patterns, or several folders."""
        return self.patterns[0] if len(self.patterns) == 1 and not _is_pattern(self.patterns[0]) else ""

    def matches(self, path: str) -> bool:
        """Whether the path (from the repository's root) is a dataset's by its name."""
        return path.lower().endswith(self.suffixes) and bool(self._regex.fullmatch(path))

    # --- the tree that represents it: the one folder's own, else one that mirrors the repository -----------

    @cached_property
    def takes_folders(self) -> bool:
        """Whether every file in its tree is a dataset that has the name of one: there is no pattern."""
        return not any(map(_is_pattern, self.patterns))

    def matches_entry(self, name: str) -> bool:
        """Whether an entry of its tree is a dataset's by its name."""
        if self.takes_folders:
            return name.lower().endswith(self.suffixes)
        return self.matches(name)

    def path_of(self, name: str) -> str:
        """The path in the repository of an entry of its tree."""
        return f"{self.folder}/{name}" if self.folder else name

    def covers(self, other: DataPath) -> bool:
        """Whether no file in its tree that this one passed over can be a dataset of the other."""
        if self.takes_folders:
            return set(other.suffixes) <= set(self.suffixes)
        return self == other

    def restricted_to(self, suffixes: tuple[str, ...]) -> DataPath:
        """Returns the same folders and patterns, for files with these suffixes."""
        return replace(self, suffixes=suffixes)

    # --- as the state branch remembers it ------------------------------------------------------------------

    def to_record(self) -> bytes:
        """As JSON; empty if the tree alone is enough to remember."""
        if self.takes_folders and self.suffixes == file_formats.suffixes():
            return b""
        return (json.dumps({"kinds": self.suffixes, "patterns": self.patterns}) + "\n").encode()

    @classmethod
    def from_record(cls, content: bytes) -> DataPath:
        """Raises ValueError for what is no such record."""
        record = json.loads(content)
        if not isinstance(record, dict):
            raise ValueError("it is no object")
        lists = [record.get("patterns"), record.get("kinds")]
        found = [
            tuple(one) for one in lists if isinstance(one, list) and one and all(isinstance(text, str) for text in one)
        ]
        if len(found) < len(lists):
            raise ValueError("patterns and kinds have to be lists of texts")
        return cls(*found)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_translate, self.patterns)), re.DOTALL)


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _holds_all(root: str, selection: DataPath) -> bool:
    return root == "." and not selection.only_files_of_root


def tree_name(commit: str, root: str) -> str:
    """Returns how git names the tree of a root in a commit."""
    return f"{commit}:{'' if root == '.' else root}"


def _root(pattern: str) -> str:
    """The folders before the first one that is a pattern."""
    if not _is_pattern(pattern):
        return pattern
    parts = pattern.split("/")[:-1]
    sure = next((index for index, part in enumerate(parts) if _is_pattern(part)), len(parts))
    return "/".join(parts[:sure]) or "."


def _translate(pattern: str) -> str:
    """The pattern as a regular expression; a folder holds everything below it."""
    if pattern == ".":
        return ".*"
    *folders, last = re.sub(r"(^|/)\*{2,}(?=/|$)", r"\1**", pattern).split("/")
    head = "".join("(?:[^/]+/)*" if part == "**" else _part(part) + "/" for part in folders)
    if last == "**":
        return head + ".+"
    is_folder = not _is_pattern(last) and not (_is_pattern(pattern) and last.lower().endswith(file_formats.suffixes()))
    return head + _part(last) + ("/.+" if is_folder else "")


def _part(part: str) -> str:
    """One folder or file name; stars that are not a part by themselves are plain ones."""
    words = {"*": "[^/]*", "?": "[^/]"}
    return "".join(words.get(word, re.escape(word)) for word in re.split(r"([*?])", re.sub(r"\*+", "*", part)))
