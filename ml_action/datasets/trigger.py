"""The trigger: is there enough new data to train on? A pure function of two numbers, in words."""

from __future__ import annotations

from dataclasses import replace

from ml_action.core.formatting import count_of
from ml_action.core.records.dataset import Inventory, Trigger

DATASETS, ROWS = "datasets", "rows"


def evaluate(inventory: Inventory, threshold: int, unit: str = DATASETS) -> Trigger:
    """Whether the count of new datasets, or of new rows, reaches the threshold."""
    count = inventory.rows if unit == ROWS else len(inventory.new)
    shown = _shown(count, threshold, unit)
    if count >= threshold:
        return Trigger(True, count, threshold, f"ready {shown}: enough new {unit} arrived", unit)
    missing = threshold - count
    return Trigger(False, count, threshold, f"waiting {shown}: {remaining(missing, unit)} a training", unit)


def judge_sound(sound: int, trigger: Trigger) -> Trigger:
    """The trigger by the count of an earlier run, which has read the very same data."""
    if sound >= trigger.count:
        return trigger
    if sound >= trigger.threshold:
        return replace(trigger, count=sound)
    return replace(recount(trigger, sound), ready=False)


def judge_early(trigger: Trigger, least: int, *, looked: bool) -> Trigger:
    """The trigger that drift may pull before the threshold: from `least` new ones on, the data are read.

    `looked`: that was done, on this very data, and there was no drift.
    """
    if trigger.ready or not least or trigger.count < least:
        return trigger
    shown = _shown(trigger.count, trigger.threshold, trigger.unit)
    if looked:
        return replace(trigger, reason=f"{trigger.reason}; from {least} on drift would, and there is no drift")
    reason = f"ready {shown}: {least} new {trigger.unit} are enough if the data drifted, which has to be looked at"
    return replace(trigger, ready=True, reason=reason, early=least)


def judge_forced(trigger: Trigger, why: str) -> Trigger:
    """The trigger of a forced training, however few datasets are new. `force` is the reason; empty: not forced."""
    return replace(trigger, ready=True, reason=f"forced by a person: {why}") if why else trigger


def judge_asked(trigger: Trigger, *, asked: bool) -> Trigger:
    """The trigger that a person pulls early: with nothing new there is nothing to train on."""
    if not asked or not trigger.count or (trigger.ready and not trigger.early):
        return trigger
    shown = _shown(trigger.count, trigger.threshold, trigger.unit)
    return replace(trigger, ready=True, asked=True, early=0, reason=f"ready {shown}: asked for on the dashboard")


def recount(trigger: Trigger, sound: int) -> Trigger:
    """The trigger again, once the datasets were read: what is unfit or a copy in other words does not count.

    `sound` is in the trigger's own unit.
    """
    if sound >= (1 if trigger.asked else trigger.early or trigger.threshold):
        return replace(trigger, count=sound)
    gone, missing = trigger.count - sound, trigger.threshold - sound
    # git counts lines: those of a file that was sorted are known rows, and nothing is wrong with them
    why = "were set aside" if trigger.unit == DATASETS else "are bad or were counted before"
    return Trigger(
        False,
        sound,
        trigger.threshold,
        f"waiting {_shown(sound, trigger.threshold, trigger.unit)}: "
        f"{gone} of {count_of(trigger.count, f'new {trigger.unit}')} {why}, "
        f"{missing} more start{'s' if missing == 1 else ''} a training",
        trigger.unit,
    )


def remaining(missing: int, unit: str) -> str:
    """`57 more new datasets start`, `1 more new dataset starts`."""
    return count_of(missing, f"more new {unit}") + (" starts" if missing == 1 else " start")


def _shown(count: int, threshold: int, unit: str) -> str:
    """Datasets are what is usually counted: they need no name."""
    return f"{count}/{threshold}" + ("" if unit == DATASETS else f" {unit}")
