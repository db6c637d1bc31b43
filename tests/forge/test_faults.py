"""What networks, proxies and an ailing GitHub do, on a socket: reads are repeated, writes never blindly."""

import contextlib
import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ml_action.errors import ForgeProblem
from ml_action.forge import Refusal
from ml_action.forge.github import GitHub
from ml_action.forge.identity import Pace
from ml_action.records import Autonomy, Proposal

TOKEN = "ghs_secretsecretsecret"
HURRY = Pace(between_writes=0, retries=2, backoff=0, longest_wait=0, timeout=2)
PROPOSAL = Proposal(
    name="students", base="main", branch="b", commit="c" * 40, title="t", body="b", label="model-update",
    fingerprint="f", model_dir="model", merge_method="squash", autonomy=Autonomy.PROPOSE,
)  # fmt: skip


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

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def forge(url):
    with contextlib.closing(GitHub(url, "octo/students", TOKEN, pace=HURRY)) as forge:
        yield forge


def problem_of(act, *args, **keywords):
    with pytest.raises(ForgeProblem) as caught:
        act(*args, **keywords)
    assert TOKEN not in f"{caught.value!r} {caught.value} {caught.value.why}"
    return caught.value


def test_a_read_is_repeated_while_github_has_trouble(script, forge):
    script.says(502).says(503, "<html>").says(200, [])
    assert forge.find("b") is None
    assert len(script.requests) == 3


def test_a_read_is_given_up_after_a_few_tries(script, forge):
    script.says(502, "Bad Gateway")
    problem = problem_of(forge.find, "b")
    assert not isinstance(problem, Refusal)
    assert problem.what == "could not list the pull requests: too many 502 error responses"
    assert len(script.requests) == 3


def test_a_post_is_sent_once_and_followed_by_a_look(script, forge):
    script.says(502, "Bad Gateway").says(200, [])
    problem = problem_of(forge.open, PROPOSAL)
    assert problem.what == "GitHub did not open the pull request (502): Bad Gateway"
    assert script.count("POST") == 1
    assert script.count("GET") == 1


def test_a_refused_token_is_told_without_the_token(script, forge):
    script.says(401, {"message": f"Bad credentials {TOKEN}"})
    problem = problem_of(forge.find, "b")
    assert isinstance(problem, Refusal)
    assert "***" in problem.what


def test_the_page_of_a_proxy_is_not_taken_for_github_s_word(script, forge):
    script.says(403, "<html><body>Blocked by policy</body></html>", Content_Type="text/html")
    problem = problem_of(forge.open, PROPOSAL)
    assert problem.what.endswith("Blocked by policy")
    assert "proxy" in problem.why


@pytest.mark.parametrize("body", ["<html>Welcome to our wifi</html>", '{"number": 7, "ti', '{"number": "7"}', "[1]"])
def test_an_answer_that_makes_no_sense_is_a_problem_and_no_crash(script, forge, body):
    script.says(200, body)
    assert not isinstance(problem_of(forge.find, "b"), Refusal)
    assert not isinstance(problem_of(forge.get, 7), Refusal)


def test_a_rate_limit_that_lasts_too_long_ends_the_run(script, forge):
    script.says(403, {"message": "API rate limit exceeded for installation."}, X_RateLimit_Reset="99999999999")
    problem = problem_of(forge.find, "b")
    assert not isinstance(problem, Refusal)
    assert "too many requests" in problem.why
    assert len(script.requests) == 1


def test_a_rate_limit_that_is_over_at_once_is_waited_for(script, forge):
    script.says(429, {"message": "slow down"}, Retry_After="0").says(403, {"message": "x"}, Retry_After="0").says(
        200, []
    )
    assert forge.find("b") is None


def test_a_server_cannot_make_us_sleep_for_hours(script, forge):
    script.says(503, "", Retry_After="7200").says(200, [])
    assert forge.find("b") is None  # longest_wait is 0 here


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
    with contextlib.closing(GitHub(url, "octo/students", "github_pat_1", pace=HURRY)) as forge:
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
    with contextlib.closing(GitHub(f"http://127.0.0.1:{port}", "octo/students", TOKEN, pace=HURRY)) as forge:
        problem = problem_of(forge.find, "b")
    assert "Connection refused" in problem.what
    assert "network" in problem.why


def test_a_server_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        pace = Pace(retries=0, timeout=1, backoff=0)
        with contextlib.closing(GitHub(url, "octo/students", TOKEN, pace=pace)) as forge:
            assert "timed out" in problem_of(forge.find, "b").what


@pytest.mark.parametrize("token", ["", "two words", "ghs_x\n", "ghs_é"])
def test_a_token_that_cannot_be_sent_is_refused_at_once(token):
    with pytest.raises(ForgeProblem, match="token is empty or holds a space"):
        GitHub("http://127.0.0.1:1", "octo/students", token)


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
    assert not isinstance(problem_of(forge.merge, pull, pull.head_sha, "squash"), Refusal)
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
