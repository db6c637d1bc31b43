"""Records, errors and text that every package uses. Imports nothing of ours.

Standard library only: the hourly check loads this package.
"""
