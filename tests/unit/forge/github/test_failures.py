import pytest

from ml_action.forge.base import Refused
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.failures import failed_response, no_response

OPERATION = Operation("open the pull request", "pull-requests: write")
SECONDARY = "You have exceeded a secondary rate limit and have been temporarily blocked"
NODE = "Could not resolve to a node with the global id of 'PR_x'"
SPENT = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1030"}
PLENTY = {"x-ratelimit-remaining": "4000", "x-ratelimit-reset": "1030"}


@pytest.mark.parametrize(
    ("status", "text", "headers", "transient", "outcome_unknown", "wait"),
    [
        (502, "Bad Gateway", {}, True, True, None),
        (503, "", {"retry-after": "5"}, True, True, 5),
        (429, "", {}, True, False, 60),
        (429, "", {"retry-after": "5"}, True, False, 5),
        (403, SECONDARY, PLENTY, True, False, 60),
        (403, SECONDARY, PLENTY | {"retry-after": "9"}, True, False, 9),
        (403, "API rate limit exceeded for installation ID 1.", SPENT, True, False, 31),
        (403, "API rate limit exceeded", SPENT | {"x-ratelimit-reset": "990"}, True, False, 1),
        (403, "You have triggered an abuse detection mechanism.", {}, True, False, 60),
        (403, "Resource not accessible by integration", PLENTY, False, False, None),
        (400, "API rate limit already exceeded for user ID 1.", {}, True, False, 60),
        (422, NODE, {}, True, False, None),
        (422, "Validation Failed", {}, False, False, None),
        (409, "Head branch was modified. Review and try the merge again.", {}, False, False, None),
        (400, "Something went wrong while executing your query.", {}, True, True, None),
        (403, "<html><body>Blocked by policy</body></html>", {}, True, True, None),
        (502, "Bad Gateway", {"retry-after": "Thu, 26 Nov 2026 10:00:00 GMT"}, True, True, None),
    ],
)
def test_response_decides_whether_the_request_is_repeated(status, text, headers, transient, outcome_unknown, wait):
    failure = failed_response(OPERATION, status, text, headers, now=1000)
    assert (failure.transient, failure.outcome_unknown, failure.wait) == (transient, outcome_unknown, wait)


def test_refusal_stays_a_refusal():
    assert isinstance(failed_response(OPERATION, 422, "Validation Failed", {}, now=0).problem, Refused)


def test_outcome_of_a_request_without_response_is_unknown():
    failure = no_response(OPERATION, "Read timed out.")
    assert (failure.transient, failure.outcome_unknown, failure.wait) == (True, True, None)
