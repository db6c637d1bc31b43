"""Attacks that try to get a model into production; docs/threats.md lists them, and what stops each."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pickle
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_action import cli
from sandbox import Account, Exchange, PullRequest, Repository
from tests.attacks.forgery import write_as_the_bot
from tests.scenarios.world import PROPOSAL, PULLS, STATE, STORE, Run, Started, World, asked, drifted, in_process
from tests.support import benign_files

ISSUES = "/repos/octo/students/issues"
METADATA = "model/model_metadata.json"


class Canary:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.mark),))


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[Path]:
    """Where the canary would sing. Whatever a test does, it stays silent."""
    mark = tmp_path / "canary"
    pickle.loads(pickle.dumps(Canary(mark)))
    mark.rmdir()
    yield mark
    assert not mark.exists()


@pytest.fixture
def poison(mark: Path) -> bytes:
    """A model file that sings."""
    return pickle.dumps(Canary(mark))


# --- outsiders ---------------------------------------------------------------------------------------------


class Outsider:
    """A user who may read the repository and has a fork of it."""

    def __init__(self, world: World, login: str = "eve") -> None:
        self.world, self.login = world, login
        self.who: Account = world.here.hub.add_account(login, role="read")
        self.fork: Repository = world.here.hub.fork(world.repository, login)

    def offer(self, files: Mapping[str, bytes | str], branch: str = PROPOSAL, title: str = "Promote v2") -> PullRequest:
        """A pull request from the fork, which a maintainer labels by mistake."""
        world, elsewhere = self.world, World(replace(self.world.here, repository=self.fork))
        elsewhere.git.run("update-ref", f"refs/heads/{branch}", "main")
        elsewhere.commit(files, branch, by=self.who)
        made = world.api(self.who, "POST", PULLS, title=title, head=f"{self.login}:{branch}", base="main", body=title)
        label(world, made["number"])
        return world.pulls[made["number"] - 1]


def label(world: World, number: int) -> None:
    """A person with write access takes it for the bot's."""
    world.api(world.person(), "POST", "/repos/octo/students/labels", name="model-update", color="ffffff")
    world.api(world.person(), "POST", f"{ISSUES}/{number}/labels", labels=["model-update"])


def approve(world: World, number: int, workspace: Path | None = None, **given: str) -> Run:
    """The label-triggered workflow, for the pull request of its event."""
    job, pull = world.job(workspace, mode="approve", **given), world.pulls[number - 1]
    home = {"full_name": pull.fork or world.repository.full_name}
    payload = {
        "number": number, "html_url": f"{world.here.hub.url}/octo/students/pull/{number}",
        "base": {"ref": pull.base}, "head": {"sha": pull.head_sha, "repo": home},
    }  # fmt: skip
    event = {"repository": {"default_branch": "main"}, "pull_request": payload}
    (job.files / "event.json").write_text(json.dumps(event))
    run = job.result(*in_process(job.environ | {"GITHUB_EVENT_NAME": "pull_request_target"}))
    world.audit(job, run)
    return run


def nothing_got_in(world: World, versions: list[str]) -> bool:
    """No approval, no order to merge, and main has the versions that it had."""
    quiet = not any(pull.reviews or pull.auto_merge or pull.merged for pull in world.pulls)
    return quiet and world.versions == versions


def test_a_label_on_an_outsiders_pull_request_approves_nothing_and_gets_one_comment(
    production: World, poison: bytes
) -> None:
    pull = Outsider(production).offer({"model/v2.pkl": poison, METADATA: production.read(METADATA)})
    for _ in range(3):
        run = approve(production, pull.number)
        assert (run.code, run.decision) == (0, "blocked")
        assert "it comes from eve/students, not from octo/students" in run.reason
    (comment,) = pull.comments
    assert "it comes from eve/students" in comment.body
    assert nothing_got_in(production, ["v1"])


def test_a_look_alike_branch_in_a_fork_is_not_taken_for_the_bots(proposed: World, poison: bytes) -> None:
    """The fork's branch has the bot's name, and its pull request the bot's title, label and hidden marks."""
    ours = proposed.pull
    title, body = ours.title, ours.body or ""
    theirs = Outsider(proposed).offer({"model/v2.pkl": poison}, title=title)
    theirs.body = body
    assert approve(proposed, theirs.number).decision == "blocked"
    run = proposed.hour()
    assert run.outputs["merge-state"] == "merged", run.log
    assert ours.merged
    assert (theirs.state, theirs.reviews, theirs.auto_merge) == ("open", [], None)
    assert hashlib.sha256(proposed.read("model/v2.pkl")).hexdigest() == proposed.champion.sha256


def test_a_look_alike_branch_in_a_fork_is_ignored_when_the_bot_has_no_proposal(
    production: World, poison: bytes
) -> None:
    theirs = Outsider(production).offer({"model/v2.pkl": poison})
    production.arrive(drifted(45, 8))
    assert production.hour().outputs["merge-state"] == "merged"
    assert (theirs.state, theirs.reviews, theirs.comments) == ("open", [], [])
    assert production.versions == ["v1", "v2"]


def test_many_labelled_pull_requests_get_one_comment_each(production: World, poison: bytes) -> None:
    pulls = [Outsider(production, f"eve{n}").offer({"model/v2.pkl": poison}) for n in range(4)]
    pulls[-1].labels.clear()
    for pull in (*pulls, *pulls):
        approve(production, pull.number)
    assert [len(pull.comments) for pull in pulls] == [1, 1, 1, 0]
    assert nothing_got_in(production, ["v1"])


def test_a_forks_run_that_may_only_read_refuses_without_a_comment(production: World, poison: bytes) -> None:
    pull = Outsider(production).offer({"model/v2.pkl": poison})
    reader = production.here.hub.add_account("github-actions", kind="actions", permissions={"pull_requests": "read"})
    run = approve(production, pull.number, token=reader.token, approver_token=reader.token)
    assert (run.code, run.decision) == (0, "blocked")
    assert "no comment" in run.plain_summary
    assert pull.comments == []


def test_forging_the_marker_of_the_bots_comment_suppresses_only_that_comment(production: World, poison: bytes) -> None:
    outsider = Outsider(production)
    pull = outsider.offer({"model/v2.pkl": poison})
    production.api(outsider.who, "POST", f"{ISSUES}/{pull.number}/comments", body="<!-- ml-auto-update refused -->")
    run = approve(production, pull.number)
    assert run.decision == "blocked"
    assert "it comes from eve/students" in run.plain_summary
    assert nothing_got_in(production, ["v1"])


SETTINGS = (
    'name = "other"',
    'label = "anything"',
    'model-dir = "elsewhere"',
    'base = "theirs"',
    'autonomy = "report"',
)


@pytest.mark.parametrize("line", SETTINGS)
def test_the_settings_file_of_a_checked_out_pull_request_approves_nothing(
    proposed: World, poison: bytes, line: str
) -> None:
    """The page says that an approval needs no checkout; this workflow checks out the pull request anyway."""
    theirs = Outsider(proposed).offer({"model/v2.pkl": poison, "ml-auto-update.toml": line})
    workspace = proposed.here.workspace()
    (workspace / "ml-auto-update.toml").write_text(line)
    assert approve(proposed, theirs.number, workspace=workspace).decision in ("blocked", "failed")
    assert nothing_got_in(proposed, ["v1"])


def test_an_outsider_whose_fork_was_deleted_is_refused(production: World, poison: bytes) -> None:
    outsider = Outsider(production)
    pull = outsider.offer({"model/v2.pkl": poison})
    production.here.hub.delete(outsider.fork)
    assert "it comes from a deleted repository" in approve(production, pull.number).reason
    assert nothing_got_in(production, ["v1"])


# --- people with write access ------------------------------------------------------------------------------


def test_a_commit_pushed_after_the_approval_cancels_auto_merge_and_is_never_merged(
    make_world: Any, with_v1: Path, poison: bytes
) -> None:
    world = make_world(with_v1, required_checks=("tests",), dismiss_stale=True)
    world.arrive(drifted(45, 8))
    assert world.hour().outputs["merge-state"] == "enabled"
    assert world.approvals()
    world.commit({"model/v2.pkl": poison}, PROPOSAL, by=world.person("mallory"))
    assert world.approvals() == []  # GitHub dismissed it, by the rule that the page recommends
    run = world.hour()
    assert "is not the bot's" in run.plain_summary
    assert world.pull.auto_merge is None
    world.here.hub.set_status(world.repository, world.pull.head_sha, "tests", "success")
    world.hour()
    assert world.pull.open
    assert world.versions == ["v1"]


@pytest.mark.parametrize(
    "moment", [("POST", "/pulls/1/reviews"), ("GET", "/pulls/1/files"), ("GET", "/pulls/1/reviews")]
)
def test_a_commit_pushed_between_verification_and_merge_is_not_merged(
    proposed: World, moment: tuple[str, str], poison: bytes
) -> None:
    """Approval and merge name the commit that was verified: GitHub refuses them for any other."""
    mallory, matches, done = proposed.person("mallory"), asked(*moment), threading.Event()

    def strike(exchange: Exchange) -> None:
        if not done.is_set() and matches(exchange):
            done.set()
            proposed.commit({"model/v2.pkl": poison}, PROPOSAL, by=mallory)

    proposed.here.hub.observers.append(strike)
    verified = proposed.pull.head_sha
    run = proposed.hour()
    assert done.is_set()
    assert run.outputs["merge-state"] in ("blocked", ""), run.plain_summary
    assert {commit for _, commit in proposed.approvals()} <= {verified}
    assert proposed.pull.open
    assert proposed.pull.auto_merge is None
    assert proposed.versions == ["v1"]


def tampered(world: World, files: Mapping[str, bytes | None], links: Mapping[str, tuple[str, str]]) -> str:
    """The bot's branch with other contents, and a journal that vouches for them: this takes write access."""
    commit = world.commit(files, PROPOSAL)
    if links:
        rows = "".join(f"M {mode} {oid} {path}\n" for path, (mode, oid) in links.items())
        head = f"commit refs/heads/{PROPOSAL}\ncommitter M <m@x> 1790000000 +0000\ndata 1\nm\nfrom {commit}\n"
        world.git.run("fast-import", "--quiet", "--force", stdin=(head + rows).encode())
        world.here.hub.synchronise(world.repository)
        commit = world.tip(PROPOSAL)
    write_as_the_bot(world, lambda state: state.with_attempt(replace(world.last, commit=commit)))
    assert world.pull.head_sha == world.last.commit == commit
    return commit


def metadata(world: World, **changes: object) -> bytes:
    """The proposal's metadata with another entry for v2."""
    found = json.loads(world.read(METADATA, PROPOSAL))
    found["versions"][-1] |= changes
    return json.dumps(found).encode()


Forgery = tuple[dict[str, bytes | None], dict[str, tuple[str, str]]]  # files, and entries that are none


def forgeries(world: World, poison: bytes) -> dict[str, Forgery]:
    """Contents that are refused even if the journal vouches for them, by the reason that is given."""
    blob = world.git.line("hash-object", "-w", "--stdin", stdin=b"/etc/passwd")
    digest, size = hashlib.sha256(poison).hexdigest(), len(poison)
    rewritten = json.loads(world.read(METADATA, PROPOSAL))
    rewritten["versions"][0]["sha256"] = digest
    whole = {path: None for path in world.on(PROPOSAL) if path.startswith("model/")}
    swapped = {"model/v2.pkl": poison}
    return {
        "is '../../x', not v2.pkl": ({METADATA: metadata(world, file="../../x")}, {}),
        "is '/etc/passwd', not v2.pkl": ({METADATA: metadata(world, file="/etc/passwd")}, {}),
        "model/v2.pkl is a symbolic link": ({}, {"model/v2.pkl": ("120000", blob)}),
        "model/v2.pkl is a submodule": ({}, {"model/v2.pkl": ("160000", world.tip("main"))}),
        "outside model/: model": (whole, {"model": ("120000", blob)}),
        "the sha256 of model/v2.pkl": (swapped | {METADATA: metadata(world, size=size)}, {}),
        "its model's sha256 is": (swapped | {METADATA: metadata(world, sha256=digest, size=size)}, {}),
        "versions that the base branch has already": ({METADATA: json.dumps(rewritten).encode()}, {}),
        "files that are not its own: model/v1.pkl": ({"model/v1.pkl": poison}, {}),
        "outside model/: .github/workflows/x.yml": ({".github/workflows/x.yml": b"on: push"}, {}),
    }


FORGED = (
    "is '../../x', not v2.pkl", "is '/etc/passwd', not v2.pkl", "model/v2.pkl is a symbolic link",
    "model/v2.pkl is a submodule", "outside model/: model", "the sha256 of model/v2.pkl", "its model's sha256 is",
    "versions that the base branch has already", "files that are not its own: model/v1.pkl",
    "outside model/: .github/workflows/x.yml",
)  # fmt: skip


@pytest.mark.parametrize("words", FORGED)
def test_forged_contents_are_refused_even_if_the_journal_names_their_commit(
    proposed: World, poison: bytes, words: str
) -> None:
    tampered(proposed, *forgeries(proposed, poison)[words])
    run = approve(proposed, 1)
    assert (run.code, run.decision) == (0, "blocked")
    assert words in run.reason
    assert words in proposed.hour().plain_summary
    assert nothing_got_in(proposed, ["v1"])


def test_write_access_to_the_bots_branches_is_enough_to_forge_a_model(proposed: World) -> None:
    """The limit of what can be verified, see docs/threats.md: protect `ml-auto-update/**/*`."""
    model = b"anything at all"
    digest = hashlib.sha256(model).hexdigest()
    tampered(proposed, {"model/v2.pkl": model, METADATA: metadata(proposed, sha256=digest, size=len(model))}, {})
    forged = replace(proposed.last, digest=digest)
    write_as_the_bot(proposed, lambda state: replace(state.with_attempt(forged), commit=""))  # a history of its own
    assert approve(proposed, 1).decision == "promote"


@pytest.mark.parametrize(
    "commit", ["--upload-pack=touch /tmp/x", "main", "refs/heads/main:refs/heads/x", "$(id)", "0" * 40]
)
def test_a_journal_entry_that_is_no_commit_changes_no_branch(proposed: World, commit: str) -> None:
    write_as_the_bot(proposed, lambda state: state.with_attempt(replace(proposed.last, commit=commit)))
    before = proposed.git.line("for-each-ref", "refs/heads/main")
    assert approve(proposed, 1).decision == "blocked"
    run = proposed.hour()
    assert run.code in (0, 4), run.log
    assert nothing_got_in(proposed, ["v1"])
    assert proposed.git.line("for-each-ref", "refs/heads/main") == before


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"id": 1}', b"\x00\xff", b"{}\n" * 50_000])
def test_a_hand_written_journal_ends_the_run_with_a_message(proposed: World, content: bytes) -> None:
    proposed.commit({"journal.jsonl": content}, STATE)
    run = proposed.hour()
    assert (run.code, run.decision) == (4, "failed"), run.log
    assert "the state branch holds a damaged journal.jsonl" in run.plain_summary


# --- models that are never unpickled -------------------------------------------------------------------------


def test_a_pickle_in_a_pull_request_is_never_opened(proposed: World, poison: bytes) -> None:
    """On the bot's branch, in an outsider's pull request: by no mode that reads either."""
    theirs = Outsider(proposed).offer({"model/v2.pkl": poison})
    proposed.commit({"model/v2.pkl": poison}, PROPOSAL, by=proposed.person("mallory"))
    for run in (approve(proposed, 1), approve(proposed, theirs.number), proposed.hour(), proposed.hour(mode="check")):
        assert run.code == 0, run.log
    proposed.arrive(drifted(45, 9))
    assert proposed.hour().code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("run", "--threshold", "2", "--forge", "none"), ("check",), ("status",), ("history",), ("explain",),
        ("simulate", "--threshold", "30", "--rounds", "1", "--jobs", "1"), ("rehearse",),
        ("data",),
    ],
    ids=lambda command: command[0],
)  # fmt: skip
def test_no_command_loads_a_champion_with_the_wrong_digest(
    production: World, poison: bytes, command: tuple[str, ...]
) -> None:
    """A user with write access replaced the file of the champion, but perhaps not its record."""
    production.arrive(drifted(20, 8))
    production.commit({"model/v1.pkl": poison})
    workspace = production.here.workspace()
    production.git.run("clone", "-q", str(production.repository.path), str(workspace / "full"))
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    here = str(workspace / "full")
    words = {
        "rehearse": ["rehearse", here, "--threshold", "2"],
        "data": ["data", "check", "--workspace", here],
    }.get(command[0], [command[0], "--workspace", here, *command[1:]])
    code, output = in_process(environ, words)
    assert code in (0, 3, 6), output


@pytest.mark.parametrize("mode", ["run", "rollback"])
def test_a_replaced_older_model_is_loaded_neither_by_a_rollback_nor_by_the_watch(
    production: World, poison: bytes, mode: str
) -> None:
    """v1 is no longer in production, and its file was replaced: a rollback or the watch would load it."""
    production.arrive(drifted(45, 8))
    assert production.hour().outputs["merge-state"] == "merged"
    production.commit({"model/v1.pkl": poison})
    production.arrive(drifted(45, 9))
    given = {"mode": "rollback", "to": "v1", "why": "x"} if mode == "rollback" else {"watch": "rollback"}
    run = production.hour(**given)
    assert run.code == (6 if mode == "rollback" else 0), run.log
    assert "sha256" in run.plain_summary


@pytest.mark.parametrize("file", ["../v1.pkl", "/etc/passwd", "a/b.pkl", ".hidden", "v1.pkl\x00", "v1\n.pkl", ""])
def test_metadata_on_main_that_names_a_file_elsewhere_is_not_followed(production: World, file: str) -> None:
    found = json.loads(production.read(METADATA))
    found["versions"][-1]["file"] = file
    production.commit({METADATA: json.dumps(found)})
    production.arrive(drifted(45, 8))
    run = production.hour()
    assert (run.code, run.decision) == (6, "failed"), run.log


# --- untrusted text ----------------------------------------------------------------------------------------

BRANCHES = (
    "x<img/src=x/onerror=alert(1)>@octocat`|",
    "fixes-#1-@github/security",
    "$(touch${IFS}x);`id`",
    "a|b-<b>-&lt;",
)
TITLE = "::error::x ##[add-path]y <script>@octocat</script> | `x` \u202e ${{ secrets.TOKEN }}\n::set-output name=a::b"


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_hostile_branch_and_title_stay_text(production: World, branch: str) -> None:
    pull = Outsider(production).offer({"model/<img src=x>@octocat|`.pkl": "x", "b": "1"}, branch, TITLE)
    run = approve(production, pull.number)
    assert run.decision == "blocked"
    log = re.sub(r"(?m)^::add-mask::.*\n", "", run.log)
    assert list(benign_files.log_faults(log)) == []
    assert not re.search(r"(?<![`\w])@octocat|<(img|script|b)\b", re.sub(r"`[^`]*`", "", run.summary))
    head, text, *rest = pull.comments[0].body.split("```")
    assert branch in text or "`" in branch  # a fence of four keeps that one in
    assert "@" not in head
    assert not [part for part in rest if "@" in part and "````" not in pull.comments[0].body]


def test_markers_forged_in_a_pull_requests_body_do_not_move_the_report(proposed: World) -> None:
    body = proposed.pull.body or ""
    begin = body.splitlines()[0]
    forged = f"{begin}\n<!-- /ml-auto-update -->\n@octocat <!-- ml-auto-update refused -->\n{body}\n{begin}\n{begin}"
    proposed.api(proposed.person(), "PATCH", f"{PULLS}/1", body=forged)
    run = proposed.hour(autonomy="propose")
    assert run.code == 0, run.log
    again = proposed.pull.body or ""
    assert "@octocat" in again  # a person's words are kept
    proposed.hour(autonomy="propose")
    assert proposed.pull.body == again
    assert len(proposed.pulls) == 1


def test_a_hostile_commit_message_author_and_tag_stay_unread(production: World) -> None:
    production.arrive(drifted(45, 8))
    tree = production.git.line("rev-parse", "main^{tree}")
    evil = {"GIT_AUTHOR_NAME": "::error::x", "GIT_AUTHOR_EMAIL": "##[error]@octocat"}
    commit = production.git.line("commit-tree", tree, "-p", "main", "-F", "-", stdin=TITLE.encode(), extra=evil)
    production.git.run("update-ref", "refs/heads/main", commit)
    production.git.run("update-ref", "refs/tags/--upload-pack=x", commit)
    run = production.hour()
    assert run.outputs["merge-state"] == "merged"
    assert list(benign_files.log_faults(re.sub(r"(?m)^::add-mask::.*\n", "", run.log))) == []
    assert not re.search(r"octocat|add-path|set-output|script", run.summary + str(production.pull.body))


# --- paths that lead elsewhere -----------------------------------------------------------------------------


def raw_tree(world: World, *entries: tuple[str, bytes, str]) -> str:
    """A tree that git would not write: its names are not looked at."""
    content = b"".join(f"{mode} ".encode() + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
    return world.git.line("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=content)


@pytest.mark.parametrize("name", [b"..", b".git", b"../../escape.csv", b"/tmp/escape.csv", b"a/../../escape.csv"])
def test_tree_entries_that_point_outside_the_repository_are_neither_read_nor_written(
    production: World, name: bytes, tmp_path: Path
) -> None:
    """Datasets are read by the ids of their contents; no name of one is ever a path on the disk."""
    row = production.git.line("hash-object", "-w", "--stdin", stdin=drifted(1, 3)[0].encode())
    folder = raw_tree(production, ("100644", b"a.csv", row), ("100644", name, row))
    data = raw_tree(production, ("40000", b"new_data", folder))
    tree = raw_tree(production, ("40000", b"data", data))
    commit = production.git.line("commit-tree", tree, "-p", "main", "-m", "x")
    production.git.run("update-ref", "refs/heads/main", commit)
    workspace = production.here.workspace()
    before = {path for path in tmp_path.rglob("*") if "escape" in path.name}
    job = production.job(workspace, threshold="1")
    run = job.result(*in_process(job.environ))
    assert run.code in (0, 3, 4), run.log
    assert {path for path in tmp_path.rglob("*") if "escape" in path.name} == before == set()
    assert not Path("/tmp/escape.csv").exists()  # noqa: S108


def test_links_and_submodules_do_not_count_as_datasets(production: World) -> None:
    target = production.git.line("hash-object", "-w", "--stdin", stdin=b"/etc/passwd")
    head = production.tip("main")
    rows = f"M 120000 {target} {STORE}/link.csv\nM 160000 {head} {STORE}/module.csv\nM 120000 {target} {STORE}/folder\n"
    start = f"commit refs/heads/main\ncommitter M <m@x> 1790000000 +0000\ndata 1\nm\nfrom {head}\n"
    production.git.run("fast-import", "--quiet", "--force", stdin=(start + rows).encode())
    run = production.hour(threshold="1")
    assert (run.code, run.decision) == (0, "waiting"), run.log
    assert run.outputs["count"] == "0"
    assert "root:" not in run.log + run.summary


@pytest.mark.parametrize(
    "folder", [".github", ".github/workflows", ".GitHub/x", ".git", "a/.git/b", "../x", "/etc", "."]
)
def test_a_model_directory_that_could_hold_a_workflow_is_refused(production: World, folder: str) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(model_dir=folder)
    assert (run.code, run.decision) == (2, "failed"), run.log
    assert "model-dir" in run.plain_summary
    assert not [path for path in production.on("main") if path.startswith(".git")]


# --- tokens ------------------------------------------------------------------------------------------------


def forms(token: str) -> list[bytes]:
    """A token as it is, and in every way in which base64 can hold it."""
    found = [token.encode()]
    for lead in ("", "x", "xx", "x-access-token:"):
        found.append(base64.b64encode((lead + token).encode())[4 * ((len(lead) + 2) // 3) :].rstrip(b"=")[:-2])
    return found


@pytest.mark.parametrize("trouble", [None, "bug", 403])
def test_no_token_is_left_in_anything_that_a_run_writes(
    production: World, tmp_path: Path, trouble: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workspace, .git, temporary files, log, outputs, summary, the server's repository, every body that was sent."""
    tokens = (production.here.author.token, production.here.reviewer.token)
    production.arrive(drifted(45, 8))
    job = production.job()
    if trouble == "bug":
        monkeypatch.setattr("ml_action.loop.run.run", _fail_with(tokens, job.workspace))
    if trouble == 403:
        production.repository.change_settings(archived=True)
    production.exchanges.clear()
    if trouble == "bug":
        code, log = in_process(job.environ)
        run = job.result(code, log)
    else:
        run = Started(job).wait()
    assert run.code == {None: 0, "bug": 70, 403: 5}[trouble], run.log  # type: ignore[index]
    (job.files / "printed").write_text(re.sub(r"(?m)^::add-mask::.*\n", "", run.log))
    (job.files / "log").unlink(missing_ok=True)
    sent = [
        part
        for one in production.exchanges
        for part in (one.path.encode(), one.query.encode(), one.body, one.response_body)
    ]
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()}
    packed = production.git.run("cat-file", "--batch-all-objects", "--batch")
    assert len(written) > 20
    for secret in (form for token in tokens for form in forms(token)):
        assert [path for path, content in written.items() if secret in content] == []
        assert not [part for part in sent if secret in part]
        assert secret not in packed


def _fail_with(tokens: tuple[str, ...], workspace: Path) -> Any:
    """A bug whose exception holds both tokens, as they are and as git gets them."""
    headers = [base64.b64encode(f"x-access-token:{token}".encode()).decode() for token in tokens]

    def fail(*_: object) -> None:
        raise RuntimeError(f"{workspace}: {tokens} {headers}")

    return fail


def test_the_scan_would_find_a_token(tmp_path: Path) -> None:
    token = "ghs_" + "a1b2c3" * 6
    assert all(token.encode() in base64.b64decode(base64.b64encode((lead + token).encode())) for lead in ("", "x"))
    for lead in ("", "x", "xx", "xxx", "x-access-token:", "AUTHORIZATION basic "):
        held = base64.b64encode((lead + token).encode())
        assert any(form in held for form in forms(token)), lead
    assert cli.__name__  # the door that the scan goes through
