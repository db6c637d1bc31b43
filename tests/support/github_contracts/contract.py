"""The observer that collects what neither GitHub nor its clients would say."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox import Exchange
from tests.support.github_contracts import graphql, rest


class Contract:
    """Give `observe` to a sandbox and read `violations` at the end. `operations` lists what was exercised."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.operations: set[tuple[str, str]] = set()

    def observe(self, exchange: Exchange) -> None:
        """Check one exchange; git's own protocol is git's own business."""
        if exchange.git:
            return
        for problem in self._problems(exchange):
            self.violations.append(f"{exchange.method} {exchange.path} -> {exchange.status}: {problem}")

    def _problems(self, exchange: Exchange) -> Iterable[str]:
        if exchange.path == "/graphql":
            self.operations.add((exchange.method, exchange.path))
            return graphql.problems(exchange)
        operation = rest.find(exchange.method, exchange.path)
        if operation is None:
            return ["no such operation in GitHub's contract"]
        self.operations.add((operation.method, operation.template))
        return rest.problems(operation, exchange)
