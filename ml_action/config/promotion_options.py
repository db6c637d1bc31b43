"""Options of the gate, of rollbacks, and of the pull request. Joined with the others in `options`."""

from __future__ import annotations

from ml_action.config import parsers, signing_key
from ml_action.config.option import Group, Option
from ml_action.core.records.choices import Autonomy

PROMOTION_OPTIONS = (
    Option(
        Group.GATE,
        "confidence",
        "0.95",
        "How sure the gate has to be that the challenger is better.",
        parsers.confidence,
        schema="number",
    ),
    Option(
        Group.GATE,
        "min-improvement",
        "0.005",
        "The smallest gain worth a promotion, as a share of the champion's error.",
        parsers.share,
        schema="number",
    ),
    Option(
        Group.GATE,
        "gate",
        "better",
        "What has to be proven: that the challenger is better, or not worse by the margin; higher: nothing, the scores "
        "decide.",
        parsers.text,
        choices=("better", "not-worse", "higher"),
    ),
    Option(
        Group.GATE,
        "margin",
        "0.02",
        "For gate not-worse: how much worse is not worse, as a share of the champion's error.",
        parsers.share,
        schema="number",
    ),
    Option(
        Group.GATE,
        "slices",
        "",
        "Columns, separated by commas: no value of them may become worse, however much the average gains.",
        parsers.names,
        schema="array",
    ),
    Option(
        Group.GATE,
        "guardrails",
        "{}",
        "Further metrics that may not become worse: a JSON object of metrics and margins, such as "
        '{"neg_mean_absolute_error": 0.01}.',
        parsers.guardrails,
        schema="object",
    ),
    Option(
        Group.GATE,
        "max-suspicious",
        "0.1",
        "Share of the new datasets that may look wrong to the champion; above it a person has to review them.",
        parsers.proportion,
        schema="number",
    ),
    Option(
        Group.GATE,
        "known-before",
        "",
        "Features, separated by commas, that may nearly equal the target since they are known before it; because of "
        "any other such feature a person has to review.",
        parsers.names,
        schema="array",
    ),
    Option(
        Group.ROLLBACK,
        "watch",
        "off",
        "On each new batch, hold the champion against the version before it: only say so when it is proven worse, or "
        "open the rollback too.",
        parsers.text,
        choices=("off", "report", "rollback"),
    ),
    Option(
        Group.ROLLBACK,
        "to",
        "",
        "For a rollback: the version to go back to, such as v1.",
        parsers.version,
        in_file=False,
    ),
    Option(
        Group.ROLLBACK,
        "why",
        "",
        "For a rollback: the reason, which the pull request shows.",
        parsers.text,
        in_file=False,
    ),
    Option(
        Group.PUBLICATION,
        "on-review",
        "report",
        "When a person has to decide: only say so, or open a draft pull request too; the bot never merges it.",
        parsers.text,
        choices=("report", "draft"),
    ),
    Option(
        Group.PUBLICATION,
        "trusted-types",
        "",
        "For skops: the import paths of further types that a model may contain; skops trusts some by itself.",
        parsers.types,
        schema="array",
    ),
    Option(
        Group.PUBLICATION,
        "model-dir",
        "model",
        "The folder of the model, its metadata and its model card.",
        parsers.model_dir,
    ),
    Option(
        Group.PUBLICATION,
        "autonomy",
        "propose",
        "How far the bot goes by itself; each step includes the ones before.",
        Autonomy,
        choices=tuple(str(step) for step in Autonomy),
    ),
    Option(
        Group.PUBLICATION, "label", "model-update", "The label of the pull request; created when absent.", parsers.text
    ),
    Option(
        Group.PUBLICATION,
        "merge-method",
        "squash",
        "How the pull request is merged.",
        parsers.text,
        choices=("merge", "squash", "rebase"),
    ),
    Option(
        Group.PUBLICATION,
        "commit-signing",
        "none",
        "api: GitHub signs the bot's commits, for repositories that require signatures; needs an App's token or the "
        "workflow's own.",
        parsers.text,
        choices=("none", "api"),
    ),
    Option(
        Group.PUBLICATION,
        "signing",
        "key",
        "What signs promotions: signing-key, if one is given, or the workflow's own identity by Sigstore; needs "
        "id-token: write and the package sigstore (docs/signing.md).",
        parsers.text,
        choices=("key", "sigstore"),
    ),
    Option(
        Group.PUBLICATION,
        "signing-public-key",
        "",
        "The public half of signing-key: a proposal that it did not sign is neither approved nor merged.",
        signing_key.public_key,
    ),
    Option(
        Group.PUBLICATION,
        "base",
        "",
        "The branch that production reads. Default: the repository's default branch.",
        parsers.branch,
    ),
    Option(
        Group.PUBLICATION,
        "in-fork",
        "report",
        "What the loop does in a fork: only report, or run there too, for a model of the fork's own.",
        parsers.text,
        choices=("report", "run"),
    ),
    Option(
        Group.PUBLICATION,
        "dashboard",
        "false",
        "Whether an issue shows the state of the loop, with a box that requests a training; needs issues: write.",
        parsers.flag,
        choices=("true", "false"),
        schema="boolean",
    ),
)
