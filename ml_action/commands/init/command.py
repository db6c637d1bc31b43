"""The command `init`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from ml_action.commands import doctor as physician
from ml_action.commands import sandbox_session
from ml_action.commands.base import Invocation, own_options, path_option
from ml_action.commands.init import prompts, setup
from ml_action.config.options import BY_NAME
from ml_action.core.records.diagnosis import Diagnosis
from ml_action.core.records.outcome import Outcome
from ml_action.runtime import wiring


def run(call: Invocation) -> Outcome:
    """Sets the loop up in a repository."""
    options = own_options(call)
    path = Path(options.path).resolve()
    given = {name: value for name, value in call.inputs.items() if value}
    secret = {name: given.pop(name) for name in list(given) if BY_NAME[name].secret}
    setup.check_flags(given)
    git = sandbox_session.plain_git(path)
    top = Path(git.maybe("rev-parse", "--show-toplevel") or path)
    below = "" if path == top else path.relative_to(top.resolve()).as_posix()
    wish = setup.InitRequest(given, wiring.read_config(top), "" if below == "." else below, not options.no_rehearsal)
    asker = prompts.make(yes=options.yes, log=call.log)
    doctor = partial(_look_after, call, top, secret)
    return setup.initialise(top, sandbox_session.plain_git(top), wish, asker, doctor, call.log)


def _look_after(call: Invocation, top: Path, secret: Mapping[str, str], chosen: Mapping[str, str]) -> Diagnosis | None:
    """What the doctor finds where a token is at hand and the repository is on GitHub."""
    context = replace(call.context, workspace=top)
    context = replace(context, repository=context.repository or wiring.origin(top, context))
    if not secret.get("token") or not context.repository:
        return None
    place = wiring.find_place({"autonomy": "propose", **chosen, **secret, "forge": "github"}, context, call.log.info)
    return physician.diagnose(*wiring.make_approval_tools(place, call.temporary_folder(), call.log))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the repository, and what is left out."""
    path_option(parser)
    parser.add_argument("--yes", action="store_true", help="ask nothing: take every guess")
    parser.add_argument("--no-rehearsal", action="store_true", help="write the files and train nothing")
