"""The kinds of columns: what a cell means, whatever other cells there are.

`numbers` and its neighbours turn one cell into a value, or raise ValueError; `cells` does so for a column.
`typed_table` reads files so that columns of words keep each cell as it is written.
"""
