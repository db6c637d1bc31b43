"""The pure part of the check; what it counts is tested in test_survey.py, how it starts in test_cli.py."""

import pytest

from ml_action.commands.check import next_step
from ml_action.core.records.dataset import Trigger


@pytest.mark.parametrize(("ready", "text"), [(True, "start the training"), (False, "nothing until more datasets")])
def test_the_next_step_depends_on_the_trigger(ready, text):
    assert next_step(Trigger(ready, 1, 1, "")).startswith(text)
