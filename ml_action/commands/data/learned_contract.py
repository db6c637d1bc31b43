"""The contract that is learned from data. This module loads pandas and scikit-learn."""

from __future__ import annotations

from ml_action.commands.data.candidates import BranchDatasets, one_per_content
from ml_action.commands.data.effective_contract import LearnedContract, unit_name
from ml_action.config.settings import Settings
from ml_action.core.errors import DataError
from ml_action.core.log import Log
from ml_action.loop.batch.building import build_batch
from ml_action.loop.batch.reading import BatchInput
from ml_action.modelling.contract import learning


def learn(datasets: BranchDatasets, settings: Settings, log: Log) -> LearnedContract:
    """Returns the champion's contract; without a champion, the one learned from these datasets.

    Raises:
        DataError: There is no champion, and no dataset to learn from.
    """
    snapshot = datasets.snapshot
    champion = snapshot.history.champion if snapshot.history else None
    if champion and champion.contract and settings.training.target in ((), champion.contract.outputs):
        return LearnedContract(champion.contract, f"champion {champion.version}")
    present = one_per_content((*datasets.on_branch, *datasets.only_on_base))
    if not present:
        raise DataError(
            "there is no dataset to learn a contract from",
            why="no version was promoted yet, and the data path holds no dataset",
            fix="put datasets into the data path, or name it with data-path",
        )
    rejected = snapshot.rejected_before
    batch_input = BatchInput(
        datasets=tuple(sorted(present, key=lambda item: item.blob in rejected)),
        new=frozenset(item.blob for item in present),  # not judged yet, so that bad ones teach nothing
        old=frozenset(),
        before=(),
        champion=champion,
        holdout_key=snapshot.public_holdout_key,
    )
    batch = build_batch(batch_input, snapshot, log)
    learned = learning.learn_contract(batch.table, batch.recipe.outputs, batch.recipe.features)
    return LearnedContract(learned, f"{learned.datasets:,} {unit_name(settings)}")
