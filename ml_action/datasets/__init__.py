"""Which datasets exist and which are new, counted by git.

Standard library only: the hourly check runs this and nothing heavier. `survey` takes the snapshot of one run,
`inventory` counts, `trigger` decides whether there are enough.
"""
