import csv
import io

import pytest

from ml_action.commands.demo import panel
from ml_action.core.errors import DataError


@pytest.fixture(scope="module")
def sites():
    return panel.datasets(seed=1)


def test_a_person_is_a_dataset_of_one_to_five_years(sites):
    texts = [text for datasets in sites.values() for text in datasets]
    assert len(sites) == 5
    assert len(texts) > 4000
    assert len(set(texts)) > 0.99 * len(texts)
    for text in texts[:200]:
        rows = list(csv.DictReader(io.StringIO(text)))
        assert tuple(rows[0]) == panel.COLUMNS
        assert 1 <= len(rows) <= 5
        assert all(row[panel.TARGET] for row in rows)


def test_the_seed_fixes_the_order_and_nothing_else(sites):
    assert panel.datasets(seed=1) == sites
    other = panel.datasets(seed=2)
    assert other != sites
    assert {site: sorted(texts) for site, texts in other.items()} == {
        site: sorted(texts) for site, texts in sites.items()
    }


def test_without_statsmodels_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(panel, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="the real data set is not here") as caught:
        panel.datasets()
    assert caught.value.fix == "pip install statsmodels"
