"""The commands `demo` and `add-data`: example data, and the whole loop on them, against the sandbox.

`scenarios` has the data of each hour and `story` runs the hours. `students` simulates data, `panel` reads real data,
and `corruption` damages files on purpose.
"""
