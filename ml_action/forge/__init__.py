"""Where pull requests live.

`base` is the protocol in our own words; `dry_run` does nothing and reports what it would do; `github` is one
implementation.
"""
