"""Everything that users read, built from records.

`pages` and `summary` list the sections of a page, `sections` turns records into `blocks`, and `render` turns blocks
into Markdown and a terminal's lines. Text from outside is a type of its own, which the renderers escape. The sentences
about verdicts are in `verdicts`.
"""
