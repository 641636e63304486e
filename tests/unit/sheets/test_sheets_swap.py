"""The swap write as Google's JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sheets_layout import Band, Layout
from adapters.sheets_swap import plan_swap
from adapters.sheets_tickets import Ticket, ticket_id, tickets_of
from core.errors import SheetsRefused
from core.model import CellBase, RowBase
from core.sheet import CellWrite, IdWrite, RowDelete, RowInsert, SheetTarget, SwapWrite
from core.values import Serial
from core.write_size import BYTES_PER_WRITE, lacking_bytes
from tests.fakes.sheet import FakeSheet

LAYOUT = Layout(
    tab_id=7,
    tab_title="It's",
    tab_rows=1000,
    tab_columns=26,
    columns={"A": 0, "B": 1, "C": 2, "_row_id": 3},
    state_id=9,
    state_rows=1200,
    state_columns=80,
    counters_row=2,
    band=Band(8, 36),
)


def body(write: SwapWrite, layout: Layout = LAYOUT) -> dict[str, Any]:
    return plan_swap("orders", layout, write).body


def of_tab(write: SwapWrite, kind: str) -> list[Any]:
    """Requests of one kind on the tab itself."""
    found = [r[kind] for r in body(write)["requests"] if kind in r]
    return [r for r in found if 7 in (r.get("range", {}).get("sheetId"), r.get("start", {}).get("sheetId"))]


def cells(*places: tuple[int, str], value: Any = 1) -> SwapWrite:
    return SwapWrite(n=5, epoch=2, cells=tuple(CellWrite(f"r_{row}", row, h, value) for row, h in places))


def test_neighbouring_cells_of_adjacent_rows_are_one_request() -> None:
    (update,) = of_tab(cells((2, "A"), (2, "B"), (3, "A"), (3, "B")), "updateCells")
    assert update["start"] == {"sheetId": 7, "rowIndex": 1, "columnIndex": 0}
    assert [len(r["values"]) for r in update["rows"]] == [2, 2]


def test_cells_that_are_no_rectangle_never_touch_the_cells_between_them() -> None:
    updates = of_tab(cells((2, "A"), (2, "C"), (4, "A")), "updateCells")
    assert [(u["start"]["rowIndex"], u["start"]["columnIndex"], len(u["rows"])) for u in updates] == [
        (1, 0, 1),
        (1, 2, 1),
        (3, 0, 1),
    ]


def test_an_id_and_a_cell_beside_it_go_together() -> None:
    write = SwapWrite(n=1, epoch=1, cells=(CellWrite("r", 2, "C", "x"),), ids=(IdWrite(2, "r_new"),))
    (update,) = of_tab(write, "updateCells")
    assert [c["userEnteredValue"] for c in update["rows"][0]["values"]] == [
        {"stringValue": "x"},
        {"stringValue": "r_new"},
    ]


def test_a_date_carries_its_format_and_leaves_its_neighbours_formats_alone() -> None:
    changes = (CellWrite("r", 2, "A", 1), CellWrite("r", 2, "B", Serial(45000.0)), CellWrite("r", 2, "C", "x"))
    updates = of_tab(SwapWrite(n=1, epoch=1, cells=changes), "updateCells")
    fields = {u["start"]["columnIndex"]: u["fields"] for u in updates}
    assert fields == {
        0: "userEnteredValue",
        1: "userEnteredValue,userEnteredFormat.numberFormat",
        2: "userEnteredValue",
    }


def test_rows_are_looked_at_before_anything_is_written_and_counted_last() -> None:
    requests = body(cells((2, "A")))["requests"]
    kinds = [next(iter(r)) for r in requests]
    last_look = max(i for i, k in enumerate(kinds) if k == "copyPaste")
    first_write = min(
        i for i, r in enumerate(requests) if r.get("updateCells", {}).get("start", {}).get("sheetId") == 7
    )
    assert last_look < first_write
    assert requests[-2]["updateCells"]["start"] == {"sheetId": 9, "rowIndex": 1, "columnIndex": 1}
    counted = requests[-2]["updateCells"]["rows"][0]["values"]
    assert [c["userEnteredValue"]["numberValue"] for c in counted] == [5, 2]


def test_the_scripts_own_counter_is_never_written() -> None:
    for request in body(cells((2, "A")))["requests"]:
        start = request.get("updateCells", {}).get("start", {})
        if start.get("sheetId") == 9 and start["rowIndex"] == 1:
            width = len(request["updateCells"]["rows"][0]["values"])
            assert 3 not in range(start["columnIndex"], start["columnIndex"] + width)


def test_adjacent_rows_are_looked_at_together_and_none_is_copied_upwards() -> None:
    plan = plan_swap("orders", LAYOUT, cells((500, "A"), (501, "A"), (600, "B")))
    assert plan.layout.band.line_row == 1000
    looks = [
        r["copyPaste"] for r in plan.body["requests"] if r.get("copyPaste", {}).get("pasteType") == "PASTE_NORMAL"
    ]
    spans = [(c["source"]["startRowIndex"], c["source"]["endRowIndex"]) for c in looks if c["source"]["sheetId"] == 7]
    assert spans == [(499, 501), (599, 600)]
    for look in looks[1:]:
        assert look["destination"]["startRowIndex"] >= look["source"]["startRowIndex"]
        assert look["destination"]["startColumnIndex"] >= look["source"]["startColumnIndex"]


def test_the_scratch_grows_in_the_same_request_but_not_without_bound() -> None:
    plan = plan_swap("orders", LAYOUT, cells((5000, "A")))
    assert "appendDimension" in {kind for request in plan.body["requests"] for kind in request}
    far = plan_swap("orders", LAYOUT, cells((900_000, "A")))
    assert far.layout.band.line_row == LAYOUT.band.line_row


def test_deletes_go_bottom_up_in_runs_and_below_the_rows_that_the_same_write_inserts() -> None:
    deletes = tuple(RowDelete("r", row) for row in (3, 4, 9))
    write = SwapWrite(n=1, epoch=1, deletes=deletes, inserts=(RowInsert("r_n", {}),) * 2, insert_after_row=5)
    spans = [(d["range"]["startIndex"], d["range"]["endIndex"]) for d in of_tab(write, "deleteDimension")]
    assert spans == [(10, 11), (2, 4)]


def test_a_tab_is_never_left_without_a_row_below_its_header() -> None:
    small = Layout(**{**{f: getattr(LAYOUT, f) for f in LAYOUT.__slots__}, "tab_rows": 2})
    kinds = [next(iter(r)) for r in body(SwapWrite(n=1, epoch=1, deletes=(RowDelete("r", 2),)), small)["requests"]]
    assert kinds.index("appendDimension") < kinds.index("deleteDimension")


def test_the_answer_is_asked_for_by_quoted_titles() -> None:
    assert body(cells((2, "A")))["responseRanges"][0] == "'It''s'!1:1"


def test_a_write_to_a_column_that_is_gone_names_it() -> None:
    with pytest.raises(SheetsRefused, match="Z"):
        plan_swap("orders", LAYOUT, cells((2, "Z")))


def test_a_thousand_inserts_are_one_insertion_and_one_update() -> None:
    inserts = tuple(RowInsert(f"r_{i}", {"A": i, "C": "x"}) for i in range(1000))
    write = SwapWrite(n=1, epoch=1, inserts=inserts, insert_after_row=4)
    assert len(of_tab(write, "insertDimension")) == 1
    (update,) = of_tab(write, "updateCells")
    assert len(update["rows"]) == 1000
    assert update["rows"][3]["values"][1] == {}


# --- sizes ----------------------------------------------------------------------------------

values = st.one_of(st.text(max_size=60), st.integers(-(2**53), 2**53), st.booleans(), st.none())
rows = st.integers(2, 40)
headers = st.sampled_from(["A", "B", "C"])


@st.composite
def writes(draw: st.DrawFn) -> SwapWrite:
    touched = draw(st.lists(rows, unique=True, max_size=12))
    deleted = draw(st.sets(st.sampled_from(touched))) if touched else set()
    return SwapWrite(
        n=3,
        epoch=1,
        cells=tuple(CellWrite("r", r, draw(headers), draw(values)) for r in touched if r not in deleted),
        ids=tuple(IdWrite(r, f"r_{r}x") for r in draw(st.sets(st.sampled_from(touched))) if r not in deleted)
        if touched
        else (),
        inserts=tuple(RowInsert(f"r_new{i}", {"A": draw(values)}) for i in range(draw(st.integers(0, 5)))),
        insert_after_row=draw(st.integers(1, 40)),
        deletes=tuple(RowDelete("r", r) for r in sorted(deleted)),
    )


@given(st.sets(st.integers(2, 30), min_size=1), st.sets(st.sampled_from("ABC"), min_size=1))
def test_what_changed_rows_take_in_a_request_is_never_reckoned_too_small(rows: set[int], headers: set[str]) -> None:
    write = cells(*((row, header) for row in rows for header in headers), value="new")
    base = RowBase("r", ("1",), dict.fromkeys(headers, CellBase("old")))
    reckoned = len(rows) * lacking_bytes(dict.fromkeys(headers, "new"), base)
    assert len(json.dumps(body(write))) <= BYTES_PER_WRITE + reckoned


@pytest.mark.parametrize("row", range(2, 12))
def test_where_a_row_stands_after_a_write_is_where_the_sheet_has_it(row: int) -> None:
    target = SheetTarget("orders", "s", 7, ("A",))
    sheet = FakeSheet()
    for number in range(2, 12):
        sheet.tab(target).type(number, "_row_id", f"r_{number}")
    deletes = tuple(RowDelete(f"r_{r}", r) for r in (3, 7) if r != row)
    write = SwapWrite(n=1, epoch=1, deletes=deletes, inserts=(RowInsert("r_n", {}),), insert_after_row=5)
    sheet.swap(target, write)
    assert sheet.tab(target).row(write.row_after(row)).row_id == f"r_{row}"


def test_every_write_carries_a_ticket_and_only_the_last_ones_are_kept() -> None:
    numbers = [*range(30), 1200]
    tickets = tuple(Ticket(ticket_id("orders", n, 2), n, is_given_up=n in {3, 1200}) for n in numbers)
    requests = body(replace(cells((2, "A")), n=1201), replace(LAYOUT, tickets=tickets))["requests"]
    assert next(iter(requests[0])) == "createDeveloperMetadata", "what fails by its ticket fails before anything else"
    filters = [r["deleteDeveloperMetadata"]["dataFilter"] for r in requests if "deleteDeveloperMetadata" in r]
    gone = {f["developerMetadataLookup"]["metadataId"] for f in filters}
    kept = {t.n for t in tickets if t.metadata_id not in gone}
    assert kept == {*range(22, 30), 1200}, "a copy of an older one cannot be under way any more"


def test_tickets_are_told_from_the_metadata_of_others() -> None:
    ours = {"metadataId": 5, "metadataKey": "twinsheet.once.orders", "metadataValue": "17x"}
    others: list[dict[str, Any]] = [
        {**ours, "metadataKey": "twinsheet.once.order"},
        {**ours, "metadataValue": "soon"},
        {"metadataId": 1},
    ]
    assert tickets_of([ours, *others], "orders") == (Ticket(5, 17, is_given_up=True),)
