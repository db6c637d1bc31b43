"""Where GitHub has the settings that the checks ask for: the menu paths of github.com."""

from __future__ import annotations

RULESETS = "Settings → Rules → Rulesets"
ACTIONS_MENU = (
    "Settings → Actions → General → Workflow permissions → “Allow GitHub Actions to create and approve pull requests” "
    "(where it is greyed out, the organization has turned it off at the same place), or use an App's token"
)
MERGE_MENU = "Settings → General → Pull Requests"
GUARD = (
    f"{RULESETS} → New branch ruleset → Target branches: `ml-auto-update/**/*` (`ml-auto-update/**` stops at the next "
    "slash) → Restrict creations, updates and deletions; Bypass list: the bot's App"
)
EXEMPT = (
    "leave ml-auto-update/**/* out of the rule, or let the bot bypass it: Settings → Rules → Rulesets → the ruleset → "
    "Target branches, or Bypass list; classic protection: Settings → Branches → Edit"
)
