import pytest

from ml_action.core.retry import NO_RETRY, READS, RetryBudget


@pytest.fixture
def waits():
    return []


@pytest.fixture
def messages():
    return []


@pytest.fixture
def budget(waits, messages):
    return RetryBudget(100, backoff=1, pause=waits.append, report=messages.append)


def test_waits_double(budget, waits):
    assert [budget.wait_before_retry("x", tries) for tries in range(1, READS + 2)] == [True] * READS + [False]
    assert waits == [1, 2, 4, 8]


def test_waits_as_long_as_the_server_requests(budget, waits):
    assert budget.wait_before_retry("x", 1, requested=7)
    assert waits == [7]


def test_each_wait_is_reported_before_it_begins(waits):
    events = []
    budget = RetryBudget(100, pause=events.append, report=events.append)
    budget.wait_before_retry("git fetch: early EOF", 2, 2, requested=60)
    assert events == ["git fetch: early EOF: waiting 60 s, then trying again (2 of 2)", 60]


def test_all_waits_of_a_run_together_are_bounded(budget, waits, messages):
    assert budget.wait_before_retry("x", 1, requested=60)
    assert not budget.wait_before_retry("y", 1, requested=60)
    assert waits == [60]
    assert messages[-1] == "y: to wait 60 s is too long for this run"
    assert budget.wait_before_retry("z", 1, requested=40)


def test_without_a_budget_nothing_is_reported_or_waited_for():
    assert not NO_RETRY.wait_before_retry("x", 1)
