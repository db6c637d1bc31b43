"""The words that the project does not use are found wherever they may be written, and nothing else is."""

from __future__ import annotations

import re

import pytest

from scripts import wording

PLAIN = [word for word in wording.DIALECT if re.fullmatch(r"[a-z]+", word)]
PHRASE = next(word for word in wording.DIALECT if re.fullmatch(r"[a-z]+ [a-z]+", word))


def words(text: str, path: str = "ml_action/cli.py") -> list[str]:
    return [each.word for each in wording.find(path, text)]


@pytest.mark.parametrize("word", PLAIN)
def test_a_word_is_found_in_text_and_in_identifiers(word: str) -> None:
    title = word.capitalize()
    for text in (
        f"it is {word}.",
        f"was_{word}",
        f"{word}_again",
        f"{title}Again",
        f"Was{title}",
        f"_{word.upper()} = 1",
    ):
        assert len(words(text)) == 1, text


@pytest.mark.parametrize("word", PLAIN)
def test_a_longer_word_is_another_word(word: str) -> None:
    assert words(f"x{word} {word}x") == []


def test_a_phrase_is_found_across_lines_and_in_identifiers() -> None:
    first, second = PHRASE.split()
    for text in (f"{first} {second}", f"# {first}\n    # {second}", f"{first}_{second} = 1", f"{first}\n{second}"):
        assert len(words(text)) == 1, text


def test_a_place_is_named_by_its_line() -> None:
    (found,) = wording.find("a/b/c.py", f"x\n\n{PLAIN[0]}\n")
    assert (found.line, found.package) == (3, "a/b")


def test_two_things_are_still_to_be_known_from_each_other() -> None:
    verb = next(word for word in wording.DIALECT if "(?!" in word)[:4]
    assert words(f"{verb} one dataset from another; {verb} them apart") == []
    assert words(f"{verb} the user") == [verb]


def test_names_of_products_are_spelled_as_their_owners_do() -> None:
    wrong = ["Git" + "hub", "Java" + "script", "Scikit" + "-learn"]
    assert words(f"{', '.join(wrong)} and more") == wrong
    assert (
        words("GitHub, github, PyGithub, github.Github, Github(base_url=...), JavaScript, scikit-learn, sklearn") == []
    )


def test_a_name_that_stays_is_allowed_in_its_files_only(monkeypatch: pytest.MonkeyPatch) -> None:
    word = PLAIN[0]
    monkeypatch.setattr(wording, "ALLOWED", {("a/*.py", f"{word}_field"): "a stored name"})
    assert words(f"{word}_field", "a/b.py") == []
    assert words(f"{word}_field", "c.py") == [word]
    assert words(word, "a/b.py") == [word]


@pytest.mark.parametrize(
    ("path", "checked"),
    [
        ("ml_action/cli.py", True), ("docs/adr/README.md", True), ("docs/cli.md", True), ("Makefile", True),
        ("README.md", False), ("docs/decision.md", False), ("CHANGELOG.md", False), ("data/a.csv", False),
    ],
)  # fmt: skip
def test_code_is_always_checked_and_older_prose_is_not_yet(path: str, checked: bool) -> None:
    assert wording.wanted(path) is checked


def test_a_refused_word_fails_the_check_with_its_place(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(wording, "ROOT", tmp_path)
    monkeypatch.setattr(wording, "tracked", lambda: ["a.py"])
    (tmp_path / "a.py").write_text("good = 1\n")
    assert (wording.main([]), capsys.readouterr().out) == (0, "")
    (tmp_path / "a.py").write_text(f"{PLAIN[0]} = 1\n")
    assert wording.main([]) == 1
    assert capsys.readouterr().out.startswith("     1  .\na.py:1: ")
