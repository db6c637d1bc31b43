"""The command `init`: sets up a repository.

`discovery` finds data files, `prompts` asks at a terminal, `scaffold` plans the files to write, `rehearsal` runs the
loop on a copy, and `next_steps` says what is left to do. `setup` has the order.
"""
