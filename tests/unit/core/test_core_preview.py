"""What a plan of a running link tells: decided by the rules that decide while it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core_makers import (
    LINK,
    ROW,
    by_id,
    make_base,
    make_image,
    make_link,
    no_rule,
    order_row,
    saw,
    tab_row,
    waits,
)

from consumers.sheet_tx import WAITING_FOR_TABLE
from core.care import columns_with_care
from core.cost import cost_of
from core.model import Link, LinkedColumn, RowBase, Stamp, TableColumn
from core.parents import PARENT
from core.planner import MANUAL
from core.ports import IN_FLIGHT, WAIT_REASONS, TableRow
from core.preview import LinkView, preview_link
from core.preview_tally import SHEET, STAYS, TABLE, Tally
from core.rules import Rules
from core.values.catalog import codec_for

TWO: TableRow = {**ROW, "order_no": "2", "customer": "Bea"}


def planned(
    *rows: Any,
    bases: tuple[RowBase, ...] = (make_base(),),
    table: tuple[TableRow, ...] = (ROW,),
    link: Link = LINK,
    rule: Any = no_rule,
    **known: Any,
) -> Tally:
    image = make_image(*rows)
    image = replace(image, stamp=replace(image.stamp, scan=9))
    return preview_link(LinkView(link, image, by_id(bases), {link.key_of(r): r for r in table}, **known), rule)


def kinds(tally: Tally) -> dict[tuple[str, str], int]:
    return {place: kind.count for place, kind in tally.kinds.items()}


def test_two_sides_that_share_what_base_tells_need_nothing() -> None:
    assert planned(order_row(2, "r_1")).is_empty


def test_a_cell_that_moved_on_one_side_goes_to_the_other_with_both_values() -> None:
    told = planned(order_row(2, "r_1", price=12), table=({**ROW, "notes": "mended"},))
    assert kinds(told) == {(TABLE, "cell"): 1, (SHEET, "cell"): 1}
    (to_table,), (to_sheet,) = told.kinds[TABLE, "cell"].first, told.kinds[SHEET, "cell"].first
    assert (to_table.column, to_table.sheet, to_table.table, to_table.row) == ("price", "12.00", "9.50", 2)
    assert (to_sheet.column, to_sheet.sheet, to_sheet.table, to_sheet.key) == ("notes", "fragile", "mended", ("1",))
    assert {name: dict(counts) for name, counts in told.columns.items()} == {
        "price": {"to_table": 1},
        "notes": {"to_sheet": 1},
    }
    assert {d.column for d in told.differences} == {"price", "notes"}


def test_rows_that_came_and_went_on_either_side_are_told_by_kind() -> None:
    bases = tuple(make_base(f"r_{n}", order_no=str(n), key=(str(n),)) for n in (1, 2, 3))
    table = tuple({**ROW, "order_no": n} for n in ("1", "2", "9"))
    rows = (order_row(2, "r_1"), order_row(3, "r_3", order_no=3), order_row(4, None, order_no=None))
    told = planned(*rows, bases=bases, table=table)
    assert kinds(told) == {
        (TABLE, "delete"): 1,  # r_2 has left the sheet
        (TABLE, "insert"): 1,  # row 4 is new, without an id
        (SHEET, "id"): 1,
        (SHEET, "key"): 1,
        (SHEET, "insert"): 1,  # 9 is new in the table
        (SHEET, "delete"): 1,  # 3 has left the table
    }
    assert told.kinds[SHEET, "delete"].first[0].row == 3
    assert told.kinds[TABLE, "delete"].first[0].key == ("2",)


def test_a_row_that_the_sheet_lost_and_the_table_changed_comes_back() -> None:
    bases = (make_base(), make_base("r_2", order_no="2", customer="Bea"))
    told = planned(
        order_row(2, "r_2", order_no=2, customer="Bea"), bases=bases, table=({**ROW, "notes": "kept"}, TWO)
    )
    assert kinds(told) == {(STAYS, "settled"): 1, (SHEET, "insert"): 1}
    assert told.kinds[STAYS, "settled"].first[0].reason == "table wins by change_beats_delete"


def test_a_conflict_tells_who_would_win_and_by_which_rule() -> None:
    told = planned(
        order_row(2, "r_1", price=12), table=({**ROW, "price": "20.00"},), link=make_link(price="table_wins")
    )
    (one,) = told.kinds[STAYS, "settled"].first
    assert (one.column, one.sheet, one.table, one.reason) == ("price", "12.00", "20.00", "table wins by table_wins")
    assert told.count(SHEET, "cell") == 1


def test_a_rule_of_ones_own_is_asked_as_it_is_while_the_link_runs() -> None:
    link = make_link(price="max")
    told = planned(
        order_row(2, "r_1", price=12),
        table=({**ROW, "price": "20.00"},),
        link=link,
        rule=Rules(lambda name: no_rule).compute,
    )
    assert told.count(SHEET, "cell") == 1
    assert told.kinds[SHEET, "cell"].first[0].table == "20"


def test_under_manual_a_conflict_waits_on_both_sides_new_or_known() -> None:
    link, moved = make_link(price="manual"), ({**ROW, "price": "20.00"},)
    new = planned(order_row(2, "r_1", price=12), table=moved, link=link)
    assert kinds(new) == {(STAYS, "conflict"): 1}
    known = planned(
        order_row(2, "r_1", price=12),
        table=moved,
        link=link,
        waiting={"r_1": [waits(saw("price", 12, "scan"), "manual")]},
        refused=[("r_1", "price")],
    )
    assert kinds(known) == {(STAYS, "conflict"): 1}


def test_what_does_not_fit_and_what_is_missing_is_told_beside_what_is_written() -> None:
    told = planned(order_row(2, "r_1", quantity="many"), tab_row(3, "r_9", customer="Cem"))
    assert kinds(told) == {(STAYS, "unfit"): 1, (STAYS, "incomplete"): 1}
    assert (told.unfit[0].sheet, told.unfit[0].table) == ("many", "3"), "what each side holds"


def test_a_formula_stays_and_is_told() -> None:
    row = tab_row(2, "r_1", {"quantity": "=1+2"}, **{**order_values(), "quantity": 3})
    told = planned(row, bases=(make_base(formulas=("quantity",)),), table=({**ROW, "quantity": "8"},))
    assert kinds(told) == {(STAYS, "formula"): 1}


def order_values() -> dict[str, Any]:
    return {"order_no": 1, "customer": "Ann", "price": 9.5, "status": "new", "notes": "fragile"}


def test_a_value_of_the_table_that_no_cell_holds_is_told_as_one_that_does_not_fit() -> None:
    told = planned(order_row(2, "r_1"), table=({**ROW, "notes": "x" * 50_001},))
    assert kinds(told) == {(STAYS, "unfit"): 1}
    assert "50000" in told.unfit[0].reason


def test_what_a_guard_would_stop_is_told_as_such() -> None:
    bases = tuple(make_base(f"r_{n}", order_no=str(n), key=(str(n),)) for n in range(1, 41))
    table = tuple({**ROW, "order_no": str(n)} for n in range(1, 41))
    rows = [order_row(n + 1, f"r_{n}", order_no=n) for n in range(1, 41)]
    in_sheet = planned(*rows[:10], bases=bases, table=table)
    assert in_sheet.guard is not None
    assert in_sheet.guard[0] == "deleted_in_sheet"
    assert in_sheet.count(TABLE, "delete") == 30
    in_table = planned(*rows, bases=bases, table=table[:10])
    assert in_table.guard is not None
    assert in_table.guard[0] == "deleted_in_table"


def test_a_damaged_tab_is_told_by_its_guard_alone() -> None:
    image = replace(make_image(order_row(2, "r_1"), without=("Price",)), stamp=Stamp(scan=9))
    told = preview_link(LinkView(LINK, image, by_id([make_base()]), {("1",): ROW}), no_rule)
    assert told.guard is not None
    assert told.guard[0] == "columns_missing"
    assert not told.kinds


def test_a_row_that_was_cleared_leaves_the_table() -> None:
    cleared = planned(
        tab_row(2, "r_1"),
        order_row(3, "r_2", order_no=2, customer="Bea"),
        bases=(make_base(), make_base("r_2", order_no="2", customer="Bea")),
        table=(ROW, TWO),
    )
    assert kinds(cleared) == {(TABLE, "delete"): 1}


def test_columns_that_need_care_are_named_with_the_reason() -> None:
    described = (
        TableColumn("id", "bigint", "bigint unsigned", nullable=False),
        TableColumn("photo", "blob", "blob"),
        TableColumn("seen", "timestamp", "timestamp(6)", fraction_digits=6),
        TableColumn("total", "decimal", "decimal(12,2)", generated=True, precision=12, scale=2),
        TableColumn("name", "varchar", "varchar(40)", length_chars=40),
    )
    columns = tuple(LinkedColumn(c.name, c, codec_for(c), key=c.name == "id") for c in described)
    told = columns_with_care(Link("one", "1A", "One", "shop", "one", columns), "Europe/Berlin")
    assert [c.column for c in told] == ["id", "photo", "seen", "seen", "total"]
    assert "Europe/Berlin" in told[2].what


def test_the_cost_counts_full_requests_and_spreads_what_is_more_than_a_burst_over_the_quota() -> None:
    assert cost_of(0, 0, 0, 60).requests == 0
    few = cost_of(1500, 0, 90_000, 60)
    assert (few.requests, few.time_s) == (2, 2.0)
    heavy = cost_of(0, 100, 9_000_000, 60, before=1)
    assert heavy.requests == 6
    many = cost_of(200_000, 0, 10_000_000, 60)
    assert many.requests == 200
    assert 180 < many.time_s <= 200
    assert cost_of(0, 3_500, 1_900_000, 60).requests == 1, "rows that the tab lacks fill a request"


def test_a_date_is_told_as_a_date_and_not_as_the_number_that_stands_for_it() -> None:
    told = planned(order_row(2, "r_1"), table=(ROW, {**TWO, "due": "2026-05-04"}))
    (row,) = told.kinds[SHEET, "insert"].first
    assert row.values is not None
    assert row.values["due"] == "2026-05-04"


def test_a_plan_asks_for_rows_whatever_they_wait_for() -> None:
    assert {PARENT, MANUAL, *IN_FLIGHT, *WAITING_FOR_TABLE} < set(WAIT_REASONS)
