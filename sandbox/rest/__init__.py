"""The REST operations that the stand-in serves, one module a subject."""

from sandbox.rest import actions, board, checks, contents, issues, pulls, references, repositories, reviews, rules
from sandbox.rest.calling import ROUTES, Call

SUBJECTS = (actions, board, checks, contents, issues, pulls, references, repositories, reviews, rules)

__all__ = ["ROUTES", "SUBJECTS", "Call"]
