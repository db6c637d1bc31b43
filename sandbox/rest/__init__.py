"""The REST operations of a repository, one module for each subject; `routing` has what they share."""

from sandbox.rest import (
    actions,
    checks,
    collaborators,
    contents,
    issues,
    labels_and_comments,
    pulls,
    references,
    repositories,
    reviews,
    rules,
)
from sandbox.rest.routing import ROUTES, Call

SUBJECTS = (
    actions,
    checks,
    collaborators,
    contents,
    issues,
    labels_and_comments,
    pulls,
    references,
    repositories,
    reviews,
    rules,
)

__all__ = ["ROUTES", "SUBJECTS", "Call"]
