"""From a table and a recipe to a fitted model and its file."""
