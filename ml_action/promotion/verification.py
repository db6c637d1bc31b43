"""Is this pull request what we made? Asked before every approval and merge; a label is never an answer.

Why so strict: many people may set labels, and push commits after the fact.
Commits are compared by id, which covers the content of every file, so nothing has to be opened to be sure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ml_action.core.codec import encode
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import History, Version
from ml_action.core.records.promotion import PullRequest

# GitHub lists no more changed files of a pull request than this: what it hides cannot be verified.
# https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files
FILES_LISTED = 3_000


def find_objections(
    pull: PullRequest,
    *,
    repository: str,
    branch: str,
    base: str,
    commit: str,
    authors: frozenset[str] | None,
    paths: Sequence[str],
    model_dir: str,
) -> tuple[str, ...]:
    """Everything that speaks against approving this pull request, in words; empty when it is exactly ours.

    `authors` None: the author is not known here, so the commit must do. `paths`: every path that it changes,
    the former path of a renamed file included.
    """
    return (
        *_of_state(pull),
        *_of_origin(pull, repository=repository, branch=branch, base=base, commit=commit, authors=authors),
        *_of_content(paths, model_dir),
    )


def _of_state(pull: PullRequest) -> Iterator[str]:
    if pull.state != "open":
        yield f"it is {pull.state}"
    if pull.draft:
        yield "it is a draft: somebody wants it to wait"


def _of_origin(
    pull: PullRequest, *, repository: str, branch: str, base: str, commit: str, authors: frozenset[str] | None
) -> Iterator[str]:
    if authors is not None and pull.author not in authors:
        yield f"it was opened by {pull.author or 'a deleted account'}, not by {' or '.join(sorted(authors))}"
    if pull.head_repository.casefold() != repository.casefold():  # GitHub's names ignore case
        yield f"it comes from {pull.head_repository or 'a deleted repository'}, not from {repository}"
    if pull.head_branch != branch:
        yield f"it comes from the branch {pull.head_branch}, not from {branch}"
    if pull.base_branch != base:
        yield f"it goes to {pull.base_branch}, not to {base}"
    if not commit:
        yield "no commit is recorded that it could be compared with"
    elif pull.head_sha != commit:
        yield f"its head is {pull.head_sha[:12]}, not the recorded {commit[:12]}"


def _of_content(paths: Sequence[str], model_dir: str) -> Iterator[str]:
    if not paths:
        yield "it changes no file"
    if len(paths) >= FILES_LISTED:
        yield f"it changes {FILES_LISTED:,} files or more: GitHub does not list them all"
    inside = "" if model_dir.strip("./") == "" else model_dir.strip("/") + "/"
    strangers = [path for path in paths if not path.startswith(inside) or _is_configuration(path)]
    if strangers:
        more = f" and {len(strangers) - 3} more" if len(strangers) > 3 else ""
        yield f"it changes files outside {model_dir}/: {', '.join(strangers[:3])}{more}"


def _is_configuration(path: str) -> bool:
    """Workflows and their like: a promotion never touches them, wherever the model directory is."""
    return path.casefold().split("/", 1)[0] == ".github"


# --- what the commit does ---------------------------------------------------------------------------------

FORMATS = ("pkl", "skops")


def of_history(before: History | None, after: History, attempt: Attempt, name: str) -> Iterator[str]:
    """What speaks against a history that continues another: it may grow by this attempt's version, no more."""
    mine = before or History(name, attempt.salt, "", ())
    if (after.name, after.salt) != (mine.name, mine.salt):
        yield "it changes the name or the salt of the history"
    if not _continues(after, mine):
        yield "it changes versions that the base branch has already"
        return
    fresh = after.versions[len(mine.versions) :]
    if [version.version for version in fresh] != [attempt.version]:
        names = ", ".join(version.version for version in fresh[:3])
        yield f"it adds {names or 'no version'} to the history, not {attempt.version} alone"
        return
    yield from _of_entry(fresh[0], attempt)
    if after.current != attempt.version:
        yield f"it makes {after.current} the current version, not {attempt.version}"


def _continues(after: History, before: History) -> bool:
    """Whether every version that was there is there, as it was, in its place."""
    kept = after.versions[: len(before.versions)]
    return [encode(version) for version in kept] == [encode(version) for version in before.versions]


def _of_entry(version: Version, attempt: Attempt) -> Iterator[str]:
    """What in a version's entry is not what the journal says of the attempt that made it."""
    if version.file not in [f"{attempt.version}.{ending}" for ending in FORMATS]:
        yield f"its model file is {version.file!r}, not {attempt.version}.{FORMATS[0]}"
    if version.sha256 != attempt.digest:
        yield f"its model's sha256 is {version.sha256[:12]!r}, not the recorded {attempt.digest[:12]}"
    if (version.attempt, version.fingerprint) != (attempt.id, attempt.fingerprint):
        yield f"it is of the attempt {version.attempt!r}, not of {attempt.id}"


def of_files(paths: Sequence[str], own: Sequence[str]) -> Iterator[str]:
    """Which files it changes that are not its own. Those outside the model directory are told by `objections`."""
    strangers = [path for path in paths if path not in own]
    if strangers:
        yield f"it changes files that are not its own: {', '.join(strangers[:3])}"


def unknown_keys(written: object, known: object, where: str = "") -> Iterator[str]:
    """The keys that stand in a document and not in what was understood of it: no reader of ours would see them."""
    if isinstance(written, Mapping) and isinstance(known, Mapping):
        for key, value in written.items():
            place = f"{where}.{key}" if where else str(key)
            if key in known:
                yield from unknown_keys(value, known[key], place)
            else:
                yield place
    elif isinstance(written, list) and isinstance(known, list | tuple) and len(written) == len(known):
        for number, (one, other) in enumerate(zip(written, known, strict=True)):
            yield from unknown_keys(one, other, f"{where}[{number}]")
