import stat
import threading

import pytest

from ml_action.core.errors import RepositoryError
from ml_action.git.errors import explain, lost_the_race
from ml_action.git.process import GitFailed
from tests.support.factories import make_git, make_remote, make_repository

PUSH = ("push", "--quiet", "--porcelain", "--atomic", "--no-verify")


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("fatal: not a git repository (or any of the parent directories): .git", "this folder is not a git repository"),
        ("remote: error: GH006: Protected branch update failed for refs/heads/x.", "the server's branch rules refuse"),
        (
            "remote: error: GH013: Repository rule violations found for refs/heads/x.",
            "the server's branch rules refuse",
        ),
        ("! [remote rejected] a -> b (pre-receive hook declined)", "a hook of the server refuses"),
        (
            "remote: Permission to o/r.git denied to x.\nfatal: unable to access 'https://x/': returned error: 403",
            "the token may not write",
        ),
        ("remote: Write access to repository not granted.", "the token may not write"),
        ("remote: This repository was archived so it is read-only.\nfatal: error: 403", "the repository is archived"),
        (
            "remote: Invalid username or token.\nfatal: Authentication failed for 'https://github.com/o/r/'",
            "the server does not accept the token",
        ),
        (
            "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
            "the server does not accept the token",
        ),
        (
            "fatal: unable to access 'https://x/': The requested URL returned error: 401",
            "the server does not accept the token",
        ),
        (
            "remote: Repository not found.\nfatal: repository 'https://github.com/o/r/' not found",
            "the repository was not found",
        ),
        (
            "fatal: '/x/y.git' does not appear to be a git repository\nfatal: Could not read from remote repository.",
            "the repository was not found",
        ),
        ("fatal: couldn't find remote ref refs/heads/main", "the base branch does not exist"),
        ("! [remote rejected] a -> b (shallow update not allowed)", "the server refuses pushes from shallow clones"),
        ("remote: error: GH001: Large files detected.", "the model file is larger than GitHub takes"),
        (
            "fatal: unable to access 'https://github.com/': Could not resolve host: github.com",
            "the server could not be reached",
        ),
        (
            "error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502",
            "the server could not be reached",
        ),
        ("fatal: the remote end hung up unexpectedly\nfatal: early EOF", "the server could not be reached"),
        (
            "fatal: unable to access 'https://x/': SSL certificate problem: unable to get local issuer certificate",
            "the server's certificate is not trusted",
        ),
        (
            "fatal: unable to access 'https://x/': server certificate verification failed. CAfile: none CRLfile: none",
            "the server's certificate is not trusted",
        ),
        (
            "fatal: unable to access 'https://x/': SSL certificate problem: certificate has expired",
            "the server's certificate is not valid now",
        ),
        (
            (
                "fatal: unable to access 'https://x/': SSL: no alternative certificate subject name matches target "
                "host name 'x'"
            ),
            "the server's certificate is for another name",
        ),
        (
            "fatal: unable to access 'https://x/': error setting certificate verify locations:  CAfile: /none",
            "the file of certificate authorities cannot be used",
        ),
        (
            (
                "! [remote rejected] a -> b (refusing to allow a GitHub App to create or update workflow "
                "`.github/workflows/x.yml` without `workflows` permission)"
            ),
            "the token may not push commits that change workflows",
        ),
        (
            "remote: error: GH007: Your push would publish a private email address.",
            "the server refuses the e-mail address",
        ),
        (
            (
                "remote: error: GH013: Repository rule violations found for refs/heads/x.\n"
                "remote: - GITHUB PUSH PROTECTION\nremote:   - Push cannot contain secrets"
            ),
            "the server's push protection takes something",
        ),
        (
            (
                "remote: error: GH013: Repository rule violations found for refs/heads/x.\n"
                "remote: - Commit author email must match a given pattern"
            ),
            "a rule of the server asks for another author",
        ),
        (
            (
                "remote: error: GH013: Repository rule violations found for refs/heads/x.\n"
                "remote: - Commit message must match a given regex pattern: ^[A-Z]+-"
            ),
            "a rule of the server asks for another commit message",
        ),
        (
            (
                "remote: The 'o' organization has enabled or enforced SAML SSO.\nfatal: unable to access 'https://x/': "
                "The requested URL returned error: 403"
            ),
            "the organization wants the token to be authorized",
        ),
        (
            (
                "remote: The repository owner has an IP allow list enabled, and 192.0.2.1 is not permitted to access "
                "this repository.\nfatal: unable to access 'https://x/': The requested URL returned error: 403"
            ),
            "the organization does not let this machine's address in",
        ),
        (
            (
                "remote: Your account is suspended. Please visit https://support.github.com for more information.\n"
                "fatal: unable to access 'https://x/': The requested URL returned error: 403"
            ),
            "the account or App of the token is suspended",
        ),
        (
            "remote: Access to this repository has been disabled by GitHub staff.\nfatal: error: 403",
            "the repository is disabled",
        ),
        ("remote: Repository has been locked: it is being migrated.\nfatal: error: 403", "the repository is locked"),
        (
            "remote: GitHub Enterprise is currently in maintenance mode.\nfatal: error: 503",
            "the server takes no pushes",
        ),
        (
            "remote: Support for password authentication was removed on August 13, 2021.\nfatal: Authentication failed",
            "the server does not accept this kind of token",
        ),
        ("fatal: write error: No space left on device", "the disk of this machine is full"),
        ("error: insufficient permission for adding an object to repository database", "git may not write here"),
        ("fatal: bad object HEAD", "the repository lacks an object"),
        ("fatal: unable to read 0123", "the repository lacks an object"),
    ],
)
def test_known_error_has_a_fix(output, what):
    problem = explain(GitFailed(("push",), 128, output))
    assert isinstance(problem, RepositoryError)
    assert problem.what.startswith(what)
    assert problem.fix
    assert "git push: " in problem.why


def test_most_informative_line_is_quoted():
    output = "warning: x\nTo https://github.com/o/r\nremote: error: GH006: Protected branch\nerror: failed to push"
    assert "(git push: remote: error: GH006: Protected branch)" in explain(GitFailed(("push",), 1, output)).why


def test_everything_that_the_server_says_is_quoted():
    output = (
        "remote: Resolving deltas: 100%\nremote: \nremote: ==========\nremote: The ticket is missing.\n"
        "remote: Write one into the message: https://tickets.example/new\nremote:\n"
        "To https://github.example/o/r\n ! [remote rejected] a -> b (pre-receive hook declined)\n"
        "error: failed to push some refs to 'https://github.example/o/r'"
    )
    problem = explain(GitFailed(("push",), 1, output))
    assert problem.why.endswith(
        "(git push: remote: The ticket is missing. Write one into the message: https://tickets.example/new; "
        "! [remote rejected] a -> b (pre-receive hook declined))"
    )


def test_what_the_server_says_is_cut():
    why = explain(GitFailed(("push",), 1, "\n".join(f"remote: line {number}" for number in range(999)))).what
    assert len(why) < 700


@pytest.mark.parametrize(
    ("output", "quoted"), [("something odd", "something odd"), ("", "exit code 7"), ("x" * 999, "x" * 300)]
)
def test_unknown_error_is_quoted(output, quoted):
    problem = explain(GitFailed(("mktree", "-z"), 7, output))
    assert problem.what == f"git mktree failed: {quoted}"
    assert "open an issue" in problem.fix


# --- texts that git itself gives ----------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path):
    """A bare repository with a branch `state`, and a clone whose HEAD is one commit ahead."""
    workspace = make_repository(tmp_path / "w", {"a": "1"})
    workspace.git.run("branch", "state")
    remote = make_remote(tmp_path / "remote.git", workspace)
    workspace.commit({"a": "2"})
    return workspace, remote


def refused(workspace, *arguments):
    with pytest.raises(GitFailed) as caught:
        workspace.git.run(*PUSH, *arguments)
    return caught.value


def test_moved_branch_is_a_lost_race(two):
    workspace, remote = two
    old = workspace.git.line("rev-parse", "state")
    workspace.git.run("push", "-q", str(remote), "HEAD:refs/heads/state")
    failed = refused(
        workspace,
        f"--force-with-lease=refs/heads/state:{old}",
        str(remote),
        "HEAD~1:refs/heads/state",
        "HEAD:refs/heads/other",
    )
    assert lost_the_race(failed), failed.output


def test_a_branch_that_was_created_meanwhile_is_a_lost_race(two):
    workspace, remote = two
    assert lost_the_race(
        refused(workspace, "--force-with-lease=refs/heads/state:", str(remote), "HEAD:refs/heads/state")
    )


def test_a_branch_that_was_deleted_meanwhile_is_a_lost_race(two):
    workspace, remote = two
    old = workspace.git.line("rev-parse", "state")
    make_git(remote).run("update-ref", "-d", "refs/heads/state")
    failed = refused(workspace, f"--force-with-lease=refs/heads/state:{old}", str(remote), "HEAD:refs/heads/state")
    assert lost_the_race(failed), failed.output


def test_a_push_that_is_no_fast_forward_is_a_lost_race(two):
    workspace, remote = two
    workspace.git.run("push", "-q", str(remote), "HEAD:refs/heads/state")
    assert lost_the_race(refused(workspace, str(remote), "HEAD~1:refs/heads/state"))


def _meeting(remote, count):
    """A hook on the server that lets pushes go on only when `count` of them have come so far."""
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f'#!/bin/sh\ntouch "arrived.$$"\ntries=0\nwhile [ $(ls arrived.* | wc -l) -lt {count} ] && [ $tries -lt 500 ]\n'
        "do sleep 0.02; tries=$((tries + 1)); done\nexit 0\n"
    )
    hook.chmod(stat.S_IRWXU)


@pytest.mark.parametrize("create", [True, False])
def test_one_of_several_simultaneous_pushes_wins_the_race(two, create):
    workspace, remote = two
    branch = "new" if create else "state"
    expected = "" if create else workspace.git.line("rev-parse", "state")
    commits = [workspace.git.line("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", str(n)) for n in range(3)]
    _meeting(remote, len(commits))
    failures, winners = [], []

    def push(commit):
        try:
            workspace.git.run(
                *PUSH,
                f"--force-with-lease=refs/heads/{branch}:{expected}",
                str(remote),
                f"{commit}:refs/heads/{branch}",
            )
            winners.append(commit)
        except GitFailed as failed:
            failures.append(failed)

    threads = [threading.Thread(target=push, args=(commit,)) for commit in commits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lost_the_race(failed) for failed in failures] == [True, True], [failed.output for failed in failures]
    assert winners == [make_git(remote).line("rev-parse", f"refs/heads/{branch}")]


def test_a_hook_that_refuses_is_a_rule_and_no_race(two):
    workspace, remote = two
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho GH013: no >&2\nexit 1\n")
    hook.chmod(stat.S_IRWXU)
    failed = refused(workspace, str(remote), "HEAD:refs/heads/state")
    assert not lost_the_race(failed)
    assert explain(failed).what == "the server's branch rules refuse the bot's push"


def test_branch_that_conflicts_with_the_bots_folder_is_no_race(two):
    workspace, remote = two
    failed = refused(workspace, str(remote), "HEAD:refs/heads/state/deeper")
    assert not lost_the_race(failed)
    assert explain(failed).what == "a branch of this repository conflicts with the names of the bot's branches"


def test_unreachable_server_is_reported(two):
    workspace, _ = two
    failed = refused(workspace, "http://127.0.0.1:9/o/r.git", "HEAD:refs/heads/state")
    assert not lost_the_race(failed)
    assert explain(failed).what == "the server could not be reached"


def test_missing_repository_is_reported(two, tmp_path):
    workspace, _ = two
    failed = refused(workspace, str(tmp_path / "none.git"), "HEAD:refs/heads/state")
    assert explain(failed).what == "the repository was not found on the server"
