"""The service answers only by a signed model where that is required, and reports why it does not."""

from __future__ import annotations

from tests.support.signing import OTHER, public_pem, sign


def test_only_a_signed_model_answers_where_that_is_required(models, client_of):
    models.publish(3.0)
    client = client_of(verify="require", verify_key=public_pem(), verify_repository="octo/students")
    assert client.post("/predict", json={"hours_studied": 5}).status_code == 503
    assert "the promotion is not signed" in client.get("/readyz").json()["problem"]
    sign(models)
    client.service.consumer.refresh()
    assert client.post("/predict", json={"hours_studied": 5}).status_code == 200
    models.publish(4.0)
    sign(models, key=OTHER)
    client.service.consumer.refresh()
    ready = client.get("/readyz").json()
    assert (ready["version"], ready["wanted"]) == ("v1", "v2")
    assert "names the key" in ready["problem"]


def test_unsigned_model_answers_with_a_warning_where_that_is_enough(models, client_of):
    models.publish(3.0)
    client = client_of(verify="warn", verify_key=public_pem())
    assert client.post("/predict", json={"hours_studied": 5}).status_code == 200
    assert "v1 is not verified" in client.get("/readyz").json()["warning"]
