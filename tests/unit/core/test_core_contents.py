"""Contents that stand beside another row's id: whose they are, and what says nothing until that is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core_makers import LINK, ROW, by_id, make_base, make_image, order_row, saw, waits

from core.findings import Findings
from core.freshness import must_wait
from core.intent import PlannedWrite, open_write
from core.model import Age, CellBase, RowBase
from core.row_view import RowPlan, RowView
from core.scan import compare
from core.sheet import CellWrite, IdWrite, SwapWrite, TabRow
from core.table_plan import key_seen, plan_row

ANN = make_base("r_1", order_no="1", customer="Ann")
BEA = make_base("r_2", order_no="2", customer="Bea", quantity="5", price="2.25", status="paid", notes="hers")
ALL_NEW: dict[str, Any] = {"customer": "Eve", "quantity": 8, "price": 1, "status": "paid", "notes": "new"}
HERS: dict[str, Any] = {
    "order_no": 2,
    "customer": "Bea",
    "quantity": 5,
    "price": 2.25,
    "status": "paid",
    "notes": "hers",
}


def scanned(*rows: TabRow, bases: tuple[RowBase, ...] = (ANN, BEA), doubted: tuple[str, ...] = ()) -> Findings:
    return compare(LINK, make_image(*rows), by_id(bases), (), 0, doubted=doubted)


# --- scans ----------------------------------------------------------------------------------


def test_a_row_whose_id_was_given_to_another_while_it_got_a_fresh_one_has_its_own_back_in_the_same_move() -> None:
    found = scanned(order_row(2, "r_fresh", **HERS), order_row(3, "r_2"))
    assert found.moved_ids == [IdWrite(3, "r_1", "r_2"), IdWrite(2, "r_2", "r_fresh")]
    assert not (found.rows or found.missing)


def test_rows_that_were_sorted_past_their_ids_and_typed_over_but_for_their_keys_are_known_by_those() -> None:
    rows = order_row(2, "r_1", **{**ALL_NEW, "order_no": 2}), order_row(3, "r_2", order_no=1)
    assert scanned(*rows).moved_ids == [IdWrite(2, "r_2", "r_1"), IdWrite(3, "r_1", "r_2")]


def test_contents_that_were_told_beside_another_id_are_known_by_their_key_where_those_of_that_one_are_firm() -> None:
    told = {**HERS, "customer": "Eve", "quantity": 7, "notes": "typed"}
    beside = make_base("r_2", **{**{c: str(v) for c, v in told.items()}, "order_no": "2"})
    rows = order_row(2, "r_1", **HERS), order_row(3, "r_2", **{**told, "order_no": 1})
    assert scanned(*rows, bases=(ANN, beside)).moved_ids == [IdWrite(2, "r_2", "r_1"), IdWrite(3, "r_1", "r_2")]


def test_rows_whose_keys_were_traded_by_hand_keep_their_ids_although_one_was_edited_and_they_share_something() -> (
    None
):
    alike = make_base("r_2", **{c: str(v) for c, v in HERS.items()} | {"status": "new"})
    rows = (
        order_row(2, "r_1", order_no=2, customer="Eve"),
        order_row(3, "r_2", **{**HERS, "order_no": 1, "status": "new"}),
    )
    assert scanned(*rows, bases=(ANN, alike)).moved_ids == []


def test_contents_whose_own_row_is_nowhere_are_told_at_the_second_look_alone() -> None:
    """Our own key may stand in that row, for the moment until it is taken back."""
    rows = order_row(2, "r_1", **{**HERS, "order_no": 9}), order_row(3, "r_2")
    first = scanned(*rows)
    assert first.unclear == {"r_2"}
    assert {row.row_id for row, _ in first.rows} == {"r_1"}
    second = scanned(*rows, doubted=tuple(first.unclear))
    assert (second.unclear, second.still_unclear) == (set(), {"r_2"})
    assert {row.row_id for row, _ in second.rows} == {"r_1", "r_2"}


def test_a_row_that_was_given_the_key_of_its_deleted_copy_is_not_taken_for_that_copy() -> None:
    copy = make_base("r_2", order_no="2", notes="of the copy")
    found = scanned(order_row(2, "r_1", order_no=2), bases=(make_base(), copy))
    assert found.moved_ids == []
    assert found.missing == ["r_2"]
    assert {(row.row_id, column.name) for row, column, _ in found.cells()} == {("r_1", "order_no")}


def test_a_row_that_holds_more_than_its_id_tells_besides_another_rows_key_is_known_by_that_key() -> None:
    """What base tells of that id was typed into the other row, and told beside the id that stood there by mistake."""
    told = make_base("r_1", customer="Eve", quantity="7", price=None, notes=None)
    rows = order_row(2, "r_1"), order_row(3, "r_1", **{**HERS, "customer": "Eve", "quantity": 7, "status": "new"})
    found = scanned(*rows, bases=(told, BEA))
    assert found.moved_ids == [IdWrite(3, "r_2", "r_1")]
    assert not found.missing


def test_contents_pasted_over_another_row_are_told_at_once() -> None:
    found = scanned(order_row(2, "r_1"), order_row(3, "r_2"))
    assert not found.unclear
    assert {row.row_id for row, _ in found.rows} == {"r_2"}


# --- our own write in flight -----------------------------------------------------------------


def test_nothing_that_was_seen_in_a_row_counts_while_a_write_of_ours_is_giving_it_another_key() -> None:
    write = SwapWrite(7, 2, cells=(CellWrite("r_1", 2, "Order no.", 9), CellWrite("r_2", 3, "Notes", "x")))
    open_now = open_write(LINK, PlannedWrite(write))
    assert must_wait(saw("customer", "Bea", "scan", n=7), "Bea", open_now)
    assert not must_wait(saw("customer", "Bea", "scan", n=6), "Bea", open_now), "the look was before the write"
    assert not must_wait(saw("customer", "Bea", "scan", n=7, row_id="r_2"), "Bea", open_now)


# --- edit events ------------------------------------------------------------------------------


def planned(*seen: Any, owner: RowBase | None = BEA, waiting: tuple[Any, ...] = ()) -> RowPlan:
    def no_rule(*_: Any) -> None:
        raise AssertionError("no rule should have been asked")

    return plan_row(RowView(LINK, "r_1", ANN, ROW, seen, waiting, owner=owner), no_rule)


def test_an_edit_that_shows_the_key_of_another_row_and_something_else_of_it_waits_for_a_scan() -> None:
    seen = saw("order_no", 2), saw("customer", "Bea"), saw("notes", "typed")
    done = planned(*seen)
    assert not (done.update or done.rejections)
    assert {o.column for o, reason in done.wait if reason == "intent"} == {"order_no", "customer", "notes"}
    looked = [saw(o.column, o.cell.value, "scan", scan=1) for o in seen]
    told = planned(*looked, waiting=tuple(waits(o, "intent") for o in seen))
    assert told.update == {"order_no": "2", "customer": "Bea", "notes": "typed"}, "it was pasted over the row"


def test_a_key_that_is_typed_is_decided_at_once_whoever_has_it() -> None:
    assert planned(saw("order_no", 2)).update == {"order_no": "2"}
    assert planned(saw("order_no", 2), saw("notes", "typed")).update == {"order_no": "2", "notes": "typed"}


def test_the_key_that_was_seen_is_made_of_what_was_told_and_of_what_both_sides_share() -> None:
    assert key_seen(LINK, ANN, [saw("order_no", 2)]) == ("2",)
    assert key_seen(LINK, ANN, [saw("notes", "typed")]) == ("1",)
    assert key_seen(LINK, ANN, [saw("order_no", "two")]) is None
    assert key_seen(LINK, ANN, [saw("order_no", None)]) is None


def test_a_key_that_was_seen_before_a_later_look_at_the_cell_tells_of_no_other_row() -> None:
    written = replace(ANN, cells={**ANN.cells, "order_no": CellBase("1", n=3)})
    assert key_seen(LINK, written, [saw("order_no", 2, n=2)]) == ("1",), "our own write has looked at the cell since"
    looked = replace(ANN, cells={**ANN.cells, "order_no": CellBase("1", age=Age(5))})
    assert key_seen(LINK, looked, [saw("order_no", 2, q=2)]) == ("1",)
    assert key_seen(LINK, looked, [saw("order_no", 2, q=3)]) == ("2",)
