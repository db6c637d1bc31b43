"""Where a run happens and what it works with.

The only package that reads the environment, opens the repository, and chooses between real and dry-run collaborators.
"""
