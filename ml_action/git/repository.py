"""The user's repository as the loop sees it: read from the workspace, and written only to a store of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ml_action.core.dataclass import dataclass, replace
from ml_action.core.errors import RepositoryError
from ml_action.git import remote as server
from ml_action.git.command import Git
from ml_action.git.errors import explain, forbidden, lost_the_race, unknown
from ml_action.git.process import GitFailed

AUTHOR = ("ml-auto-update[bot]", "ml-auto-update[bot]@users.noreply.github.com")
FOLDER, FILE, SUBMODULE = "040000", "100644", "160000"
FETCH_OPTIONS = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--recurse-submodules=no")
HERE = "."  # in place of a remote: nothing is fetched or pushed
OBJECT_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
BASE_TIP = "refs/tips/base"  # in the store: the base branch as it was fetched last
# A remote that is a path is served by a git process of its own. Our environment does not reach it: git clears it.
UPLOAD_PACK = "--upload-pack=git -c 'safe.directory=*' upload-pack"
RECEIVE_PACK = "--receive-pack=git -c 'safe.directory=*' receive-pack"
# Where objects are sent before the server signs a commit of them. It is no branch, so no branch rule refuses it.
UNSIGNED = "refs/ml-auto-update/unsigned"

Signer = Callable[[str, str, str], str]  # tree, parent or "", message -> the id of the signed commit


class ConcurrentUpdate(Exception):
    """Another run moved one of the branches first; this one pushed nothing."""


@dataclass(frozen=True)
class Tips:
    """The commits that the branches point to; "" for a branch that does not exist."""

    base: str
    state: str
    proposal: str


UNKNOWN_TIPS = Tips("", "", "")


@dataclass(frozen=True)
class Branches:
    """The names of the branches that the loop reads and writes."""

    base: str
    state: str
    proposal: str


def state_branch(name: str) -> str:
    """Returns the branch with the journal of the model `name`."""
    return f"ml-auto-update/{name}/state"


def proposal_branch(name: str) -> str:
    """Returns the branch of the pull requests of the model `name`."""
    return f"ml-auto-update/{name}/proposal"


@dataclass(frozen=True)
class Push:
    """One branch to move from the commit that it has to point to ("": it is missing) to another ("": delete it)."""

    branch: str
    expected: str
    commit: str


class TreeEntry(NamedTuple):
    """A file or folder in a tree."""

    mode: str
    oid: str


NO_FILES: Mapping[str, TreeEntry] = MappingProxyType({})


@dataclass(frozen=True)
class Repository:
    """Where data is read, where objects are written, and where branches are."""

    store: Git  # our own objects, and the workspace's borrowed ones; the workspace itself is never written to
    remote: str  # URL, or the workspace's path
    head: str  # the commit whose datasets count
    workspace: Path | None = None  # the folder with untracked files, if there is a checkout
    checkout: str = ""  # the commit that is checked out there, which need not be `head`
    signer: Signer | None = None  # has the server sign the commits; None: they stay unsigned
    tips: Tips = UNKNOWN_TIPS  # of the branches, as they were read last

    # --- the server ---------------------------------------------------------------------------------------

    def updated(self, branches: Branches) -> Repository:
        """Returns the repository with the branches' current tips. One round trip."""
        return replace(self, tips=self.fetch(branches))

    def fetch(self, branches: Branches) -> Tips:
        """Fetches the branches and returns their current tips. One round trip."""
        folder = branches.state.rsplit("/", 1)[0]
        self._fetch(f"+refs/heads/{branches.base}:{BASE_TIP}", f"+refs/heads/{folder}/*:refs/tips/ours/*")
        names = (BASE_TIP, "refs/tips/ours/state", "refs/tips/ours/proposal")
        return Tips(*(found.oid for found in self.store.resolve(*names)))

    def fetch_object(self, commit: str) -> None:
        """Fetches a commit that the store lacks: no branch points to it any more, or the server made it."""
        if self.store.resolve(commit) != ((commit, "commit"),):
            self._fetch(commit)

    def fetch_tree(self, tree: str) -> bool:
        """Fetches a tree if the store lacks it: a shallow clone has no trees of older commits.

        Protocol 2 serves any existing object by its id: partial clones depend on it (gitprotocol-v2(5)).

        Returns:
            Whether the store has the tree now.
        """
        if self.store.object_id(f"{tree}^{{tree}}"):
            return True
        if self.remote == HERE or not OBJECT_ID.fullmatch(tree):
            return False
        try:
            self._fetch_from_server(tree)
        except GitFailed as failed:
            if unknown(failed):
                return False
            raise explain(failed) from failed
        return bool(self.store.object_id(f"{tree}^{{tree}}"))

    def _fetch(self, *specs: str) -> None:
        """Fetches all of these in one round trip, without history."""
        try:
            self._fetch_from_server(*specs, options=("--prune", "--depth=1"))
        except GitFailed as failed:
            raise explain(failed) from failed

    def _fetch_from_server(self, *specs: str, options: tuple[str, ...] = ()) -> None:
        command = ("fetch", *FETCH_OPTIONS, *options, UPLOAD_PACK, "--end-of-options", self.remote)
        server.read(self.store, *command, *specs)

    def push(self, pushes: Sequence[Push]) -> None:
        """Moves all the branches or none (push --atomic), each only from where it is expected to be.

        Raises:
            ConcurrentUpdate: one of them points elsewhere by now.
            RepositoryError: the server refused or could not be reached.
        """
        leases = [f"--force-with-lease=refs/heads/{push.branch}:{push.expected}" for push in pushes]
        specs = [f"{push.commit}:refs/heads/{push.branch}" for push in pushes]
        options = ("--quiet", "--porcelain", "--atomic", "--no-verify", RECEIVE_PACK, *leases)
        try:
            server.push(self.store, *options, "--end-of-options", self.remote, *specs)
        except GitFailed as failed:
            raise (ConcurrentUpdate() if lost_the_race(failed) else explain(failed)) from failed

    def may_push(self, branch: str) -> bool | None:
        """Whether the server accepts our pushes, according to its first reply. `None` if the reply does not say."""
        spec = f"+{self.head}:refs/heads/{branch}"
        options = ("--quiet", "--porcelain", "--dry-run", "--no-verify", RECEIVE_PACK, "--end-of-options")
        try:
            self.store.run("push", *options, self.remote, spec)
        except GitFailed as failed:
            return False if forbidden(failed) else None
        return True

    # --- objects ------------------------------------------------------------------------------------------

    def blob(self, content: bytes) -> str:
        """Writes a blob and returns its id."""
        return self.store.line("hash-object", "-w", "--stdin", stdin=content)

    def tree(self, entries: Mapping[str, TreeEntry]) -> str:
        """Writes a tree of these entries by name and returns its id."""
        kinds = {FOLDER: "tree", SUBMODULE: "commit"}
        lines = (f"{mode} {kinds.get(mode, 'blob')} {oid}\t{name}\0" for name, (mode, oid) in entries.items())
        return self.store.line("mktree", "-z", "--missing", stdin="".join(lines).encode("utf-8", "surrogateescape"))

    def empty_tree(self) -> str:
        """Returns the id of the tree without entries, which every repository knows."""
        return self.store.line("hash-object", "-t", "tree", "--stdin")

    def tree_of_folders(self, folders: Mapping[str, str], files: Mapping[str, TreeEntry] = NO_FILES) -> str:
        """Writes a tree with these trees at their paths, these files, and nothing else; returns its id."""
        entries: dict[str, TreeEntry] = dict(files)
        below: dict[str, dict[str, str]] = {}
        for path, tree in folders.items():
            name, _, rest = path.partition("/")
            if rest:
                below.setdefault(name, {})[rest] = tree
            else:
                entries[name] = TreeEntry(FOLDER, tree)
        nested = {name: TreeEntry(FOLDER, self.tree_of_folders(inner)) for name, inner in below.items()}
        return self.tree(entries | nested)

    def entries(self, tree: str) -> dict[str, TreeEntry]:
        """Returns the entries of one tree by name, without those of its folders."""
        output = self.store.run("ls-tree", "-z", tree).decode("utf-8", "surrogateescape") if tree else ""
        rows = (row.split("\t", 1) for row in output.split("\0") if row)
        return {name: TreeEntry(head.split(" ")[0], head.split(" ")[2]) for head, name in rows}

    def with_files(self, tree: str, path: str, files: Mapping[str, bytes]) -> str:
        """Writes the tree with these files in the folder at `path`, and returns its id. All else is unchanged.

        Raises:
            RepositoryError: a part of the path is no folder.
        """
        entries = self.entries(tree)
        if not path:
            return self.tree(entries | {name: TreeEntry(FILE, self.blob(content)) for name, content in files.items()})
        name, _, rest = path.partition("/")
        folder = entries.get(name, TreeEntry(FOLDER, ""))
        if folder.mode != FOLDER:
            raise RepositoryError(
                f"{name!r} of the model directory is no folder on the base branch",
                why="it is a file, a symbolic link or a submodule",
                fix="move it away, or choose another model-dir",
            )
        return self.tree(entries | {name: TreeEntry(FOLDER, self.with_files(folder.oid, rest, files))})

    def commit(self, tree: str, parent: str, message: str, *, time: str) -> str:
        """Writes a commit and returns its id. Unsigned, the same content at the same time has the same id."""
        name, mail = AUTHOR
        identity = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", mail), ("DATE", time))
        }
        parents = ("-p", parent) if parent else ()
        text = message.encode("utf-8", "replace")
        unsigned = self.store.line("commit-tree", tree, *parents, "-F", "-", stdin=text, extra=identity)
        if self.signer is None:
            return unsigned
        self._send_objects(unsigned)
        return self._fetch_signed(self.signer(tree, parent, message))

    def _send_objects(self, commit: str) -> None:
        """Sends a commit's objects under a name that is no branch.

        Raises:
            RepositoryError: they could not be sent.
        """
        spec = f"+{commit}:{UNSIGNED}"
        try:
            server.push(self.store, "--quiet", "--no-verify", RECEIVE_PACK, "--end-of-options", self.remote, spec)
        except GitFailed as failed:
            raise explain(failed) from failed

    def _fetch_signed(self, commit: str) -> str:
        try:
            self._fetch_from_server(commit)
        except GitFailed as failed:
            raise explain(failed) from failed
        return commit


class ReadOnlyRepository(Repository):
    """A repository that is only read: what would be pushed stays in the store, which is deleted with it."""

    def push(self, pushes: Sequence[Push]) -> None:
        """Does nothing."""
