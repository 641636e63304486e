"""Whatever stands in a cell and in whatever order events come: nothing is raised, and every value has its place."""

from __future__ import annotations

from typing import Any

from core_makers import LINK
from hypothesis import given, settings
from hypothesis import strategies as st
from test_core_applied import Desk, edit, event

from core.events import value_from_json, value_to_json
from core.values import CellError, Serial, SheetValue

_NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([0, -0.0, 2**53 + 1, 1e308, 5e-324]))
_TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", " ", "\x00", "=1+1", "#N/A", "NaN", "TRUE", "1e5", "0001", "\ud800", "2026-02-30", "x" * 70_000]
    ),
)
_VALUES: st.SearchStrategy[SheetValue] = st.one_of(
    st.none(),
    st.booleans(),
    _NUMBERS,
    _TEXTS,
    st.floats().map(Serial),
    st.sampled_from(["#DIV/0!", "#REF!", "Loading..."]).map(CellError),
)
_CELLS = st.dictionaries(st.sampled_from([c.header for c in LINK.columns]), _VALUES, min_size=1)
_ROWS = st.sampled_from(["r_1", "r_2", "r_3", "'; DROP TABLE x", "r_☂"])
_EVENTS = st.lists(st.tuples(st.sampled_from(["edit", "scan"]), st.integers(0, 4), _ROWS, _CELLS), max_size=6)


def body(kind: str, q: int, row_id: str, cells: dict[str, SheetValue]) -> dict[str, Any]:
    """An event as it comes out of Kafka."""
    told = {header: value_to_json(value) for header, value in cells.items()}
    return edit(q, row_id=row_id, cells=told) if kind == "edit" else event(kind, q, row_id=row_id, cells=told)


@given(_EVENTS, st.lists(_ROWS, max_size=2))
@settings(max_examples=100, deadline=None)
def test_no_value_and_no_order_of_events_stops_the_loop_or_holds_the_link(
    events: list[tuple[str, int, str, dict[str, SheetValue]]], missing: list[str]
) -> None:
    desk = Desk()
    desk.happens(*(body(*one) for one in events))
    desk.happens(event("scan", 5, missing=missing))
    assert desk.state.links["orders"].state == "live", desk.state.links["orders"].reason
    assert desk.state.offsets[next(iter(desk.state.offsets))] == len(events) + 1


@given(_CELLS)
@settings(max_examples=200, deadline=None)
def test_every_value_of_a_known_row_is_in_the_table_or_refused_with_a_reason(cells: dict[str, SheetValue]) -> None:
    desk = Desk()
    desk.happens(body("edit", 1, "r_1", cells))
    refused = {column: r.reason for (_, _, column), r in desk.state.rejections.items()}
    held = {w.observed.column for w in desk.state.waiting.get("orders", {}).values()}
    key = desk.base("r_1").key
    for header, value in cells.items():
        column = LINK.by_header(header)
        assert column is not None
        if column.name in refused:
            assert refused[column.name].strip(), header
        elif column.name not in held:
            expected = column.codec.from_sheet(value_from_json(value_to_json(value)))
            assert key is not None
            assert column.codec.same(desk.rows[key][column.name], expected), header
