import pytest

from ml_action.core.retry import NO_RETRY, READS, RetryBudget


@pytest.fixture
def waits():
    return []


@pytest.fixture
def said():
    return []


@pytest.fixture
def patience(waits, said):
    return RetryBudget(100, backoff=1, pause=waits.append, say=said.append)


def test_the_waits_double(patience, waits):
    assert [patience.again("x", tries) for tries in range(1, READS + 2)] == [True] * READS + [False]
    assert waits == [1, 2, 4, 8]


def test_what_the_server_asks_for_is_what_is_waited(patience, waits):
    assert patience.again("x", 1, asked=7)
    assert waits == [7]


def test_every_wait_is_said_before_it_begins(waits):
    heard = []
    patience = RetryBudget(100, pause=heard.append, say=heard.append)
    patience.again("git fetch: early EOF", 2, 2, asked=60)
    assert heard == ["git fetch: early EOF: waiting 60 s, then trying again (2 of 2)", 60]


def test_all_waits_of_a_run_together_are_bounded(patience, waits, said):
    assert patience.again("x", 1, asked=60)
    assert not patience.again("y", 1, asked=60)
    assert waits == [60]
    assert said[-1] == "y: to wait 60 s is too long for this run"
    assert patience.again("z", 1, asked=40)


def test_without_patience_nothing_is_said_or_waited():
    assert not NO_RETRY.again("x", 1)
