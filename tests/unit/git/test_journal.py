import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.config.data_path import DataPath
from ml_action.core.codec import to_line
from ml_action.core.errors import RepositoryError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.git import journal, repository
from ml_action.git.journal import Counter, State
from ml_action.git.open import open_with_own_store
from tests.support.factories import TIME, make_attempt, make_git, make_repository

COUNTER = Counter(143, 200, TIME, "hold", "not proven better")
ASIDE = (RejectedDataset("data/bad\udcff.csv", "1" * 40, "no column 'é\n'", 3),)


@pytest.fixture
def borrowed(tmp_path):
    workspace = make_repository(tmp_path / "w", {"data/a.csv": "1"})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return open_with_own_store(make_git(workspace.path), str(workspace.path), scratch)


@pytest.fixture
def data(borrowed):
    return borrowed.store.line("rev-parse", f"{borrowed.head}:data")


def damaged(borrowed, **files):
    """A state commit with these files."""
    names = {name.replace("__", "."): content for name, content in files.items()}
    tree = borrowed.tree({name: (repository.FILE, borrowed.blob(content)) for name, content in names.items()})
    return borrowed.commit(tree, "", "x", time=TIME)


def test_a_state_comes_back_as_it_was_written(borrowed, data):
    state = State(
        "", data, (make_attempt(id="A1"), make_attempt(id="A2", verdict=Verdict.HOLD, commit="")), ASIDE, "# Report é\n"
    )
    commit = journal.write(borrowed, state, COUNTER, "promote: better", time=TIME)
    found = journal.read(borrowed.store, commit)
    assert found == State(commit, data, state.attempts, ASIDE, state.report)
    assert journal.read_for_counting(borrowed.store, commit) == State(commit, data, (), ASIDE, "")


def test_each_write_is_one_commit_on_the_one_that_was_read(borrowed, data):
    first = journal.write(borrowed, State("", data), COUNTER, "first", time=TIME)
    second = journal.write(borrowed, State(first, data), COUNTER, "second", time=TIME)
    assert borrowed.store.line("log", "--format=%H %s", second) == f"{second} second\n{first} first"


def test_the_counter_is_there_for_people_and_never_read_back(borrowed, data):
    commit = journal.write(borrowed, State("", data), COUNTER, "x", time=TIME)
    shown = json.loads(borrowed.store.read(f"{commit}:new_data_counter.json"))
    assert shown == {"count": 143, "threshold": 200, "since": TIME, "last_decision": "hold", "reason": COUNTER.reason}
    tree = borrowed.tree(
        {**borrowed.entries(f"{commit}^{{tree}}"), "new_data_counter.json": (repository.FILE, borrowed.blob(b"{"))}
    )
    assert journal.read(borrowed.store, borrowed.commit(tree, "", "x", time=TIME)).data == data


def test_the_data_is_the_data_folders_own_tree(borrowed, data):
    commit = journal.write(borrowed, State("", data), COUNTER, "x", time=TIME)
    assert borrowed.store.line("rev-parse", f"{commit}:data") == data
    without = journal.write(borrowed, State(), COUNTER, "x", time=TIME)
    assert set(borrowed.entries(without)) == {"new_data_counter.json"}


def test_no_commit_is_no_state(borrowed):
    assert journal.read(borrowed.store, "") == journal.read_for_counting(borrowed.store, "") == State()


def test_a_branch_that_is_not_there_is_no_state(borrowed):
    assert journal.read_for_counting(borrowed.store, "refs/heads/ml-auto-update/model/state") == State()


def test_a_state_without_files_is_empty(borrowed):
    commit = borrowed.commit(borrowed.empty_tree(), "", "x", time=TIME)
    assert journal.read(borrowed.store, commit) == State(commit)


GOOD = to_line(make_attempt()).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"null",
        b"3",
        GOOD[:-10],
        GOOD + b"\n" + b"oops",
        GOOD.replace(b'"rows": 2700', b'"rows": "many"'),
        GOOD.replace(b'"promote"', b'"maybe"'),
        b"\xff\xfe",
        b'{"id": "x"}',
        b"<<<<<<< HEAD\n" + GOOD,
    ],
)
def test_a_damaged_journal_is_reported_and_not_repaired(borrowed, content):
    commit = damaged(borrowed, journal__jsonl=content)
    with pytest.raises(RepositoryError, match=r"the state branch holds a damaged journal\.jsonl") as caught:
        journal.read(borrowed.store, commit)
    assert "restore the branch to an earlier commit" in caught.value.fix


def test_a_damaged_list_of_set_aside_datasets_is_reported(borrowed):
    commit = damaged(borrowed, set_aside__jsonl=b"{}")
    with pytest.raises(RepositoryError, match=r"damaged set_aside\.jsonl: RejectedDataset\.path is missing"):
        journal.read_for_counting(borrowed.store, commit)


def test_blank_lines_and_keys_of_a_newer_version_do_not_matter(borrowed):
    line = json.dumps(json.loads(GOOD) | {"weather": "fine"}).encode()
    commit = damaged(borrowed, journal__jsonl=b"\n" + line + b"\r\n\n")
    assert journal.read(borrowed.store, commit).attempts == (make_attempt(),)


def test_a_state_knows_its_commits_its_last_attempt_and_work_done_before():
    one, two = make_attempt(id="1", fingerprint="a", commit="c1"), make_attempt(id="2", fingerprint="b", commit="")
    three = make_attempt(id="3", fingerprint="a", commit="c3")
    state = State(attempts=(one, two, three))
    assert state.commits == {"c1", "c3"}
    assert state.last is three
    assert state.by_fingerprint("a") is three
    assert state.by_fingerprint("z") is None
    assert state.with_attempt(make_attempt(id="3", state="merged")).attempts[-1].state == "merged"
    assert State().last is None


# --- what git does not track --------------------------------------------------------------------------------

blobs = st.text("0123456789abcdef", min_size=40, max_size=40)
paths = (st.binary(min_size=1, max_size=20).filter(lambda name: 0 not in name)).map(
    lambda name: name.decode("utf-8", "surrogateescape")
)


@given(st.lists(st.tuples(paths | st.text("a\\\t\n\rtnr\x85\u2028", min_size=1), blobs)))
def test_untracked_datasets_of_any_name_come_back_as_they_were(pairs):
    datasets = tuple(Dataset(path, blob, untracked=True) for path, blob in pairs)
    content = journal.untracked_lines(datasets)
    assert journal.parse_untracked(content) == datasets
    assert content.count(b"\n") == content.count(b"\t") == len(datasets)


@pytest.mark.parametrize("content", [b"x", b"\ta.csv", b"1" * 40, b"1" * 40 + b"\t", b"1" * 39 + b"\ta.csv"])
def test_a_damaged_list_of_untracked_datasets_is_reported(borrowed, content):
    commit = damaged(borrowed, datasets__tsv=content)
    with pytest.raises(RepositoryError, match=r"damaged datasets\.tsv"):
        journal.read_for_counting(borrowed.store, commit)


def test_a_damaged_selection_is_reported(borrowed):
    commit = damaged(borrowed, selection__json=b"[]")
    with pytest.raises(RepositoryError, match=r"damaged selection\.json"):
        journal.read_for_counting(borrowed.store, commit)


def test_data_seen_outside_the_tree_are_read_as_they_were_written(borrowed, data):
    state = State("", data, untracked=(Dataset("a\tb.csv", "1" * 40, untracked=True),), selection=DataPath(("a/*",)))
    commit = journal.write(borrowed, state, COUNTER, "x", time=TIME)
    assert {"datasets.tsv", "selection.json"} < set(borrowed.entries(commit))
    found = journal.read_for_counting(borrowed.store, commit)
    assert (found.untracked, found.selection) == (state.untracked, state.selection)


def test_a_plain_folder_leaves_no_selection_behind(borrowed, data):
    commit = journal.write(borrowed, State("", data, selection=DataPath(("a",))), COUNTER, "x", time=TIME)
    assert set(borrowed.entries(commit)) == {"data", "new_data_counter.json"}
