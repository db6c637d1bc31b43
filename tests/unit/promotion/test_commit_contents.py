"""The contents of a promotion's commit are checked before it is approved: in git, and without opening the model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from ml_action.core import model_metadata
from ml_action.core.codec import encode
from ml_action.core.errors import RepositoryError
from ml_action.core.records.choices import Verdict
from ml_action.git.repository import FILE
from ml_action.promotion import commit_contents
from tests.support.counting import BRANCHES, Place
from tests.support.factories import TIME, make_attempt, make_history, make_repository, make_version

MODEL = b'cbuiltins\nexec\n(S\'open("/tmp/canary", "w")\'\ntR.'  # it would write a file, if anybody unpickled it
DIGEST = hashlib.sha256(MODEL).hexdigest()
V1 = make_version(version="v1", file="v1.pkl")
BASE = make_history(V1)
ATTEMPT = make_attempt(id="a2", version="v2", fingerprint="f2", digest=DIGEST, salt=BASE.salt)
V2 = make_version(version="v2", file="v2.pkl", sha256=DIGEST, size=len(MODEL), attempt="a2", fingerprint="f2")
AFTER = model_metadata.with_version(BASE, V2, name=BASE.name, salt=BASE.salt)
PATHS = ("model/model_metadata.json", "model/v2.pkl", "model/v2.md")


class Proposed:
    """A base branch with v1, and commits that propose v2 on top of it."""

    def __init__(self, tmp_path):
        files = {"a.csv": "x\n1\n", "model/model_metadata.json": model_metadata.to_bytes(BASE), "model/v1.pkl": b"one"}
        self.place = Place(tmp_path, files)
        self.repository = self.place.borrow()
        self.tips = self.repository.tips

    def commit(self, metadata=None, model=MODEL, *, entries=None, tree=""):
        """A commit with these contents; `entries` replace those of the model directory, as (mode, id)."""
        here = self.repository
        metadata = model_metadata.to_bytes(AFTER) if metadata is None else metadata
        files = {"model_metadata.json": metadata, "v2.pkl": model, "v2.md": b"# v2\n"}
        folder = here.entries(f"{self.tips.base}:model")
        folder |= {name: (FILE, here.blob(content)) for name, content in files.items()} | (entries or {})
        folder = {name: entry for name, entry in folder.items() if entry}
        whole = here.entries(f"{self.tips.base}^{{tree}}") | {"model": ("040000", here.tree(folder))}
        return here.commit(tree or here.tree(whole), self.tips.base, "v2", time=TIME)

    def objections(self, commit=None, paths=PATHS, model_dir="model", **changes):
        attempt = replace(ATTEMPT, commit=self.commit() if commit is None else commit, **changes)
        return commit_contents.find_objections(self.repository, attempt, paths, name=BASE.name, model_dir=model_dir)


@pytest.fixture
def proposed(tmp_path):
    return Proposed(tmp_path)


def rewritten(**changes):
    """The metadata of a proposal, with other fields at its top."""
    return json.dumps(json.loads(model_metadata.to_bytes(AFTER)) | changes).encode()


def with_versions(*versions, current="v2"):
    return model_metadata.to_bytes(replace(AFTER, versions=versions, current=current))


def test_commit_of_the_loop_raises_no_objection(proposed):
    assert proposed.objections() == ()


def test_commit_of_the_first_version_raises_no_objection(tmp_path):
    place = Place(tmp_path, {"a.csv": "x\n1\n"})
    repository = place.borrow()
    first = replace(V2, version="v1", file="v1.pkl")
    history = model_metadata.with_version(None, first, name="students", salt="s")
    files = {"model_metadata.json": model_metadata.to_bytes(history), "v1.pkl": MODEL, "v1.md": b""}
    base = repository.tips.base
    tree = repository.with_files(f"{base}^{{tree}}", "a/model", files)
    commit = repository.commit(tree, base, "v1", time=TIME)
    attempt = replace(ATTEMPT, commit=commit, version="v1", salt="s")
    paths = ("a/model/v1.pkl", "a/model/v1.md", "a/model/model_metadata.json")
    given = {"name": "students", "model_dir": "a/model"}
    assert commit_contents.find_objections(repository, attempt, paths, **given) == ()
    (objection,) = commit_contents.find_objections(repository, replace(attempt, salt="other"), paths, **given)
    assert "the name or the salt" in objection


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (with_versions(replace(V1, sha256="0" * 64), V2), "versions that the base branch has already"),
        (with_versions(V2), "versions that the base branch has already"),
        (with_versions(V2, V1), "versions that the base branch has already"),
        (with_versions(V1, current="v1"), "adds no version to the history, not v2 alone"),
        (with_versions(V1, V2, replace(V2, version="v3")), "adds v2, v3 to the history"),
        (with_versions(V1, replace(V2, version="v7"), current="v7"), "adds v7 to the history, not v2"),
        (with_versions(V1, V2, current="v1"), "makes v1 the current version, not v2"),
        (with_versions(V1, replace(V2, sha256="1" * 64)), "sha256 is '111111111111'"),
        (with_versions(V1, replace(V2, attempt="a9")), "of the attempt 'a9', not of a2"),
        (with_versions(V1, replace(V2, fingerprint="f9")), "of the attempt"),
        (with_versions(V1, replace(V2, file="../../etc/passwd")), "'../../etc/passwd', not v2.pkl"),
        (with_versions(V1, replace(V2, file="v1.pkl")), "'v1.pkl', not v2.pkl"),
        (with_versions(V1, replace(V2, file="/v2.pkl")), "'/v2.pkl', not v2.pkl"),
        (with_versions(V1, replace(V2, size=7)), "its metadata says 7"),
        (rewritten(name="other"), "the name or the salt"),
        (rewritten(salt="other"), "the name or the salt"),
        (rewritten(url="https://example.org"), "does not write: url"),
        (rewritten(versions=[encode(V1), encode(V2) | {"path": "/x"}]), "does not write: versions[1].path"),
        (model_metadata.to_bytes(AFTER).replace(b'"current"', b'"current": "v1", "current"'), "a key twice"),
        (b"[" * 100_000, "cannot be used"),
        (b"", "cannot be used"),
        (b"\xff\xfe", "cannot be used"),
    ],
)  # fmt: skip
def test_history_that_adds_more_than_this_version_is_refused(proposed, metadata, words):
    (objection, *_) = proposed.objections(proposed.commit(metadata))
    assert words in objection


def test_model_with_another_digest_is_refused(proposed):
    other = MODEL[:-1] + b"!"
    (objection,) = proposed.objections(proposed.commit(model=other))
    assert f"the sha256 of model/v2.pkl is {hashlib.sha256(other).hexdigest()[:12]}" in objection
    (objection,) = proposed.objections(digest="2" * 64)
    assert "not the recorded 222222222222" in objection


@pytest.mark.parametrize(("mode", "words"), [("120000", "a symbolic link"), ("100755", "an executable")])
@pytest.mark.parametrize("name", ["v2.pkl", "model_metadata.json"])
def test_special_file_is_refused(proposed, mode, words, name):
    blob = proposed.repository.blob(MODEL if name == "v2.pkl" else model_metadata.to_bytes(AFTER))
    (objection,) = proposed.objections(proposed.commit(entries={name: (mode, blob)}))
    assert f"model/{name} is {words}" in objection


@pytest.mark.parametrize("name", ["v2.pkl", "model_metadata.json"])
def test_submodule_folder_or_missing_file_is_refused(proposed, name):
    for entry, words in (
        (("160000", proposed.tips.base), "a submodule"),
        (("040000", proposed.repository.empty_tree()), "a folder"),
        (None, "absent"),
    ):
        (objection,) = proposed.objections(proposed.commit(entries={name: entry}))
        assert f"model/{name} is {words}, not a plain file" in objection


@pytest.mark.parametrize("entry", ["120000", "160000", "100644"])
@pytest.mark.parametrize("model_dir", ["model", "model/below", "model/below/it"])
def test_link_on_the_way_to_the_model_directory_is_refused(proposed, entry, model_dir):
    here = proposed.repository
    oid = proposed.tips.base if entry == "160000" else here.blob(b"/etc")
    (objection,) = proposed.objections(proposed.commit(tree=here.tree({"model": (entry, oid)})), model_dir=model_dir)
    assert objection.startswith("model is a")
    assert objection.endswith("not a folder")


def test_changes_of_other_files_are_refused(proposed):
    (objection,) = proposed.objections(paths=(*PATHS, "model/v1.pkl", "model/x/y"))
    assert objection == "it changes files that are not its own: model/v1.pkl, model/x/y"


@pytest.mark.parametrize("commit", ["", "main", "--help", "refs/tips/base", "c" * 39, "HEAD\n"])
def test_journal_without_a_commit_is_refused(proposed, commit):
    assert proposed.objections(commit) == ("what the journal names is no commit",)


def test_huge_metadata_file_is_not_read(proposed, monkeypatch):
    monkeypatch.setattr(commit_contents, "MAX_METADATA_BYTES", 100)
    (objection,) = proposed.objections()
    assert "model/model_metadata.json holds" in objection


def test_missing_commit_is_fetched(proposed, tmp_path):
    commit = proposed.commit()
    proposed.repository.store.run("push", "-q", proposed.repository.remote, f"{commit}:refs/heads/elsewhere")
    elsewhere = proposed.place.borrow()
    assert elsewhere.store.resolve(commit) == (("", ""),)
    given = {"name": BASE.name, "model_dir": "model"}
    assert commit_contents.find_objections(elsewhere, replace(ATTEMPT, commit=commit), PATHS, **given) == ()
    with pytest.raises(RepositoryError):
        commit_contents.find_objections(elsewhere, replace(ATTEMPT, commit="c" * 40), PATHS, **given)


def test_base_branch_with_another_version_of_that_number_is_an_objection(proposed):
    """It was made on top of v1, and meanwhile there is another v2."""
    commit = proposed.commit()
    other = model_metadata.with_version(BASE, replace(V2, attempt="a8"), name=BASE.name, salt=BASE.salt)
    proposed.place.publish({"model/model_metadata.json": model_metadata.to_bytes(other)})
    proposed.repository.fetch(BRANCHES)
    (objection,) = proposed.objections(commit)
    assert "versions that the base branch has already" in objection


# --- rollbacks ---------------------------------------------------------------------------------------------

OLD = hashlib.sha256(b"zero").hexdigest()
WITH_TWO = make_history(
    make_version(version="v1", file="v1.pkl", sha256=OLD, size=4), make_version(version="v2", file="v2.pkl")
)
POINTED = model_metadata.with_current(model_metadata.to_bytes(WITH_TWO), "v1")
BACK = make_attempt(verdict=Verdict.ROLLBACK, champion="v2", version="v1", digest=OLD)


def rolled_back(tmp_path, metadata=POINTED, *, paths=PATHS[:1], model=b"zero", **changes):
    """Returns the objections to a commit that goes back from v2 to v1."""
    files = {
        "model/model_metadata.json": model_metadata.to_bytes(WITH_TWO),
        "model/v1.pkl": model,
        "model/v2.pkl": b"2",
    }
    repository = Place(tmp_path, files).borrow()
    tree = repository.with_files(f"{repository.tips.base}^{{tree}}", "model", {"model_metadata.json": metadata})
    commit = repository.commit(tree, repository.tips.base, "back", time=TIME)
    attempt = replace(BACK, commit=commit, **changes)
    return commit_contents.find_objections(repository, attempt, paths, name=WITH_TWO.name, model_dir="model")


def test_rollback_that_only_moves_the_pointer_raises_no_objection(tmp_path):
    assert rolled_back(tmp_path) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metadata": model_metadata.to_bytes(replace(WITH_TWO, current="v1", salt="x"))}, "changes more of"),
        ({"metadata": model_metadata.to_bytes(WITH_TWO)}, "changes more of"),
        ({"metadata": POINTED + b" "}, "changes more of"),
        ({"paths": PATHS}, "files that are not its own: model/v2.pkl, model/v2.md"),
        ({"version": "v9"}, "has no v9 with the recorded sha256"),
        ({"digest": "3" * 64}, "has no v1 with the recorded sha256 333333333333"),
        ({"model": b"evil"}, "the sha256 of model/v1.pkl is"),
    ],
)
def test_rollback_that_changes_more_is_refused(tmp_path, changes, words):
    (objection,) = rolled_back(tmp_path, **changes)
    assert words in objection


def test_repository_with_sha256_ids_is_read(tmp_path):
    workspace = make_repository(tmp_path / "w", {"a": "1"}, "--object-format=sha256")
    assert commit_contents.COMMIT.fullmatch(workspace.git.object_id("HEAD"))
