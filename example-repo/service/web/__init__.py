"""The page for people, rendered on the server: no script, and nothing from other hosts."""
