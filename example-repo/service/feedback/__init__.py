"""Rows with their true answers: collected, and written as datasets. Nothing here loads a model."""
