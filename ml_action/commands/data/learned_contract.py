"""The contract that data teach. This module loads pandas and scikit-learn."""

from __future__ import annotations

from ml_action.commands.data.candidates import BranchDatasets, one_per_content
from ml_action.commands.data.effective_contract import LearnedContract, unit_name
from ml_action.config.settings import Settings
from ml_action.core.errors import DataError
from ml_action.core.log import Log
from ml_action.datasets import survey
from ml_action.loop import batch as batch_stage
from ml_action.modelling.contract import learning


def learn(at_hand: BranchDatasets, settings: Settings, log: Log) -> LearnedContract:
    """Returns the champion's contract; without a champion, the one that these datasets teach.

    Raises:
        DataError: There is no champion, and no dataset to learn from.
    """
    champion = at_hand.scene.history.champion if at_hand.scene.history else None
    if champion and champion.contract and settings.training.target in ((), champion.contract.outputs):
        return LearnedContract(champion.contract, f"champion {champion.version}")
    datasets = one_per_content((*at_hand.here, *at_hand.ahead))
    if not datasets:
        raise DataError(
            "there is no dataset to learn a contract from",
            why="no version was promoted yet, and the data path holds no dataset",
            fix="put datasets into the data path, or name it with data-path",
        )
    aside = survey.set_aside_before(at_hand.scene)
    material = batch_stage.BatchInput(
        datasets=tuple(sorted(datasets, key=lambda item: item.blob in aside)),
        new=frozenset(item.blob for item in datasets),  # nothing has judged them yet: the bad ones teach nothing
        old=frozenset(),
        before=(),
        champion=champion,
        salt=survey.holdout_key(at_hand.scene, settings),
    )
    batch = batch_stage.build_batch(material, at_hand.scene, settings, log)
    learned = learning.learn_contract(batch.table, batch.recipe.outputs, batch.recipe.features)
    return LearnedContract(learned, f"{learned.datasets:,} {unit_name(settings)}")
