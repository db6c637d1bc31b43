"""The gate held to its aims: simulated worlds and real data, rule against rule, scored by true production loss.

`python -m benchmarks.decision --full`; benchmarks/decision/README.md says what is simulated and how it is scored.
"""
