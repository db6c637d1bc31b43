"""GitHub's published contracts, checked on every exchange with the sandbox.

    contract = Contract()
    with Sandbox(root, observers=[contract.observe]) as hub: ...
    assert contract.violations == []

Neither side is trusted: the product's requests are checked, and so are the sandbox's answers.
"""

from tests.support.github_contracts.contract import Contract

__all__ = ["Contract"]
