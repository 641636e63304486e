"""What is read in one go is what the careful way would have made of it, and all else is left to that."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.google.rest.discovery import checked, document, methods, read_call
from sandbox.google.rest.errors import ApiError
from sandbox.google.rest.exact import exact_reader
from tests.unit.sandbox_google.test_sandbox_google_any_request import json_of

BATCH = "BatchUpdateSpreadsheetRequest"
CALL = ("POST", "v4/spreadsheets/abc:batchUpdate", [])


def written(entered: Any) -> dict[str, Any]:
    """A batch that writes one cell."""
    rows = [{"values": [{"userEnteredValue": entered}]}]
    return {"requests": [{"updateCells": {"start": {"sheetId": 1}, "rows": rows, "fields": "userEnteredValue"}}]}


@pytest.mark.parametrize("schema", sorted({method.request for method in methods() if method.request}))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_json_that_fits_is_read_in_one_go_as_the_careful_way_reads_it(schema: str, data: st.DataObject) -> None:
    body = data.draw(json_of({"$ref": schema}))
    assert exact_reader(document()["schemas"], schema)(json.dumps(body).encode()) == checked(schema, body)


@pytest.mark.parametrize(
    "body",
    [
        written({"number_value": 1}),
        written({"numberValue": "1.5"}),
        written({"numberValue": 1, "stringValue": None}),
        {"includeSpreadsheetInResponse": "true"},
        {"requests": [{"copyPaste": {"pasteType": "PASTE_VALUES", "source": {"sheetId": "7"}}}]},
    ],
)
def test_json_that_fits_in_other_words_is_read_the_careful_way(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        exact_reader(document()["schemas"], BATCH)(json.dumps(body).encode())
    assert read_call(*CALL, json.dumps(body).encode()).body == checked(BATCH, body)


@pytest.mark.parametrize(
    "body",
    [
        written({"numberValue": True}),
        written({"stringValue": 1}),
        written({"value": 1}),
        written([]),
        {"requests": [None]},
        {"requests": [{"copyPaste": {"pasteType": "PASTE_ALL"}}]},
        {"requests": [{"deleteSheet": {"sheetId": 1 << 31}}]},
    ],
)
def test_what_does_not_fit_is_told_with_its_place(body: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        read_call(*CALL, json.dumps(body).encode())
    with pytest.raises(ApiError) as careful:
        checked(BATCH, body)
    assert refused.value.body() == careful.value.body()


def test_half_characters_are_read_the_careful_way() -> None:
    body = json.dumps(written({"stringValue": "\ud83d"})).encode()
    assert read_call(*CALL, body).body == written({"stringValue": "\ud83d"})
