"""The command `demo`: the whole loop on example data, against the sandbox.

`story` plays the months, `students` and `panel` generate or read the data, `corruption` damages files on purpose.
"""
