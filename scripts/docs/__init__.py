"""Writes the generated tables and pages: `make docs`."""
