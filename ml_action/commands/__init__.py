"""One module for each command of the command line and each mode of the Action.

A command reads its options, builds what it needs with `runtime`, and calls the loop or one of its stages. `base` has
what commands share. A command that needs several modules has a folder of its own: `data`, `init`, `demo`, `simulate`.
"""
