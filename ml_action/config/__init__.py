"""What the user asked for: one table of options, one parser, one frozen value.

`options.OPTIONS` has a row for each setting; the Action's inputs, the command line, the settings file and the
documentation are generated from it. `parse.parse` turns raw values into a `settings.Settings`.
"""
