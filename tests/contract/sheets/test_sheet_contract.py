"""The Sheet port's contract, kept by the fake and by Google's adapter alike."""

from contextlib import suppress
from dataclasses import replace

import pytest

from core.errors import ReplyLost, SheetsRefused
from core.model import SheetCell, Stamp
from core.row_index import RowIndex
from core.sheet import OPEN_END, CellWrite, FormulaRestore, IdWrite, RowDelete, RowInsert, RowRestore, SwapWrite
from core.values import Serial, SheetValue
from tests.contract.sheets.worlds import PlainCodec, World, cells, linked


def write(*changes: CellWrite, n: int = 1, epoch: int = 4) -> SwapWrite:
    return SwapWrite(n=n, epoch=epoch, cells=changes)


def names(world: World) -> list[SheetValue]:
    return [cells(r).get("Name") for r in world.rows()]


def test_a_read_tells_every_row_with_its_id_its_values_and_the_counters(world: World) -> None:
    image = world.sheet.read_tab(world.target)
    assert [r.row_id for r in image.rows] == ["r_2", "r_3", "r_4"]
    assert cells(image.rows[0]) == {"Name": "apple", "Qty": 1, "Price": 0.5, "Day": Serial(45000.0)}
    assert image.stamp == Stamp(0, 0, 0)
    assert image.last_row == 4
    assert image.missing_headers == ()
    assert image.titles["Price"] == "Price"


def test_some_rows_are_read_alone_and_the_ids_of_all_rows_with_them_where_they_are_asked_for(world: World) -> None:
    world.script_saw_edit()
    image = world.sheet.read_spans(world.target, [(1, 2), (4, OPEN_END)], with_ids=True)
    assert [(r.row, r.row_id, cells(r)["Name"]) for r in image.rows] == [(2, "r_2", "apple"), (4, "r_4", "plum")]
    assert list(image.ids) == [(2, "r_2"), (3, "r_3"), (4, "r_4")]
    assert (image.stamp.q, image.last_row, image.missing_headers) == (1, 4, ())
    assert image.titles["Price"] == "Price"
    assert image.grid_rows > 4
    alone = world.sheet.read_spans(world.target, [(3, 3)])
    assert [r.row_id for r in alone.rows] == ["r_3"]
    assert list(alone.ids) == []
    assert list(world.sheet.read_spans(world.target, [(5, 60)]).rows) == []


def test_rows_read_alone_are_whole_also_after_a_column_has_moved(world: World) -> None:
    whole = {r.row_id: cells(r) for r in world.rows()}
    world.sheet.read_spans(world.target, [(2, 4)])
    world.move_column_first("Qty")
    image = world.sheet.read_spans(world.target, [(2, 3)])
    assert {r.row_id: cells(r) for r in image.rows} == {i: whole[i] for i in ("r_2", "r_3")}
    world.delete_column("Qty")
    assert world.sheet.read_spans(world.target, [(2, 3)], with_ids=True).missing_headers == ("Qty",)


def test_a_read_of_the_positions_tells_where_each_id_stands(world: World) -> None:
    world.move_row(2, 5)
    positions = world.sheet.read_positions(world.target)
    assert positions.rows == RowIndex({"r_3": 2, "r_4": 3, "r_2": 4})
    assert positions.last_row == 4


def test_a_swap_returns_exactly_what_stood_there_and_writes_the_new_value(world: World) -> None:
    answer = world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Qty", 20)))
    (hit,) = answer.rows
    assert (hit.row, hit.row_id) == (3, "r_3")
    assert {h: c.value for h, c in hit.cells.items()} == {
        "Name": "pear", "Qty": 2, "Price": 0.75, "Day": Serial(45001.0),
    }  # fmt: skip
    assert answer.before == Stamp(0, 0, 0)
    assert not answer.layout_changed
    assert cells(world.rows()[1])["Qty"] == 20


def test_how_columns_look_changes_no_value_and_no_counter(world: World) -> None:
    before, image = world.rows(), world.sheet.read_tab(world.target)
    text, plain = PlainCodec(plain_text=True), PlainCodec()
    world.sheet.reshape(world.target, [(linked("Qty", Qty=plain)[0], linked("Qty", Qty=text)[0])])
    assert (world.rows(), world.sheet.read_tab(world.target).stamp) == (before, image.stamp)


def test_the_counters_carry_the_number_and_epoch_of_the_last_write_and_never_lose_q(world: World) -> None:
    world.script_saw_edit()
    first = world.sheet.swap(world.target, write(CellWrite("r_2", 2, "Qty", 5), n=8, epoch=3))
    world.script_saw_edit()
    second = world.sheet.swap(world.target, write(CellWrite("r_2", 2, "Qty", 6), n=9, epoch=3))
    assert (first.before, second.before) == (Stamp(0, 1, 0), Stamp(8, 2, 3))
    assert world.sheet.read_tab(world.target).stamp == Stamp(9, 2, 3)


def test_what_a_person_types_between_our_read_and_our_write_is_in_the_answer(world: World) -> None:
    world.sheet.read_tab(world.target)
    world.type(3, "Qty", 77)
    answer = world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Qty", 20)))
    assert answer.rows[0].cells["Qty"].value == 77


def test_a_row_that_moved_is_told_by_the_id_of_the_row_really_hit(world: World) -> None:
    world.sheet.read_tab(world.target)
    world.move_row(2, 5)
    answer = world.sheet.swap(world.target, write(CellWrite("r_2", 2, "Qty", 20)))
    assert answer.rows[0].row_id == "r_3"
    assert answer.rows[0].cells["Qty"].value == 2


def test_a_lost_reply_is_recalled_from_the_scratch(world: World) -> None:
    lost = write(CellWrite("r_3", 3, "Qty", 20), n=5)
    world.lose_next_reply()
    with pytest.raises(ReplyLost):
        world.sheet.swap(world.target, lost)
    assert cells(world.rows()[1])["Qty"] == 20
    answer = world.sheet.recall(world.target, lost)
    assert answer is not None
    assert answer.rows[0].cells["Qty"].value == 2
    assert answer.rows[0].row_id == "r_3"
    assert answer.before == Stamp(0, 0, 0)


def test_a_write_that_never_landed_is_not_recalled(world: World) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Qty", 20), n=5))
    assert world.sheet.recall(world.target, write(CellWrite("r_3", 3, "Qty", 21), n=6)) is None
    assert world.sheet.recall(world.target, write(CellWrite("r_3", 3, "Qty", 20), n=5, epoch=9)) is None


def test_inserts_never_overwrite_what_a_person_types_below_the_last_row(world: World) -> None:
    world.sheet.read_tab(world.target)
    world.type(5, "Name", "typed meanwhile")
    fresh = [RowInsert("r_new1", {"Name": "fig", "Qty": 4, "Day": Serial(45010.0)}), RowInsert("r_new2", {})]
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=1, inserts=tuple(fresh), insert_after_row=4))
    rows = world.rows()
    assert [r.row_id for r in rows] == ["r_2", "r_3", "r_4", "r_new1", "r_new2", None]
    assert cells(rows[3]) == {"Name": "fig", "Qty": 4, "Day": Serial(45010.0)}
    assert cells(rows[5]) == {"Name": "typed meanwhile"}


def test_rows_go_in_right_below_the_header_of_an_emptied_tab(world: World) -> None:
    for _ in range(3):
        world.delete_row(2)
    insert = SwapWrite(n=1, epoch=1, inserts=(RowInsert("r_a", {"Name": "fig"}),), insert_after_row=1)
    world.sheet.swap(world.target, insert)
    assert [(r.row, r.row_id) for r in world.rows()] == [(2, "r_a")]


def test_a_thousand_rows_are_inserted_by_one_request(world: World) -> None:
    fresh = tuple(RowInsert(f"r_n{i}", {"Name": f"n{i}", "Qty": i}) for i in range(1000))
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=1, inserts=fresh, insert_after_row=4))
    rows = world.rows()
    assert len(rows) == 1003
    assert cells(rows[-1]) == {"Name": "n999", "Qty": 999}


def test_deletes_go_bottom_up_and_tell_what_they_removed(world: World) -> None:
    doomed = (RowDelete("r_2", 2), RowDelete("r_4", 4))
    answer = world.sheet.swap(world.target, SwapWrite(n=1, epoch=1, deletes=doomed))
    assert [h.row_id for h in answer.rows] == ["r_2", "r_4"]
    assert answer.rows[1].cells["Name"].value == "plum"
    assert [r.row_id for r in world.rows()] == ["r_3"]


def test_a_row_removed_by_mistake_comes_back_whole_with_the_next_write(world: World) -> None:
    world.type_formula(3, "Price", "=B3*2", 4)
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=1, deletes=(RowDelete("r_2", 3),)))
    restore = SwapWrite(n=2, epoch=1, row_restores=(RowRestore(0, 3),), cells=(CellWrite("r_4", 3, "Qty", 30),))
    answer = world.sheet.swap(world.target, restore)
    rows = world.rows()
    assert [r.row_id for r in rows] == ["r_2", "r_3", "r_4"]
    assert rows[1].cells["Price"].value == 4
    assert rows[1].cells["Price"].formula == "=B3*2"
    assert rows[1].cells["Day"].value == Serial(45001.0)
    assert answer.rows[0].row_id == "r_4"
    assert cells(rows[2])["Qty"] == 30


def test_a_formula_that_was_hit_is_told_with_its_value_and_restored_with_its_references(world: World) -> None:
    world.type_formula(4, "Price", "=SUM(C$2:C3)+B4", 4.25)
    answer = world.sheet.swap(world.target, write(CellWrite("r_4", 4, "Price", 9)))
    hit = answer.rows[0].cells["Price"]
    assert hit.formula is not None
    assert hit.value == 4.25
    restore = SwapWrite(n=2, epoch=4, formula_restores=(FormulaRestore(0, 4, "Price"),))
    world.sheet.swap(world.target, restore)
    cell = world.rows()[2].cells["Price"]
    assert (cell.value, cell.formula) == (4.25, "=SUM(C$2:C3)+B4")


def test_a_cell_is_restored_into_the_row_that_was_hit_wherever_it_stands_by_now(world: World) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_2", 3, "Name", "hit by mistake")))
    world.move_row(3, 2)
    restore = SwapWrite(n=2, epoch=4, formula_restores=(FormulaRestore(0, 3, "Name"),))
    world.sheet.swap(world.target, restore)
    assert [(r.row_id, cells(r)["Name"]) for r in world.rows()] == [
        ("r_3", "pear"),
        ("r_2", "apple"),
        ("r_4", "plum"),
    ]


def test_what_was_written_into_a_blank_row_is_taken_out_again(world: World) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_gone", 6, "Name", "nobody's")))
    assert len(world.rows()) == 4
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(FormulaRestore(0, 6, "Name"),)))
    assert [r.row_id for r in world.rows()] == ["r_2", "r_3", "r_4"]


def test_an_id_that_stands_in_two_rows_is_told_with_the_positions(world: World) -> None:
    world.type(5, "_row_id", "r_3")
    places = world.sheet.read_positions(world.target)
    assert places.rows["r_3"] == 3
    assert places.repeated == {"r_3"}


def test_what_a_person_has_typed_over_our_mistake_meanwhile_stays(world: World) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_2", 3, "Name", "ours"), CellWrite("r_2", 3, "Qty", 70)))
    world.type(3, "Name", "typed since")
    mistakes = (FormulaRestore(0, 3, "Name", SheetCell("ours")), FormulaRestore(0, 3, "Qty", SheetCell(70)))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=mistakes))
    assert cells(world.rows()[1])["Name"] == "typed since"
    assert cells(world.rows()[1])["Qty"] == 2


def test_our_mistake_is_taken_out_of_a_row_that_somebody_has_begun_around_it(world: World) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_gone", 5, "Name", "nobody's")))
    world.type(5, "Qty", 9)
    world.type(5, "_row_id", "r_begun")
    mistake = FormulaRestore(0, 5, "Name", SheetCell("nobody's"))
    there = frozenset({"r_2", "r_3", "r_4"})
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,), ids_before=there))
    assert cells(world.rows()[3]) == {"Qty": 9}


def test_a_row_that_has_come_to_where_our_mistake_was_keeps_the_same_value_that_is_its_own(world: World) -> None:
    there = world.sheet.read_positions(world.target).rows
    world.sheet.swap(world.target, write(CellWrite("r_2", 3, "Name", "plum")))
    world.delete_row(3)
    mistake = FormulaRestore(0, 3, "Name", SheetCell("plum"))
    back = SwapWrite(n=2, epoch=4, formula_restores=(mistake,), ids_before=there)
    world.sheet.swap(world.target, back)
    assert [(r.row_id, cells(r)["Name"]) for r in world.rows()] == [("r_2", "apple"), ("r_4", "plum")]


def test_our_mistake_is_taken_out_of_a_copy_that_has_got_an_id_of_its_own(world: World) -> None:
    world.type(5, "_row_id", "r_3")
    world.type(5, "Name", "pear")
    world.sheet.swap(world.target, write(CellWrite("r_gone", 5, "Qty", 70)))
    world.type(5, "_row_id", "r_own")
    mistake = FormulaRestore(0, 5, "Qty", SheetCell(70))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    assert cells(world.rows()[3]) == {"Name": "pear"}
    assert cells(world.rows()[1])["Qty"] == 2


def test_an_id_that_landed_on_another_row_is_taken_back_from_wherever_that_row_stands(world: World) -> None:
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=4, ids=(IdWrite(3, "r_wrong"),)))
    world.move_row(3, 2)
    mistake = FormulaRestore(0, 3, "_row_id", SheetCell("r_wrong"))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    assert [r.row_id for r in world.rows()] == ["r_3", "r_2", "r_4"]


def test_an_id_given_to_a_second_row_is_taken_back_from_that_one(world: World) -> None:
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=4, ids=(IdWrite(3, "r_2", "r_3"),)))
    mistake = FormulaRestore(0, 3, "_row_id", SheetCell("r_2"))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    assert [r.row_id for r in world.rows()] == ["r_2", "r_3", "r_4"]


def test_an_id_that_was_overwritten_by_mistake_comes_back(world: World) -> None:
    answer = world.sheet.swap(world.target, SwapWrite(n=1, epoch=4, ids=(IdWrite(3, "r_wrong"),)))
    assert answer.rows[0].row_id == "r_3"
    restore = SwapWrite(n=2, epoch=4, formula_restores=(FormulaRestore(0, 3, "_row_id"),))
    world.sheet.swap(world.target, restore)
    assert [r.row_id for r in world.rows()] == ["r_2", "r_3", "r_4"]


def test_several_removed_rows_come_back_to_their_places_and_only_once(world: World) -> None:
    doomed = tuple(RowDelete("r_other", row) for row in (2, 4))
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=4, deletes=doomed))
    restore = SwapWrite(n=2, epoch=4, row_restores=(RowRestore(0, 2), RowRestore(1, 4)))
    for _ in range(2):
        with suppress(SheetsRefused):
            world.sheet.swap(world.target, restore)
        assert [r.row_id for r in world.rows()] == ["r_2", "r_3", "r_4"]


def test_a_copy_that_was_removed_comes_back_beside_the_row_whose_id_it_has(world: World) -> None:
    world.type(5, "_row_id", "r_3")
    world.type(5, "Name", "a copy")
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=4, deletes=(RowDelete("r_other", 5),)))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, row_restores=(RowRestore(0, 5),)))
    assert [(r.row_id, cells(r)["Name"]) for r in world.rows()][1:] == [
        ("r_3", "pear"),
        ("r_4", "plum"),
        ("r_3", "a copy"),
    ]


def test_our_mistake_is_taken_out_of_a_copy_wherever_it_stands_by_now(world: World) -> None:
    world.type(5, "_row_id", "r_3")
    world.type(5, "Name", "pear")
    world.sheet.swap(world.target, write(CellWrite("r_gone", 5, "Qty", 70)))
    world.move_row(5, 2)
    mistake = FormulaRestore(0, 5, "Qty", SheetCell(70))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    assert [(r.row_id, cells(r).get("Qty")) for r in world.rows() if r.row_id == "r_3"] == [("r_3", None), ("r_3", 2)]


def test_our_mistake_is_taken_out_of_a_copy_that_has_got_an_id_of_its_own_by_now(world: World) -> None:
    world.type(5, "_row_id", "r_3")
    world.type(5, "Name", "pear")
    world.sheet.swap(world.target, write(CellWrite("r_gone", 5, "Qty", 70)))
    world.type(5, "_row_id", "r_copy")
    world.move_row(5, 2)
    mistake = FormulaRestore(0, 5, "Qty", SheetCell(70))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    assert next((r.row_id, cells(r).get("Qty")) for r in world.rows()) == ("r_copy", None)


def test_our_mistake_is_taken_out_of_a_copy_although_its_original_holds_the_same_there(world: World) -> None:
    world.type(3, "Qty", None)
    for header, value in {"_row_id": "r_3", "Name": "other", "Qty": 9}.items():
        world.type(5, header, value)
    world.sheet.swap(world.target, write(CellWrite("r_gone", 5, "Qty", None)))
    mistake = FormulaRestore(0, 5, "Qty", SheetCell(None))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    assert [cells(r).get("Qty") for r in world.rows() if r.row_id == "r_3"] == [None, 9]


def test_our_mistake_is_taken_out_of_a_blank_row_wherever_it_stands_by_now(world: World) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_gone", 5, "Name", "nobody's")))
    world.move_row(5, 2)
    mistake = FormulaRestore(0, 5, "Name", SheetCell("nobody's"))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    assert [r.row_id for r in world.rows()] == ["r_2", "r_3", "r_4"]


def test_a_row_without_an_id_gets_its_own_back_wherever_it_stands_and_whatever_it_is_named_by_now(
    world: World,
) -> None:
    world.type(5, "Name", "begun")
    world.type(5, "Qty", 9)
    world.type(5, "Day", Serial(45001.0))
    hits = (CellWrite("r_gone", 5, "Qty", 70), CellWrite("r_gone", 5, "Price", 7))
    world.sheet.swap(world.target, write(*hits))
    world.move_row(5, 2)
    world.type(2, "_row_id", "r_begun")
    mistakes = tuple(FormulaRestore(0, 5, c.header, SheetCell(c.value)) for c in hits)
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=mistakes))
    assert cells(world.rows()[0]) == {"Name": "begun", "Qty": 9, "Day": Serial(45001.0)}


@pytest.mark.parametrize("typed", [{}, {"Qty": 9}])
@pytest.mark.parametrize("row_id", [None, "r_named"])
def test_our_mistake_is_taken_out_of_a_blank_row_that_was_begun_or_named_since_and_not_of_its_copy(
    world: World, row_id: str | None, typed: dict[str, int]
) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_gone", 5, "Name", "nobody's")))
    world.type(6, "Name", "nobody's")
    for header, value in {"_row_id": row_id, **typed}.items():
        world.type(5, header, value)
    mistake = FormulaRestore(0, 5, "Name", SheetCell("nobody's"))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    begun = [(row_id, typed)] if row_id or typed else []
    assert [(r.row_id, cells(r)) for r in world.rows()][3:] == [*begun, (None, {"Name": "nobody's"})]


def test_our_mistake_is_taken_out_of_the_row_it_hit_by_what_else_that_holds_when_it_stands_beside_another_id_now(
    world: World,
) -> None:
    filled = {"Name": "begun", "Qty": 9, "Price": 5, "Day": Serial(45001.0)}
    for header, value in {"_row_id": "r_5", **filled}.items():
        world.type(5, header, value)
    world.sheet.swap(world.target, write(CellWrite("r_gone", 5, "Qty", 70)))
    world.move_row(5, 2)
    world.type(2, "_row_id", "r_2")
    world.type(3, "_row_id", "r_5")
    world.type(2, "Price", 6)  # somebody goes on typing
    mistake = FormulaRestore(0, 5, "Qty", SheetCell(70))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    assert cells(world.rows()[0]) == {**filled, "Price": 6}


def test_what_we_cleared_in_a_row_without_an_id_is_not_put_into_a_blank_cell_of_the_row_that_stands_there_by_now(
    world: World,
) -> None:
    world.type(5, "Name", "begun")
    world.type(5, "Qty", 9)
    hits = (CellWrite("r_gone", 5, "Name", "nobody's"), CellWrite("r_gone", 5, "Qty", None))
    world.sheet.swap(world.target, write(*hits))
    world.type(4, "Qty", None)
    world.move_row(5, 4)
    mistakes = tuple(FormulaRestore(0, 5, c.header, SheetCell(c.value)) for c in hits)
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=mistakes))
    assert cells(world.rows()[2]) == {"Name": "begun", "Qty": 9}
    assert cells(world.rows()[3]).get("Qty") is None


def test_what_we_cleared_in_a_row_that_is_gone_is_not_put_into_a_blank_cell_of_the_row_that_stands_there_by_now(
    world: World,
) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_gone", 3, "Qty", None)))
    world.type(4, "Qty", None)
    world.delete_row(3)
    mistake = FormulaRestore(0, 3, "Qty", SheetCell(None))
    world.sheet.swap(world.target, SwapWrite(n=2, epoch=4, formula_restores=(mistake,)))
    assert [(r.row_id, cells(r).get("Qty")) for r in world.rows()] == [("r_2", 1), ("r_4", None)]


def test_ids_are_given_to_rows_and_what_stood_there_is_told(world: World) -> None:
    world.insert_row(3)
    world.type(3, "Name", "new")
    given = SwapWrite(n=1, epoch=1, ids=(IdWrite(3, "r_given"),))
    answer = world.sheet.swap(world.target, given)
    assert answer.rows[0].row_id is None
    assert answer.rows[0].cells["Name"].value == "new"
    assert [r.row_id for r in world.rows()] == ["r_2", "r_given", "r_3", "r_4"]


def test_everything_at_once_is_numbered_as_the_tab_stood_before(world: World) -> None:
    all_at_once = SwapWrite(
        n=1,
        epoch=1,
        cells=(CellWrite("r_4", 4, "Name", "PLUM"),),
        inserts=(RowInsert("r_x", {"Name": "x"}), RowInsert("r_y", {"Name": "y"})),
        insert_after_row=2,
        deletes=(RowDelete("r_3", 3),),
    )
    answer = world.sheet.swap(world.target, all_at_once)
    assert [(h.row, h.row_id) for h in answer.rows] == [(3, "r_3"), (4, "r_4")]
    assert [r.row_id for r in world.rows()] == ["r_2", "r_x", "r_y", "r_4"]
    assert names(world) == ["apple", "x", "y", "PLUM"]


def test_a_row_above_the_headers_moves_all_rows_and_is_nobodys_data(world: World) -> None:
    world.sheet.read_tab(world.target)
    world.insert_row(1)
    world.type(1, "Name", "Orders of 2026")
    before = world.rows()
    stale = SwapWrite(1, 4, cells=(CellWrite("r_3", 3, "Qty", 20),), deletes=(RowDelete("r_2", 2),), header_row=1)
    assert world.sheet.swap(world.target, stale).layout_changed
    assert world.rows() == before
    image, positions = world.sheet.read_tab(world.target), world.sheet.read_positions(world.target)
    assert (image.header_row, [(r.row, r.row_id) for r in image.rows]) == (2, [(3, "r_2"), (4, "r_3"), (5, "r_4")])
    assert (positions.header_row, positions.rows) == (2, RowIndex({"r_2": 3, "r_3": 4, "r_4": 5}))
    assert world.marks.look(world.target, []).header.row == 2
    anew = replace(stale, n=2, cells=(CellWrite("r_3", 4, "Qty", 20),), deletes=(), header_row=2)
    assert not world.sheet.swap(world.target, anew).layout_changed
    assert [cells(r)["Qty"] for r in world.rows()] == [1, 20, 3]


def test_a_header_row_that_somebody_has_deleted_is_told_by_what_stands_in_its_place(world: World) -> None:
    world.delete_row(1)
    image = world.sheet.read_tab(world.target)
    assert (image.titles["_row_id"], image.titles["Name"]) == ("r_2", "apple")
    assert [r.row_id for r in image.rows] == ["r_3", "r_4"]
    assert world.sheet.read_positions(world.target).header_row == 0
    assert world.marks.look(world.target, []).header.row_id == "r_2"


@pytest.mark.parametrize(
    "value",
    [
        *(
            "=1+1",
            "00501",
            "'x",
            "9007199254740993",
            "TRUE",
            "2024-01-05",
            "12:30",
            "1e5",
            "é🙂",
            " two  lines\nof text ",
        ),
        *(True, False, 0, -7, 0.1, 1e300, 2**53, Serial(45418.5), Serial(0.25), Serial(45000.0), None),
    ],
    ids=repr,
)
def test_a_value_stays_exactly_what_was_written(world: World, value: SheetValue) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_2", 2, "Name", value)))
    row = world.rows()[0]
    assert cells(row).get("Name") == value
    assert type(cells(row).get("Name")) is type(value)
    if value is not None:
        assert row.cells["Name"].formula is None
    answer = world.sheet.swap(world.target, write(CellWrite("r_2", 2, "Name", "next"), n=2))
    told = answer.rows[0].cells.get("Name")
    assert (told.value if told else None) == value


@pytest.mark.parametrize("value", [2**53 + 1, float("nan"), float("inf")], ids=repr)
def test_a_number_that_a_cell_would_round_is_refused_before_anything_is_sent(world: World, value: SheetValue) -> None:
    with pytest.raises(ValueError, match=r"rounded|cannot hold"):
        world.sheet.swap(world.target, write(CellWrite("r_2", 2, "Qty", value)))
    assert cells(world.rows()[0])["Qty"] == 1


def test_a_column_that_moved_unseen_takes_no_wrong_value(world: World) -> None:
    world.sheet.read_tab(world.target)
    world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Qty", 20), n=1))
    world.move_column_first("Day")
    before = world.rows()
    changes = SwapWrite(
        n=2,
        epoch=4,
        cells=(CellWrite("r_3", 3, "Qty", 21), CellWrite("r_2", 2, "Name", "wrong")),
        inserts=(RowInsert("r_new", {"Name": "fig"}),),
        insert_after_row=4,
        deletes=(RowDelete("r_4", 4),),
    )
    answer = world.sheet.swap(world.target, changes)
    assert answer.layout_changed
    assert [(r.row_id, cells(r)) for r in world.rows()] == [(r.row_id, cells(r)) for r in before]
    assert world.sheet.read_tab(world.target).stamp.n == 2
    again = world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Qty", 21), n=3))
    assert not again.layout_changed
    assert cells(world.rows()[1])["Qty"] == 21


def test_a_column_that_moved_before_a_read_is_no_surprise(world: World) -> None:
    world.move_column_first("Day")
    world.sheet.read_tab(world.target)
    answer = world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Qty", 20)))
    assert not answer.layout_changed
    assert cells(world.rows()[1])["Qty"] == 20


def test_a_column_that_is_gone_is_named_by_a_read_and_refused_by_a_write(world: World) -> None:
    world.delete_column("Qty")
    assert world.sheet.read_tab(world.target).missing_headers == ("Qty",)
    with pytest.raises(SheetsRefused, match="Qty"):
        world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Qty", 20)))


def test_an_id_column_that_is_gone_is_named_by_every_read(world: World) -> None:
    world.sheet.read_tab(world.target)
    world.delete_column("_row_id")
    image = world.sheet.read_tab(world.target)
    assert image.missing_headers == ("_row_id",)
    assert [r.row_id for r in image.rows] == [None, None, None]
    positions = world.sheet.read_positions(world.target)
    assert "_row_id" not in positions.columns
    assert positions.rows == RowIndex({})
    with pytest.raises(SheetsRefused, match="_row_id"):
        world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Qty", 20)))


def test_a_column_removed_unseen_costs_no_other_column_a_value(world: World) -> None:
    world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Price", 5)))
    world.delete_column("Name")
    before = [(r.row_id, cells(r)) for r in world.rows()]
    answer = world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Price", 6), n=2))
    assert answer.layout_changed
    assert [(r.row_id, cells(r)) for r in world.rows()] == before


def test_a_write_that_was_given_up_never_lands_late(world: World) -> None:
    late = write(CellWrite("r_3", 3, "Qty", 21), n=6)
    assert world.sheet.recall(world.target, late) is None
    with pytest.raises(SheetsRefused):
        world.sheet.swap(world.target, late)
    assert cells(world.rows()[1])["Qty"] == 2
    assert world.sheet.recall(world.target, late) is None, "asked again, the answer is the same"
    world.sheet.swap(world.target, write(CellWrite("r_3", 3, "Qty", 22), n=7))
    assert cells(world.rows()[1])["Qty"] == 22


def test_a_second_copy_of_a_write_changes_nothing(world: World) -> None:
    once = write(CellWrite("r_3", 3, "Qty", 20), n=5)
    world.sheet.swap(world.target, once)
    world.type(3, "Qty", 77)
    with suppress(SheetsRefused):  # or it is told once more how the first copy went
        world.sheet.swap(world.target, once)
    assert cells(world.rows()[1])["Qty"] == 77


def test_a_write_that_brings_something_back_may_be_sent_again_under_its_number(world: World) -> None:
    world.sheet.swap(world.target, SwapWrite(n=1, epoch=4, deletes=(RowDelete("r_3", 3),)))
    back = SwapWrite(n=2, epoch=4, row_restores=(RowRestore(0, 3),))
    assert world.sheet.recall(world.target, back) is None
    world.sheet.swap(world.target, back)
    assert [r.row_id for r in world.rows()] == ["r_2", "r_3", "r_4"]
