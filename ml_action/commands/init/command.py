"""The command `init`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ml_action.commands import doctor, sandbox_session
from ml_action.commands.base import Invocation, own_options, path_option
from ml_action.commands.init import prompts, setup
from ml_action.config import file
from ml_action.config.options import BY_NAME
from ml_action.core.records.diagnosis import Diagnosis
from ml_action.core.records.outcome import Outcome
from ml_action.runtime import checkout, wiring


def run(call: Invocation) -> Outcome:
    """Sets the loop up in a repository."""
    options = own_options(call)
    path = Path(options.path).resolve()
    inputs = {name: value for name, value in call.inputs.items() if value}
    secrets = {name: inputs.pop(name) for name in list(inputs) if BY_NAME[name].secret}
    setup.check_flags(inputs)
    git = sandbox_session.plain_git(path)
    top = Path(git.line_or_empty("rev-parse", "--show-toplevel") or path)
    folder = "" if path == top else path.relative_to(top.resolve()).as_posix()
    request = setup.InitRequest(
        inputs, file.read_config(top), "" if folder == "." else folder, rehearse=not options.no_rehearsal
    )
    questions = prompts.make_questions(yes=options.yes, log=call.log)
    diagnose = partial(_diagnose, call, top, secrets)
    return setup.initialise(top, sandbox_session.plain_git(top), request, questions, diagnose, call.log)


def _diagnose(call: Invocation, top: Path, secrets: Mapping[str, str], chosen: Mapping[str, str]) -> Diagnosis | None:
    """Returns the doctor's diagnosis; `None` without a token, and for a repository that is not on GitHub."""
    context = replace(call.context, workspace=top)
    context = replace(context, repository=context.repository or checkout.origin(top, context))
    if not secrets.get("token") or not context.repository:
        return None
    inputs = {"autonomy": "propose", **chosen, **secrets, "forge": "github"}
    target = wiring.find_place(inputs, context, call.log.info)
    return doctor.diagnose(*wiring.make_doctors_tools(target, call.temporary_folder(), call.log))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the repository, and what is left out."""
    path_option(parser)
    parser.add_argument("--yes", action="store_true", help="ask nothing: take every default")
    parser.add_argument("--no-rehearsal", action="store_true", help="write the files and train nothing")
