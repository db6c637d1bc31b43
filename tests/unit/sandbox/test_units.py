"""The small pure functions."""

from __future__ import annotations

import pytest

from sandbox.git.command import NO_OBJECT
from sandbox.git.objects import parse_changes
from sandbox.git.packet_lines import FLUSH, RefUpdate, packet, packets, ref_updates, replace_reason
from sandbox.protection import GIT_REASON, GITHUB_REASON
from sandbox.rules import Rule, matches, rule_for


@pytest.mark.parametrize(
    ("pattern", "branch", "expected"),
    [
        ("main", "main", True),
        ("ml-auto-update/*", "ml-auto-update/x", True),
        ("ml-auto-update/*", "ml-auto-update/x/state", False),
        ("*", "a/b", False),
        ("release-*", "release-1", True),
    ],
)
def test_a_star_does_not_cross_a_slash(pattern: str, branch: str, expected: bool) -> None:
    assert matches(pattern, branch) is expected


def test_an_exact_rule_takes_precedence_over_a_pattern() -> None:
    rules = [Rule("*", required_reviews=1), Rule("main", required_reviews=2)]
    found = [rule_for(rules, branch) for branch in ("main", "x", "a/b")]
    assert [rule and rule.required_reviews for rule in found] == [2, 1, None]


def test_the_commands_of_a_push_are_read_before_the_pack() -> None:
    new = "1" * 40
    body = packet(f"{NO_OBJECT} {new} refs/heads/a\x00report-status side-band-64k".encode())
    body += packet(f"{new} {NO_OBJECT} refs/heads/b\n".encode()) + FLUSH + b"PACK0000rubbish"
    assert ref_updates(body) == [RefUpdate(NO_OBJECT, new, "refs/heads/a"), RefUpdate(new, NO_OBJECT, "refs/heads/b")]
    assert ref_updates(FLUSH) == []


def test_the_reason_of_a_rejected_ref_is_replaced() -> None:
    report = packet(b"unpack ok\n") + packet(b"ng refs/heads/a" + GIT_REASON) + FLUSH
    response = packet(b"\x02error: no\n") + packet(b"\x01" + report) + FLUSH
    message, report_packet, flush = packets(replace_reason(response, GIT_REASON, GITHUB_REASON))
    assert (message, flush) == (b"\x02error: no\n", b"")
    assert list(packets(report_packet[1:]))[1] == b"ng refs/heads/a" + GITHUB_REASON


def test_changes_are_parsed_with_any_names() -> None:
    text = (
        ":100644 100644 aaa bbb R090\x00old name\x00new name\x00:100644 000000 ccc 000 D\x00gone\x00"
        ":000000 100644 000 ddd A\x00b.bin\x003\t1\t\x00old name\x00new name\x000\t2\tgone\x00-\t-\tb.bin\x00"
    )
    renamed, gone, binary = parse_changes(text)
    assert (renamed.path, renamed.previous, renamed.additions, renamed.deletions) == (
        "new name",
        "old name",
        3,
        1,
    )
    assert (gone.status, gone.blob, gone.deletions) == ("removed", "ccc", 2)
    assert (binary.status, binary.additions) == ("added", 0)
