"""Everything that a person reads, built from records.

Untrusted text enters only through `core.markdown`.
"""
