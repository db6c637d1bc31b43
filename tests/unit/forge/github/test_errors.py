"""Each known error of GitHub becomes a message of three parts that names its fix."""

import pytest

from ml_action.forge.base import MergeReply, Refused
from ml_action.forge.github.errors import KNOWN_ERRORS, Operation, explain, merge_reply, unreachable

OPEN = Operation("open the pull request", "pull-requests: write")
APPROVE = Operation("approve the pull request", "pull-requests: write", "approver-token")


@pytest.mark.parametrize(
    ("call", "status", "text", "why", "fix"),
    [
        (OPEN, 401, "Bad credentials", "token is wrong, expired or revoked", "pass a valid token"),
        (APPROVE, 401, "Bad credentials", "approver-token is wrong", "pass a valid approver-token"),
        (
            OPEN, 403, "GitHub Actions is not permitted to create or approve pull requests.", "GITHUB_TOKEN",
            "Settings → Actions → General → Workflow permissions → “Allow GitHub Actions",
        ),
        (
            OPEN, 403, "Resource not accessible by integration",
            "lacks the permission pull-requests: write", "add `pull-requests: write` under `permissions:`",
        ),
        (
            OPEN, 403, "Resource not accessible by personal access token",
            "lacks the permission pull-requests: write", "Fine-grained tokens",
        ),
        (
            APPROVE, 422, "Unprocessable Entity: Review Can not approve your own pull request",
            "the same identity", "use a second identity",
        ),
        (OPEN, 422, "No commits between main and x", "has everything", "nothing is left"),
        (OPEN, 403, "Repository was archived so is read-only.", "archived", "unarchive"),
        (OPEN, 403, "Resource protected by organization SAML enforcement.", "single sign-on", "authorize"),
        (OPEN, 404, "Not Found", "not there, or the token cannot see it", "check the repository's name"),
        (OPEN, 405, "Pull Request is not mergeable", "does not allow it", "merge box"),
        (OPEN, 405, "Squash merges are not allowed on this repository.", "turned off", "merge-method"),
        (OPEN, 405, "Merge commits are not allowed on this repository.", "turned off", "merge-method"),
        (OPEN, 405, "Repository rule violations found", "ruleset", "Rulesets"),
        (OPEN, 400, "Auto merge is not allowed for this repository", "turned off", "Allow auto-merge"),
        (OPEN, 400, "Protected branch rules not configured for this branch", "branch rule", "Rulesets"),
        (OPEN, 403, "something new", "may not do this", "give it the permission pull-requests: write"),
        (OPEN, 418, "I'm a teapot", "gives no more", "open an issue"),
    ],
)  # fmt: skip
def test_refusal_has_a_cause_and_a_fix(call, status, text, why, fix):
    problem = explain(call, status, text)
    assert isinstance(problem, Refused)
    assert problem.what == f"GitHub did not {call.action} ({status}): {text}"
    assert why in problem.why
    assert fix in problem.fix


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, "Server Error"),
        (503, "Resource not accessible by integration"),
        (403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."),
        (403, "API rate limit exceeded for installation ID 1."),
        (429, ""),
        (409, "Head branch was modified. Review and try the merge again."),
        (422, "Validation Failed: Could not resolve to a node with the global id of 'PR_kwD'."),
        (403, "<!DOCTYPE html><title>403</title><body>Corporate proxy</body>"),
    ],
)
def test_transient_error_is_not_a_refusal(status, text):
    problem = explain(OPEN, status, text)
    assert not isinstance(problem, Refused)
    assert "next run" in problem.fix


def test_html_page_is_quoted_as_text():
    page = "<html><head><style>b {}</style></head><body><h1>Bad\n Gateway</h1></body></html>"
    assert explain(OPEN, 502, page).what == "GitHub did not open the pull request (502): Bad Gateway"


def test_long_response_is_cut_and_an_empty_one_is_named():
    assert len(explain(OPEN, 403, "x " * 1_000).what) < 400
    assert explain(OPEN, 403, "").what.endswith("(403): no text")


def test_missing_response_is_transient():
    problem = unreachable(OPEN, "Connection refused")
    assert problem.what == "could not open the pull request: Connection refused"
    assert not isinstance(problem, Refused)


@pytest.mark.parametrize(
    ("status", "text", "reply"),
    [
        (400, '["Pull request Pull request is in clean status"]', MergeReply.MERGEABLE_NOW),
        (400, "Pull request Pull request is in has_hooks status", MergeReply.MERGEABLE_NOW),
        (400, "Pull request Pull request is in unstable status", MergeReply.TRY_AGAIN),
        (405, "Base branch was modified. Review and try the merge again.", MergeReply.TRY_AGAIN),
        (409, "Head branch was modified. Review and try the merge again.", MergeReply.HEAD_MOVED),
        (400, "Pull request Auto merge is not allowed for this repository", MergeReply.REFUSED),
        (403, "Resource not accessible by integration", MergeReply.REFUSED),
        (405, "Pull Request is not mergeable", MergeReply.REFUSED),
    ],
)
def test_refused_merge_becomes_a_reply_with_its_reason(status, text, reply):
    got = merge_reply(explain(OPEN, status, text))
    assert got.reply is reply
    assert text.split()[0] in got.text


def test_every_row_of_the_table_is_complete():
    assert all(known.why and known.fix for known in KNOWN_ERRORS)
    assert all(known.status or known.text == known.text.casefold() != "" for known in KNOWN_ERRORS)
