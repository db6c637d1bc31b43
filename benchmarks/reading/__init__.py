"""Reads many small CSV files with our reader and with others, each in a process of its own.

python -m benchmarks.reading --files 10000 --runs 5 --others PYTHON
python -m benchmarks.reading --large

PYTHON is an interpreter with requirements/bench.txt; our rows and pandas' own run without it, as in production. Load
times exclude imports. "Same" compares dtypes and values with those of pandas reading file by file. Prints Markdown.
"""
