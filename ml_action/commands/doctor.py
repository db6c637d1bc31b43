"""`doctor`: what will work here, what will not, and how to fix it. Reads only."""

from __future__ import annotations

import sys
from dataclasses import replace

from ml_action.commands.base import Invocation, json_option
from ml_action.config.settings import Settings
from ml_action.core.errors import ForgeError, SettingsError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.diagnosis import Diagnosis
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.repository_facts import DisabledWorkflow, RepositoryFacts
from ml_action.doctor.checks import run_checks
from ml_action.loop.preflight import Preflight
from ml_action.loop.run import preflight_of
from ml_action.reports import doctor as doctor_report
from ml_action.reports.render import console, json
from ml_action.runtime import wiring
from ml_action.runtime.dependencies import Dependencies

add_options = json_option


def run(call: Invocation) -> Outcome | int:
    """Prints the diagnosis as JSON, or shows it in the log and the summary."""
    target = wiring.find_place(call.inputs, call.context, call.log.info)
    found = diagnose(*wiring.make_doctors_tools(target, call.temporary_folder(), call.log))
    result = outcome(found)
    if getattr(call.options, "json", False):
        sys.stdout.write(json.render(doctor_report.to_json(found)))
        return result.exit_code
    for line in console.lines(doctor_report.report(found)):
        call.log.info(line)
    return result


def diagnose(settings: Settings, tools: Dependencies) -> Diagnosis:
    """Returns the diagnosis of the repository and the tokens.

    Raises:
        SettingsError: The token or the repository's name is missing.
        ForgeError, RepositoryError: GitHub does not answer our requests.
    """
    facts = tools.repository_facts(True)
    if facts is None:
        raise SettingsError(
            "the doctor needs a token and the repository's name",
            why="what works is decided by them, and none was given",
            fix="set ML_AUTO_UPDATE_TOKEN and GITHUB_REPOSITORY=owner/name, or run `mode: doctor` in the workflow",
        )
    preflight = preflight_of(settings, tools)
    facts = preflight.with_local_facts(facts, tools.read_state())
    return run_checks(replace(facts, disabled=_our_workflows(facts, preflight)), preflight.goal())


def _our_workflows(facts: RepositoryFacts, preflight: Preflight) -> tuple[DisabledWorkflow, ...]:
    """Returns the disabled workflows that name us, or whose file is not on the base branch, so that they may."""
    texts = ((workflow, preflight.read(workflow.path)) for workflow in facts.disabled)
    return tuple(workflow for workflow, text in texts if not text or "ml-auto-update" in text)


def outcome(found: Diagnosis) -> Outcome:
    """Returns the outcome of a run of the doctor."""
    return Outcome(
        Verdict.READY if found.sufficient else Verdict.BLOCKED,
        doctor_report.sentence(found),
        doctor_report.next_step(found),
        diagnosis=found,
        exit_code=0 if found.sufficient else ForgeError.exit_code,
    )
