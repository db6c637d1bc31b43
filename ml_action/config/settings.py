"""Every setting of a run, in frozen groups. Code takes the group that it needs, not the whole.

A field has the name of its option, with underscores; `parse` fills them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ml_action.config.column_rules import ColumnRule
from ml_action.config.data_path import DataPath
from ml_action.config.option import Group
from ml_action.config.options import OPTIONS
from ml_action.core.dataclass import dataclass, field, replace
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.policy import Policy

METADATA = "model_metadata.json"  # in the model directory
CONFIG_FILE = "ml-auto-update.toml"
NO_PARAMS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class DataOptions:
    """Where datasets are, what is counted, and what each has to hold."""

    data_path: DataPath
    unit: str  # datasets | rows
    untracked: bool
    max_dataset_size: int  # megabytes, unpacked
    max_columns: int
    replaced_holdout_key: str  # its fingerprint; empty: none is replaced
    contract: tuple[ColumnRule, ...]


@dataclass(frozen=True)
class TriggerOptions:
    """When a training begins."""

    threshold: int  # units
    drift_threshold: int  # units; 0: drift starts no training
    drift: float  # largest difference of cumulative shares
    max_quarantine: float  # share of the new datasets
    min_interval: int  # seconds from one training to the next; 0: none
    max_trainings_per_day: int  # 0: any number
    force: str  # the reason; empty: not forced


@dataclass(frozen=True)
class TrainingOptions:
    """How a model is made and scored. Every field is part of an attempt's fingerprint."""

    target: tuple[str, ...]
    features: tuple[str, ...]
    task: str
    estimator: str
    params: Mapping[str, object]
    metric: str
    metric_params: Mapping[str, object]
    positive: str  # the class that counts; empty: the metric decides
    weight: str
    group: str
    test_size: float  # share of the datasets
    fit_budget: int  # models
    seed: int
    model_format: str  # pickle | skops
    merge_spellings: bool = False  # texts that differ in case, and in blanks and punctuation around them, are one


@dataclass(frozen=True)
class RollbackOptions:
    """Going back to an earlier version."""

    watch: str  # off | report | rollback
    to: str  # such as v1
    why: str


@dataclass(frozen=True)
class PublicationOptions:
    """What becomes of a decision: the files, the branch, the pull request, the issue."""

    model_dir: str
    trusted_types: tuple[str, ...]
    on_review: str  # report | draft
    autonomy: Autonomy
    label: str
    merge_method: str  # merge | squash | rebase
    commit_signing: str  # none | api
    signing: str  # key | sigstore
    signing_public_key: bytes  # 32; empty: none
    base: str
    in_fork: str  # report | run
    dashboard: bool


@dataclass(frozen=True)
class Secrets:
    """Tokens and keys. They are in no representation."""

    token: str = field(repr=False)
    approver_token: str = field(repr=False)
    signing_key: bytes = field(repr=False)  # 32; empty: none
    holdout_key: str = field(repr=False)  # empty: none


@dataclass(frozen=True)
class Settings:
    """Every setting, parsed."""

    mode: str
    name: str
    forge: str  # auto | github | sandbox | none
    workspace: str  # path; empty: found
    ca_bundle: str  # path; empty: the machine's certificate authorities alone
    data: DataOptions
    trigger: TriggerOptions
    training: TrainingOptions
    gate: Policy
    rollback: RollbackOptions
    publication: PublicationOptions
    secrets: Secrets = field(repr=False)
    given: tuple[str, ...] = ()  # names of options that inputs or flags set, although the settings file could

    def with_values(self, **changes: Any) -> Settings:
        """The settings with other values, by the options' fields, whatever their groups.

        Raises:
            TypeError: for a name that no option has.
        """
        grouped: dict[str, dict[str, Any]] = {}
        for option in OPTIONS:
            if option.field in changes:
                grouped.setdefault(option.group.value, {})[option.field] = changes.pop(option.field)
        alone = grouped.pop(Group.RUN.value, {}) | changes
        groups = {name: replace(getattr(self, name), **values) for name, values in grouped.items()}
        return replace(self, **groups, **alone)


GROUPS: Mapping[Group, type[Any]] = {
    Group.DATA: DataOptions,
    Group.TRIGGER: TriggerOptions,
    Group.TRAINING: TrainingOptions,
    Group.GATE: Policy,
    Group.ROLLBACK: RollbackOptions,
    Group.PUBLICATION: PublicationOptions,
    Group.SECRETS: Secrets,
}


def values_of(settings: Settings) -> dict[str, Any]:
    """The settings by their options' fields, without groups."""
    return {
        option.field: getattr(getattr(settings, option.group.value) if option.group.value else settings, option.field)
        for option in OPTIONS
    }


# Options that earlier versions did not have: as long as they are off, fingerprints are as in earlier journals.
_ADDED = frozenset({"known_before", "merge_spellings", "metric_params", "positive"})


def fingerprint_settings(settings: Settings) -> dict[str, object]:
    """The settings that shape a model or its verdict, without groups: a part of an attempt's fingerprint.

    The options say which these are. Keys and values are compared with those that earlier versions stored.
    """
    values = values_of(settings)
    shaping = {
        option.field: values[option.field]
        for option in OPTIONS
        if option.in_fingerprint and (option.field not in _ADDED or values[option.field])
    }
    rails = tuple((rail.metric, rail.margin) for rail in settings.gate.guardrails)
    return shaping | {"contract": [_stored(rule) for rule in settings.data.contract], "guardrails": rails}


def _stored(rule: ColumnRule) -> dict[str, object]:
    """Returns the fields of a rule, without those that earlier versions did not have and that are not set."""
    return {name: value for name, value in vars(rule).items() if name != "format" or value is not None}


def validation_fingerprint(data: DataOptions, training: TrainingOptions) -> str:
    """A digest of the settings that decide whether a dataset is valid."""
    import hashlib  # late: only rejected datasets need it

    deciding = [
        data.unit, training.target, training.features, training.weight, data.contract, data.max_dataset_size,
        data.max_columns,
    ]  # fmt: skip
    text = repr(deciding).replace(", format=None)", ")")  # as it was before rules had a format
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
