"""The trigger: whether there are enough new datasets to train. A pure function of two numbers, with a reason."""

from __future__ import annotations

from ml_action.core.dataclass import replace
from ml_action.core.formatting import count_of
from ml_action.core.records.dataset import Inventory, Trigger, Unit


def evaluate(inventory: Inventory, threshold: int, unit: str = Unit.DATASETS) -> Trigger:
    """Compares the count of new datasets, or of new rows, with the threshold."""
    count = inventory.rows if unit == Unit.ROWS else len(inventory.new)
    shown = _shown(count, threshold, unit)
    if count >= threshold:
        return Trigger(True, count, threshold, f"ready {shown}: enough new {unit} arrived", unit)
    missing = threshold - count
    return Trigger(False, count, threshold, f"waiting {shown}: {remaining(missing, unit)} a training", unit)


def evaluate_from_last_read(usable: int, trigger: Trigger, bad: int | None = None) -> Trigger:
    """Corrects the trigger by the count of an earlier run that has read the same data."""
    if usable >= trigger.count:
        return trigger
    if usable >= trigger.threshold:
        return replace(trigger, count=usable)
    return replace(recount(trigger, usable, bad), ready=False)


def allow_early_start(trigger: Trigger, least: int, *, checked: bool) -> Trigger:
    """Starts before the threshold, from `least` new ones on, so that the data can be checked for drift.

    `checked`: an earlier run found no drift in the same data. With `least` 0, only the threshold counts.
    """
    if trigger.ready or not least or trigger.count < least:
        return trigger
    shown = _shown(trigger.count, trigger.threshold, trigger.unit)
    if checked:
        return replace(trigger, reason=f"{trigger.reason}; from {least} on drift would, and there is no drift")
    reason = f"ready {shown}: {least} new {trigger.unit} are enough if the data drifted, which has to be checked"
    return replace(trigger, ready=True, reason=reason, early=least)


def apply_override(trigger: Trigger, reason: str) -> Trigger:
    """Starts however few datasets are new, if the user gives a reason to force it."""
    return replace(trigger, ready=True, reason=f"forced by a person: {reason}") if reason else trigger


def apply_request(trigger: Trigger, *, requested: bool) -> Trigger:
    """Starts before the threshold if the user requested it and there is anything new."""
    if not requested or not trigger.count or (trigger.ready and not trigger.early):
        return trigger
    shown = _shown(trigger.count, trigger.threshold, trigger.unit)
    return replace(trigger, ready=True, requested=True, early=0, reason=f"ready {shown}: asked for on the dashboard")


def postpone(trigger: Trigger, until: str) -> Trigger:
    """Waits until a time though there is enough new data, because trainings have a least distance."""
    shown = _shown(trigger.count, trigger.threshold, trigger.unit)
    reason = (
        f"waiting {shown}: enough for a training, but min-interval or max-trainings-per-day allows the next one from "
        f"{until} on"
    )
    return replace(trigger, ready=False, early=0, reason=reason)


def recount(trigger: Trigger, usable: int, bad: int | None = None) -> Trigger:
    """Corrects the trigger once the datasets were read: bad ones do not count, nor do those that counted before.

    `usable` and `bad` are in the trigger's own unit. None: it is not known how many of the others are bad.
    """
    if usable >= (1 if trigger.requested else trigger.early or trigger.threshold):
        return replace(trigger, count=usable)
    missing = trigger.threshold - usable
    return Trigger(
        False,
        usable,
        trigger.threshold,
        f"waiting {_shown(usable, trigger.threshold, trigger.unit)}: {_not_counted(trigger, usable, bad)}, "
        f"{missing} more start{'s' if missing == 1 else ''} a training",
        trigger.unit,
    )


def _not_counted(trigger: Trigger, usable: int, bad: int | None) -> str:
    """Returns how many of the new ones do not count, for each reason."""
    lost, arrived = trigger.count - usable, count_of(trigger.count, f"new {trigger.unit}")
    if bad is None:
        return f"{lost:,} of {arrived} {'does' if lost == 1 else 'do'} not count"
    bad = min(bad, lost)
    known = lost - bad
    parts = [f"{bad:,} of {arrived} {'is' if bad == 1 else 'are'} bad"] if bad else []
    if known:
        # git counts lines: those of a file that was sorted are known rows, and nothing is wrong with them
        copies = "is a copy" if known == 1 else "are copies"
        why = "counted before" if trigger.unit == Unit.ROWS else copies
        parts.append(f"{known:,} {why}" if parts else f"{known:,} of {arrived} {why}")
    return ", ".join(parts)


def remaining(missing: int, unit: str) -> str:
    """Returns `57 more new datasets start`, or `1 more new dataset starts`."""
    return count_of(missing, f"more new {unit}") + (" starts" if missing == 1 else " start")


def _shown(count: int, threshold: int, unit: str) -> str:
    """Returns `57/200`, with the unit unless it is the usual one."""
    return f"{count}/{threshold}" + ("" if unit == Unit.DATASETS else f" {unit}")
