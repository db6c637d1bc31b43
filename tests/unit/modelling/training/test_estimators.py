"""Estimators by import path: parameters, packages that are missing, and classes that only look like an estimator."""

import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from ml_action.core.errors import SettingsError
from ml_action.modelling.training import estimators

HERE = __name__


class TakesAnyRegressor(RegressorMixin, BaseEstimator):
    """Takes parameters of any name, as LightGBM does, and lists only its own."""

    def __init__(self, rounds=10, n_jobs=None, random_state=None, **others):
        self.rounds, self.n_jobs, self.random_state, self.others = rounds, n_jobs, random_state, others

    def fit(self, X, y): ...  # noqa: N803

    def predict(self, X): ...  # noqa: N803


class Duck:
    """Has what scikit-learn calls, and derives from nothing."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def get_params(self, deep=True):
        return {}

    def set_params(self, **params):
        vars(self).update(params)
        return self

    def fit(self, X, y): ...  # noqa: N803

    def predict(self, X): ...  # noqa: N803


class TaggedDuck(Duck):
    def __sklearn_tags__(self):
        return TakesAnyRegressor().__sklearn_tags__()


class NamedClassifier(BaseEstimator):
    def fit(self, X, y): ...  # noqa: N803

    def predict(self, X): ...  # noqa: N803


def test_a_parameter_of_any_name_reaches_a_constructor_that_takes_it():
    built = estimators.build(f"{HERE}.TakesAnyRegressor", {"verbose": -1, "rounds": 3}, seed=7)
    assert (built.others, built.rounds, built.random_state, built.n_jobs) == ({"verbose": -1}, 3, 7, 1)


def test_a_class_that_has_what_pipelines_call_is_an_estimator():
    built = estimators.build(f"{HERE}.TaggedDuck", {"alpha": 2}, seed=0)
    assert (estimators.task_of(built), built.alpha) == ("regression", 2)


def test_a_class_that_scikit_learn_cannot_ask_is_refused_by_what_it_lacks():
    with pytest.raises(SettingsError) as caught:
        estimators.build(f"{HERE}.Duck", {}, seed=0)
    assert "lacks '__sklearn_tags__'" in caught.value.why
    assert "BaseEstimator" in caught.value.fix


def test_the_task_of_a_class_without_tags_is_in_its_name():
    assert estimators.task_of(NamedClassifier()) == "classification"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("catboost.CatBoostRegressor", "the package 'catboost' is not installed"),
        ("imblearn.ensemble.BalancedBaggingClassifier", "pip install imbalanced-learn"),
        ("CatBoostRegressor", "Did you mean 'catboost.CatBoostRegressor'?"),
        ("LGBMRegressor", "Did you mean 'lightgbm.LGBMRegressor'?"),
        ("sklearn.lnear_model.Ridge", "Did you mean 'sklearn.linear_model.Ridge'?"),
    ],
)
def test_what_is_missing_is_named(path, text):
    with pytest.raises(SettingsError) as caught:
        estimators.build(path, {}, seed=0)
    assert text in str(caught.value)
