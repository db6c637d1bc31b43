"""Which datasets and rows can be learned from, without knowledge of any earlier data.

`datasets` validates whole datasets, `rows` single rows; both collect `rejections`. `duplicates` finds copies.
"""
