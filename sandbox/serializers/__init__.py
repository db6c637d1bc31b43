"""GitHub's JSON, written from the stand-in's records."""
