"""Checks the language of code and pages: words that the project does not use, and names of products.

Usage: python -m scripts.wording [PATH ...]

Reads the tracked text files, or the given ones. A word counts in identifiers, comments, docstrings and messages alike,
also as a part of a name in snake_case or CamelCase. The rules, in words: CONTRIBUTING.md, "Language".
"""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

# What not to write (a regular expression in small letters; a space is any run of blanks, underscores and comment
# marks), and what to write instead.
DIALECT = {
    "told": "reported, message, output, listed",
    "said": "predictions, message, response, output",
    r"tell(?:s|ing)?(?!\(\)|(?: \w+){0,4} (?:apart|from)\b)": "report, show, describe (to tell A from B is fine)",
    "stands": "is, is listed, stays",
    "beside": "next to, with",
    "whoever": "the user, the caller, the author",
    "somebody": "the user, a reviewer, another author",
    "nobody": "no user, no reviewer, no process",
    "strangers?": "an untrusted author, untrusted input, another author",
    "parted": "separated",
    "mend(?:s|ed|ing)?": "fix",
    "at hand": "available, loaded, known",
    "in a word": "as a digest, in one word, in short",
    "of ours": "our",
    "held against": "compared with, checked against",
    "goes on": "continues",
    "there is none": "None, it has none, is missing",
    "anew": "again, rewritten",
    "as ever": "as usual, the same",
    "thrice": "three times",
    "hush(?:ed)?": "quiet",
}
# How products spell their names. Packages and modules keep theirs: they are all in small letters, or imported.
NAMES = {
    r"(?<!\.)Github(?!\(|\n)": "GitHub",  # PyGithub's class of that name is called, imported, or github.Github
    "Gitlab": "GitLab",
    "Javascript": "JavaScript",
    "Pypi": "PyPI",
    "Graphql": "GraphQL",
    "Openapi": "OpenAPI",
    r"Scikit-[Ll]earn|scikit\x20learn|SciKit-Learn": "scikit-learn",
    "Numpy": "NumPy",
    "Fastapi": "FastAPI",
    "Pygithub": "PyGithub",
}
# Public and stored names that contain such a word, by the files that need it: they stay. Each says whose name it is.
ALLOWED: dict[tuple[str, str], str] = {
    ("ml_action/consumer/consumer.py", "told"): "the deprecated parameter of Consumer",
    ("tests/unit/consumer/test_public_api.py", "told"): "the deprecated parameter of Consumer",
}
# Prose that gets its text in a later issue (listed on 29 November 2026), and history. Code is never listed here.
NOT_YET = ("README.md", "SECURITY.md", "benchmarks/**.md", "docs/*.md", "example-repo/**.md")
GENERATED = ("docs/cli.md", "docs/faults.md")  # made from the code, so they are read although they are in docs/
NEVER = (
    "CHANGELOG.md", "LICENSE", "requirements/*", "scripts/wording.py",
    "tests/support/github_contracts/schema.graphql", "example-repo/service/requirements.txt",
)  # fmt: skip
TEXT = {
    "", ".css", ".graphql", ".html", ".js", ".md", ".mjs", ".py", ".sh", ".svg", ".toml", ".txt", ".yaml", ".yml",
}  # fmt: skip


class Find(NamedTuple):
    """One word at one place."""

    path: str
    line: int
    word: str
    better: str

    @property
    def package(self) -> str:
        """The folder that the summary counts it in."""
        return "/".join(self.path.split("/")[:-1][:3]) or "."


def pattern(word: str) -> str:
    """The regular expression of a word or phrase that stands alone or in an identifier."""
    spaced = word.replace(" ", r"[\s_#]+")
    return rf"(?<![A-Za-z])(?:{spaced})(?![A-Za-z])"


WORDS = [(re.compile(pattern(word), re.IGNORECASE), better) for word, better in DIALECT.items()]
SPELLINGS = [(re.compile(pattern(word)), better) for word, better in NAMES.items()]


def find(path: str, text: str) -> Iterator[Find]:
    """Yields the words of a text that the project does not use."""
    for files, name in ALLOWED:
        if fnmatch.fnmatch(path, files):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "", text)
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    for source, rules in ((split, WORDS), (text, SPELLINGS)):
        for regex, better in rules:
            for match in regex.finditer(source):
                yield Find(path, source.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), better)


def wanted(path: str) -> bool:
    """Whether this file is checked."""
    left_out = any(fnmatch.fnmatch(path, each) for each in NEVER)
    later = path not in GENERATED and any(fnmatch.fnmatch(path, each) for each in NOT_YET)
    return Path(path).suffix in TEXT and not left_out and not (later and not path.startswith("docs/adr/"))


def tracked() -> list[str]:
    """The text files that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


def main(arguments: Sequence[str]) -> int:
    """Prints the counts, then each place. Returns 1 if there is any."""
    found: set[Find] = set()
    for path in filter(wanted, arguments or tracked()):
        found.update(find(path, (ROOT / path).read_text(encoding="utf-8", errors="replace")))
    counts = Counter(each.package for each in found).most_common()
    lines = [f"{count:6}  {package}" for package, count in counts]
    lines += [f"{each.path}:{each.line}: {each.word!r} (write: {each.better})" for each in sorted(found)]
    if found:
        lines.append(f'{len(found)} in all. Why, and what is exempt: CONTRIBUTING.md, "Language"')
    sys.stdout.writelines(line + "\n" for line in lines)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
