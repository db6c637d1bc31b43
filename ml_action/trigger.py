"""The trigger: are there enough new datasets to train on? A pure function of two numbers, in words."""

from __future__ import annotations

from ml_action.arrivals import Inventory, Trigger


def judge(inventory: Inventory, threshold: int) -> Trigger:
    """Whether the count of new datasets reaches the threshold."""
    count = len(inventory.new)
    if count >= threshold:
        return Trigger(True, count, threshold, f"ready {count}/{threshold}: enough new datasets arrived")
    missing = threshold - count
    return Trigger(
        False, count, threshold, f"waiting {count}/{threshold}: {missing} more new datasets start a training"
    )


def recount(trigger: Trigger, sound: int) -> Trigger:
    """The trigger again, once the datasets were read: unfit ones and copies in other words do not count."""
    if sound >= trigger.threshold:
        return Trigger(True, sound, trigger.threshold, trigger.reason)
    gone, missing = trigger.count - sound, trigger.threshold - sound
    return Trigger(
        False,
        sound,
        trigger.threshold,
        f"waiting {sound}/{trigger.threshold}: {gone} of {trigger.count} new datasets were set aside, "
        f"{missing} more start a training",
    )
