"""From bytes to tables: one file or thousands at once, with limits on size and width.

`table.read` is the entry. `formats` finds the reader of each file, `csv_batches` parses many small files as one.
"""
