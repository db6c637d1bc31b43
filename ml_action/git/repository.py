"""The user's repository as the loop sees it: read from the workspace, written only into a store of its own.

The store is a bare repository in a temporary folder that borrows the workspace's objects
(gitrepository-layout(5), objects/info/alternates). Fetches, new objects and shallow marks go there, so nothing in
the workspace, not even in its .git, ever changes: checkout, index, configuration and depth stay as they were.
Where there is no workspace (the `check` action without a checkout), the store is a blobless, depth-1 clone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ml_action.core.errors import RepositoryError
from ml_action.git import remote as server
from ml_action.git.command import Git, GitFailed
from ml_action.git.errors import explain, forbidden, lost_the_race, unknown

AUTHOR = ("ml-auto-update[bot]", "ml-auto-update[bot]@users.noreply.github.com")
FOLDER, FILE = "040000", "100644"
QUIETLY = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--recurse-submodules=no")
HERE = "."  # in place of a remote: nothing is fetched or pushed
OBJECT_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
BASE_TIP = "refs/tips/base"  # in the store: the base branch as it was fetched last
# A remote that is a path is served by a git of its own, which our environment does not reach: git clears it.
UPLOAD_PACK = "--upload-pack=git -c 'safe.directory=*' upload-pack"
RECEIVE_PACK = "--receive-pack=git -c 'safe.directory=*' receive-pack"


UNSIGNED = (
    "refs/ml-auto-update/unsigned"  # no branch, so no branch's rule refuses it: the way in for what is signed then
)
Signer = Callable[[str, str, str], str]  # tree, parent or nothing, message: the id of the signed commit


class ConcurrentUpdate(Exception):
    """Another run moved one of the branches first; this one pushed nothing."""


@dataclass(frozen=True)
class Tips:
    """The commits that the branches point at on the remote; empty where there is no such branch."""

    base: str
    state: str
    proposal: str


@dataclass(frozen=True)
class Branches:
    """The names of the branches that the loop reads and writes."""

    base: str
    state: str
    proposal: str


def branch_names(name: str) -> tuple[str, str]:
    """The state branch and the proposal branch of the model `name`."""
    return f"ml-auto-update/{name}/state", f"ml-auto-update/{name}/proposal"


@dataclass(frozen=True)
class Push:
    """One branch to move: from the commit it has to be at (empty: it may not exist) to another."""

    branch: str
    expected: str
    commit: str


@dataclass(frozen=True)
class Repository:
    """Where data is read, where objects are written, and where branches live."""

    store: Git  # our own objects, with the workspace's borrowed; the workspace itself is never written to
    remote: str  # URL, or the workspace's path
    head: str  # the commit whose datasets count
    workspace: Path | None = None  # the folder in which untracked files are, if there is a checkout
    checkout: str = ""  # the commit that is checked out there, which need not be `head`
    signer: Signer | None = None  # has the server sign the commits; None: they stay unsigned

    def fetch(self, branches: Branches) -> Tips:
        """The branches' tips as they are on the remote now, with their objects. One round trip."""
        folder = branches.state.rsplit("/", 1)[0]
        specs = (f"+refs/heads/{branches.base}:{BASE_TIP}", f"+refs/heads/{folder}/*:refs/tips/ours/*")
        self._fetch(*specs)
        names = (BASE_TIP, "refs/tips/ours/state", "refs/tips/ours/proposal")
        return Tips(*(oid for oid, _ in self.store.resolve(*names)))

    def _fetch(self, *specs: str) -> None:
        """One round trip for all of these, without history."""
        try:
            server.read(
                self.store,
                "fetch",
                *QUIETLY,
                "--prune",
                "--depth=1",
                UPLOAD_PACK,
                "--end-of-options",
                self.remote,
                *specs,
            )
        except GitFailed as failed:
            raise explain(failed) from failed

    def obtain(self, commit: str) -> None:
        """Fetches a commit that is not at hand: one that no branch points at any more, or that the server made."""
        if self.store.resolve(commit) != ((commit, "commit"),):
            self._fetch(commit)

    def obtain_tree(self, tree: str) -> bool:
        """Whether a tree is at hand, or the server gives it: a shallow clone lacks what older commits hold.

        Protocol 2 gives any object that is there by its id: partial clones live by that (gitprotocol-v2(5)).
        """
        if self.store.object_id(f"{tree}^{{tree}}"):
            return True
        if self.remote == HERE or not OBJECT_ID.fullmatch(tree):
            return False
        try:
            server.read(self.store, "fetch", *QUIETLY, UPLOAD_PACK, "--end-of-options", self.remote, tree)
        except GitFailed as failed:
            if unknown(failed):
                return False
            raise explain(failed) from failed
        return bool(self.store.object_id(f"{tree}^{{tree}}"))

    def push(self, pushes: Sequence[Push]) -> None:
        """Moves all the branches or none (push --atomic), each only from where it is expected to be.

        Raises:
            LostTheRace: one of them is elsewhere by now.
            RepositoryError: the server refused or could not be reached.
        """
        leases = [f"--force-with-lease=refs/heads/{push.branch}:{push.expected}" for push in pushes]
        specs = [f"{push.commit}:refs/heads/{push.branch}" for push in pushes]
        try:
            server.push(
                self.store,
                "--quiet",
                "--porcelain",
                "--atomic",
                "--no-verify",
                RECEIVE_PACK,
                *leases,
                "--end-of-options",
                self.remote,
                *specs,
            )
        except GitFailed as failed:
            raise (ConcurrentUpdate() if lost_the_race(failed) else explain(failed)) from failed

    def may_push(self, branch: str) -> bool | None:
        """Whether the server takes pushes of ours at all, as it says before anything is sent; None: it says neither."""
        spec = f"+{self.head}:refs/heads/{branch}"
        words = ("push", "--quiet", "--porcelain", "--dry-run", "--no-verify", RECEIVE_PACK, "--end-of-options")
        try:
            self.store.run(*words, self.remote, spec)
        except GitFailed as failed:
            return False if forbidden(failed) else None
        return True

    # --- writing objects ----------------------------------------------------------------------------------

    def blob(self, content: bytes) -> str:
        """Writes a blob; its id."""
        return self.store.line("hash-object", "-w", "--stdin", stdin=content)

    def tree(self, entries: Mapping[str, tuple[str, str]]) -> str:
        """Writes a tree of name -> (mode, id); its id."""
        kinds = {FOLDER: "tree", "160000": "commit"}
        lines = (f"{mode} {kinds.get(mode, 'blob')} {oid}\t{name}\0" for name, (mode, oid) in entries.items())
        return self.store.line("mktree", "-z", "--missing", stdin="".join(lines).encode("utf-8", "surrogateescape"))

    def mirror(self, trees: Mapping[str, str]) -> str:
        """Writes a tree in which each of these trees stands at its path, and nothing else; its id."""
        here: dict[str, tuple[str, str]] = {}
        below: dict[str, dict[str, str]] = {}
        for path, tree in trees.items():
            name, _, rest = path.partition("/")
            if rest:
                below.setdefault(name, {})[rest] = tree
            else:
                here[name] = (FOLDER, tree)
        return self.tree(here | {name: (FOLDER, self.mirror(inner)) for name, inner in below.items()})

    def entries(self, tree: str) -> dict[str, tuple[str, str]]:
        """The entries of one tree (not of its folders): name -> (mode, id)."""
        raw = self.store.run("ls-tree", "-z", tree).decode("utf-8", "surrogateescape") if tree else ""
        rows = (entry.split("\t", 1) for entry in raw.split("\0") if entry)
        return {name: (head.split(" ")[0], head.split(" ")[2]) for head, name in rows}

    def graft(self, tree: str, path: str, files: Mapping[str, bytes]) -> str:
        """The tree with files written into the folder at `path`; all else, and the folder's other files, stay."""
        entries = self.entries(tree)
        if not path:
            entries |= {name: (FILE, self.blob(content)) for name, content in files.items()}
            return self.tree(entries)
        name, _, rest = path.partition("/")
        mode, below = entries.get(name, (FOLDER, ""))
        if mode != FOLDER:
            raise RepositoryError(
                f"{name!r} of the model directory is no folder on the base branch",
                why="a file, a symbolic link or a submodule stands in its place",
                fix="move it away, or choose another model-dir",
            )
        return self.tree(entries | {name: (FOLDER, self.graft(below, rest, files))})

    def commit(self, tree: str, parent: str, message: str, *, time: str) -> str:
        """Writes a commit; its id. Unsigned, the same content at the same time is the same commit."""
        name, mail = AUTHOR
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", mail), ("DATE", time))
        }
        parents = ("-p", parent) if parent else ()
        plain = self.store.line(
            "commit-tree", tree, *parents, "-F", "-", stdin=message.encode("utf-8", "replace"), extra=who
        )
        return self._signed(self.signer, plain, tree, parent, message) if self.signer else plain

    def _signed(self, sign: Signer, plain: str, tree: str, parent: str, message: str) -> str:
        """The same commit as the server signs it: it gets the objects under a name that is no branch, and commits them.

        Raises:
            ForgeError: it did not sign.
            RepositoryError: the objects could not be sent, or the commit could not be fetched.
        """
        try:
            objects = f"+{plain}:{UNSIGNED}"
            server.push(self.store, "--quiet", "--no-verify", RECEIVE_PACK, "--end-of-options", self.remote, objects)
            signed = sign(tree, parent, message)
            server.read(self.store, "fetch", *QUIETLY, UPLOAD_PACK, "--end-of-options", self.remote, signed)
        except GitFailed as failed:
            raise explain(failed) from failed
        return signed

    def empty_tree(self) -> str:
        """The id of the tree without entries, which every repository knows."""
        return self.store.line("hash-object", "-t", "tree", "--stdin")


class ReadOnlyRepository(Repository):
    """A repository that is only read: what would be pushed stays in the store, and goes with it."""

    def push(self, pushes: Sequence[Push]) -> None:
        """Nothing."""


def in_place(workspace: Git, state_branch: str) -> tuple[Repository, Tips]:
    """The workspace as it is, for counting only: names in place of ids, no store, no fetch, no process."""
    found = Repository(workspace, HERE, "HEAD", workspace.directory, "HEAD")
    return found, Tips("HEAD", f"refs/heads/{state_branch}", "")


def beside(workspace: Git, state_branch: str, scratch: Path) -> tuple[Repository, Tips]:
    """The same with a store, for counts that have to write trees or to compare files as no attribute changes them."""
    found = open_with_own_store(workspace, HERE, scratch)
    return found, Tips(found.head, workspace.object_id(f"refs/heads/{state_branch}"), "")


def open_with_own_store(workspace: Git, remote: str, scratch: Path) -> Repository:
    """A repository whose store borrows the workspace's objects.

    Raises:
        RepositoryError: the workspace is no git repository, or has no commit yet.
    """
    try:
        answer = workspace.run(
            "rev-parse",
            "--path-format=absolute",
            "--git-path",
            "objects",
            "--git-path",
            "shallow",
            "--show-object-format",
            "--verify",
            "HEAD^{commit}",
        )
    except GitFailed as failed:
        raise (_no_commit(failed) if "needed a single revision" in failed.said.lower() else explain(failed)) from failed
    objects, shallow, kind, head = answer.decode("utf-8", "surrogateescape").splitlines()
    store = _new_store(workspace, scratch, kind)
    _write(store.directory / "objects/info/alternates", objects.encode("utf-8", "surrogateescape") + b"\n")
    if Path(shallow).is_file():
        _write(store.directory / "shallow", Path(shallow).read_bytes())
    if any(Path(objects).glob("pack/*.promisor")):
        _promise(store, remote)  # what a partial clone lacks is no damage
    # What the workspace has need not be sent again: fetch and push negotiate from refs.
    store.run("update-ref", "refs/workspace", head)
    return Repository(store, remote, head, workspace.directory, head)


def blobless(git: Git, remote: str, branches: Branches, scratch: Path) -> tuple[Repository, Tips]:
    """A repository without a workspace: trees only, blobs are fetched when they are read. One round trip."""
    store = _new_store(git, scratch, "sha1")
    _promise(store, remote)  # fetched by name, so that later reads know where the missing blobs are
    repository = Repository(store, "origin", "")
    tips = repository.fetch(branches)
    return replace(repository, head=tips.base), tips


def _new_store(git: Git, scratch: Path, kind: str) -> Git:
    path = scratch / "store.git"
    replace(git, directory=scratch).run(
        "init", "--quiet", "--bare", "--template=", f"--object-format={kind}", str(path)
    )
    return replace(git, directory=path)


def _promise(store: Git, remote: str) -> None:
    """Makes the store a partial clone (gitformat-pack(5), partial-clone in git's technical documentation)."""
    for key, value in (
        ("remote.origin.url", remote),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialCloneFilter", "blob:none"),
        ("extensions.partialClone", "origin"),
    ):
        store.run("config", key, value)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _no_commit(failed: GitFailed) -> RepositoryError:
    return RepositoryError(
        "the repository has no commit yet",
        why=f"it was just made ({failed.said.splitlines()[0]})",
        fix="commit and push the datasets first",
    )
