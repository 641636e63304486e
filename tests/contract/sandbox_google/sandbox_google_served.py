"""A served sandbox whose every answer is checked against Google's discovery document."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jsonschema
import requests
from flask import Response, request

from sandbox.google.rest.discovery import document, methods
from sandbox.serve import Sandbox


@cache
def answer_validator(name: str) -> jsonschema.Draft7Validator:
    """A schema of the discovery document as JSON Schema; fields that it does not have are faults."""
    definitions = {n: _json_schema(s) for n, s in document()["schemas"].items()}
    return jsonschema.Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})


def _json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": f"#/definitions/{schema['$ref']}"}
    kind = schema.get("type")
    if kind == "array":
        return {"type": "array", "items": _json_schema(schema["items"])}
    if kind == "object":
        more = schema.get("additionalProperties")
        return {
            "type": "object",
            "properties": {n: _json_schema(s) for n, s in schema.get("properties", {}).items()},
            "additionalProperties": _json_schema(more) if more else False,
        }
    found: dict[str, Any] = {} if kind == "any" else {"type": kind}
    return found | ({"enum": schema["enum"]} if "enum" in schema else {})


@dataclass
class Served:
    """A running sandbox."""

    url: str
    sandbox: Sandbox
    checked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None, user: str = "tester", **query: Any) -> requests.Response:
        return requests.request(
            method,
            f"{self.url}{path}",
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {user}"},
            timeout=30,
        )

    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        answer = self.call(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, str]:
        answer = self.call(method, path, body, **query)
        error = answer.json()["error"]
        assert error["code"] == answer.status_code >= 400
        assert error["status"]
        return error["code"], error["message"]

    def new(self, title: str = "Orders", rows: int = 20, columns: int = 8, **properties: Any) -> str:
        grid = {"rowCount": rows, "columnCount": columns}
        sheet = {"properties": {"title": "Orders", "sheetId": 0, "gridProperties": grid}}
        made = self.ok("POST", "/v4/spreadsheets", {"properties": {"title": title, **properties}, "sheets": [sheet]})
        return str(made["spreadsheetId"])

    def batch(self, spreadsheet: str, *requests_: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.ok("POST", f"/v4/spreadsheets/{spreadsheet}:batchUpdate", {"requests": list(requests_), **more})

    def put(self, spreadsheet: str, name: str, values: list[list[Any]], option: str = "RAW") -> dict[str, Any]:
        path = f"/v4/spreadsheets/{spreadsheet}/values/{name}"
        return self.ok("PUT", path, {"values": values}, valueInputOption=option)

    def values(self, spreadsheet: str, name: str = "Orders", option: str = "UNFORMATTED_VALUE") -> list[list[Any]]:
        path = f"/v4/spreadsheets/{spreadsheet}/values/{name}"
        return list(self.ok("GET", path, valueRenderOption=option).get("values", []))

    def state(self, spreadsheet: str) -> dict[str, Any]:
        return self.ok("GET", f"/state/{spreadsheet}")

    def person(self, spreadsheet: str, action: str, **body: Any) -> dict[str, Any]:
        return self.ok("POST", f"/person/{spreadsheet}/{action}", body)


def checking(served: Served) -> Callable[[Response], Response]:
    def check(response: Response) -> Response:
        path = request.path.lstrip("/")
        method = next((m for m in methods() if m.http == request.method and m.path.fullmatch(path)), None)
        if method is not None and response.status_code == 200 and "fields" not in request.args:
            for fault in answer_validator(method.response).iter_errors(json.loads(response.get_data())):
                served.faults.append(f"{method.id}: {fault.json_path}: {fault.message}")
            served.checked.append(method.id)
        return response

    return check
