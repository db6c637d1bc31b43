"""Refusals with GitHub's status codes, texts and shapes."""

from __future__ import annotations

from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class RefusalError(Exception):
    """An answer that is not a success. `details` is GitHub's `errors` list."""

    def __init__(self, status: int, message: str, details: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        """The JSON that GitHub sends with it."""
        body: dict[str, Any] = {"message": self.message}
        if self.details is not None:
            body["errors"] = self.details
        return body | {"documentation_url": DOCUMENTATION, "status": str(self.status)}


def not_found() -> RefusalError:
    """What does not exist, and what may not be seen to exist."""
    return RefusalError(404, "Not Found")


def invalid(resource: str, field: str, code: str = "invalid") -> RefusalError:
    """422: a field that names nothing, is missing or is taken already."""
    return RefusalError(422, "Validation Failed", [{"resource": resource, "field": field, "code": code}])


def custom(resource: str, message: str) -> RefusalError:
    """422: a rule in words."""
    return RefusalError(422, "Validation Failed", [{"resource": resource, "code": "custom", "message": message}])


class GraphQLRefusalError(Exception):
    """A GraphQL error: HTTP 200 with `errors[]`, each with a `type`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.extensions = {"type": kind}
