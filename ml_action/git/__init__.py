"""Git as the database.

`command` runs git; `repository` reads the user's clone and writes to an object store of its own; `journal` and
`registry` are what the loop keeps there.
"""
