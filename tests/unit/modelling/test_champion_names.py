"""A champion of before blanks were taken off its columns' names still predicts."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ml_action.core.records.model import Recipe
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.training import fit
from tests.support.modelling import table_of


def test_a_champion_with_blanks_in_its_names_predicts_the_columns_without():
    table = table_of("a, b,y\n" + "".join(f"{n},{n * n},{2 * n}\n" for n in range(40)))
    recipe = Recipe("y", ("a", "b"), "regression", "sklearn.linear_model.LinearRegression", {}, "r2", 0)
    old = fit.fit(Recipe(**{**vars(recipe), "features": ("a", " b")}), _renamed(table), np.arange(40))
    champion = ReferenceModel(old, ("a", " b"), target=" y")
    champion.require_same_target(recipe)
    found = champion.predict(recipe, table, np.ones(40, dtype=bool), None)
    np.testing.assert_allclose(found.label, 2 * np.arange(40), atol=1e-8)


def _renamed(table):
    frame: pd.DataFrame = table.frame.rename(columns={"b": " b"})
    return replace(table, frame=frame)
