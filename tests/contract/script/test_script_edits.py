"""What the script in the sheet tells the webhook about a person's edits."""

import re
from datetime import datetime
from typing import Any

import pytest

from core.model import ROW_ID_PREFIX
from core.undo import whole_event
from sandbox.google.area import Area
from sandbox.google.events import ChangeType, Edited
from sandbox.script import runtime as runtime_module
from tests.contract.script.script_bench import ANN, Bench, area_of, once_before


def test_a_typed_cell_is_sent_signed_in_the_contracted_shape(connected: Bench) -> None:
    connected.type("B2", "Zoë 😀")
    (body,) = connected.receiver.bodies
    (cell,) = connected.receiver.told("customer")
    assert cell in body.pop("cells")
    assert datetime.fromisoformat(body.pop("edited_at")).tzinfo is not None
    assert body == {
        "link": "orders",
        "spreadsheet_id": connected.document.id,
        "tab": "Sheet1",
        "kind": "edit",
        "stamp": {"n": 0, "epoch": 0, "q": 1},
        "editor": ANN,
        "chunk": {"index": 0, "count": 1},
    }
    assert re.fullmatch("r_[a-z2-7]{16}", cell.pop("row_id"))
    assert cell == {"row": 2, "column": "customer", "value": "Zoë 😀", "event_value": "Zoë 😀"}


def test_every_edit_counts_q_up_and_carries_the_writers_counters(connected: Bench) -> None:
    connected.type("B2", "Ann")
    with connected.document.change("program"):
        connected.counters.set_value(1, 1, 7)
        connected.counters.set_value(1, 2, 3)
    connected.type("B2", "Bob")
    assert [body["stamp"] for body in connected.receiver.bodies] == [
        {"n": 0, "epoch": 0, "q": 1},
        {"n": 7, "epoch": 3, "q": 2},
    ]


def test_a_new_row_gets_one_id_and_tells_all_its_cells_blank_ones_too(connected: Bench) -> None:
    connected.put("A2", 17)
    connected.type("B2", "Ann")
    assert [(c["column"], c["value"]) for c in connected.receiver.cells] == [
        ("order_no", 17),
        ("customer", "Ann"),
        ("price", None),
        ("ordered_on", None),
    ]
    assert [c["column"] for c in connected.receiver.cells if "event_value" in c] == ["customer"]
    assert len({cell["row_id"] for cell in connected.receiver.cells} | set(connected.ids())) == 1


def test_of_a_row_that_has_its_id_the_edited_cells_alone_are_told(connected: Bench) -> None:
    connected.type("B2", "Ann")
    connected.receiver.bodies.clear()
    connected.type("C2", "12.5")
    assert [(c["column"], c["value"]) for c in connected.receiver.cells] == [("price", 12.5)]


def test_of_rows_edited_together_those_are_told_whole_that_were_just_named(connected: Bench) -> None:
    connected.put("E2", "r_aaaaaaaaaaaaaaaa")
    connected.paste("B2", [["Ann"], ["Bob"]])
    told = [(c["row"], c["column"], c["value"]) for c in connected.receiver.cells]
    assert told == [
        (2, "customer", "Ann"),
        (3, "order_no", None),
        (3, "customer", "Bob"),
        (3, "price", None),
        (3, "ordered_on", None),
    ]


def test_falsy_values_are_values_and_a_cleared_cell_is_null(connected: Bench) -> None:
    connected.paste("A2", [["0", "FALSE", "x"]])
    assert [c["value"] for c in connected.receiver.cells] == [0, False, "x", None]
    connected.type("C2", "")
    assert [c["value"] for c in connected.receiver.told("price")] == ["x", None]


def test_a_clear_tells_the_old_value_and_no_new_one(connected: Bench) -> None:
    connected.type("B2", "Ann")
    connected.type("B2", "")
    cell = connected.receiver.cells[-1]
    assert cell["value"] is None
    assert cell["event_old_value"] == "Ann"
    assert "event_value" not in cell


def test_what_was_overwritten_before_the_script_looked_is_told_beside_what_stands_there(connected: Bench) -> None:
    connected.put("E2", "r_aaaaaaaaaaaaaaaa")
    connected.faults.trigger_delay_s = 0.2
    connected.type("B2", "typed", rest=False)
    connected.put("B2", "written meanwhile")
    connected.rest()
    (cell,) = connected.receiver.cells
    assert (cell["value"], cell["event_value"]) == ("written meanwhile", "typed")


def test_numbers_in_events_are_told_as_the_cell_holds_them(connected: Bench) -> None:
    connected.type("C2", "12.50")
    assert [c["event_value"] for c in connected.receiver.told("price")] == [12.5]


def test_a_formula_goes_with_its_result_and_an_error_as_an_error(connected: Bench) -> None:
    connected.paste("A2", [["=1+1", "=1/0"]])
    found = {c["column"]: (c["value"], c["formula"]) for c in connected.receiver.cells if "formula" in c}
    assert found == {"order_no": (2, "=1+1"), "customer": ({"error": "#DIV/0!"}, "=1/0")}


@pytest.mark.parametrize("typed", ["2024-03-31 02:30:00", "2024-03-31 03:30:00", "2024-03-31 03:00"])
def test_a_time_that_clocks_skip_in_spring_and_those_that_look_like_it_are_left_to_a_scan(
    connected: Bench, typed: str
) -> None:
    """Google reads 02:30 as 03:30 to a script; only the API tells the two apart."""
    connected.type("D2", typed)
    assert connected.receiver.cells == []
    assert [body["kind"] for body in connected.receiver.bodies] == ["structure"]
    assert connected.ids() != [""]  # the row has its id all the same


@pytest.mark.parametrize("typed", ["2024-03-31 01:59:59", "2024-03-31 04:00", "2024-10-27 02:30", "2024-10-27 03:00"])
def test_times_beside_the_skipped_ones_and_those_that_clocks_show_twice_go_as_they_are(
    connected: Bench, typed: str
) -> None:
    connected.type("D2", typed)
    (cell,) = connected.receiver.told("ordered_on")
    assert cell["value"]["serial"] == pytest.approx(connected.tab.cell(1, 3).value, abs=1e-9)


@pytest.mark.parametrize(
    ("typed", "serial"),
    [
        ("2024-05-06", 45418),
        ("2024-07-01 12:00:00", 45474.5),  # summer time
        ("2024-01-01 12:00:00", 45292.5),  # winter time
        ("2024-03-31 04:30:00", 45382 + 4.5 / 24),  # the night the clocks go forward
        ("2024-10-27 02:30:00", 45592 + 2.5 / 24),  # the hour that comes twice
        ("1900-01-01", 2),
    ],
)
def test_dates_go_as_the_serial_numbers_the_sheet_shows(connected: Bench, typed: str, serial: float) -> None:
    connected.type("D2", typed)
    (cell,) = connected.receiver.told("ordered_on")
    assert cell["value"] == {"serial": pytest.approx(serial, abs=1e-9)}
    assert cell["value"]["serial"] == pytest.approx(connected.tab.cell(1, 3).value, abs=1e-9)


def test_a_paste_of_5000_cells_goes_in_chunks_of_one_stamp_that_each_fit(connected: Bench) -> None:
    connected.paste("A2", [[str(row), "Ünï" * 20, "1.5", "2024-05-06"] for row in range(1250 - 260)])
    with connected.document.change("program"):
        connected.tab.append_rows(1000)
    connected.receiver.bodies.clear()
    connected.paste("A2", [[str(row), "Ünï" * 20, "1.5", "2024-05-06"] for row in range(1250)])
    bodies = connected.receiver.bodies
    assert [body["chunk"] for body in bodies] == [{"index": i, "count": len(bodies)} for i in range(len(bodies))]
    assert len({body["stamp"]["q"] for body in bodies}) == 1
    named = [whole_event(event) for event in connected.receiver.ids[-len(bodies) :]]
    assert len(set(named)) == 1, "it is taken back at once"
    assert connected.receiver.ids[-len(bodies) :] == [f"{named[0]}_{i + 1}" for i in range(len(bodies))]
    assert len(connected.receiver.cells) == 5000
    assert connected.receiver.values("order_no") == {row + 2: row for row in range(1250)}
    assert max(connected.receiver.sizes) < 1024 * 1024
    assert len(set(connected.ids())) == 1250


def test_a_new_row_is_told_whole_in_one_chunk(connected: Bench) -> None:
    connected.paste("A2", [[str(row), "Ann" * 2000] for row in range(120)])
    chunks = [{cell["row"] for cell in body["cells"]} for body in connected.receiver.bodies]
    assert len(chunks) > 1
    assert sum(map(len, chunks)) == len(set().union(*chunks)), "no row in two of them"


def test_long_texts_make_smaller_chunks(connected: Bench) -> None:
    connected.paste("B2", [["€" * 40_000] for _ in range(30)])
    assert len(connected.receiver.bodies) > 1
    assert max(connected.receiver.sizes) < 1024 * 1024
    assert len(connected.receiver.values("customer")) == 30


def test_a_copied_row_gets_an_id_of_its_own_and_tells_everything(connected: Bench) -> None:
    connected.paste("A2", [["1", "Ann", "5", "2024-05-06"]])
    connected.receiver.bodies.clear()
    connected.copy("A2:E2", "A4")
    first, _, copied = connected.ids()
    assert first and copied and first != copied
    assert {c["row_id"] for c in connected.receiver.cells} == {copied}
    assert len(connected.receiver.cells) == 4


def test_of_copies_pasted_together_each_gets_its_own_id(connected: Bench) -> None:
    connected.paste("A2", [["1", "Ann"]])
    connected.copy("A2:E2", "A3")
    connected.copy("A2:E3", "A4")
    assert len(set(connected.ids())) == 4


def test_a_row_moved_by_cut_and_paste_keeps_its_id(connected: Bench) -> None:
    connected.type("B2", "Ann")
    (row_id,) = connected.ids()
    with connected.document.change(ANN):
        connected.tab.cut(_row(1), 4, 0)
    connected.runtime.notify(_edited(connected, 4))
    connected.rest()
    assert connected.ids() == ["", "", "", row_id]


def test_renamed_headers_and_moved_columns_change_nothing(connected: Bench) -> None:
    with connected.document.change(ANN):
        connected.tab.set_value(0, 1, "Kundin")
        connected.tab.move_columns(1, 1, 0)
    connected.type("A2", "Ann")
    assert [(c["column"], c["value"]) for c in connected.receiver.cells if c["value"]] == [("customer", "Ann")]


def test_columns_that_are_not_linked_are_not_told(connected: Bench) -> None:
    connected.type("G2", "a remark")
    assert connected.receiver.bodies == []
    assert connected.ids() == [""]


def test_edits_in_other_tabs_are_nobodys_business(connected: Bench) -> None:
    with connected.document.change(ANN):
        other = connected.document.add_sheet("Other")
        other.type_in(1, 0, "x")
    connected.runtime.notify(_edited(connected, 1, other.sheet_id))
    connected.rest()
    assert connected.receiver.bodies == []
    assert connected.failures() == []


def test_a_copy_of_the_tab_is_not_the_linked_tab(connected: Bench) -> None:
    with connected.document.change(ANN):
        copy = connected.document.duplicate_sheet(connected.tab.sheet_id)
        copy.type_in(1, 0, "x")
    connected.runtime.notify(_edited(connected, 1, copy.sheet_id))
    connected.rest()
    assert connected.receiver.bodies == []


def test_an_edited_header_asks_for_a_look_at_the_structure(connected: Bench) -> None:
    connected.type("B1", "Client")
    (body,) = connected.receiver.bodies
    assert (body["kind"], body["cells"], body["stamp"]["q"]) == ("structure", [], 1)


def test_a_paste_over_header_and_rows_tells_both(connected: Bench) -> None:
    connected.paste("A1", [["order_no", "customer"], ["1", "Ann"]])
    assert [body["kind"] for body in connected.receiver.bodies] == ["structure", "edit"]


def test_emptied_ids_ask_for_a_look_at_the_structure(connected: Bench) -> None:
    connected.type("B2", "Ann")
    connected.receiver.bodies.clear()
    with connected.document.change(ANN):
        connected.tab.clear(_row(1))
    connected.runtime.notify(_edited(connected, 1))
    connected.rest()
    assert [body["kind"] for body in connected.receiver.bodies] == ["structure"]


def test_ids_edited_alone_are_left_for_a_scan_to_judge(connected: Bench) -> None:
    connected.paste("A2", [["1", "Ann"], ["2", "Bob"]])
    connected.receiver.bodies.clear()
    connected.paste("E2", [[""], ["junk"]])
    assert [(body["kind"], body["cells"]) for body in connected.receiver.bodies] == [("structure", [])]
    assert connected.ids() == ["", "junk"]


def test_clearing_whole_columns_tells_every_row_that_has_an_id(connected: Bench) -> None:
    connected.paste("A2", [["1", "Ann"], ["2", "Bob"]])
    connected.receiver.bodies.clear()
    area = area_of(connected.tab, "B:B")
    with connected.document.change(ANN):
        connected.tab.clear(area)
    connected.runtime.notify(Edited(connected.document.id, connected.tab.sheet_id, area, ANN))
    connected.rest()
    assert [body["kind"] for body in connected.receiver.bodies] == ["structure", "edit"]
    assert connected.receiver.values("customer") == {2: None, 3: None}


@pytest.mark.parametrize("change_type", [ChangeType.REMOVE_ROW, ChangeType.INSERT_COLUMN, ChangeType.OTHER])
def test_a_changed_structure_is_told_with_a_stamp_of_its_own(connected: Bench, change_type: ChangeType) -> None:
    connected.change(change_type)
    (body,) = connected.receiver.bodies
    assert (body["kind"], body["cells"], body["stamp"]["q"]) == ("structure", [], 1)


@pytest.mark.parametrize("change_type", [ChangeType.EDIT, ChangeType.FORMAT])
def test_edits_and_formats_are_no_change_of_structure(connected: Bench, change_type: ChangeType) -> None:
    connected.change(change_type)
    assert connected.receiver.bodies == []
    assert connected.counters.cell(1, 3).value is None


@pytest.mark.parametrize("in_common", ["", "5"])
def test_a_row_that_slides_under_a_new_id_is_left_for_a_scan_to_give_its_own_back(
    connected: Bench, monkeypatch: pytest.MonkeyPatch, in_common: str
) -> None:
    connected.paste("A2", [["1", "Ann", in_common], ["2", "Bob", in_common], ["3", "Cid", in_common]])
    ann, bob, cid = connected.ids()
    connected.put("C5", in_common)
    connected.receiver.bodies.clear()
    acted = _once_before_ids(connected, monkeypatch, lambda: connected.tab.insert_rows(1, 1), user="bob@example.com")
    connected.type("B5", "Dan")
    assert acted and connected.failures() == []
    held = {connected.tab.cell(row, 1).value: connected.tab.cell(row, 4).value for row in range(2, 6)}
    assert (held["Ann"], held["Bob"], held["Dan"]) == (ann, bob, None)
    assert held["Cid"] != cid and str(held["Cid"]).startswith(ROW_ID_PREFIX), "the script guesses at no owner"
    assert [body["kind"] for body in connected.receiver.bodies] == ["structure"], "it tells nothing of it"


@pytest.mark.parametrize("since", ["Dan", "Dora"])
def test_a_row_that_was_given_its_id_is_told_also_where_somebody_has_typed_into_it_since(
    connected: Bench, monkeypatch: pytest.MonkeyPatch, since: str
) -> None:
    connected.paste("A2", [["1", "Ann", "5"]])
    connected.put("C3", 5)
    connected.receiver.bodies.clear()

    def retype() -> None:
        with connected.document.change("bob@example.com"):
            connected.tab.set_value(2, 1, since)

    acted = _once_before_ids(connected, monkeypatch, retype, user="bob@example.com")
    connected.type("B3", "Dan")
    assert acted and connected.failures() == []
    assert connected.receiver.values("customer") == {3: since}


def test_of_a_paste_over_old_and_new_rows_both_are_told(connected: Bench) -> None:
    connected.paste("A2", [["1", "Ann"], ["2", "undefined"]])
    connected.receiver.bodies.clear()
    connected.paste("A2", [["1", "Anna"], ["2", "undefined"], ["3", "Cid"]])
    assert connected.receiver.values("customer") == {2: "Anna", 3: "undefined", 4: "Cid"}
    assert "structure" not in [body["kind"] for body in connected.receiver.bodies]


def test_a_row_that_gets_its_key_while_the_row_above_is_deleted_keeps_its_new_id(
    connected: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.paste("A2", [["1", "Ann"], ["2", "Bob"], ["3", "Cid"]])
    ann, bob, cid = connected.ids()

    def delete_above() -> None:
        connected.tab.delete_rows(3, 1)
        connected.tab.set_value(3, 0, 4)

    _type_dan_and_once_he_is_named(connected, monkeypatch, delete_above)
    named = {connected.tab.cell(row, 1).value: connected.tab.cell(row, 4).value for row in range(1, 4)}
    assert (named["Ann"], named["Bob"]) == (ann, bob)
    assert named["Dan"] not in (None, "", cid)


def test_a_row_that_gets_what_was_meant_for_the_deleted_row_above_keeps_its_new_id(
    connected: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.paste("A2", [["1", "Ann"], ["2", "Bob"], ["3", "Cid"]])
    ann, bob, cid = connected.ids()
    connected.put("C5", 12.5)

    def delete_above_and_write_into_cid_by_mistake() -> None:
        connected.tab.delete_rows(3, 1)
        connected.tab.set_value(3, 1, "Cid, renamed")

    _type_dan_and_once_he_is_named(connected, monkeypatch, delete_above_and_write_into_cid_by_mistake)
    assert [connected.tab.cell(row, 4).value for row in (1, 2)] == [ann, bob]
    assert connected.tab.cell(3, 2).value == 12.5
    assert connected.tab.cell(3, 4).value not in (None, "", cid), "it is another row, though nothing tells its name"


def test_the_id_of_a_deleted_row_is_not_written_into_a_new_one_that_slid_under_the_ids(
    connected: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.paste("A2", [["1", "Ann"]])
    (ann,) = connected.ids()

    def delete_above() -> None:
        connected.tab.delete_rows(1, 1)

    acted = _once_before_ids(connected, monkeypatch, delete_above, user="bob@example.com")
    with connected.document.change("program"):
        for row, name in ((2, "Dan"), (3, "Eve")):
            connected.tab.set_value(row, 1, name)
            connected.tab.set_value(row, 0, row + 5)
    connected.runtime.notify(_edited(connected, 2))
    connected.rest()
    assert acted and connected.failures() == []
    assert ann not in [connected.tab.cell(row, 4).value for row in range(1, 4)]


def test_an_id_of_a_deleted_row_is_not_written_into_an_empty_row(
    connected: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.paste("A2", [["1", "Ann"]])

    def delete_both() -> None:
        connected.tab.delete_rows(1, 2)

    acted = _once_before_ids(connected, monkeypatch, delete_both, user="program")
    connected.type("B3", "Dan")
    assert acted and connected.failures() == []
    assert not any(connected.tab.cell(row, 4).value for row in range(1, connected.tab.last_row()))


def test_the_id_of_a_row_that_was_deleted_is_not_written_into_a_row_below_where_it_stood(
    connected: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.paste("A2", [["1", "Ann"], ["2", "Bob"], ["3", "Cid"]])
    ann, bob, cid = connected.ids()

    def delete_cid_and_type_below_dan() -> None:
        connected.tab.delete_rows(2, 1)
        connected.tab.set_value(3, 1, "Eve")

    acted = _once_before_ids(connected, monkeypatch, lambda: connected.tab.delete_rows(2, 1), user="program")
    _type_dan_and_once_he_is_named(connected, monkeypatch, delete_cid_and_type_below_dan)
    assert acted
    held = {connected.tab.cell(row, 1).value: connected.tab.cell(row, 4).value for row in (1, 2, 3)}
    assert list(held) == ["Ann", "Dan", "Eve"]
    assert held["Ann"] == ann
    assert held["Eve"] not in (bob, cid)


def _once_before_ids(connected: Bench, monkeypatch: pytest.MonkeyPatch, act: Any, *, user: str) -> list[bool]:
    """Somebody acts in the instant before the script writes ids."""

    def change() -> None:
        with connected.document.change(user):
            act()

    return once_before(
        monkeypatch, "range.setValues", change, when=lambda sheet_id, *_: sheet_id == connected.tab.sheet_id
    )


def _type_dan_and_once_he_is_named(connected: Bench, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """A program acts between the write of a new row's id and the script's next look."""
    real = runtime_module.CALLS["range.setValues"]
    written: list[bool] = []

    def note(execution: Any, spreadsheet_id: str, sheet_id: int, *args: Any) -> Any:
        written.extend([True] if sheet_id == connected.tab.sheet_id else [])
        return real(execution, spreadsheet_id, sheet_id, *args)

    def program() -> None:
        with connected.document.change("program"):
            act()

    monkeypatch.setitem(runtime_module.CALLS, "range.setValues", note)
    acted = once_before(monkeypatch, "range.values", program, when=lambda *_: bool(written))
    connected.type("B5", "Dan")
    assert acted and connected.failures() == []


@pytest.mark.parametrize("named", ["", "r_since"])
def test_an_id_that_lands_on_a_row_inserted_meanwhile_stays_there_until_a_scan_has_looked(
    connected: Bench, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """A scan may have told the row by that id already, and taken away it would leave the table with the row."""

    def insert() -> None:
        connected.tab.insert_rows(1, 1)
        connected.tab.set_value(1, 1, "Zoe")
        connected.tab.set_value(1, 4, "r_theirs")
        connected.tab.set_value(2, 4, named)

    acted = _once_before_ids(connected, monkeypatch, insert, user="program")
    connected.type("B2", "Ann")
    assert acted and connected.failures() == []
    assert [connected.tab.cell(row, 1).value for row in (1, 2)] == ["Zoe", "Ann"]
    assert str(connected.tab.cell(1, 4).value).startswith(ROW_ID_PREFIX)
    assert connected.tab.cell(2, 4).value == (named or None)
    assert [body["kind"] for body in connected.receiver.bodies] == ["structure"]


def test_a_row_that_a_copy_of_the_new_one_has_replaced_does_not_get_its_id_back(
    connected: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.paste("A2", [["1", "Ann"], ["2", "Bob"]])
    ann, bob = connected.ids()

    def copy_over_bob() -> None:
        connected.tab.set_value(4, 1, "Dora")
        for column in range(5):
            connected.tab.set_value(2, column, connected.tab.cell(4, column).value)

    _type_dan_and_once_he_is_named(connected, monkeypatch, copy_over_bob)
    ids = [connected.tab.cell(row, 4).value for row in range(1, connected.tab.last_row())]
    assert ann in ids
    assert bob not in ids, "what it belonged to stands nowhere any more"


def test_a_column_that_moves_while_the_script_reads_is_never_mistaken(
    connected: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.paste("A2", [["1", "Ann", "5"]])
    connected.receiver.bodies.clear()

    def move() -> None:
        with connected.document.change("bob@example.com"):
            connected.tab.move_columns(0, 1, 3)

    wide = once_before(
        monkeypatch,
        "range.values",
        move,
        when=lambda sheet_id, area: sheet_id == connected.tab.sheet_id and area[3] > 1,
    )
    connected.type("A2", "7")
    assert wide and connected.failures() == []
    told = {c["column"]: c["value"] for c in connected.receiver.cells}
    sheet = {connected.tab.cell(0, i).value: connected.tab.cell(1, i).value for i in range(3)}
    assert all(sheet[column] == value for column, value in told.items())


def _row(row: int) -> Area:
    return Area(row, 0, 1, 5)


def _edited(bench: Bench, row: int, sheet_id: int | None = None) -> Edited:
    return Edited(bench.document.id, bench.tab.sheet_id if sheet_id is None else sheet_id, _row(row), ANN)


def _customer_at(bench: Bench, row: int) -> Any:
    return bench.tab.cell(row - 1, 1).value
