"""Records, errors and text that every package uses. Imports none of our other packages.

Standard library only: the hourly check loads this package.
"""
