"""A GitHub stand-in on loopback: bare git repositories behind GitHub's REST, GraphQL and git-over-HTTP faces.

    with Sandbox(root) as hub:
        bot = hub.identity("ml-bot", kind="app")
        repository = hub.create_repository("octo/students", allow_auto_merge=True)
        ...  # git push hub.git_url(repository, bot), github.Github(base_url=hub.url, auth=Token(bot.token))

It is a server and not a second client: what talks to GitHub talks to it unchanged. It binds to loopback only.
"""

from sandbox.exchange import Exchange
from sandbox.identities import Identity
from sandbox.records import Dispatch, PullRequest, Review, Rule, Settings
from sandbox.repository import Repository
from sandbox.server import Sandbox

__all__ = [
    "Dispatch",
    "Exchange",
    "Identity",
    "PullRequest",
    "Repository",
    "Review",
    "Rule",
    "Sandbox",
    "Settings",
]
