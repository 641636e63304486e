"""The truth table of a restore: what comes back where, by what sheet, base and table hold; and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_makers import LINK, ROW, make_base, make_image, make_link, order_row, saw, tab_row, waits

from core.model import ROW_ID_HEADER, Age, Key, Link, RowBase
from core.ports import TableRow, Waiting
from core.restore_plan import plan_restore
from core.restore_view import RestorePlan, RestoreView
from core.sheet import TabImage
from core.where import Condition

IN_SHEET = (
    "columns_missing", "header_damaged", "version_restored", "tab_emptied", "deleted_in_sheet", "changed_in_sheet",
    "sheet_refused",
)  # fmt: skip
IN_TABLE = ("deleted_in_table", "table_truncate", "table_drop", "table_unreadable")
TITLES = {header: header for header in (*LINK.headers, ROW_ID_HEADER)}


def stored(*numbers: int, **values: Any) -> dict[Key, TableRow]:
    """Rows of the table, by key."""
    return {(str(i),): {**ROW, "order_no": str(i), **values} for i in numbers}


def bases(*numbers: int, **more: Any) -> list[RowBase]:
    return [make_base(f"r_{i}", order_no=str(i), **more) for i in numbers]


def shown(*numbers: int, **values: Any) -> list[Any]:
    return [order_row(i + 1, f"r_{i}", **{"order_no": i, **values}) for i in numbers]


def planned(
    guard: str,
    image: TabImage,
    known: list[RowBase],
    table: dict[Key, TableRow],
    *,
    link: Link = LINK,
    waiting: dict[str, list[Waiting]] | None = None,
    **more: Any,
) -> RestorePlan:
    return plan_restore(RestoreView(link, guard, image, known, table, waiting=waiting or {}, next_n=9, **more))


def placed(plan: RestorePlan) -> list[str]:
    return [base.row_id for base in plan.place]


def cells(plan: RestorePlan) -> set[tuple[str, str, Any, Any]]:
    """Row id, column, what the tab shows and what it gets."""
    return {(c.row_id, c.column, c.holds.value, c.value) for c in plan.cells}


def test_rows_that_only_left_the_links_filter_are_not_inserted_again() -> None:
    shows = Condition(("new",))
    link = replace(LINK, columns=tuple(replace(c, where=shows if c.name == "status" else None) for c in LINK.columns))
    table = {**stored(1, 2, status="paid"), **stored(3)}
    plan = planned("deleted_in_table", make_image(*shown(1, 2, 3, 4)), bases(1, 2, 3, 4), table, link=link)
    assert [base.row_id for base, _ in plan.insert] == ["r_4"]
    assert plan.cannot[0].startswith("2 rows are in the table")


# --- a row --------------------------------------------------------------------------------------


@pytest.mark.parametrize("guard", IN_SHEET)
def test_a_row_that_left_the_tab_and_stands_in_the_table_is_placed_again_under_its_own_id(guard: str) -> None:
    plan = planned(guard, make_image(*shown(1), n=4, q=6), bases(1, 2, 10), stored(1, 2, 10))
    assert placed(plan) == ["r_2", "r_10"], "in the order of the table"
    assert not plan.insert
    gone = plan.bases["r_2"]
    assert (gone.gone, gone.key, gone.n) == (True, None, 9)
    assert gone.age >= Age(13)


@pytest.mark.parametrize("guard", IN_SHEET)
def test_a_row_that_left_both_sides_stays_away(guard: str) -> None:
    assert planned(guard, make_image(*shown(1)), bases(1, 2), stored(1)).is_empty


@pytest.mark.parametrize("guard", IN_TABLE)
def test_a_row_that_left_the_table_and_stands_in_the_tab_is_inserted_as_both_sides_shared_it(guard: str) -> None:
    plan = planned(guard, make_image(*shown(1, 2, 10, notes="typed since")), bases(1, 2, 10), stored(1))
    assert [(base.row_id, values["order_no"]) for base, values in plan.insert] == [("r_2", "2"), ("r_10", "10")]
    assert dict(plan.insert[0][1]) == {**ROW, "order_no": "2"}, "what was typed since is carried over as any edit"
    assert not (plan.place or plan.cells or plan.bases)


@pytest.mark.parametrize("guard", IN_TABLE)
def test_a_row_that_left_the_tab_as_well_does_not_come_back_into_the_table(guard: str) -> None:
    plan = planned(guard, make_image(*shown(1)), bases(1, 2), {})
    assert [base.row_id for base, _ in plan.insert] == ["r_1"]
    assert any("1 rows that have left the tab" in said for said in plan.cannot)


def test_a_row_that_lost_its_id_is_known_by_its_key_and_one_that_is_on_its_way_into_the_tab_counts_as_there() -> None:
    image = make_image(order_row(2, None), n=3)
    known = [make_base("r_1"), make_base("r_2", order_no="2", n=5)]
    assert [base.row_id for base, _ in planned("table_truncate", image, known, {}).insert] == ["r_1", "r_2"]


def test_rows_that_stand_in_the_table_are_newer_and_stay_whatever_they_hold() -> None:
    table = stored(1, notes="written since") | stored(
        2, customer="Else", quantity="7", price="1.00", status="paid", notes="another row"
    )
    plan = planned("table_truncate", make_image(*shown(1, 2, 3)), bases(1, 2, 3), table)
    assert [base.row_id for base, _ in plan.insert] == ["r_3"]
    assert any("1 keys hold other rows" in said for said in plan.cannot)


def test_what_the_table_computes_is_left_out_and_so_is_an_empty_cell_for_which_it_has_a_default() -> None:
    link = make_link(computed=True)
    base = make_base(status=None, total="28.50")
    plan = planned("table_truncate", make_image(*shown(1)), [base], {}, link=link)
    ((_, values),) = plan.insert
    assert "total" not in values
    assert "status" not in values
    assert values["due"] is None


def test_what_the_link_does_not_know_is_told_before() -> None:
    plan = planned(
        "deleted_in_table", make_image(*shown(1)), bases(1), {}, unlinked=["margin"], referring=["shop.lines"]
    )
    assert any("margin" in said for said in plan.cannot)
    assert any("shop.lines" in said for said in plan.cannot)
    assert not planned("deleted_in_table", make_image(*shown(1)), bases(1), stored(1), unlinked=["x"]).cannot


# --- a cell -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guard", "is_damage"),
    [
        ("changed_in_sheet", True),
        ("version_restored", True),
        ("columns_missing", False),
        ("header_damaged", False),
        ("tab_emptied", False),
        ("deleted_in_sheet", False),
    ],
)
def test_a_difference_that_nobody_told_of_is_damage_or_an_edit_by_what_was_held(guard: str, is_damage: bool) -> None:
    plan = planned(guard, make_image(*shown(1, notes="scrambled"), q=6), bases(1), stored(1, notes="newer"))
    assert cells(plan) == ({("r_1", "notes", "scrambled", "newer")} if is_damage else set())
    if is_damage:
        cell = plan.bases["r_1"].cells["notes"]
        assert (cell.value, cell.age) == ("scrambled", Age(13)), "base tells what the sheet holds"


def test_an_edit_that_was_told_of_while_held_goes_through_and_one_that_was_overwritten_does_not() -> None:
    told = waits(saw("notes", "typed", q=3), "paused")
    image = make_image(*shown(1, notes="typed", price=1.0), q=6)
    plan = planned("changed_in_sheet", image, bases(1), stored(1), waiting={"r_1": [told]})
    assert cells(plan) == {("r_1", "price", 1.0, "9.50")}
    assert not plan.drop
    scrambled = make_image(*shown(1, notes="scrambled"), q=6)
    plan = planned("changed_in_sheet", scrambled, bases(1), stored(1), waiting={"r_1": [told]})
    assert cells(plan) == {("r_1", "notes", "scrambled", "fragile")}
    assert plan.drop == [told]


def test_what_the_table_had_refused_before_is_left_as_it_is() -> None:
    image = make_image(*shown(1, quantity="many"))
    refused = [("r_1", "quantity")]
    assert planned("changed_in_sheet", image, bases(1), stored(1), refused=refused).is_empty


def test_a_value_that_is_none_of_its_column_is_replaced_by_the_tables() -> None:
    plan = planned("changed_in_sheet", make_image(*shown(1, quantity="many")), bases(1), stored(1))
    assert cells(plan) == {("r_1", "quantity", "many", "3")}
    assert plan.bases["r_1"].cells["quantity"].value is None


def test_where_the_table_holds_nothing_base_takes_a_value_of_the_column_so_that_it_is_written() -> None:
    image = make_image(*shown(1, 2, due="soon"))
    empty, filled = stored(1, due=None), stored(2, due="2026-05-04")
    plan = planned("changed_in_sheet", image, bases(1, 2), empty | filled)
    assert plan.bases["r_1"].cells["due"].value == "2026-05-04"
    plan = planned("changed_in_sheet", image, bases(1, 2), stored(1, 2, due=None))
    assert not plan.cells
    assert any("2 cells are empty in the table" in said for said in plan.cannot)


def test_a_formula_is_never_overwritten_and_told_of() -> None:
    row = tab_row(
        2, "r_1", {"notes": "=A1"}, order_no=1, customer="Ann", quantity=3, price=9.5, status="new", notes="computed"
    )
    plan = planned("changed_in_sheet", make_image(row), bases(1), stored(1))
    assert plan.is_empty
    assert any("1 cells hold formulas" in said for said in plan.cannot)


def test_a_row_whose_waiting_values_left_the_tab_with_it_lets_go_of_them() -> None:
    told = waits(saw("notes", "typed"), "paused")
    plan = planned("deleted_in_sheet", make_image(), bases(1), stored(1), waiting={"r_1": [told]})
    assert placed(plan) == ["r_1"]
    assert plan.drop == [told]


# --- columns and headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("guard", ["columns_missing", "sheet_refused"])
def test_a_lost_column_is_made_again_and_filled_from_the_table(guard: str) -> None:
    rows = [replace(row, cells={h: c for h, c in row.cells.items() if h != "Notes"}) for row in shown(1, 2)]
    for without in (("Notes",), ()):  # before and after it stands there again, blank
        plan = planned(guard, make_image(*rows, without=without), bases(1, 2), stored(1, 2))
        assert plan.columns == list(without)
        assert cells(plan) == {("r_1", "notes", None, "fragile"), ("r_2", "notes", None, "fragile")}


def test_a_lost_id_column_is_made_again_and_scans_give_the_ids_back_by_key() -> None:
    rows = [replace(row, row_id=None) for row in shown(1, 2)]
    plan = planned("columns_missing", make_image(*rows, without=(ROW_ID_HEADER,)), bases(1, 2), stored(1, 2))
    assert plan.columns == [ROW_ID_HEADER]
    assert not (plan.place or plan.cells)


def test_without_ids_and_key_nobody_can_tell_the_rows_apart() -> None:
    rows = [tab_row(2, None, None, customer="Ann")]
    image = make_image(*rows, without=(ROW_ID_HEADER, "Order no."))
    assert planned("columns_missing", image, bases(1), stored(1)).refusal


def test_a_row_that_stands_where_the_headers_were_is_no_row_to_be_placed() -> None:
    titles = {**TITLES, ROW_ID_HEADER: "r_1"}
    image = replace(make_image(*shown(2)), titles=titles)
    plan = planned("header_damaged", image, bases(1, 2), stored(1, 2))
    assert plan.header
    assert not plan.place


# --- an older version ------------------------------------------------------------------------------------


def test_an_older_version_gets_the_table_of_today() -> None:
    image = make_image(*shown(1, 3, notes="of yesterday"), n=2, q=5)
    known = bases(1, 2, n=7, cell_n=7, cell_age=99)
    former = {"r_3": make_base("r_3", gone=True, n=7)}
    plan = planned("version_restored", image, known, stored(1, 2), former=former)
    assert cells(plan) == {("r_1", "notes", "of yesterday", "fragile")}
    assert placed(plan) == ["r_2"]
    assert [row.row_id for row in plan.remove] == ["r_3"]
    back = plan.bases["r_3"]
    assert (back.gone, back.key, back.n, back.cells["notes"].value) == (False, ("3",), 0, "of yesterday")
    cell = plan.bases["r_1"].cells["notes"]
    assert (cell.n, cell.age) == (0, Age(11)), "the counters of the sheet have begun anew"


def test_a_row_of_an_older_version_that_looks_like_another_one_is_left_to_a_person() -> None:
    image = make_image(*shown(1), order_row(5, "r_9", order_no=1))
    former = {"r_9": make_base("r_9", gone=True)}
    plan = planned("version_restored", image, bases(1), stored(1), former=former)
    assert not plan.remove
    assert any("delete them by hand" in said for said in plan.cannot)


def test_both_sides_whole_again_leave_nothing_to_be_written() -> None:
    for guard in (*IN_SHEET, *IN_TABLE):
        assert planned(guard, make_image(*shown(1, 2)), bases(1, 2), stored(1, 2)).is_empty
