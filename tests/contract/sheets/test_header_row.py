"""A tab whose header row is not the first, against the sandbox over HTTP: preparing it, and people above it."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from adapters.sheets_cells import copy_paste, encode_value, grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_layout import BAND_ROW, READ_FIELDS, layout_filters, layout_of
from adapters.sheets_look import look_at_tab
from adapters.sheets_marks import GoogleMarks
from adapters.sheets_prepare import prepare_tab
from adapters.sheets_remove import remove_link_from_tab
from adapters.sheets_tab import GoogleSheet
from adapters.sheets_whole import WHOLE_CELLS_MAX
from core.errors import LinkRefused, ReplyLost
from core.model import SheetCell
from core.row_index import RowIndex
from core.sheet import CellWrite, FormulaRestore, IdWrite, RowDelete, RowInsert, SwapWrite, TabImage
from tests.contract.sheets.lowered import LoweredWorld
from tests.contract.sheets.sandbox_server import SandboxServer
from tests.contract.sheets.test_sheets_prepare import COLUMNS, Spreadsheet
from tests.contract.sheets.worlds import CELLS_FEW, GoogleWorld, cells, linked

Lowered = Callable[[], LoweredWorld]
Act = Callable[[GoogleWorld], None]


@pytest.fixture(params=[WHOLE_CELLS_MAX, CELLS_FEW], ids=["whole", "large"])
def lowered(request: pytest.FixtureRequest, sandbox: SandboxServer, client: SheetsClient) -> Lowered:
    """As everywhere here, and with a tab that counts as too large to be looked through."""
    return lambda: LoweredWorld(sandbox, client, request.param)


def insert_above(world: GoogleWorld) -> None:
    GoogleWorld.insert_row(world, 1)


def insert_three(world: GoogleWorld) -> None:
    for before in (1, 4, 2):
        GoogleWorld.insert_row(world, before)


def delete_above(world: GoogleWorld) -> None:
    """The first row without content, if there is one."""
    blank = [row for row, line in enumerate(whole(world), start=1) if not any(line)]
    if blank:
        GoogleWorld.delete_row(world, blank[0])


def insert_below(world: GoogleWorld) -> None:
    GoogleWorld.insert_row(world, 6)


def move_a_column(world: GoogleWorld) -> None:
    world.move_column_first("Day")


def move_the_ids(world: GoogleWorld) -> None:
    world.move_column_first("_row_id")


def insert_a_column(world: GoogleWorld) -> None:
    world.insert_column_left()


def write(n: int) -> SwapWrite:
    """Of everything something, where it stands in the tab as it is linked: headers in row 4."""
    return SwapWrite(
        n=n,
        epoch=4,
        cells=(CellWrite("r_2", 5, "Name", "wrong"), CellWrite("r_3", 6, "Qty", 21)),
        inserts=(RowInsert("r_new", {"Name": "fig"}),),
        insert_after_row=7,
        deletes=(RowDelete("r_4", 7),),
    )


def whole(world: GoogleWorld) -> Any:
    """Every cell of the tab with what stands in it."""
    return world.sandbox.post(f"/state/{world.spreadsheet_id}", method="GET")["tabs"]["Orders"]["values"]


def contents(world: GoogleWorld) -> list[list[str]]:
    """What stands in the rows that hold anything, whichever column it is in."""
    return [sorted(str(value) for value in line if value not in ("", None)) for line in whole(world) if any(line)]


@pytest.mark.parametrize("act", [insert_above, insert_three, delete_above])
def test_rows_that_come_and_go_above_the_header_row_between_look_and_write_cost_nobody_a_cell(
    lowered: Lowered, act: Act
) -> None:
    world = lowered()
    world.google.swap(world.target, SwapWrite(n=1, epoch=4, cells=(CellWrite("r_3", 6, "Qty", 20),)))
    act(world)
    before = whole(world)
    assert world.google.swap(world.target, write(2)).layout_changed
    assert whole(world) == before
    image = world.google.read_tab(world.target)
    assert (image.stamp.n, [r.row_id for r in image.rows]) == (2, ["r_2", "r_3", "r_4"])
    assert image.titles["Name"] == "Name"
    now = world.google.read_positions(world.target).rows["r_3"]
    landed = world.google.swap(world.target, SwapWrite(n=3, epoch=4, cells=(CellWrite("r_3", now, "Qty", 22),)))
    assert [hit.row_id for hit in landed.rows] == ["r_3"]
    assert cells(world.google.read_tab(world.target).rows[1])["Qty"] == 22


@pytest.mark.parametrize("act", [insert_above, insert_three, delete_above])
@pytest.mark.parametrize("is_another", [False, True])
def test_a_lost_reply_about_a_moved_header_row_is_recalled_as_taken_back(
    lowered: Lowered, act: Act, *, is_another: bool
) -> None:
    world = lowered()
    world.google.swap(world.target, SwapWrite(n=1, epoch=4, cells=(CellWrite("r_3", 6, "Qty", 20),)))
    act(world)
    before = whole(world)
    world.lose_next_reply()
    with pytest.raises(ReplyLost):
        world.google.swap(world.target, write(2))
    world.sandbox.faults()
    asking = GoogleSheet(world.client) if is_another else world.google
    answer = asking.recall(world.target, write(2))
    assert answer is not None
    assert answer.layout_changed
    assert whole(world) == before


def test_a_header_row_that_moved_after_the_write_does_not_spoil_the_recall(lowered: Lowered) -> None:
    world = lowered()
    lost = SwapWrite(n=1, epoch=4, cells=(CellWrite("r_3", 6, "Qty", 20),))
    world.google.read_tab(world.target)
    world.lose_next_reply()
    with pytest.raises(ReplyLost):
        world.google.swap(world.target, lost)
    world.sandbox.faults()
    insert_above(world)
    answer = world.google.recall(world.target, lost)
    assert answer is not None
    assert [(hit.row_id, hit.cells["Qty"].value) for hit in answer.rows] == [("r_3", 2)]


def test_a_title_that_a_write_has_hit_comes_back_wherever_it_stands_by_now(lowered: Lowered) -> None:
    world = lowered()
    world.google.swap(world.target, SwapWrite(n=1, epoch=4, cells=(CellWrite("r_3", 6, "Qty", 20),)))
    for _ in range(4):
        insert_above(world)
    before = whole(world)
    world.lose_next_reply()
    with pytest.raises(ReplyLost):
        world.google.swap(world.target, write(2))  # row 5 is the title by now, row 6 the notes
    world.sandbox.faults()
    assert whole(world)[4][2] == "wrong"
    insert_above(world)
    insert_above(world)
    answer = world.google.recall(world.target, write(2))
    assert answer is not None
    assert answer.layout_changed
    assert [line for line in whole(world) if any(line)] == [line for line in before if any(line)]


def test_a_row_whose_id_was_typed_over_below_a_moved_header_row_gets_it_back_whatever_went_above_it(
    lowered: Lowered,
) -> None:
    world = lowered()
    delete_above(world)
    before = whole(world)
    mistaken = SwapWrite(1, 4, ids=(IdWrite(6, "r_new"),), deletes=(RowDelete("r_2", 5),), header_row=4)
    assert world.google.swap(world.target, mistaken).layout_changed  # row 6 is r_4, row 5 is r_3
    assert whole(world) == before


def test_a_copy_that_was_written_into_below_a_moved_header_row_gets_its_own_back(lowered: Lowered) -> None:
    world = lowered()
    world.type(5, "_row_id", "r_2")
    world.type(5, "Name", "a copy")
    delete_above(world)
    before = whole(world)
    mistaken = SwapWrite(1, 4, cells=(CellWrite("r_4", 7, "Qty", 20),), header_row=4)  # row 7 is the copy
    assert world.google.swap(world.target, mistaken).layout_changed
    assert whole(world) == before


def test_what_we_put_into_a_row_by_mistake_is_never_looked_for_above_the_header_row(lowered: Lowered) -> None:
    world = lowered()
    world.google.swap(
        world.target, SwapWrite(1, 4, cells=(CellWrite("r_gone", 8, "Name", "nobody's"),), header_row=4)
    )
    GoogleWorld.delete_row(world, 8)
    for _ in range(5):
        insert_above(world)
    GoogleWorld._cell(world, 8, "Name", encode_value("nobody's"))
    before = whole(world)
    mistake = FormulaRestore(0, 8, "Name", SheetCell("nobody's"))
    world.google.swap(world.target, SwapWrite(2, 4, formula_restores=(mistake,)))
    assert whole(world) == before


def test_a_note_of_ours_that_was_copied_to_the_top_of_the_tab_is_found(lowered: Lowered) -> None:
    world = lowered()
    area = {
        "sheetId": world.sheet_id,
        "startRowIndex": 0,
        "endRowIndex": 1,
        "startColumnIndex": 0,
        "endColumnIndex": 1,
    }
    note = {"values": [{"note": "Twinsheet: Qty: many is not a whole number"}]}
    world.batch({"updateCells": {"range": area, "rows": [note], "fields": "note"}})
    world._own = world.own()
    assert GoogleMarks(world.client).marked(world.target) == [1]


class Meddled:
    """A client before some of whose writes somebody is faster."""

    def __init__(self, world: LoweredWorld, acts: Mapping[int, Act]) -> None:
        self._world, self._acts, self._writes = world, acts, 0

    def read(self, *words: Any) -> Any:
        return self._world.client.read(*words)

    def write(self, *words: Any) -> Any:
        self._writes += 1
        if self._writes in self._acts:
            self._acts[self._writes](self._world)
        return self._world.client.write(*words)


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        (insert_above, insert_above, None),
        (insert_above, delete_above, None),
        (insert_three, insert_below, None),
        (insert_three, delete_above, insert_three),
        (delete_above, insert_three, insert_above),
        (move_a_column, insert_above, None),
        (move_a_column, insert_below, insert_below),
        (move_a_column, delete_above, insert_above),
        (insert_three, move_a_column, None),
        (delete_above, insert_a_column, None),
        (move_a_column, move_the_ids, None),
        (move_the_ids, insert_a_column, None),
        (insert_a_column, move_a_column, insert_above),
        (insert_a_column, insert_a_column, None),
    ],
)
def test_rows_and_columns_that_move_while_a_write_is_taken_back_cost_nobody_a_cell(
    lowered: Lowered, first: Act, second: Act, third: Act | None
) -> None:
    world = lowered()
    acts = {2: first, 3: second, **({4: third} if third else {})}
    sheet = GoogleSheet(Meddled(world, acts))  # type: ignore[arg-type]  # it does what a client does here
    sheet.swap(world.target, SwapWrite(n=1, epoch=4, cells=(CellWrite("r_3", 6, "Qty", 20),)))
    before = contents(world)
    assert sheet.swap(world.target, write(2)).layout_changed
    assert contents(world) == before
    assert [r.row_id for r in sheet.read_tab(world.target).rows] == ["r_2", "r_3", "r_4"]


def test_rows_whose_ids_were_typed_over_and_copies_that_were_deleted_come_back_while_rows_move(
    lowered: Lowered,
) -> None:
    world = lowered()
    world.type(5, "_row_id", "r_2")
    world.type(5, "Name", "a copy")
    sheet = GoogleSheet(Meddled(world, {2: insert_three}))  # type: ignore[arg-type]  # it does what a client does here
    sheet.read_positions(world.target)
    delete_above(world)
    before = sorted(contents(world))
    ids, deletes = (IdWrite(6, "r_new6"), IdWrite(8, "r_new8")), (RowDelete("r_9", 7),)
    cells_of = (CellWrite("r_5", 5, "Qty", None), CellWrite("r_8", 8, "Name", "wrong"))
    assert sheet.swap(
        world.target, SwapWrite(1, 4, cells=cells_of, ids=ids, deletes=deletes, header_row=4)
    ).layout_changed
    assert sorted(contents(world)) == before


def test_a_look_at_the_tab_waits_until_a_write_into_wrong_rows_is_taken_back(lowered: Lowered) -> None:
    world, has_looked = lowered(), Event()

    class Looking(Meddled):
        def read(self, *words: Any) -> Any:
            answer = super().read(*words)
            has_looked.set()
            return answer

    with ThreadPoolExecutor(1) as pool:
        looks: list[Future[TabImage]] = []

        def look(_: GoogleWorld) -> None:
            scanner = GoogleSheet(Looking(world, {}))  # type: ignore[arg-type]  # it does what a client does here
            looks.append(pool.submit(scanner.read_tab, world.target))
            assert has_looked.wait(10)

        sheet = GoogleSheet(Meddled(world, {2: insert_above, 3: look}))  # type: ignore[arg-type]  # as above
        sheet.swap(world.target, SwapWrite(n=1, epoch=4, cells=(CellWrite("r_3", 6, "Qty", 20),)))
        assert sheet.swap(world.target, write(2)).layout_changed
        image = looks[0].result(10)
    assert [(r.row_id, cells(r)["Name"], cells(r)["Qty"]) for r in image.rows] == [
        ("r_2", "apple", 1),
        ("r_3", "pear", 20),
        ("r_4", "plum", 3),
    ]


def test_a_scratch_that_somebody_has_written_into_keeps_nobody_from_reading_the_tab(lowered: Lowered) -> None:
    world = lowered()
    world.google.swap(world.target, SwapWrite(n=1, epoch=4, cells=(CellWrite("r_3", 6, "Qty", 20),)))
    answer = world.client.read(world.spreadsheet_id, layout_filters(world.target), READ_FIELDS)
    layout = layout_of(answer, world.target)
    at = {"sheetId": layout.state_id, "rowIndex": BAND_ROW - 1, "columnIndex": layout.band.column + 3}
    rows = [{"values": [encode_value("mine")]}]
    world.batch({"updateCells": {"start": at, "rows": rows, "fields": "userEnteredValue"}})
    assert len(world.google.read_tab(world.target).rows) == 3


@pytest.mark.parametrize("act", [insert_above, insert_three, delete_above])
def test_the_header_row_is_followed_wherever_it_moves(lowered: Lowered, act: Act) -> None:
    world = lowered()
    act(world)
    image, positions = world.google.read_tab(world.target), world.google.read_positions(world.target)
    assert [r.row for r in image.rows] == [image.header_row + i for i in (1, 2, 3)]
    assert positions.rows == RowIndex({r.row_id: r.row for r in image.rows})
    look = world.marks.look(world.target, [])
    assert look.header.row_id == "_row_id"


def test_a_copy_of_a_row_above_the_headers_hides_them_only_where_it_is_no_copy(lowered: Lowered) -> None:
    world = lowered()
    insert_above(world)
    source, target = (grid(world.sheet_id, row, 1, 2, 5) for row in (7, 1))
    world.batch(copy_paste(source, target))
    world._own = world.own()
    image, positions = world.google.read_tab(world.target), world.google.read_positions(world.target)
    assert (image.header_row, [r.row_id for r in image.rows]) == (5, ["r_2", "r_3", "r_4"])
    assert (positions.header_row, positions.rows) == (5, RowIndex({"r_2": 6, "r_3": 7, "r_4": 8}))
    GoogleWorld.delete_row(world, 7)
    assert world.google.read_positions(world.target).header_row == 0, "it may be a row that they were moved below"


def test_a_new_row_never_goes_above_the_header_row(lowered: Lowered) -> None:
    world = lowered()
    world.google.swap(world.target, SwapWrite(1, 4, deletes=tuple(RowDelete(f"r_{i}", i + 3) for i in (2, 3, 4))))
    last = world.google.read_positions(world.target).last_row
    insert = RowInsert("r_new", {"Name": "fig"})
    insert_three(world)
    assert world.google.swap(world.target, SwapWrite(2, 4, inserts=(insert,), insert_after_row=last)).layout_changed
    assert world.google.read_positions(world.target).last_row == 7
    looking_anew = GoogleSheet(world.client)
    looking_anew.swap(world.target, SwapWrite(3, 4, inserts=(insert,), insert_after_row=last))
    image = world.google.read_tab(world.target)
    assert (image.header_row, [(r.row, r.row_id) for r in image.rows]) == (7, [(8, "r_new")])


# --- preparing -------------------------------------------------------------------------------


@pytest.fixture
def titled(sandbox: Any) -> Spreadsheet:
    """A title across merged cells, a note, headers in row 4 from column C on, and two rows."""
    sheet = Spreadsheet(sandbox, ("Our orders",), ("since", 1999, None, None, None, "beside"))
    sheet.write(4, 2, ("Code", "State", "Day"), ("a", "open", None), ("b", None, None))
    area = {"sheetId": sheet.sheet_id, "startRowIndex": 0, "endRowIndex": 1}
    span = area | {"startColumnIndex": 0, "endColumnIndex": 4}
    sheet.batch({"mergeCells": {"range": span, "mergeType": "MERGE_ALL"}})
    return sheet


def prepared(client: SheetsClient, sheet: Spreadsheet, **options: Any) -> Any:
    return prepare_tab(client, sheet.id, "Orders", "orders", COLUMNS, header_row=4, **options)


def test_preparing_a_tab_gives_ids_and_formats_below_its_header_row_alone(
    client: SheetsClient, titled: Spreadsheet
) -> None:
    before = titled.values[:3]
    target = prepared(client, titled)
    assert target.header_row == 4
    after = titled.values
    assert [[cell for cell in line if cell] for line in after[:3]] == [
        [cell for cell in line if cell] for line in before
    ]
    assert after[3] == ["", "", "Code", "State", "Day", "_row_id"]
    assert [line[5][:2] for line in after[4:]] == ["r_", "r_"]
    data = titled.whole()["sheets"][0]["data"][0]["rowData"]
    kinds = [
        [c.get("userEnteredFormat", {}).get("numberFormat", {}).get("type") for c in d.get("values", [])[2:]]
        for d in data[:5]
    ]
    assert not any(kind for line in kinds[:4] for kind in line)
    assert kinds[4][0] == "TEXT"


def test_a_prepared_tab_is_read_and_left_again_as_any_other(client: SheetsClient, titled: Spreadsheet) -> None:
    values = titled.values
    target = prepared(client, titled)
    image = GoogleSheet(client).read_tab(target)
    assert [(r.row, cells(r)["Code"]) for r in image.rows] == [(5, "a"), (6, "b")]
    assert image.columns["Code"] == 2
    remove_link_from_tab(client, target)
    assert titled.values == values


def test_merged_cells_in_the_table_are_refused(client: SheetsClient, titled: Spreadsheet) -> None:
    span = {"sheetId": titled.sheet_id, "startRowIndex": 2, "endRowIndex": 4}
    area = span | {"startColumnIndex": 0, "endColumnIndex": 1}
    titled.batch({"mergeCells": {"range": area, "mergeType": "MERGE_ALL"}})
    with pytest.raises(LinkRefused, match=r"merged cells \(row 3\)"):
        prepared(client, titled)


def test_headers_are_looked_for_in_the_row_that_was_named(client: SheetsClient, titled: Spreadsheet) -> None:
    look = look_at_tab(client, titled.id, "Orders", (), header_row=4)
    assert look.headers == ("Code", "State", "Day")
    assert [r.row for r in look.by_headers(look.headers).image.rows] == [5, 6]
    assert dict(look.other_rows())[1] == ("Our orders",)
    assert look.headerless() == ()
    named_wrongly = look_at_tab(client, titled.id, "Orders", (), header_row=2)
    assert named_wrongly.headerless() == (2, 3, 4)
    assert named_wrongly.near_top()[3][2:5] == ["Code", "State", "Day"]
    with pytest.raises(LinkRefused, match="no headers in row 3"):
        prepare_tab(client, titled.id, "Orders", "orders", COLUMNS, header_row=3)


def test_a_tab_with_nothing_but_a_title_gets_its_headers_where_they_were_asked_for(
    client: SheetsClient, sandbox: Any
) -> None:
    sheet = Spreadsheet(sandbox, ("Our orders",))
    assert look_at_tab(client, sheet.id, "Orders", (), header_row=3).is_blank
    prepare_tab(client, sheet.id, "Orders", "orders", linked("a", "b"), header_row=3, create=True)
    assert sheet.values == [["Our orders"], [], ["a", "b", "_row_id"]]
    size = sheet.whole()["sheets"][0]["properties"]["gridProperties"]
    assert size["frozenRowCount"] == 3


def test_a_tab_that_is_made_is_frozen_down_to_its_header_row(client: SheetsClient, sandbox: Any) -> None:
    sheet = Spreadsheet(sandbox)
    target = prepare_tab(client, sheet.id, "Stock", "stock", COLUMNS, header_row=3, create=True)
    made = next(s["properties"] for s in sheet.whole()["sheets"] if s["properties"]["sheetId"] == target.sheet_id)
    assert made["gridProperties"]["frozenRowCount"] == 3
