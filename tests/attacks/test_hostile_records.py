"""Second review: settings, records, archives, reports and requests that are made to be read otherwise than they are."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ml_action.config.file import parse_config
from ml_action.config.parse import parse
from ml_action.consumer import Consumer, Folder
from ml_action.core import model_metadata
from ml_action.core.codec import to_line
from ml_action.core.errors import ExpectedError, ModelError, RepositoryError, SettingsError
from ml_action.core.log import escape_commands, location
from ml_action.core.markdown import code, escape
from ml_action.core.records.dataset import Dataset
from ml_action.git import journal, registry
from ml_action.modelling.reading import table as frames
from ml_action.modelling.training import model_file
from ml_action.runtime import actions
from tests.support.factories import make_attempt, make_history, make_repository, make_version
from tests.support.model_folder import ModelDir
from tests.support.served import serving

NESTED = "[" * 100_000 + "]" * 100_000
DIGITS = "9" * 5000


# --- settings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"params = {NESTED}",
        f"seed = {DIGITS}",
        f"params = '{NESTED}'",
        f"params = '{{\"alpha\": {DIGITS}}}'",
        f"guardrails = '{NESTED}'",
        "data-path = '../../etc'",
        "data-path = '/etc'",
        "model-dir = '.github'",
        "base = '--upload-pack=x'",
        "name = '../other'",
        "[contract.x]\nmin = {}",
    ],
    ids=lambda text: text[:24],
)
def test_hostile_settings_are_refused_in_words(text: str) -> None:
    with pytest.raises(SettingsError):
        parse({}, parse_config(text))


# --- records -------------------------------------------------------------------------------------------------


def lines_of_a_journal(line: bytes, tmp_path: Path) -> journal.State:
    repository = make_repository(tmp_path / "w", {"journal.jsonl": line})
    return journal.read(repository.git, repository.git.line("rev-parse", "HEAD"))


def test_surplus_fields_in_a_journal_have_no_effect(tmp_path: Path) -> None:
    attempt = make_attempt()
    fields = json.loads(to_line(attempt)) | {"__class__": "os.system", "approved": True, "rolls_back": True}
    assert lines_of_a_journal(json.dumps(fields).encode() + b"\n", tmp_path).attempts == (attempt,)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace('"rows": 2700', f'"rows": {DIGITS}'),
        lambda line: line.replace('"rows": 2700', f'"rows": {NESTED}'),
        lambda line: line.replace('"rows": 2700', '"rows": "2700"'),
        lambda line: line.replace('"rows": 2700', '"rows": true'),
        lambda line: line.replace('"verdict": "promote"', '"verdict": "merge at once"'),
    ],
)
def test_a_journal_with_values_of_another_kind_ends_in_words(change: Callable[[str], str], tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="damaged journal"):
        lines_of_a_journal(change(to_line(make_attempt())).encode(), tmp_path)


@pytest.mark.parametrize("file", ["../x.pkl", "/etc/passwd", "..", ".git", "a\\b.pkl", "x\0.pkl", "model/../v1.pkl"])
def test_a_model_file_outside_of_its_folder_is_not_read(file: str, tmp_path: Path) -> None:
    content = model_metadata.to_bytes(make_history(make_version(file=file)))
    version = model_metadata.parse(content, "m").champion
    assert version
    with pytest.raises(ModelError, match="outside its folder"):
        registry.check_inside(version, "m")


@pytest.mark.parametrize("value", [NESTED, DIGITS, '"' + "x" * 100 + '"', "-1e999", "NaN"])
def test_metadata_with_hostile_numbers_are_refused_or_read_and_never_a_bug(value: str) -> None:
    text = model_metadata.to_bytes(make_history()).decode().replace('"rows": 2700', f'"rows": {value}')
    with pytest.raises(ModelError):
        model_metadata.parse(text.encode(), "m")


def test_the_bytes_that_are_compared_are_the_bytes_that_are_loaded(tmp_path: Path) -> None:
    """Time of check and time of use: the file is exchanged as soon as it was read once."""
    models = ModelDir(tmp_path / "model")
    models.publish()
    reads: list[str] = []

    class Exchanged(Folder):
        def artifact(self, file: str, most: int) -> bytes:
            content = super().artifact(file, most)
            if file.endswith(".pkl"):
                reads.append(file)
                (self.path / file).write_bytes(b"cos\nmkdir\n(V%s\ntR." % str(tmp_path / "canary").encode())
            return content

    assert Consumer(Exchanged(models.path)).refresh()
    assert len(reads) == 1
    assert not (tmp_path / "canary").exists()


# --- archives ------------------------------------------------------------------------------------------------


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv.gz", gzip.compress(gzip.compress(b"a,b\n1,2\n"))),
        ("x.csv.gz", gzip.compress(b"a,b\n1,2\n") + b"#!/bin/sh\n"),
        ("x.csv.gz", gzip.compress(b"a,b\n1,2\n")[:-8] + b"\0" * 8),
        ("x.csv", zipped("../../evil.csv", b"a,b\n1,2\n")),
        ("x.csv", b"\x80\x04cos\nsystem\n."),
        ("x.parquet", b"PAR1" + b"\xff" * 64 + b"PAR1"),
        ("x.parquet", zipped("x", b"PAR1")),
    ],
)
def test_archives_in_the_place_of_datasets_are_set_aside(name: str, content: bytes, tmp_path: Path) -> None:
    good = [(f"d/{n}.csv", b"a,b\n%d,2\n" % n) for n in range(3)]
    files = [*good, (f"d/{name}", content)]
    datasets = tuple(Dataset(path, f"{n:040x}") for n, (path, _) in enumerate(files))
    before = set(tmp_path.iterdir())
    found = frames.read(datasets, iter(content for _, content in files), frames.ReadLimits(), frozenset())
    assert [item.path for item in found.rejected] == [f"d/{name}"]
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["../evil", "/evil", "schema.json"])
def test_a_skops_archive_writes_and_runs_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    content = zipped(name, b'{"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}')
    with pytest.raises(ExpectedError):
        model_file.load(content, hashlib.sha256(content).hexdigest(), form=model_file.ModelFormat("skops"))
    assert not (tmp_path / "evil").exists()
    assert not Path("/evil").exists()


# --- reports -------------------------------------------------------------------------------------------------

SIGNS = "\x1b[31m\x1b]0;x\x07\x9b31m\u202e\u2066\u200f\u200b\r\x08\x00\u2028\ufeff"


def test_signs_that_move_a_terminal_or_the_direction_of_text_are_shown_and_not_obeyed() -> None:
    for shown in (escape(f"a{SIGNS}b"), code(f"a{SIGNS}b"), location(f"a{SIGNS}b", 3)):
        assert not {sign for sign in SIGNS if not sign.isprintable()} & set(shown)


@pytest.mark.parametrize("text", ["Fixes GH-12", "closes #12", "@octo/team", "octo/r#5", "see gh-7", "fixes octo/r#1"])
def test_text_closes_no_issue_and_calls_no_person(text: str) -> None:
    """GitHub finds references in the rendered page: each is broken by a sign that is not seen."""
    rendered = escape(text).replace("\\", "")
    assert not any(sign in rendered for sign in ("#1", "#5", "@o", "GH-", "gh-"))


ENDS = ("\r::error::x", "a\r\n::add-mask::x", "\t ::stop-commands::x", "##[group]x", "x##[error]y")


@pytest.mark.parametrize("text", ENDS)
def test_workflow_commands_behind_other_ends_of_lines_are_broken(text: str) -> None:
    shown = escape_commands(text)
    assert "##[" not in shown
    assert not any(line.lstrip().startswith("::") for line in shown.replace("\r", "\n").split("\n"))


def test_a_pipe_in_the_place_of_the_report_does_not_hold_the_run(tmp_path: Path) -> None:
    (tmp_path / ".ml-auto-update").mkdir()
    os.mkfifo(tmp_path / ".ml-auto-update/report.md")
    assert actions.leave_report(tmp_path, "text") == ""


# --- the service ---------------------------------------------------------------------------------------------


@pytest.fixture
def models(tmp_path: Path) -> ModelDir:
    models = ModelDir(tmp_path / "model")
    models.publish()
    return models


ODD = ("\u00e9", "Bearer", "Bearer ", "Bearer \u00ff", "Basic s3cret", "Bearer s3cret, Bearer x", "Bearer S3CRET")


def test_tokens_of_odd_characters_are_refused_and_are_no_failure(models: ModelDir) -> None:
    with serving(models.path, predict_token="s3cret") as service:
        for word in ODD:
            assert service.ask("/predict", b'{"hours_studied": 5}', {"Authorization": word.encode("latin-1")})[0] == 401
        assert service.ask("/predict", b'{"hours_studied": 5}', {"Authorization": "Bearer s3cret"})[0] == 200


@pytest.mark.parametrize(
    "path", ["/..%2f..%2fetc/passwd", "//etc/passwd", "/docs/../model", "/%2e%2e/x", "/model%00", "/static/../../x"]
)
def test_paths_lead_nowhere(models: ModelDir, path: str) -> None:
    with serving(models.path) as service:
        status, body = service.ask(path)
    assert status in (400, 404)
    assert b"root:" not in body


@pytest.mark.parametrize(
    "body",
    [
        b'{"hours_studied": NaN}', b'{"hours_studied": 1e999}', b'{"hours_studied": "5"}', b'{"hours_studied": [5]}',
        b'\xef\xbb\xbf{"hours_studied": "x"}', '{"hours_studied": 5}'.encode("utf-16"), b'{"__proto__": {"x": 1}}',
        b'{"hours_studied": 5, "hours_studied": {}}', b'{"hours_studied": true}', b"5", b"null", b'"x"', b"",
    ],
)  # fmt: skip
def test_numbers_that_are_none_are_refused(models: ModelDir, body: bytes) -> None:
    with serving(models.path) as service:
        assert service.ask("/predict", body)[0] in (400, 415, 422)


def test_names_in_the_metadata_add_no_line_to_the_metrics(models: ModelDir) -> None:
    path = models.path / registry.METADATA
    history = model_metadata.parse(path.read_bytes(), "")
    evil = 'x"} 1\nevil_metric 7\n# HELP '
    versions = tuple(dataclasses.replace(one, estimator=evil, metric=evil) for one in history.versions)
    path.write_bytes(model_metadata.to_bytes(replace(history, name=evil, versions=versions)))
    with serving(models.path) as service:
        status, text = service.ask("/metrics")
    assert status == 200
    assert b"\nevil_metric" not in text
