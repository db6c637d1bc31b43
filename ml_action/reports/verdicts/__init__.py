"""The sentences that name a verdict, its reason or the next step.

`datasets.trigger` words its own: the hourly check loads no reports.
"""
