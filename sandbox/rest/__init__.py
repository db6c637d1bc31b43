"""The REST operations that the stand-in serves, one module a subject."""

from sandbox.rest import checks, issues, pulls, references, repositories, reviews
from sandbox.rest.calling import ROUTES, Call

SUBJECTS = (checks, issues, pulls, references, repositories, reviews)

__all__ = ["ROUTES", "SUBJECTS", "Call"]
