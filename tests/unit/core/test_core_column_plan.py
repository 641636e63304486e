"""One more column of a link: what each side lacks, what differs, and what is shared then."""

from __future__ import annotations

from core_makers import LINK, ROW, make_base

from core.column_plan import plan_column, shared_cells, with_column, with_renamed
from core.model import CellBase, SheetCell

NOTES = next(c for c in LINK.columns if c.name == "notes")
PRICE = next(c for c in LINK.columns if c.name == "price")
BASES = [make_base(f"r_{i}", order_no=str(i)) for i in range(1, 6)]


def test_each_side_gets_what_it_lacks_and_what_both_fill_differently_is_for_a_person() -> None:
    cells = {"r_1": SheetCell("same"), "r_3": SheetCell("typed"), "r_4": SheetCell("sheet"), "r_9": SheetCell("x")}
    stored = {"1": "same", "2": "stored", "3": None, "4": "table"}
    rows = {(number,): {**ROW, "order_no": number, "notes": notes} for number, notes in stored.items()}
    plan = plan_column(NOTES, cells, BASES, rows)
    assert plan.equal == {"r_1": CellBase("same")}
    assert (plan.sheet_writes, plan.table_writes) == (1, 1)
    ((row_id, sheet, table),) = [(d.row_id, d.sheet, d.table) for d in plan.differences]
    assert (row_id, sheet, table) == ("r_4", "sheet", "table")
    assert shared_cells(plan, NOTES, "table") == {"r_1": CellBase("same"), "r_4": CellBase("sheet")}
    assert shared_cells(plan, NOTES, "sheet") == {"r_1": CellBase("same"), "r_4": CellBase("table")}


def test_a_formula_that_shows_the_tables_value_is_shared_as_a_formula() -> None:
    rows = {("1",): {**ROW, "price": "9.50"}, ("2",): {**ROW, "order_no": "2", "price": "1.00"}}
    cells = {"r_1": SheetCell(9.5, "=19/2"), "r_2": SheetCell("many")}
    plan = plan_column(PRICE, cells, BASES, rows)
    assert plan.equal == {"r_1": CellBase("9.50", formula=True)}
    assert [d.sheet for d in plan.differences] == ["many"]
    assert shared_cells(plan, PRICE, "table")["r_2"] == CellBase(None), "what does not fit is no value to share"


def test_a_base_gets_the_column_and_a_column_that_was_renamed_keeps_what_was_shared() -> None:
    (base, *_) = BASES
    assert with_column(base, "extra", None).cells["extra"] == CellBase(None)
    assert with_renamed(base, {"notes": "remarks"}).cells["remarks"] == base.cells["notes"]
    assert "notes" not in with_renamed(base, {"notes": "remarks"}).cells
