"""Writes the transcripts of docs/init.md: `init` on real data sets of different kinds, as a new user runs it.

`python -m scripts.docs.init` (half a minute). Each repository is made in a temporary folder, from data of installed
packages. A test compares the page with new transcripts, except for the figures and for the slowest example.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from sklearn import datasets

from ml_action import cli
from ml_action.commands import sandbox_session
from ml_action.commands.demo import panel
from ml_action.config.settings import CONFIG_FILE

PAGE = Path("docs/init.md")
FIGURE = re.compile(r"-?\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Example:
    """Real data as a repository has them, and the flags that are given."""

    name: str
    about: str
    contents: Callable[[], Mapping[str, bytes]]
    flags: tuple[str, ...] = ()
    settings: bool = False  # whether the file that was written is shown
    slow: bool = False


def _of_sklearn(name: str) -> bytes:
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    return bytes(frame.to_csv(index=False).encode())


def _of_package(package: str, path: str) -> bytes:
    return files(package).joinpath(path).read_bytes()


def _tumours() -> Mapping[str, bytes]:
    return {"data/breast_cancer.csv": _of_sklearn("breast_cancer"), "data/iris.csv": _of_sklearn("iris")}


def _people() -> Mapping[str, bytes]:
    return {
        f"data/new_data/site-{site}-person-{number:04}.csv": text.encode()
        for site, texts in panel.datasets().items()
        for number, text in enumerate(texts)
    }


EXAMPLES = (
    Example(
        "One table next to another: tumours, malignant or benign",
        "569 rows of 30 measurements (scikit-learn's breast cancer data), in a folder with a table of something else. "
        "`init` takes the larger group of files and names it by a pattern, so that the other is not counted.",
        _tumours,
        settings=True,
    ),
    Example(
        "Three classes: wines by their chemistry",
        "178 rows (scikit-learn's wine data), sorted by cultivar, as such tables often are: the first half holds "
        "two of the three. The second hour brings the third, and v2 with it.",
        lambda: {"data/wine.csv": _of_sklearn("wine")},
    ),
    Example(
        "A survey whose answer is mostly zero",
        "6,366 women on their marriage, 1974 (statsmodels' fair). Here `init` is right to be unenthusiastic: "
        "two thirds of the answers are 0, and what a model gains on average it gains on few. The "
        "warning and the last sentence say what to do. "
        "The exit code is 7, and nothing is written.",
        lambda: {"survey/fair.csv": _of_package("statsmodels.datasets.fair", "fair.csv")},
        ("--target", "affairs"),
    ),
    Example(
        "Dates, remarks and gaps: penguins",
        "344 birds as they were written down in the field (palmerpenguins): names, dates, free text, missing values. "
        "Dates as 2007-11-11 are read as days. The user knows better than the guess, and says so with a flag. "
        "“Individual ID” names a bird and is no feature: `init` lists the others in the file.",
        lambda: {"field/penguins-raw.csv": _of_package("palmerpenguins", "data/penguins-raw.csv")},
        ("--target", "Body Mass (g)"),
        settings=True,
    ),
    Example(
        "Thousands of files: people who come and are followed for years",
        "4,426 people of the RAND health insurance experiment (statsmodels' randhie), a file each: files are counted, "
        "and the people that are held out are held out whole. No name sounds like a target, so that the user names it.",
        _people,
        ("--target", "ghindx"),
        slow=True,
    ),
    Example(
        "Semicolons in place of commas",
        "840 choices of travellers (statsmodels' modechoice), separated by semicolons, as spreadsheets in half of "
        "Europe write them. They are read as they are.",
        lambda: {"data/modechoice.csv": _of_package("statsmodels.datasets.modechoice", "modechoice.csv")},
        ("--target", "choice"),
    ),
)


def transcript(example: Example) -> str:
    """Runs the example. Returns the transcript as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        git = sandbox_session.plain_git(top)
        git.run("init", "--quiet", "-b", "main")
        for path, content in example.contents().items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(content)
        git.run("add", "--all")
        git.run("commit", "--quiet", "--message", "Data")
        output, started = io.StringIO(), time.monotonic()
        environ = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        with contextlib.redirect_stdout(output):
            cli.main(["init", str(top), "--yes", *example.flags], environ)
        took = time.monotonic() - started
        config = top / CONFIG_FILE
        shown = f"\n\nand `{CONFIG_FILE}`:\n\n```toml\n{config.read_text().rstrip()}\n```" if example.settings else ""
    flags = "".join(f" {word}" if word.startswith("--") else f" '{word}'" for word in example.flags)
    return f"```text\n$ ml-auto-update init --yes{flags}\n{output.getvalue().rstrip()}\n```\n\n({took:.0f} s){shown}"


def section(example: Example) -> str:
    """Returns the heading, the description and the transcript."""
    return f"### {example.name}\n\n{example.about}\n\n{transcript(example)}"


def with_transcripts(page: str) -> str:
    """Returns the page with new transcripts."""
    text = "\n\n".join(map(section, EXAMPLES))
    return re.sub(
        r"(?s)(<!-- transcripts -->\n).*?(<!-- end of transcripts -->)",
        lambda found: f"{found[1]}\n{text}\n\n{found[2]}",
        page,
    )


def without_figures(text: str) -> str:
    """Returns the text with a mark for each number: other processors round the last digit differently."""
    return FIGURE.sub("N", text)


def main() -> None:
    """Writes the page."""
    PAGE.write_text(with_transcripts(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
