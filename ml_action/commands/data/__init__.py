"""The command `data`: judges datasets before they are merged.

`check` inspects the datasets of a branch, `contract` prints the effective data contract, `explain` gives the state of
one file; `pull_request` is the Action's mode `data`. Nothing is recorded.
"""
