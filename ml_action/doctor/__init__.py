"""What will work in this repository with these tokens.

Facts come in, findings come out; nothing is asked and nothing is written. To add a check, add a row to
`checks.CHECKS`.
"""
