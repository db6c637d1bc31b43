"""Failures of networks, proxies and GitHub, on a socket: reads are repeated, and writes after a check."""

import contextlib
import json
import logging
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ml_action.core.errors import ForgeError
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.promotion import Proposal
from ml_action.core.retry import NO_RETRY, RetryBudget
from ml_action.forge.base import MergeReply, Refused
from ml_action.forge.github.branch_protection import BranchNames
from ml_action.forge.github.client import GitHub
from ml_action.forge.github.session import ApiAccess, Timing

TOKEN = "ghs_secretsecretsecret"
HURRY = Timing(between_writes=0, timeout=2)
PROPOSAL = Proposal(
    name="students", base="main", branch="b", commit="c" * 40, title="t", body="b", label="model-update",
    fingerprint="f", model_dir="model", merge_method="squash", autonomy=Autonomy.PROPOSE,
)  # fmt: skip


def first(forge, branch):
    """The pull request of a branch that is listed first."""
    return next(iter(forge.pulls_of(branch)), None)


def access(url, retry_budget=NO_RETRY, timing=HURRY):
    return ApiAccess(url, retry_budget, timing, time.time)


class Script:
    """A server that answers each request with the next line of its script; the last line is repeated."""

    def __init__(self):
        self.lines = []
        self.requests = []

    def says(self, status, body="", **headers):
        text = body if isinstance(body, str) else json.dumps(body)
        self.lines.append((status, text.encode(), {key.replace("_", "-"): value for key, value in headers.items()}))
        return self

    def count(self, method):
        return sum(line.startswith(method) for line in self.requests)


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def url(script):
    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            script.requests.append(f"{self.command} {self.path}")
            status, body, headers = script.lines.pop(0) if len(script.lines) > 1 else script.lines[0]
            self.send_response(status)
            for key, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                self.send_header(key, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)
            self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class Waits:
    """The waits of a run, and what it logged about them."""

    def __init__(self):
        self.seconds = []
        self.log = []

    def budget(self, seconds=300.0):
        return RetryBudget(seconds, pause=self.seconds.append, report=self.log.append)


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def forge(url, waits):
    with contextlib.closing(GitHub(access(url, waits.budget()), "octo/students", TOKEN)) as forge:
        yield forge


def error_of(send, *args, **keywords):
    with pytest.raises(ForgeError) as caught:
        send(*args, **keywords)
    assert TOKEN not in f"{caught.value!r} {caught.value} {caught.value.why}"
    return caught.value


def test_read_is_repeated_while_the_error_is_transient(script, forge, waits):
    script.says(502).says(503, "<html>").says(200, [])
    assert first(forge, "b") is None
    assert len(script.requests) == 3
    assert waits.seconds == [1, 2]
    assert waits.log[0] == (
        "GitHub did not list the pull requests (502): no text: waiting 1 s, then trying again (1 of 4)"
    )


def test_read_gives_up_after_four_retries(script, forge, waits):
    script.says(502, "Bad Gateway")
    problem = error_of(forge.pulls_of, "b")
    assert not isinstance(problem, Refused)
    assert problem.what == "GitHub did not list the pull requests (502): Bad Gateway"
    assert len(script.requests) == 5
    assert waits.seconds == [1, 2, 4, 8]


# --- writes ---------------------------------------------------------------------------------------------


def test_write_with_a_lost_response_is_found_and_not_repeated(script, forge):
    script.says(502, "Bad Gateway").says(200, [listed(1, "open", "octo/students")])
    assert forge.open(PROPOSAL).number == 1
    assert script.requests[0].startswith("POST")
    assert script.count("POST") == 1


def test_write_without_effect_is_repeated(script, forge):
    script.says(502, "Bad Gateway").says(200, []).says(201, listed(1, "open", "octo/students"))
    assert forge.open(PROPOSAL).number == 1
    assert [line.split(" ")[0] for line in script.requests] == ["POST", "GET", "POST"]


def test_write_gives_up_after_two_retries_with_a_check_each(script, forge):
    for _ in range(3):
        script.says(502, "Bad Gateway").says(200, [])
    problem = error_of(forge.open, PROPOSAL)
    assert not isinstance(problem, Refused)
    assert problem.what == "GitHub did not open the pull request (502): Bad Gateway"
    assert [line.split(" ")[0] for line in script.requests] == ["POST", "GET"] * 3


def test_write_is_not_repeated_if_its_effect_cannot_be_checked(script, forge):
    script.says(502, "Bad Gateway").says(403, {"message": "Forbidden"})
    assert error_of(forge.open, PROPOSAL).what == "GitHub did not open the pull request (502): Bad Gateway"
    assert script.count("POST") == 1


def test_rate_limited_write_is_repeated_without_a_check(script, forge, waits):
    script.says(403, {"message": "You have exceeded a secondary rate limit."}, Retry_After="7")
    script.says(201, listed(1, "open", "octo/students"))
    assert forge.open(PROPOSAL).number == 1
    assert script.count("GET") == 0
    assert waits.seconds == [7]


@pytest.mark.parametrize(("title", "found", "sent"), [("t", "mine", 2), ("hers", "hers", 1)])
def test_lost_edit_is_repeated_unless_a_person_edited_meanwhile(script, forge, title, found, sent):
    before = listed(1, "open", "octo/students")
    script.says(200, [before])
    pull = first(forge, "b")
    script.lines.clear()
    script.says(502).says(200, before | {"title": title}).says(200, before | {"title": "mine"})
    assert forge.edit(pull, title="mine", body="").title == found
    assert script.count("PATCH") == sent


def test_existing_approval_is_not_repeated(script, url, waits):
    script.says(200, [listed(1, "open", "octo/students")])
    with contextlib.closing(GitHub(access(url, waits.budget()), "octo/students", TOKEN, "ghs_other")) as forge:
        pull = first(forge, "b")
        script.lines.clear()
        script.says(504).says(200, {"data": {"viewer": {"login": "second"}}})
        script.says(200, [{"user": {"login": "second"}, "state": "APPROVED", "commit_id": "c" * 40}])
        forge.approve(pull, "c" * 40, "yes")
    assert sum("/reviews" in line and line.startswith("POST") for line in script.requests) == 1


def test_merge_with_a_lost_response_is_found(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    pull = first(forge, "b")
    script.lines.clear()
    script.says(502, "Bad Gateway").says(
        200, listed(1, "closed", "octo/students") | {"merged_at": "2026-11-01T00:00:00Z"}
    )
    assert forge.merge(pull, pull.head_sha, "squash").reply is MergeReply.DONE
    assert script.count("PUT") == 1


def test_merge_by_another_run_counts_as_done(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    pull = first(forge, "b")
    script.lines.clear()
    script.says(405, {"message": "Pull Request is not mergeable"})
    script.says(200, listed(1, "closed", "octo/students") | {"merged_at": "2026-11-01T00:00:00Z"})
    assert forge.merge(pull, pull.head_sha, "squash").reply is MergeReply.DONE


def test_html_page_does_not_count_as_a_merge(script, forge):
    """PyGithub takes every text with status 200 for a success."""
    script.says(200, [listed(1, "open", "octo/students")])
    pull = first(forge, "b")
    script.lines.clear()
    script.says(200, "<html>Welcome to our wifi</html>", Content_Type="text/html")
    problem = error_of(forge.merge, pull, pull.head_sha, "squash")
    assert problem.what.endswith(": the answer makes no sense: text/html: Welcome to our wifi")


# --- refusals -------------------------------------------------------------------------------------------


def test_error_about_the_token_does_not_contain_it(script, forge):
    script.says(401, {"message": f"Bad credentials {TOKEN}"})
    problem = error_of(forge.pulls_of, "b")
    assert isinstance(problem, Refused)
    assert "***" in problem.what


def test_page_of_a_proxy_is_not_taken_for_a_refusal_of_github(script, forge):
    script.says(403, "<html><body>Blocked by policy</body></html>", Content_Type="text/html")
    problem = error_of(forge.open, PROPOSAL)
    assert problem.what.endswith("Blocked by policy")
    assert "proxy" in problem.why


@pytest.mark.parametrize("body", ["<html>Welcome to our wifi</html>", '{"number": 7, "ti', '{"number": "7"}', "[1]"])
def test_unparsable_response_is_an_expected_error(script, forge, body):
    script.says(200, body)
    assert not isinstance(error_of(forge.pulls_of, "b"), Refused)
    assert not isinstance(error_of(forge.get, 7), Refused)


# --- limits ---------------------------------------------------------------------------------------------


def test_long_rate_limit_ends_the_run(script, forge, waits):
    soon = str(int(time.time()) + 3000)
    script.says(403, {"message": "API rate limit exceeded."}, X_RateLimit_Remaining="0", X_RateLimit_Reset=soon)
    problem = error_of(forge.pulls_of, "b")
    assert not isinstance(problem, Refused)
    assert "too many requests" in problem.why
    assert len(script.requests) == 1
    assert waits.seconds == []
    assert "is too long for this run" in waits.log[-1]


LIMITS = {
    "Retry-After with 429": (429, {"Retry_After": "7"}, {"message": "slow down"}, 7),
    "429": (429, {}, {"message": "slow down"}, 60),
    "Retry-After with 403": (403, {"Retry_After": "7"}, {"message": "x"}, 7),
    "a secondary limit": (403, {}, {"message": "You have exceeded a secondary rate limit. Please wait."}, 60),
    "a primary limit that is over": (
        403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1"}, {"message": "API rate limit exceeded"}, 1,
    ),
    "a limit of GraphQL": (
        200, {}, {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}, 60,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("status", "headers", "body", "seconds"), LIMITS.values(), ids=LIMITS)
def test_rate_limit_is_waited_out_as_long_as_github_asks(script, forge, waits, status, headers, body, seconds):
    script.says(status, body, **headers).says(200, {"data": {"viewer": {"login": "ml-bot[bot]"}}})
    assert forge.author() == "ml-bot[bot]"
    assert waits.seconds == [seconds]
    assert f"waiting {seconds} s, then trying again (1 of 4)" in waits.log[0]


def test_forbidden_call_is_no_rate_limit(script, forge, waits):
    script.says(403, {"message": "Resource not accessible by integration"}, X_RateLimit_Remaining="4999")
    assert isinstance(error_of(forge.pulls_of, "b"), Refused)
    assert waits.log == []


def test_server_cannot_make_a_run_wait_for_hours(script, forge, waits):
    script.says(503, "", Retry_After="7200")
    error_of(forge.pulls_of, "b")
    assert waits.seconds == []


def test_all_waits_of_a_run_are_limited(script, forge, waits):
    for _ in range(10):
        script.says(429, {"message": "slow down"}, Retry_After="100").says(200, [])
    for _ in range(3):
        first(forge, "b")
    assert waits.seconds == [100, 100, 100]
    error_of(forge.pulls_of, "b")
    assert waits.seconds == [100, 100, 100]


# --- other answers --------------------------------------------------------------------------------------


def test_object_that_github_does_not_know_yet_is_requested_again(script, forge):
    script.says(422, {"message": "Validation Failed", "errors": ["Could not resolve to a node with the global id"]})
    script.says(200, {"data": {"viewer": {"login": "ml-bot[bot]"}}})
    assert forge.author() == "ml-bot[bot]"


def test_errors_of_graphql_arrive_with_status_200(script, url):
    script.says(
        200,
        {
            "data": None,
            "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible by integration"}],
        },
    )
    with contextlib.closing(GitHub(access(url), "octo/students", "github_pat_1")) as forge:
        problem = error_of(forge.author)
    assert "lacks the permission" in problem.why


def test_workflow_token_that_may_not_query_its_login_is_the_actions_bot(script, forge):
    script.says(
        200,
        {
            "data": None,
            "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible by integration"}],
        },
    )
    assert forge.author() == "github-actions[bot]"


def test_refused_connection_is_reported():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with contextlib.closing(GitHub(access(f"http://127.0.0.1:{port}"), "octo/students", TOKEN)) as forge:
        problem = error_of(forge.pulls_of, "b")
    assert "Connection refused" in problem.what
    assert "network" in problem.why


def test_silent_server_times_out():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        slow = access(url, timing=Timing(timeout=1))
        with contextlib.closing(GitHub(slow, "octo/students", TOKEN)) as forge:
            assert "timed out" in error_of(forge.pulls_of, "b").what


@pytest.mark.parametrize("token", ["", "two words", "ghs_x\n", "ghs_é"])
def test_unsendable_token_is_refused_at_once(token):
    with pytest.raises(ForgeError, match="token is empty or holds a space"):
        GitHub(access("http://127.0.0.1:1"), "octo/students", token)


def test_pygithub_prints_nothing(script, forge, capfd):
    script.says(403, {"message": "x"}, Retry_After="0").says(200, [])
    first(forge, "b")
    logging.getLogger("github.Requester").warning("a request with its body")
    assert capfd.readouterr() == ("", "")


def test_label_that_cannot_be_created_is_reported(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    pull = first(forge, "b")
    script.lines.clear()
    script.says(422, {"message": "Validation Failed", "errors": [{"resource": "Label", "code": "invalid"}]})
    assert error_of(forge.label, pull, "x" * 99).what.endswith("(422): Validation Failed: Label invalid")


def test_transient_error_while_merging_is_not_a_refusal(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    pull = first(forge, "b")
    script.lines.clear()
    script.says(502, "Bad Gateway")
    assert not isinstance(error_of(forge.merge, pull, pull.head_sha, "squash"), Refused)
    assert script.count("PUT") == 1


# --- what the sandbox does not have ---------------------------------------------------------------------


def listed(number, state, head):
    return {
        "number": number, "html_url": "", "url": "/repos/octo/students/pulls/1", "state": state,
        "title": "t", "body": None, "user": None, "draft": False, "labels": [], "auto_merge": None, "merged_at": None,
        "head": {"ref": "b", "sha": "c" * 40, "repo": head and {"full_name": head}},
        "base": {"ref": "main", "sha": "d" * 40, "repo": {"full_name": "octo/students"}},
    }  # fmt: skip


def test_fork_with_the_same_branch_name_is_ignored(script, forge):
    script.says(200, [listed(3, "open", "octo/fork"), listed(2, "open", None), listed(1, "closed", "octo/students")])
    assert first(forge, "b").number == 1


def test_pull_requests_of_forks_only_count_as_none(script, forge):
    script.says(200, [listed(3, "open", "octo/fork")])
    assert first(forge, "b") is None


def test_deleted_account_has_no_login(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    assert first(forge, "b").author == ""


def test_older_server_that_rejects_the_query_is_no_error(script, url):
    """The schema of GitHub Enterprise Server is older."""
    script.says(200, {"full_name": "o/r", "default_branch": "main"})
    script.says(200, {"errors": [{"message": "Field 'refUpdateRule' doesn't exist on type 'Ref'"}]})
    script.says(200, {"data": {"viewer": {"login": "ml-bot[bot]"}}})
    script.says(200, [])
    with contextlib.closing(GitHub(access(url), "o/r", TOKEN)) as forge:
        facts = forge.facts(BranchNames("main", "s", "p", "l"), thorough=False)
    assert (facts.author.login, facts.base.there, facts.base.checks) == ("ml-bot[bot]", True, ())
    assert (facts.author.push, facts.methods) == (None, None)


def test_failing_server_raises_an_error(script, url):
    script.says(502, "bad gateway")
    with (
        contextlib.closing(GitHub(access(url), "o/r", TOKEN)) as forge,
        pytest.raises(ForgeError),
    ):
        forge.facts(BranchNames("main", "s", "p", "l"), thorough=False)
