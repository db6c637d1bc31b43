"""What networks, proxies and an ailing GitHub do, on a socket: reads are repeated, and writes after a look."""

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
    """The waits of a run, and what it said of them."""

    def __init__(self):
        self.seconds = []
        self.said = []

    def patience(self, in_all=300.0):
        return RetryBudget(in_all, pause=self.seconds.append, report=self.said.append)


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def forge(url, waits):
    with contextlib.closing(GitHub(access(url, waits.patience()), "octo/students", TOKEN)) as forge:
        yield forge


def problem_of(act, *args, **keywords):
    with pytest.raises(ForgeError) as caught:
        act(*args, **keywords)
    assert TOKEN not in f"{caught.value!r} {caught.value} {caught.value.why}"
    return caught.value


def test_a_read_is_repeated_while_github_has_trouble(script, forge, waits):
    script.says(502).says(503, "<html>").says(200, [])
    assert forge.find("b") is None
    assert len(script.requests) == 3
    assert waits.seconds == [1, 2]
    assert waits.said[0] == (
        "GitHub did not list the pull requests (502): no text: waiting 1 s, then trying again (1 of 4)"
    )


def test_a_read_is_given_up_after_a_few_tries(script, forge, waits):
    script.says(502, "Bad Gateway")
    problem = problem_of(forge.find, "b")
    assert not isinstance(problem, Refused)
    assert problem.what == "GitHub did not list the pull requests (502): Bad Gateway"
    assert len(script.requests) == 5
    assert waits.seconds == [1, 2, 4, 8]


# --- writes ---------------------------------------------------------------------------------------------


def test_a_write_whose_answer_was_lost_is_looked_for_and_not_repeated(script, forge):
    script.says(502, "Bad Gateway").says(200, [listed(1, "open", "octo/students")])
    assert forge.open(PROPOSAL).number == 1
    assert script.requests[0].startswith("POST")
    assert script.count("POST") == 1


def test_a_write_that_had_no_effect_is_repeated_after_the_look(script, forge):
    script.says(502, "Bad Gateway").says(200, []).says(201, listed(1, "open", "octo/students"))
    assert forge.open(PROPOSAL).number == 1
    assert [line.split(" ")[0] for line in script.requests] == ["POST", "GET", "POST"]


def test_a_write_is_given_up_after_two_repeats_each_with_a_look(script, forge):
    for _ in range(3):
        script.says(502, "Bad Gateway").says(200, [])
    problem = problem_of(forge.open, PROPOSAL)
    assert not isinstance(problem, Refused)
    assert problem.what == "GitHub did not open the pull request (502): Bad Gateway"
    assert [line.split(" ")[0] for line in script.requests] == ["POST", "GET"] * 3


def test_a_write_is_not_repeated_by_someone_who_cannot_look(script, forge):
    script.says(502, "Bad Gateway").says(403, {"message": "Forbidden"})
    assert problem_of(forge.open, PROPOSAL).what == "GitHub did not open the pull request (502): Bad Gateway"
    assert script.count("POST") == 1


def test_a_write_that_a_limit_stopped_is_repeated_without_a_look(script, forge, waits):
    script.says(403, {"message": "You have exceeded a secondary rate limit."}, Retry_After="7")
    script.says(201, listed(1, "open", "octo/students"))
    assert forge.open(PROPOSAL).number == 1
    assert script.count("GET") == 0
    assert waits.seconds == [7]


@pytest.mark.parametrize(("title", "found", "sent"), [("t", "mine", 2), ("hers", "hers", 1)])
def test_a_lost_edit_is_repeated_unless_somebody_has_edited_since(script, forge, title, found, sent):
    before = listed(1, "open", "octo/students")
    script.says(200, [before])
    pull = forge.find("b")
    script.lines.clear()
    script.says(502).says(200, before | {"title": title}).says(200, before | {"title": "mine"})
    assert forge.edit(pull, title="mine", body="").title == found
    assert script.count("PATCH") == sent


def test_an_approval_that_is_there_is_not_given_again(script, url, waits):
    script.says(200, [listed(1, "open", "octo/students")])
    with contextlib.closing(GitHub(access(url, waits.patience()), "octo/students", TOKEN, "ghs_other")) as forge:
        pull = forge.find("b")
        script.lines.clear()
        script.says(504).says(200, {"data": {"viewer": {"login": "second"}}})
        script.says(200, [{"user": {"login": "second"}, "state": "APPROVED", "commit_id": "c" * 40}])
        forge.approve(pull, "c" * 40, "yes")
    assert sum("/reviews" in line and line.startswith("POST") for line in script.requests) == 1


def test_a_merge_that_was_done_all_the_same_is_done(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    pull = forge.find("b")
    script.lines.clear()
    script.says(502, "Bad Gateway").says(
        200, listed(1, "closed", "octo/students") | {"merged_at": "2026-11-01T00:00:00Z"}
    )
    assert forge.merge(pull, pull.head_sha, "squash").reply is MergeReply.DONE
    assert script.count("PUT") == 1


def test_a_merge_that_another_run_made_is_done(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    pull = forge.find("b")
    script.lines.clear()
    script.says(405, {"message": "Pull Request is not mergeable"})
    script.says(200, listed(1, "closed", "octo/students") | {"merged_at": "2026-11-01T00:00:00Z"})
    assert forge.merge(pull, pull.head_sha, "squash").reply is MergeReply.DONE


def test_a_page_in_place_of_an_answer_does_not_stand_for_a_merge(script, forge):
    """PyGithub takes every text with status 200 for a success."""
    script.says(200, [listed(1, "open", "octo/students")])
    pull = forge.find("b")
    script.lines.clear()
    script.says(200, "<html>Welcome to our wifi</html>", Content_Type="text/html")
    problem = problem_of(forge.merge, pull, pull.head_sha, "squash")
    assert problem.what.endswith(": the answer makes no sense: text/html: Welcome to our wifi")


# --- refusals -------------------------------------------------------------------------------------------


def test_a_refused_token_is_told_without_the_token(script, forge):
    script.says(401, {"message": f"Bad credentials {TOKEN}"})
    problem = problem_of(forge.find, "b")
    assert isinstance(problem, Refused)
    assert "***" in problem.what


def test_the_page_of_a_proxy_is_not_taken_for_github_s_word(script, forge):
    script.says(403, "<html><body>Blocked by policy</body></html>", Content_Type="text/html")
    problem = problem_of(forge.open, PROPOSAL)
    assert problem.what.endswith("Blocked by policy")
    assert "proxy" in problem.why


@pytest.mark.parametrize("body", ["<html>Welcome to our wifi</html>", '{"number": 7, "ti', '{"number": "7"}', "[1]"])
def test_an_answer_that_makes_no_sense_is_a_problem_and_no_crash(script, forge, body):
    script.says(200, body)
    assert not isinstance(problem_of(forge.find, "b"), Refused)
    assert not isinstance(problem_of(forge.get, 7), Refused)


# --- limits ---------------------------------------------------------------------------------------------


def test_a_rate_limit_that_lasts_too_long_ends_the_run(script, forge, waits):
    soon = str(int(time.time()) + 3000)
    script.says(403, {"message": "API rate limit exceeded."}, X_RateLimit_Remaining="0", X_RateLimit_Reset=soon)
    problem = problem_of(forge.find, "b")
    assert not isinstance(problem, Refused)
    assert "too many requests" in problem.why
    assert len(script.requests) == 1
    assert waits.seconds == []
    assert "is too long for this run" in waits.said[-1]


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
def test_a_limit_is_waited_for_as_long_as_github_asks(script, forge, waits, status, headers, body, seconds):
    script.says(status, body, **headers).says(200, {"data": {"viewer": {"login": "ml-bot[bot]"}}})
    assert forge.author() == "ml-bot[bot]"
    assert waits.seconds == [seconds]
    assert f"waiting {seconds} s, then trying again (1 of 4)" in waits.said[0]


def test_a_forbidden_call_is_no_limit(script, forge, waits):
    script.says(403, {"message": "Resource not accessible by integration"}, X_RateLimit_Remaining="4999")
    assert isinstance(problem_of(forge.find, "b"), Refused)
    assert waits.said == []


def test_a_server_cannot_make_us_sleep_for_hours(script, forge, waits):
    script.says(503, "", Retry_After="7200")
    problem_of(forge.find, "b")
    assert waits.seconds == []


def test_a_run_waits_so_long_in_all_and_no_longer(script, forge, waits):
    for _ in range(10):
        script.says(429, {"message": "slow down"}, Retry_After="100").says(200, [])
    for _ in range(3):
        forge.find("b")
    assert waits.seconds == [100, 100, 100]
    problem_of(forge.find, "b")
    assert waits.seconds == [100, 100, 100]


# --- other answers --------------------------------------------------------------------------------------


def test_what_github_does_not_know_yet_is_asked_again(script, forge):
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
        problem = problem_of(forge.author)
    assert "lacks the permission" in problem.why


def test_the_workflow_s_own_token_that_may_not_ask_who_it_is_is_the_actions_bot(script, forge):
    script.says(
        200,
        {
            "data": None,
            "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible by integration"}],
        },
    )
    assert forge.author() == "github-actions[bot]"


def test_a_connection_that_nobody_answers():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with contextlib.closing(GitHub(access(f"http://127.0.0.1:{port}"), "octo/students", TOKEN)) as forge:
        problem = problem_of(forge.find, "b")
    assert "Connection refused" in problem.what
    assert "network" in problem.why


def test_a_server_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        slow = access(url, timing=Timing(timeout=1))
        with contextlib.closing(GitHub(slow, "octo/students", TOKEN)) as forge:
            assert "timed out" in problem_of(forge.find, "b").what


@pytest.mark.parametrize("token", ["", "two words", "ghs_x\n", "ghs_é"])
def test_a_token_that_cannot_be_sent_is_refused_at_once(token):
    with pytest.raises(ForgeError, match="token is empty or holds a space"):
        GitHub(access("http://127.0.0.1:1"), "octo/students", token)


def test_pygithub_prints_nothing(script, forge, capfd):
    script.says(403, {"message": "x"}, Retry_After="0").says(200, [])
    forge.find("b")
    logging.getLogger("github.Requester").warning("a request with its body")
    assert capfd.readouterr() == ("", "")


def test_a_label_that_cannot_be_created_is_told(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    pull = forge.find("b")
    script.lines.clear()
    script.says(422, {"message": "Validation Failed", "errors": [{"resource": "Label", "code": "invalid"}]})
    assert problem_of(forge.label, pull, "x" * 99).what.endswith("(422): Validation Failed: Label invalid")


def test_trouble_while_merging_is_not_a_refusal(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    pull = forge.find("b")
    script.lines.clear()
    script.says(502, "Bad Gateway")
    assert not isinstance(problem_of(forge.merge, pull, pull.head_sha, "squash"), Refused)
    assert script.count("PUT") == 1


# --- what the sandbox does not have ---------------------------------------------------------------------


def listed(number, state, head):
    return {
        "number": number, "html_url": "", "url": "/repos/octo/students/pulls/1", "state": state,
        "title": "t", "body": None, "user": None, "draft": False, "labels": [], "auto_merge": None, "merged_at": None,
        "head": {"ref": "b", "sha": "c" * 40, "repo": head and {"full_name": head}},
        "base": {"ref": "main", "sha": "d" * 40, "repo": {"full_name": "octo/students"}},
    }  # fmt: skip


def test_a_fork_s_branch_of_the_same_name_is_not_ours(script, forge):
    script.says(200, [listed(3, "open", "octo/fork"), listed(2, "open", None), listed(1, "closed", "octo/students")])
    assert forge.find("b").number == 1


def test_only_forks_are_nothing(script, forge):
    script.says(200, [listed(3, "open", "octo/fork")])
    assert forge.find("b") is None


def test_a_deleted_account_has_no_name(script, forge):
    script.says(200, [listed(1, "open", "octo/students")])
    assert forge.find("b").author == ""


def test_a_server_that_does_not_know_the_query_costs_knowledge_and_no_error(script, url):
    """The schema of GitHub Enterprise Server is older."""
    script.says(200, {"full_name": "o/r", "default_branch": "main"})
    script.says(200, {"errors": [{"message": "Field 'refUpdateRule' doesn't exist on type 'Ref'"}]})
    script.says(200, {"data": {"viewer": {"login": "ml-bot[bot]"}}})
    script.says(200, [])
    with contextlib.closing(GitHub(access(url), "o/r", TOKEN)) as forge:
        facts = forge.facts(BranchNames("main", "s", "p", "l"), thorough=False)
    assert (facts.author.login, facts.base.there, facts.base.checks) == ("ml-bot[bot]", True, ())
    assert (facts.author.push, facts.methods) == (None, None)


def test_a_server_that_is_ailing_is_no_fact(script, url):
    script.says(502, "bad gateway")
    with (
        contextlib.closing(GitHub(access(url), "o/r", TOKEN)) as forge,
        pytest.raises(ForgeError),
    ):
        forge.facts(BranchNames("main", "s", "p", "l"), thorough=False)
