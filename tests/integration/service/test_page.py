import dataclasses
import json
import re

import pytest

from ml_action.consumer import GitHub
from service.web import chart
from service.web.last_decision import LastDecision
from tests.support.flaky_server import REPOSITORY


def test_the_page_shows_the_version_and_the_decision(models, client):
    page = client.get("/").text
    assert "<h1>Predict score</h1>" in page
    assert "promote v1: v1 is better" in page
    assert page.count('class="mark') == 1
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!/)', page)


def test_the_form_predicts(client):
    assert "score = <strong>55</strong>" in client.get("/", params={"hours_studied": "5"}).text


@pytest.mark.parametrize(
    ("value", "message"), [("", "A value is needed"), ("many", "valid number"), ("900", "less than or")]
)
def test_the_form_marks_the_wrong_field(client, value, message):
    page = client.get("/", params={"hours_studied": value}).text
    assert 'aria-invalid="true"' in page
    assert message in page
    assert "score =" not in page
    assert page.count(" autofocus") == 1  # so that a screen reader announces it


def test_a_boolean_prediction_is_spelled_as_in_json(models, client_of):
    models.publish(columns="hours_studied tutor", targets=("tutor",))
    page = client_of().get("/", params={"hours_studied": "5"}).text
    assert re.search(r"tutor = <strong>(true|false)</strong>", page)


def test_labels_of_a_long_history_do_not_overlap(models, client):
    versions = [dataclasses.replace(models.versions[0], version=f"v{number}") for number in range(1, 41)]
    drawn = chart.draw(versions, "v40")
    assert drawn.count('class="mark') == chart.MAX_VERSIONS
    names = re.findall(r">(v[0-9]+)</text>", drawn)
    assert len(names) == chart.MAX_LABELS
    assert names[-1] == "v40"


def test_untrusted_text_is_escaped(models, client_of):
    evil = '"><script>alert(1)</script>'
    models.publish(columns="hours_studied sleep room tutor score", reason=evil, estimator="", data_tree=evil)
    page = client_of().get("/", params={"hours_studied": evil, "sleep": evil, "room": evil, evil: evil}).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_last_decision_comes_from_the_state_branch(models, client_of, hosted):
    models.publish()
    hosted.upload(models.path)
    record = {"last_decision": "hold", "reason": "no <b>gain</b>", "since": "2026-03-01"}
    counter = json.dumps({"count": 3, "threshold": 200, **record}).encode()
    hosted.write({"new_data_counter.json": counter}, branch="ml-auto-update/model/state")
    client = client_of(repository=REPOSITORY, model_dir="model", api=hosted.url)
    page = client.get("/").text
    asked = len(hosted.calls)
    assert client.get("/").text == page
    assert len(hosted.calls) == asked  # reloading the page sends no request to GitHub
    assert "hold: no &lt;b&gt;gain&lt;/b&gt; (2026-03-01)" in page
    assert isinstance(client.service.consumer.source, GitHub)


def test_the_last_decision_is_kept_while_the_source_does_not_answer():
    class Source:
        answers = [b'{"last_decision": "hold", "reason": "", "since": "2026-03-01"}', b"", b"[]"]  # noqa: RUF012

        def counter(self):
            return self.answers.pop(0)

    source = Source()
    decision = LastDecision(source, interval=0)
    assert {decision.text() for _ in range(3)} == {"hold (2026-03-01)"}
    assert source.answers == []


def test_the_documentation_loads_nothing_from_other_hosts(client):
    page = client.get("/docs").text
    assert "POST /predict" in page
    assert "hours_studied" in page
    assert "<script" not in page
    assert "text/css" in client.get("/page.css").headers["content-type"]
