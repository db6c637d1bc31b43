"""Before anything is trained: whether what follows can work on this repository, with these tokens.

What is certain to fail ends the run here: nobody waits an hour for a push that is refused. What only limits a
promotion is told, and the loop goes on as far as it comes.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ml_action.config.settings import Settings
from ml_action.core.errors import ForgeError
from ml_action.core.records.diagnosis import Diagnosis, Finding, Goal
from ml_action.core.records.repository_facts import RepositoryFacts
from ml_action.doctor.checks import run_checks
from ml_action.forge.base import Refused
from ml_action.git.journal import State
from ml_action.runtime.dependencies import Dependencies

GRANTED = re.compile(r"pull-requests[\"']?\s*:\s*[\"']?write|permissions[\"']?\s*:\s*[\"']?write-all")
LARGE_FILES = re.compile(r"(?m)^[^#\n]*\sfilter=lfs\b")


def check(state: State, settings: Settings, tools: Dependencies) -> tuple[str, ...]:
    """What will keep a promotion from getting as far as the settings ask for, each in a sentence; told as warnings.

    Raises:
        ForgeError: nothing could be recorded here, whatever is trained.
    """
    facts = _ask(tools)
    if facts is None:
        return ()
    found = run_checks(with_local_facts(facts, state, settings, tools), aim_of(settings))
    if found.fatal:
        raise _abort(found)
    warnings = tuple(f"{one.what}: {one.consequence}. Mend it: {one.fix}" for one in found.obstacles)
    for text in warnings:
        tools.log.warn(text)
    return warnings


def _ask(tools: Dependencies) -> RepositoryFacts | None:
    """What GitHub tells; trouble that may be over after the training is no reason not to train."""
    try:
        return tools.look(False)
    except Refused:
        raise
    except ForgeError as trouble:
        tools.log.warn(f"whether a promotion can work here could not be asked: {trouble.what}")
        return None


def aim_of(settings: Settings) -> Goal:
    """What the settings ask for."""
    return Goal(
        settings.publication.autonomy,
        settings.publication.merge_method,
        settings.publication.model_dir,
        signed=settings.publication.commit_signing == "api",
        in_fork=settings.publication.in_fork == "run",
        dashboard=settings.publication.dashboard,
    )


def with_local_facts(facts: RepositoryFacts, state: State, settings: Settings, tools: Dependencies) -> RepositoryFacts:
    """The facts, with what git and the journal know: both cost no call."""
    push = facts.author.push
    if push is None and not facts.archived:  # the API does not tell: git's server does, before anything is sent
        push = tools.repository.may_push(tools.branches.state)
    opened = max((attempt.pull_request for attempt in state.attempts), default=0)
    return replace(
        facts,
        author=replace(facts.author, push=push),
        granted=_granted(tools),
        opened_before=opened,
        large_files=_large_files(settings.publication.model_dir, tools),
    )


def _granted(tools: Dependencies) -> bool | None:
    """Whether the workflow's file lets its token write pull requests; None: it says nothing, or is not here.

    The words are looked for anywhere in it: where they are nowhere, no job has the permission.
    """
    text = read(tools.workflow, tools) if tools.workflow else ""
    if GRANTED.search(text):
        return True
    return False if re.search(r"permissions[\"']?\s*:", text) else None


def _large_files(model_dir: str, tools: Dependencies) -> bool:
    """Whether a line of .gitattributes sends the model directory to Git LFS."""
    lines = (line.split() for line in read(".gitattributes", tools).splitlines() if LARGE_FILES.search(line))
    return any(words[0].lstrip("/").startswith((f"{model_dir}/", "*.pkl", "*.skops")) for words in lines)


def read(path: str, tools: Dependencies) -> str:
    """A file of the base branch; empty where there is none."""
    base = tools.repository.tips.base
    return (tools.repository.store.read(f"{base}:{path}") or b"").decode("utf-8", "replace") if base else ""


def _abort(found: Diagnosis) -> ForgeError:
    first: Finding = found.fatal[0]
    return ForgeError(
        f"nothing was trained: {first.what}", why=f"{first.consequence}, so the result would be lost", fix=first.fix
    )
