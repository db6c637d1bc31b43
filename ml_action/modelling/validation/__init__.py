"""Which datasets and rows can be learned from, without knowing any earlier data."""
