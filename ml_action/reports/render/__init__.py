"""Blocks as Markdown, as lines for a terminal or a log, and records as JSON: the only place that escapes text."""
