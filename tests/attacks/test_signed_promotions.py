"""Attacks on signed promotions: a program that requires signatures loads what the loop signed, and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from ml_action import cli
from ml_action.consumer import Consumer, Folder, Verification
from ml_action.core import model_metadata
from ml_action.git import registry
from ml_action.provenance import statement
from ml_action.provenance.policy import Policy, require_files
from ml_action.provenance.statement import Statement
from tests.scenarios.world import FULL_NAME, Run, World, drifted, steady
from tests.support import signing
from tests.support.model_folder import ModelDir
from tests.support.signing import KEY, OTHER

POLICY = Policy(KEY.public, FULL_NAME, "main")
SECRET_LINE = signing.pem().splitlines()[1]


def checkout(world: World, folder: Path) -> Path:
    """The model directory of main, as a service has it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in world.git.line("ls-tree", "--name-only", "main:model").splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(world.git.read(f"main:model/{name}") or b"")
    return folder


def statement_of(folder: Path) -> Statement:
    """The verified statement about the current version of a folder."""
    metadata = (folder / registry.METADATA).read_bytes()
    found = POLICY.statement_in((folder / statement.FILE).read_bytes())
    version = model_metadata.parse(metadata, "").champion
    assert version
    require_files(found, metadata, version)
    return found


def signed_hour(world: World, **given: str) -> Run:
    """A run with the key, whose promotion is merged; the key is in nothing that it leaves."""
    run = world.hour(signing_key=signing.pem(), **given)
    assert run.outputs["merge-state"] == "merged", run.log
    assert SECRET_LINE not in re.sub(r"(?m)^::add-mask::.*\n", "", run.log) + run.summary + str(run.outputs)
    everything = world.git.run("cat-file", "--batch-all-objects", "--batch")
    assert SECRET_LINE.encode() not in everything
    assert KEY.seed not in everything
    return run


def watching(folder: Path, **asked: str | Path) -> Consumer:
    policy = Verification("require", public_key=signing.public_pem(), repository=FULL_NAME, ref="main", **asked)
    return Consumer(Folder(folder), verification=policy)


def test_consumer_follows_the_loop_and_refuses_an_edited_and_an_older_model(empty: World, tmp_path: Path) -> None:
    world, folder = empty, tmp_path / "model"
    world.arrive(steady(45, 1))
    signed_hour(world)
    first = {path.name: path.read_bytes() for path in checkout(world, folder).iterdir()}
    assert statement_of(folder).promotion.counter == 1
    assert "model_statement.json" in (folder / "v1.md").read_text().replace("\\", "")
    consumer = watching(folder, state=tmp_path / "seen.json")
    assert consumer.refresh(), consumer.status
    world.arrive(drifted(45, 8))
    signed_hour(world)
    checkout(world, folder)
    promotion = statement_of(folder).promotion
    assert (promotion.version, promotion.counter, promotion.previous and promotion.previous.version) == ("v2", 2, "v1")
    assert (promotion.data_tree, promotion.judgement.verdict) == (world.last.data_tree, "promote")
    assert consumer.refresh(), consumer.status
    signed_hour(world, mode="rollback", to="v1", why="the new exam was graded wrong")
    checkout(world, folder)
    assert statement_of(folder).promotion.counter == 3
    assert consumer.refresh(), consumer.status
    assert consumer.current.version.version == "v1"
    for name, content in first.items():  # the very same model, by an older promotion
        (folder / name).write_bytes(content)
    for reader in (consumer, watching(folder, state=tmp_path / "seen.json")):
        assert not reader.refresh()
        assert "v1 is signed with the counter 1, and v1 with 3 was accepted before" in reader.status.problem
    checkout(world, folder)
    poison(folder)
    consumer.refresh()
    assert "model_metadata.json is not the file that was signed" in consumer.status.problem
    assert cli.main(["verify", str(folder), "--public-key", signing.public_pem()], {"PATH": os.environ["PATH"]}) == 6
    assert not (folder / "canary").exists()


def poison(folder: Path) -> None:
    """Another model in place of the current one, its record corrected, as an author with write access can do it."""
    model = b"cbuiltins\nopen\n(V%b\nVw\ntR." % str(folder / "canary").encode()
    history = model_metadata.parse((folder / registry.METADATA).read_bytes(), "")
    digest = hashlib.sha256(model).hexdigest()
    versions = tuple(
        dataclasses.replace(version, sha256=digest, size=len(model)) if version.version == history.current else version
        for version in history.versions
    )
    (folder / registry.METADATA).write_bytes(model_metadata.to_bytes(dataclasses.replace(history, versions=versions)))
    (folder / f"{history.current}.pkl").write_bytes(model)


def test_poisoned_model_that_its_own_key_signed_is_not_read(production: World, tmp_path: Path) -> None:
    folder = checkout(production, tmp_path / "model")
    poison(folder)
    metadata = (folder / registry.METADATA).read_bytes()
    version = model_metadata.parse(metadata, "").champion
    assert version
    about = signing.make_statement(
        model_file=version.file, model_sha256=version.sha256, metadata_sha256=statement.sha256(metadata),
        promotion=signing.make_promotion(version=version.version, counter=99),
    )  # fmt: skip
    (folder / statement.FILE).write_bytes(signing.signed(about, OTHER))
    consumer = watching(folder)
    assert not consumer.refresh()
    assert "names the key" in consumer.status.problem
    assert not (folder / "canary").exists()


def test_proposal_that_the_key_did_not_sign_is_not_approved(proposed: World) -> None:
    run = proposed.hour(mode="approve", signing_public_key=signing.public_pem())
    assert run.decision == "blocked"
    assert "the promotion is not signed" in run.reason
    assert proposed.approvals() == []


def test_rebuilt_proposal_is_signed_again(make_world: Callable[..., World], with_v1: Path) -> None:
    world = make_world(with_v1, required_checks=("tests",), strict=True, dismiss_stale=True)
    world.batches = 1
    world.arrive(drifted(45, 8))
    world.hour(signing_key=signing.pem())
    first = world.pull.head_sha
    world.arrive(steady(3, 5))
    world.here.hub.set_status(world.repository, first, "tests", "success")
    run = world.hour(signing_key=signing.pem())
    assert "rebuilt on top of the base branch" in run.log
    assert world.pull.head_sha != first
    assert ("github-actions[bot]", world.pull.head_sha) in world.approvals()
    content = world.git.read(f"{world.pull.head_sha}:model/{statement.FILE}")
    assert content
    assert POLICY.statement_in(content).promotion.counter == 2  # v1 was not signed


def test_signed_model_of_another_name_does_not_take_the_place_of_this_one(tmp_path: Path) -> None:
    """One key signs all models of a repository: a whole folder is put in the place of another, its signature intact."""
    ours, other = ModelDir(tmp_path / "ours"), ModelDir(tmp_path / "other")
    for models, name, counter in ((ours, "grades", 1), (other, "fraud", 2)):
        for _ in range(counter):
            models.publish()
        signing.sign(models, name=name)
    reader = Consumer(Folder(ours.path), verification=Verification("require", public_key=signing.public_pem()))
    assert reader.refresh()
    named = Verification("require", public_key=signing.public_pem(), name="grades")
    shutil.rmtree(ours.path)
    shutil.copytree(other.path, ours.path)
    assert not reader.refresh()
    assert "v2 is of the model fraud, and one of grades was accepted before" in reader.status.problem
    asked = ["verify", str(ours.path), "--public-key", signing.public_pem()]
    assert cli.main([*asked, "--name", "fraud"], {"PATH": os.environ["PATH"]}) == 0
    assert cli.main([*asked, "--name", "grades"], {"PATH": os.environ["PATH"]}) == 6
    reader = Consumer(Folder(ours.path), verification=named)
    assert not reader.refresh()
    assert "the statement is of the model fraud, not of grades" in reader.status.problem
