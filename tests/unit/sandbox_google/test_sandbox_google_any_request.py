"""Whatever fits the discovery document is carried out or refused, and a refusal changes nothing."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.google.cells import Cell
from sandbox.google.document import Document, DocumentError, GridError
from sandbox.google.rest.discovery import checked, document
from sandbox.google.rest.errors import ApiError
from sandbox.google.rest.requests import HANDLERS, apply
from sandbox.google.store import Store

WORDS = ["", "A1", "Orders", "x", "=A1*2", "*", "1", "12%", "k"]
MASKS = [
    "*",
    "userEnteredValue",
    "note,userEnteredFormat.numberFormat",
    "title",
    "hiddenByUser",
    "gridProperties",
    "rule",
]
DEPTH_MAX = 5


def json_of(schema: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Random JSON of a schema of the discovery document; numbers small enough to hit the grid."""
    if "$ref" in schema:
        return json_of(document()["schemas"][schema["$ref"]], depth + 1)
    if schema.get("format") == "google-fieldmask":
        return st.sampled_from(MASKS)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"]
    if kind == "object":
        return _object(schema, depth)
    if kind == "array":
        return st.just([]) if depth > DEPTH_MAX else st.lists(json_of(schema["items"], depth + 1), max_size=2)
    scalars: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(-1, 6),
        "number": st.sampled_from([0.0, 1.5, -2.0]),
        "boolean": st.booleans(),
        "string": st.sampled_from(WORDS),
        "any": st.sampled_from([None, 2, 1.5, "x", True, [1, None], {"k": None}]),
    }
    return scalars[kind]


def _object(schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    properties = schema.get("properties", {})
    if depth > DEPTH_MAX or not properties:
        return st.just({})
    names = sorted(properties)
    wanted = st.lists(st.sampled_from(names), max_size=4, unique=True) if len(names) > 6 else st.just(names)
    return wanted.flatmap(lambda some: st.fixed_dictionaries({n: json_of(properties[n], depth + 1) for n in some}))


def spreadsheet() -> Document:
    made = Store(None).create("T", empty=True)
    with made.change("ann"):
        sheet = made.add_sheet("Orders", 6, 5, sheet_id=0)
        made.add_sheet("Second", 3, 3, sheet_id=1)
        for row in range(3):
            sheet.write_row(row, 0, [Cell(f"r{row}"), Cell(float(row)), Cell(None, f"=B{row + 1}*2"), Cell(True)])
        sheet.add_column_metadata(1, "k", "v")
        sheet.protect(None)
    return made


def contents(made: Document) -> list[Any]:
    return [made.props.order, made.title, *[(s.props, list(s.rows)) for s in made.sheets]]


@pytest.mark.parametrize("kind", sorted(HANDLERS))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_request_of_any_shape_is_carried_out_or_refused_without_a_trace(kind: str, data: st.DataObject) -> None:
    made = spreadsheet()
    reference = document()["schemas"]["Request"]["properties"][kind]
    bodies = data.draw(st.lists(json_of(reference), min_size=1, max_size=3))
    for body in bodies:
        before = contents(made)
        try:
            with made.change("ann"):
                reply = apply(made, kind, checked(reference["$ref"], body))
        except (ApiError, DocumentError, GridError):
            assert contents(made) == before
        else:
            if reply:
                checked("Response", {kind: reply})
        assert all(sheet.row_count and sheet.column_count for sheet in made.sheets)
        assert made.sheets
