"""Refused requests, with GitHub's status codes, messages and JSON."""

from __future__ import annotations

from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class RefusalError(Exception):
    """A request that GitHub refuses. `details` is the list `errors` of its response."""

    def __init__(self, status: int, message: str, details: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        """Returns GitHub's JSON for this error."""
        body: dict[str, Any] = {"message": self.message}
        if self.details is not None:
            body["errors"] = self.details
        return body | {"documentation_url": DOCUMENTATION, "status": str(self.status)}


def not_found() -> RefusalError:
    """404: the resource does not exist, or the caller may not see it."""
    return RefusalError(404, "Not Found")


def invalid_field(resource: str, field: str, code: str = "invalid") -> RefusalError:
    """422: a field is missing, or its value does not exist or is taken."""
    return RefusalError(422, "Validation Failed", [{"resource": resource, "field": field, "code": code}])


def validation_failed(resource: str, message: str) -> RefusalError:
    """422: the request breaks a rule that the message explains."""
    return RefusalError(422, "Validation Failed", [{"resource": resource, "code": "custom", "message": message}])


class GraphQLRefusalError(Exception):
    """A refused GraphQL request: HTTP 200, and `errors` in the response with a `type` each."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.extensions = {"type": kind}
