"""The statement in a promotion's commit: made from what is known of the attempt, compared with it before approval."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_action.core import model_metadata
from ml_action.core.records.choices import Verdict
from ml_action.promotion import commit_contents, signed_statement
from ml_action.provenance import statement
from ml_action.provenance.policy import Policy
from ml_action.provenance.signing import own_code
from ml_action.provenance.statement import Model
from tests.support.signing import KEY, ORIGIN, OTHER, SIGNER, make_promotion, make_statement, signed
from tests.unit.promotion.test_commit_contents import AFTER, ATTEMPT, BASE, DIGEST, MODEL, PATHS, Proposed

FILES = {"model_metadata.json": model_metadata.to_bytes(AFTER), "v2.pkl": MODEL, "v2.md": b"# v2\n"}
BEFORE = {"model_metadata.json": model_metadata.to_bytes(BASE)}
POLICY = Policy(KEY.public, ORIGIN.repository)
WITH_STATEMENT = (*PATHS, "model/model_statement.json")


def content_of(files=FILES, before=BEFORE, signer=SIGNER, attempt=ATTEMPT):
    return signed_statement.signed(attempt, files, before, signer, "2026-03-01T12:00:00Z")[statement.FILE]


CONTENT = content_of()


@pytest.fixture
def proposed(tmp_path):
    return Proposed(tmp_path)


def objections(proposed, content, paths=WITH_STATEMENT, policy=POLICY, **changes):
    """The objections to a commit with this file next to the metadata."""
    entries = {} if content is None else {statement.FILE: ("100644", proposed.repository.blob(content))}
    attempt = replace(ATTEMPT, commit=proposed.commit(entries=entries), **changes)
    return commit_contents.find_objections(
        proposed.repository, attempt, paths, name=BASE.name, model_dir="model", policy=policy
    )


def test_statement_says_what_is_known_of_the_attempt():
    found = POLICY.statement_in(CONTENT)
    assert (found.model_file, found.model_sha256) == ("v2.pkl", DIGEST)
    assert found.metadata_sha256 == statement.sha256(FILES["model_metadata.json"])
    promotion = found.promotion
    assert (promotion.version, promotion.counter, promotion.previous) == ("v2", 2, Model("v1", "a" * 64))
    assert (promotion.fingerprint, promotion.data_tree) == (ATTEMPT.fingerprint, ATTEMPT.data_tree)
    assert promotion.judgement.interval == ATTEMPT.interval
    assert promotion.origin == ORIGIN
    assert promotion.code == own_code()


def test_counter_is_above_all_that_came_before():
    history = model_metadata.parse(BEFORE["model_metadata.json"], "")
    assert signed_statement.next_counter(None, None) == 1
    assert signed_statement.next_counter(None, history) == 2
    assert signed_statement.next_counter(signed(make_statement()), history) == 3
    assert signed_statement.next_counter(b"not ours", history) == 2
    of_other_key = signed(make_statement(promotion=make_promotion(counter=9)), OTHER)
    assert signed_statement.next_counter(of_other_key, history) == 10  # the key was exchanged


def test_rollback_is_signed_with_a_higher_counter():
    back = model_metadata.with_current(model_metadata.to_bytes(AFTER), "v1")
    attempt = replace(ATTEMPT, verdict=Verdict.ROLLBACK, version="v1")
    before = {"model_metadata.json": model_metadata.to_bytes(AFTER), statement.FILE: CONTENT}
    found = POLICY.statement_in(content_of({"model_metadata.json": back}, before, attempt=attempt)).promotion
    assert (found.version, found.counter, found.previous) == ("v1", 3, Model("v2", DIGEST))
    assert found.judgement.verdict == "rollback"


def test_commit_of_the_loop_with_its_statement_raises_no_objection(proposed):
    assert objections(proposed, CONTENT) == ()


def test_statement_is_compared_where_no_key_is_known(proposed):
    assert objections(proposed, CONTENT, policy=None) == ()
    (objection,) = objections(proposed, signed(make_statement()), policy=None)
    assert "model_metadata.json is not the file that was signed" in objection


def test_promotion_without_a_statement_is_refused_where_a_key_is_known(proposed):
    assert objections(proposed, None, PATHS, policy=None) == ()
    (objection,) = objections(proposed, None, PATHS)
    assert "the promotion is not signed" in objection


def test_statement_of_another_key_is_refused(proposed):
    theirs = content_of(signer=replace(SIGNER, envelope_of=OTHER.envelope_of))
    (objection,) = objections(proposed, theirs)
    assert "names the key" in objection


def test_statement_of_another_repository_is_refused(proposed):
    theirs = content_of(signer=replace(SIGNER, origin=replace(ORIGIN, repository="octo/other")))
    (objection,) = objections(proposed, theirs)
    assert "the repository octo/other" in objection


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": "because"}, ""),  # is not in the statement
        ({"data_tree": "9" * 40}, "data"),
        ({"improvement": 0.5}, "verdict"),
        ({"forced": "a person wants it"}, "verdict"),
    ],
)
def test_statement_that_differs_from_the_journal_is_refused(proposed, changes, words):
    found = objections(proposed, CONTENT, **changes)
    assert [f"its statement's {words} is not the one that the journal records"] * bool(words) == list(found)


def test_counter_that_does_not_grow_is_refused():
    about = POLICY.statement_in(CONTENT)
    assert signed_statement.objections(about, ATTEMPT, 1) == ()
    (objection,) = signed_statement.objections(about, ATTEMPT, 2)
    assert "counter 2, which is not above 2" in objection


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "no JSON"), (b"{}", "no DSSE envelope"), (b"[" * 60_000, "no JSON"), (b" " * 70_000, "holds 70,000 bytes")],
)
def test_file_that_is_no_statement_is_refused(proposed, content, words):
    for policy in (POLICY, None):
        (objection,) = objections(proposed, content, policy=policy)
        assert words in objection


def test_link_in_place_of_the_statement_is_refused(proposed):
    attempt = replace(
        ATTEMPT, commit=proposed.commit(entries={statement.FILE: ("120000", proposed.repository.blob(CONTENT))})
    )
    (objection,) = commit_contents.find_objections(
        proposed.repository, attempt, WITH_STATEMENT, name=BASE.name, model_dir="model", policy=POLICY
    )
    assert "model/model_statement.json is a symbolic link" in objection


def test_rebuilt_proposal_keeps_its_statement_only_while_that_is_about_it(proposed):
    store = proposed.repository.store
    commit = proposed.commit(entries={statement.FILE: ("100644", proposed.repository.blob(CONTENT))})
    assert signed_statement.carried_over(FILES, commit, "model", store) == {**FILES, statement.FILE: CONTENT}
    other = {**FILES, "model_metadata.json": b"{}"}
    assert signed_statement.carried_over(other, commit, "model", store) == other
    assert signed_statement.carried_over(FILES, proposed.commit(), "model", store) == FILES
