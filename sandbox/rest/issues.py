"""Issues that are not pull requests: opened, listed, edited."""

from __future__ import annotations

from typing import Any

from sandbox.clock import now
from sandbox.errors import RefusalError, invalid_field, not_found
from sandbox.records import Issue
from sandbox.rest.labels_and_comments import DEFAULT_COLOR, add_label
from sandbox.rest.routing import Call, created, route, text
from sandbox.serializers.issues import serialize_issue, serialize_pull_as_issue

DISABLED = "Issues are disabled for this repo"
LONGEST = 65_536  # characters of a body


@route("GET", "/issues", needs="issues:read")
def list_issues(call: Call) -> Any:
    """Lists issues by state, creator and labels, newest first, without the pull requests that GitHub adds."""
    query = call.request.args
    state, creator = query.get("state", "open"), query.get("creator")
    wanted = {name.lower() for name in query.get("labels", "").split(",") if name}
    found = [
        issue
        for issue in call.repository.issues.values()
        if state in ("all", issue.state)
        and creator in (None, issue.author.login)
        and wanted <= {name.lower() for name in issue.labels}
    ]
    return [serialize_issue(call.url, call.repository, issue) for issue in call.page(found[::-1])]


@route("POST", "/issues", needs="issues:write")
def create_issue(call: Call) -> Any:
    """Opens an issue; the labels of a caller without write access are ignored."""
    refuse_disabled(call)
    body = call.fields("title")
    issue = Issue(call.repository.next_number(), call.actor, body["title"], limited(text(body, "body", "Issue")))
    names = body.get("labels") or [] if call.repository.has_write_access(call.actor) else []
    for name in names:
        label = call.repository.labels.get(name.lower()) or add_label(call, name, DEFAULT_COLOR, None)
        issue.labels.append(label.name)
    call.repository.issues[issue.number] = issue
    return created(serialize_issue(call.url, call.repository, issue))


@route("GET", "/issues/<int:issue_number>", needs="issues:read|pull_requests:read")
def get_issue(call: Call, issue_number: int) -> Any:
    """Returns an issue or a pull request, which is an issue too, with who closed it."""
    pull = call.repository.pulls_by_number.get(issue_number)
    if pull:
        return serialize_pull_as_issue(call.url, call.repository, pull)
    return serialize_issue(call.url, call.repository, find_issue(call, issue_number))


@route("PATCH", "/issues/<int:issue_number>", needs="issues:write")
def edit_issue(call: Call, issue_number: int) -> Any:
    """Changes title, body or state, for the author and for accounts with write access."""
    refuse_disabled(call)
    issue, body = find_issue(call, issue_number), call.fields()
    if issue.author.login != call.actor.login and not call.repository.has_write_access(call.actor):
        raise RefusalError(403, "Must have admin rights to Repository.")
    issue.title = text(body, "title", "Issue") or issue.title
    if "body" in body:
        issue.body, issue.editor = limited(text(body, "body", "Issue")), call.actor
    if body.get("state") not in (None, issue.state):
        issue.set_state(body["state"], call.actor)
    issue.updated_at = now()
    return serialize_issue(call.url, call.repository, issue)


def find_issue(call: Call, number: int) -> Issue:
    """Returns the issue with this number."""
    found = call.repository.issues.get(number)
    if found is None:
        raise not_found()
    return found


def limited(body: str | None) -> str | None:
    """Returns a body that is not too long."""
    if len(body or "") > LONGEST:
        raise invalid_field("Issue", "body", "custom")
    return body


def refuse_disabled(call: Call) -> None:
    """Refuses if the repository has issues disabled."""
    if not call.repository.settings.has_issues:
        raise RefusalError(410, DISABLED)
