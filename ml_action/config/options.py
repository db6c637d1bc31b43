"""One table of options: the source of action.yml's inputs, the CLI's flags, and the keys of ml-auto-update.toml.

The README's table and the JSON schema come from it, too (contract tests pin them all).

To add a setting, add a row to the table of its group, and a field to the group in `settings`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ml_action.config import parsers, signing_key
from ml_action.config.option import Group, Option
from ml_action.config.promotion_options import PROMOTION_OPTIONS
from ml_action.config.training_options import TRAINING_OPTIONS

MODES = ("run", "check", "data", "approve", "rollback", "doctor")

RUN_OPTIONS = (
    Option(
        Group.RUN,
        "mode",
        "run",
        "What this step does: the whole loop, only the count, a pull request's datasets, the verified approval, a "
        "rollback, or what would work here.",
        parsers.text,
        choices=MODES,
        in_file=False,
    ),
    Option(
        Group.RUN,
        "name",
        "model",
        "The model's name, one per model of the repository; part of the bot's branch names.",
        parsers.name,
    ),
)
CONNECTION_OPTIONS = (
    Option(
        Group.RUN,
        "forge",
        "auto",
        "Where the pull request is opened. auto: GitHub when a token and a repository are known, "
        "else none; none: the local repository only; sandbox: a stand-in on this machine.",
        parsers.text,
        choices=("auto", "github", "sandbox", "none"),
        in_file=False,
    ),
    Option(
        Group.RUN,
        "workspace",
        "",
        "The folder of the checkout, if it is not the runner's own (actions/checkout with `path`). Default: found.",
        parsers.text,
        in_file=False,
        has_flag=False,
    ),
    Option(
        Group.RUN,
        "ca-bundle",
        "",
        "A file of certificates (PEM) of private authorities, trusted as well as the machine's own; a path in the "
        "repository. SSL_CERT_FILE and the like are read too.",
        parsers.text,
        in_file=False,
    ),
    Option(
        Group.SECRETS,
        "token",
        "",
        "The token that pushes the branch and opens the pull request.",
        parsers.text,
        in_file=False,
    ),
    Option(
        Group.SECRETS,
        "approver-token",
        "",
        "A second identity's token that approves; needed from autonomy approve on.",
        parsers.text,
        in_file=False,
    ),
    Option(
        Group.SECRETS,
        "signing-key",
        "",
        "A private Ed25519 key that signs each promotion (docs/signing.md); empty: promotions are not signed.",
        signing_key.private_key,
        in_file=False,
    ),
    Option(
        Group.SECRETS,
        "holdout-key",
        "",
        "A secret of at least 32 characters that draws the permanent holdout, so that no contributor chooses what is "
        "in it (docs/decision.md); empty: everybody can compute it.",
        parsers.secret,
        in_file=False,
        has_flag=False,
    ),
)
OPTIONS: tuple[Option, ...] = (*RUN_OPTIONS, *TRAINING_OPTIONS, *PROMOTION_OPTIONS, *CONNECTION_OPTIONS)
BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}
