"""Labels in several spellings: found with their numbers of rows, and read as one where the user wants it."""

import numpy as np
import pandas as pd
import pytest

from ml_action.core import cells
from ml_action.core.records.model import Recipe
from ml_action.modelling import spellings
from ml_action.modelling.contract.learning import learn_contract
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.training import fit
from tests.support.modelling import table_of

WORDS = ["Yes"] * 6 + [" yes"] * 3 + ["yes."] * 2 + ["YES"] + ["no"] * 5 + ["No "] * 2 + ["maybe"]


def test_each_label_is_found_with_its_spellings_the_most_frequent_first():
    found = spellings.find(pd.DataFrame({"sick": WORDS, "n": range(len(WORDS))}), ["sick", "n"])
    assert [one.counts for one in found] == [
        (("Yes", 6), (" yes", 3), ("yes.", 2), ("YES", 1)), (("no", 5), ("No ", 2))
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words", [["a", "b", "ab", "a b"], ["1.5", "15"], ["x-ray", "x ray"], ["é", "e"], [f"N{n}" for n in range(2000)]]
)
def test_other_texts_are_other_labels(words):
    assert spellings.find(pd.DataFrame({"word": words * 2}), ["word"]) == ()


@pytest.mark.parametrize(
    "pair", [("Paris", "PARIS"), ("ja", "ja\u00a0"), ("n/a!", "N/A"), ("Straße", "STRASSE"), ("ok", "ok;")]
)
def test_case_blanks_and_punctuation_at_the_ends_make_no_label(pair):
    assert spellings.fold(pair[0]) == spellings.fold(pair[1])


def test_the_warning_names_spellings_and_counts_and_withholds_them_of_private_data():
    (warning,) = spellings.warnings_of(spellings.find(pd.DataFrame({"sick": WORDS}), ["sick"]))
    text = cells.written(warning, private=False)
    assert text.startswith(
        "'sick' has 2 labels in several spellings: 'Yes' in 6 rows, ' yes' in 3 rows, 'yes.' in 2 rows"
    )
    assert "merge-spellings = true" in text
    assert "yes" not in cells.written(warning, private=True)


def test_many_labels_and_spellings_are_counted():
    words = [f"{case}{n}{end}" for n in "abcde" for case in ("", " ", "  ") for end in ("", ".", "!")]
    (warning,) = spellings.warnings_of(spellings.find(pd.DataFrame({"word": words}), ["word"]))
    text = cells.written(warning, private=False)
    assert text.startswith("'word' has 5 labels")
    assert " and 3 more; " in text
    assert "; and 2 more labels" in text


def test_one_spelling_stays_that_of_the_contract_else_the_most_frequent():
    table = table_of("sick,n\n" + "".join(f"{word},1\n" for word in WORDS))
    assert sorted(set(spellings.merged(table).frame["sick"])) == ["Yes", "maybe", "no"]
    contract = learn_contract(table_of("sick,n\n" + " yes,1\n NO,2\n" * 9), ("sick",), ("n",))
    assert sorted(set(spellings.merged(table, contract).frame["sick"])) == [" NO", " yes", "maybe"]
    assert spellings.merged(table).frame["n"].tolist() == table.frame["n"].tolist()


def test_numbers_and_gaps_among_texts_stay():
    frame = spellings.merged(table_of("a,b\nx,1\n,2\nX,3\nx,4\n", "a,b\n7,1\n")).frame
    assert frame["a"].tolist()[:1] + frame["a"].tolist()[2:] == ["x", "x", "x", 7]
    assert frame["a"].isna().tolist() == [False, True, False, False, False]


def test_predictions_of_a_model_that_knows_several_spellings_are_added_up():
    found = Predictions(
        np.array(["YES", "no"], dtype=object), np.array([[0.3, 0.3, 0.4], [0.1, 0.2, 0.7]]), None,
        np.array(["YES", "Yes", "no"], dtype=object),
    )  # fmt: skip
    merged = spellings.merged_predictions(found, np.array(["Yes", "no"], dtype=object))
    assert merged.label.tolist() == ["Yes", "no"]
    assert merged.classes.tolist() == ["Yes", "no"]
    np.testing.assert_allclose(merged.probability, [[0.6, 0.4], [0.3, 0.7]])
    numbers = Predictions(np.array([1.5]))
    assert spellings.merged_predictions(numbers, np.array([1.0])) is numbers


def test_a_model_that_merges_spellings_answers_a_service_in_each_of_them():
    text = "plan,sick\n" + "".join(
        f"{plan},{word}\n" for plan, word in [("free", "no"), (" Free", "no"), ("PRO.", "Yes"), ("pro", "Yes")] * 20
    )
    table = spellings.merged(table_of(text))
    recipe = Recipe("sick", ("plan",), "classification", "sklearn.linear_model.LogisticRegression", {}, "accuracy", 0)
    model = fit.fit(Recipe(**{**vars(recipe), "merge_spellings": True}), table, np.arange(80))
    asked = pd.DataFrame({"plan": ["FREE!", "  pRo", "free", "pro."]})
    assert model.predict(asked).tolist() == ["no", "Yes", "no", "Yes"]
    plain = fit.fit(recipe, table_of(text), np.arange(80))
    assert len(plain.classes_) == 2
