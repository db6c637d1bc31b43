"""A stand-in for GitHub on loopback: bare git repositories behind GitHub's REST and GraphQL APIs and git over HTTP.

    with Sandbox(root) as hub:
        bot = hub.add_account("ml-bot", kind="app")
        repository = hub.create_repository("octo/students", allow_auto_merge=True)
        ...  # git push hub.git_url(repository, bot), github.Github(base_url=hub.url, auth=Token(bot.token))

It is a server, not a second client: a program that talks to GitHub talks to it without changes. It binds to loopback
only. Read it from `hub`, which holds the accounts and the repositories; `app` serves them as `rest`, `graphql` and
`git_endpoint`.
"""

from sandbox.accounts import Account
from sandbox.records import Dispatch, PullRequest, Review, Settings
from sandbox.repository import Repository
from sandbox.rules import Rule
from sandbox.server import Sandbox
from sandbox.traffic import Exchange

__all__ = [
    "Account",
    "Dispatch",
    "Exchange",
    "PullRequest",
    "Repository",
    "Review",
    "Rule",
    "Sandbox",
    "Settings",
]
