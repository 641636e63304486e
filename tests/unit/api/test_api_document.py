"""The document that describes the API, and the shape of what cannot be done."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from app.api.writes import ACTOR
from app.console.app import create_app
from app.status import Status
from config.settings import load_settings

TOKEN = {"Authorization": "Bearer the-token"}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The console of a machine on which nothing else runs."""
    monkeypatch.setenv("TWINSHEET_MYSQL_URL", "mysql://u:p@127.0.0.1:1/")
    monkeypatch.setenv("TWINSHEET_KAFKA", "127.0.0.1:1")
    return create_app(Status(load_settings(needs=(), env_file=None)), "the-token")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def document(client: FlaskClient) -> Any:
    answer = client.get("/api/openapi.json", headers=TOKEN)
    assert answer.status_code == 200
    return answer.json


def test_every_route_and_method_of_the_api_is_in_the_document_and_no_other(app: Flask, document: Any) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api")]
    there = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert len(there) > 10
    assert there == {(path, method) for path, methods in document["paths"].items() for method in methods}


def test_the_document_is_openapi_3_1_with_good_schemas_and_references_that_lead_somewhere(
    document: Any,
) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "Twinsheet"
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    led_to = set(re.findall(r"#/components/schemas/([\w.]+)", str(document)))
    assert led_to <= set(schemas)
    assert {name for one in document["security"] for name in one} <= set(document["components"]["securitySchemes"])


def test_every_question_says_what_it_does_and_what_it_answers_when_it_cannot(document: Any) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"].endswith((".", ",")), (path, method, operation["summary"])
            if path != "/api/openapi.json":
                faults = {code for code in operation["responses"] if code >= "400"}
                assert {"400", "401", "403", "404", "503"} <= faults, path
                for code in faults:
                    content = operation["responses"][code]["content"]["application/json"]
                    assert content["schema"] == {"$ref": "#/components/schemas/Fault"}
            assert ("requestBody" in operation) == (method == "post")


def fault(answer: Any) -> tuple[int, str, str]:
    error = answer.json["error"]
    assert set(error) == {"kind", "message", "hint"}
    assert error["message"]
    assert answer.text.count("\n") == 1
    return answer.status_code, error["kind"], error["hint"]


def test_what_cannot_be_done_is_told_in_one_shape_with_what_to_do_next(client: FlaskClient) -> None:
    order = {"headers": {**TOKEN, ACTOR: "ann"}, "json": {}}
    assert fault(client.get("/api/links"))[:2] == (401, "TokenNeeded")
    assert fault(client.get("/api/nothing", headers=TOKEN)) == (
        404, "NotFound", "What there is stands in /api/openapi.json.",
    )  # fmt: skip
    assert fault(client.post("/api/links", **order))[:2] == (405, "MethodNotAllowed")  # type: ignore[arg-type]
    assert fault(client.get("/api/history", headers=TOKEN))[:2] == (503, "MysqlUnavailable")
    for wrong in ("limit=0", "limit=x", "limit=9999", "side=left", "since=yesterday", "colour=red"):
        status, kind, hint = fault(client.get(f"/api/history?{wrong}", headers=TOKEN))
        assert (status, kind) == (400, "BadQuestion"), wrong
        assert "/api/openapi.json" in hint
    torn = "since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z"
    assert fault(client.get(f"/api/history?{torn}", headers=TOKEN))[:2] == (400, "BadQuestion")
    assert fault(client.get("/api/history?key=1", headers=TOKEN))[2] == "Name the link as well."
    assert fault(client.get("/api/history?cursor=xyz", headers=TOKEN))[:2] == (400, "BadQuestion")


def test_an_order_says_who_gives_it_and_fits_the_document(client: FlaskClient) -> None:
    import base64

    basic = {"Authorization": "Basic " + base64.b64encode(b"ann:the-token").decode()}
    assert fault(client.post("/api/links/orders/pause", headers=basic, json={}))[:2] == (403, "NoActor")
    assert fault(client.post("/api/links/orders/pause", headers={ACTOR: "ann"}, json={}))[:2] == (401, "TokenNeeded")
    for headers in (TOKEN, {**basic, ACTOR: "ann"}):
        answer = client.post("/api/links/orders/pause", headers=headers, json={})
        assert fault(answer)[:2] == (503, "MysqlUnavailable"), "it got as far as MySQL"
    for path, body in (
        ("links/orders/pause", {"now": True}),
        ("links/orders/restore", {"go_on": "perhaps"}),
        ("undo", {"go_on": "perhaps"}),
        ("undo", {"since": "yesterday"}),
        ("conflicts/1/take", {}),
        ("conflicts/1/take", {"take": "both"}),
        ("conflicts/1/take", {"take": "sheet", "wait_s": 1e9}),
    ):
        assert fault(client.post(f"/api/{path}", headers=TOKEN, json=body))[:2] == (400, "BadQuestion"), body
    answer = client.post("/api/conflicts/1/take", headers=TOKEN, json={"take": "sheet", "value": "x"})
    assert fault(answer)[:2] == (409, "NotTaken")
    answer = client.post("/api/undo", headers=TOKEN, json={"entry": 1, "event": "msg_1", "go_on": True})
    assert fault(answer)[:2] == (409, "NotUndone")
