"""Which rows of a large tab are looked at for what a write of ours has hit."""

from adapters.sheets_near import NearRows, spans_near
from adapters.sheets_parts import Grid, SheetPart
from core.model import SheetCell

GRID = range(1, 1001)


def line(*texts: str) -> dict[str, list[dict[str, dict[str, str]]]]:
    return {"values": [{"effectiveValue": {"stringValue": text}} for text in texts]}


def test_it_is_looked_for_around_where_it_stood_and_where_its_id_stands_never_beyond_the_grid() -> None:
    assert spans_near([5, 400], [402, 900], GRID, 3) == [(2, 8), (397, 403), (900, 900)]
    assert spans_near([1, 999], [], GRID, 3) == [(1, 4), (996, 1000)]
    assert spans_near([1200], [1001], GRID, 3) == []


def test_neighbouring_rows_are_read_as_one_piece() -> None:
    assert spans_near([10, 17], [], GRID, 3) == [(7, 20)]
    assert spans_near([10, 18], [14, 13], GRID, 3) == [(7, 21)]


def test_rows_are_told_by_the_piece_of_whole_rows_and_ids_by_that_of_their_column_though_both_begin_in_one_cell() -> (
    None
):
    ids = Grid(1, 0, [line("_row_id"), line("r_2"), line("r_3"), line("r_4")], ({},))
    rows = Grid(1, 0, [line("_row_id", "Name"), line("r_2", "pear")], ({}, {}))
    below = Grid(4, 0, [line("r_4", "plum"), line("", "fig")], ({}, {}))
    tab = SheetPart(7, "Orders", 1000, 2, (rows, below, ids))
    assert (tab.rows_from(1), tab.rows_from(4), tab.from_the_top(0)) == (rows, below, ids)
    assert NearRows([(1, 2)], tab, {0: ids}).cell(2, 1) == SheetCell("pear")


def test_rows_that_nobody_read_look_blank_and_the_ids_of_all_are_known() -> None:
    ids = Grid(1, 1, [line("_row_id"), line("r_2"), line("r_3"), line("r_4")], ())
    pieces = (Grid(2, 0, [line("pear", "r_2")], ()), Grid(4, 0, [line("plum", "r_4")], ()), ids)
    cells = NearRows([(2, 2), (4, 5)], SheetPart(7, "Orders", 1000, 26, pieces), {1: ids})
    assert [cells.cell(row, 0) for row in (2, 3, 4)] == [SheetCell("pear"), None, SheetCell("plum")]
    assert [cells.cell(row, 1) for row in (2, 3, 4)] == [SheetCell("r_2"), SheetCell("r_3"), SheetCell("r_4")]
    assert list(cells.told(range(1, 5))) == [2, 4]
    assert cells.last_row == 4
