"""A tab whose header row is not the first: what stands above it is nobody's event, and gets no ids."""

from __future__ import annotations

import pytest

from sandbox.google.area import Area
from sandbox.google.events import ChangeType, Edited
from tests.contract.script.script_bench import ANN, Bench, area_of, once_before

KEEP = "Conflict: keep the sheet's value"


@pytest.fixture
def lowered(connected: Bench) -> Bench:
    """Headers in row 4, a title in A1 and a note in B2, below the table's headers as it were."""
    insert_above(connected, 3)
    connected.put("A1", "Our orders")
    connected.put("B2", "by customer")
    connected.receiver.bodies.clear()
    return connected


def insert_above(bench: Bench, count: int) -> None:
    with bench.document.change(ANN):
        bench.tab.insert_rows(0, count)


def ids(bench: Bench) -> list[str]:
    """What the id column holds, from row 1 on."""
    return [str(bench.tab.cell(row, 4).value or "") for row in range(bench.tab.last_row())]


def test_an_edit_above_the_header_row_is_no_event_and_gives_no_id(lowered: Bench) -> None:
    lowered.type("A1", "All our orders")
    lowered.type("C3", "17")
    lowered.paste("A1", [["Orders", "and", "more", "of", None], ["them"] * 4])
    lowered.type("B2", "")
    assert lowered.receiver.bodies == []
    assert ids(lowered) == ["", "", "", "_row_id"]


def test_edits_below_headers_that_begin_in_column_c_are_told_by_their_headers(lowered: Bench) -> None:
    with lowered.document.change(ANN):
        lowered.tab.insert_columns(0, 2)
    lowered.type("A5", "mine")
    lowered.type("D5", "Ann")
    lowered.paste("A6", [["a", "note", "7", "Bob"]])
    lowered.type("E6", "12.5")
    cells = lowered.receiver.cells
    assert {(c["row"], c["column"]): c["value"] for c in cells if c["value"] is not None} == {
        (5, "customer"): "Ann", (6, "order_no"): 7, (6, "customer"): "Bob", (6, "price"): 12.5,
    }  # fmt: skip
    standing = [str(lowered.tab.cell(row, 6).value or "") for row in range(3, 6)]
    assert [name[:2] for name in standing] == ["_r", "r_", "r_"]
    assert {c["row_id"] for c in cells} == set(standing[1:])


def test_a_whole_row_that_is_pasted_or_cleared_above_the_header_row_is_no_event(lowered: Bench) -> None:
    lowered.paste("A1", [["Orders", "and", "more", "of", ""]])
    with lowered.document.change(ANN):
        lowered.tab.clear(Area(0, 0, 1, lowered.tab.column_count))
    lowered.runtime.notify(
        Edited(lowered.document.id, lowered.tab.sheet_id, Area(0, 0, 1, lowered.tab.column_count), ANN)
    )
    lowered.rest()
    assert lowered.receiver.bodies == []


def test_below_the_header_row_a_new_row_gets_its_id_and_is_told_where_it_stands(lowered: Bench) -> None:
    lowered.type("B5", "Ann")
    assert lowered.receiver.values("customer") == {5: "Ann"}
    assert [name[:2] for name in ids(lowered)[3:]] == ["_r", "r_"]
    lowered.receiver.bodies.clear()
    lowered.type("C5", "12.5")
    assert [(c["row"], c["column"], c["value"]) for c in lowered.receiver.cells] == [(5, "price", 12.5)]


def test_a_paste_from_the_title_down_tells_the_rows_below_the_headers_and_that_those_were_edited(
    lowered: Bench,
) -> None:
    lowered.paste("A3", [["a note", ""], ["No.", "Client"], ["1", "Ann"]])
    assert [body["kind"] for body in lowered.receiver.bodies] == ["structure", "edit"]
    assert lowered.receiver.values("customer") == {5: "Ann"}
    assert [name[:2] for name in ids(lowered)] == ["", "", "", "_r", "r_"]


def test_the_header_row_is_followed_when_rows_come_and_go_above_it(lowered: Bench) -> None:
    insert_above(lowered, 2)
    lowered.type("B5", "another note")
    assert lowered.receiver.bodies == []
    lowered.type("B7", "Ann")
    assert lowered.receiver.values("customer") == {7: "Ann"}
    with lowered.document.change(ANN):
        lowered.tab.delete_rows(0, 4)
    lowered.type("B4", "Bob")
    assert lowered.receiver.values("customer") == {7: "Ann", 4: "Bob"}


def test_rows_that_are_copied_above_the_header_row_leave_their_ids_behind(lowered: Bench) -> None:
    lowered.type("B5", "Ann")
    lowered.receiver.bodies.clear()
    lowered.copy("A4:E5", "A1:E2")
    assert ids(lowered)[:3] == ["", "", ""]
    assert lowered.tab.cell(1, 1).value == "Ann"
    assert lowered.receiver.cells == []


def test_a_row_that_is_copied_above_the_headers_and_then_gone_from_below_them_is_no_event(lowered: Bench) -> None:
    lowered.type("B5", "Ann")
    lowered.type("B6", "Bob")
    lowered.receiver.bodies.clear()
    copied = area_of(lowered.tab, "A1:E1")
    with lowered.document.change(ANN):
        lowered.tab.copy(area_of(lowered.tab, "A5:E5"), copied)
    with lowered.document.change("program"):
        lowered.tab.delete_rows(4, 1)
    lowered.runtime.notify(Edited(lowered.document.id, lowered.tab.sheet_id, copied, ANN))
    lowered.rest()
    assert lowered.receiver.cells == []
    assert [name[:2] for name in ids(lowered)] == ["", "", "", "_r", "r_"]


@pytest.mark.parametrize("is_gone", [False, True])
def test_an_edit_above_the_headers_in_a_row_that_carries_an_id_is_no_event_of_that_row(
    lowered: Bench, *, is_gone: bool
) -> None:
    lowered.type("B5", "Ann")
    lowered.type("B6", "Bob")
    lowered.receiver.bodies.clear()
    with lowered.document.change("program"):
        lowered.tab.copy(area_of(lowered.tab, "A5:E5"), area_of(lowered.tab, "A1:E1"))
        if is_gone:
            lowered.tab.delete_rows(4, 1)
    lowered.type("B1", "Our orders")
    assert lowered.receiver.cells == []
    assert [name[:2] for name in ids(lowered)] == ["", "", "", "_r", "r_", *([] if is_gone else ["r_"])]


def test_an_id_that_is_taken_away_above_the_headers_as_rows_go_there_leaves_them_their_title(
    lowered: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered.type("B5", "Ann")

    def delete_above() -> None:
        with lowered.document.change(ANN):
            lowered.tab.delete_rows(0, 1)

    acted = once_before(
        monkeypatch,
        "range.setValues",
        delete_above,
        when=lambda sheet_id, *_: sheet_id == lowered.tab.sheet_id,
    )
    lowered.copy("A5:E5", "A3:E3")
    assert acted and lowered.failures() == []
    assert [name[:2] for name in ids(lowered)][2:] == ["_r", "r_"]


@pytest.mark.parametrize("comes", [True, False])
def test_a_title_that_is_given_back_stands_in_the_header_row_where_rows_come_or_go_above_meanwhile(
    lowered: Bench, monkeypatch: pytest.MonkeyPatch, *, comes: bool
) -> None:
    lowered.type("B5", "Ann")

    def delete_above() -> None:
        with lowered.document.change(ANN):
            lowered.tab.delete_rows(0, 1)

    def is_of_ids(sheet_id: int, *_: object) -> bool:
        return sheet_id == lowered.tab.sheet_id

    def is_of_title(sheet_id: int, *args: object) -> bool:
        return sheet_id == lowered.tab.sheet_id and "_row_id" in str(args)

    def come_or_go() -> None:
        if comes:
            insert_above(lowered, 1)
        else:
            delete_above()

    deleted = once_before(monkeypatch, "range.setValues", delete_above, when=is_of_ids)
    moved = once_before(monkeypatch, "range.setValues", come_or_go, when=is_of_title)
    lowered.copy("A5:E5", "A3:E3")
    assert deleted and moved and lowered.failures() == []
    assert [row for row, name in enumerate(ids(lowered), 1) if name == "_row_id"] == [4 if comes else 2]


def test_an_id_that_is_taken_from_an_empty_row_as_rows_come_above_leaves_the_headers_their_title(
    lowered: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete_above() -> None:
        with lowered.document.change(ANN):
            lowered.tab.delete_rows(0, 1)

    def is_giving(sheet_id: int, *args: object) -> bool:
        return sheet_id == lowered.tab.sheet_id and "r_" in str(args)

    def is_taking(sheet_id: int, *args: object) -> bool:
        return sheet_id == lowered.tab.sheet_id and "r_" not in str(args)

    strayed = once_before(monkeypatch, "range.setValues", delete_above, when=is_giving)
    moved = once_before(monkeypatch, "range.setValues", lambda: insert_above(lowered, 2), when=is_taking)
    lowered.type("B5", "Ann")
    assert strayed and moved and lowered.failures() == []
    assert [row for row, name in enumerate(ids(lowered), 1) if name == "_row_id"] == [5]


def test_an_id_that_has_landed_above_the_headers_is_gone_also_where_rows_go_above_as_it_is_taken_away(
    lowered: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered.type("B5", "Ann")

    def delete_above() -> None:
        with lowered.document.change(ANN):
            lowered.tab.delete_rows(1, 2)

    def is_giving(sheet_id: int, *args: object) -> bool:
        return sheet_id == lowered.tab.sheet_id and "r_" in str(args)

    def is_taking(sheet_id: int, *args: object) -> bool:
        return sheet_id == lowered.tab.sheet_id and "r_" not in str(args)

    strayed = once_before(monkeypatch, "range.setValues", lambda: insert_above(lowered, 3), when=is_giving)
    moved = once_before(monkeypatch, "range.setValues", delete_above, when=is_taking)
    lowered.type("B6", "Bob")
    assert strayed and moved and lowered.failures() == []
    assert ids(lowered)[:5] == ["", "", "", "", "_row_id"], "an id there would hide the headers from a scan"
    assert lowered.receiver.bodies[-1]["kind"] == "structure"


def test_an_id_that_is_taken_away_above_the_headers_leaves_copies_of_these_without_a_title(
    lowered: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for column in range(4):
        lowered.put(f"{'ABCD'[column]}1", lowered.tab.cell(3, column).value)
    slid = once_before(
        monkeypatch,
        "range.setValues",
        lambda: insert_above(lowered, 3),
        when=lambda sheet_id, *_: sheet_id == lowered.tab.sheet_id,
    )
    lowered.type("B5", "Cid")
    assert slid and lowered.failures() == []
    assert ids(lowered)[:7] == ["", "", "", "", "", "", "_row_id"]


def test_a_copy_above_the_headers_of_which_nobody_has_told_keeps_no_row_from_its_id(lowered: Bench) -> None:
    lowered.type("B5", "Ann")
    with lowered.document.change("program"):
        lowered.tab.copy(area_of(lowered.tab, "A5:E5"), area_of(lowered.tab, "A1:E1"))
    lowered.type("B6", "Bob")
    assert lowered.receiver.values("customer")[6] == "Bob"
    assert [name[:2] for name in ids(lowered)] == ["r_", "", "", "_r", "r_", "r_"]


def test_a_copy_of_the_headers_below_them_is_a_row_with_an_id_of_its_own(lowered: Bench) -> None:
    lowered.type("B5", "Ann")
    lowered.copy("A4:E4", "A6:E6")
    assert ids(lowered)[5].startswith("r_")
    assert lowered.receiver.values("customer") == {5: "Ann", 6: "customer"}
    lowered.copy("A4:E4", "A5:E5")
    assert [name[:2] for name in ids(lowered)[3:]] == ["_r", "r_", "r_"]


def test_where_the_header_row_is_gone_no_row_gets_an_id_and_a_look_at_the_structure_is_asked_for(
    lowered: Bench,
) -> None:
    lowered.put("E4", None)
    lowered.type("B5", "Ann")
    lowered.type("A1", "Our orders of 2026")
    assert [(body["kind"], body["cells"]) for body in lowered.receiver.bodies] == [("structure", [])] * 2
    assert ids(lowered)[:5] == [""] * 5


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_an_id_that_lands_on_the_headers_as_rows_come_above_them_leaves_them_their_title(
    lowered: Bench, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    acted = once_before(
        monkeypatch,
        "range.setValues",
        lambda: insert_above(lowered, rows),
        when=lambda sheet_id, *_: sheet_id == lowered.tab.sheet_id,
    )
    lowered.paste("A5", [["1", "Ann"], ["2", "Bob"]])
    assert acted and lowered.failures() == []
    assert ids(lowered)[: 4 + rows] == [""] * (3 + rows) + ["_row_id"]
    told = {cell["row_id"]: cell["value"] for cell in lowered.receiver.told("customer")}
    standing = dict(zip(ids(lowered)[4 + rows :], ("Ann", "Bob"), strict=False))
    assert all(standing.get(row_id) == value for row_id, value in told.items())


def test_a_row_inserted_above_the_header_row_is_a_change_of_the_structure_as_any(lowered: Bench) -> None:
    insert_above(lowered, 1)
    lowered.change(ChangeType.INSERT_ROW)
    assert [body["kind"] for body in lowered.receiver.bodies] == ["structure"]


@pytest.mark.parametrize(("a1", "told"), [("B4", "not linked. Select"), ("A1", "row is not linked yet")])
def test_nothing_at_or_above_the_header_row_is_in_conflict(lowered: Bench, a1: str, told: str) -> None:
    clicked = lowered.click(KEEP, a1)
    assert told in clicked.messages[0]
    assert lowered.receiver.choices == []
