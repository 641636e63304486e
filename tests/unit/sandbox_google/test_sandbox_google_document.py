"""A spreadsheet: changes are all or nothing, can be undone, and old versions come back."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.google.area import Area
from sandbox.google.cells import Cell, ErrorValue
from sandbox.google.document import Document, DocumentError
from sandbox.google.grid import GridError
from sandbox.google.rest.requests import apply
from sandbox.google.sheet import Sheet
from sandbox.google.store import VERSIONS_KEPT, Store


@pytest.fixture
def store() -> Store:
    return Store(None)


@pytest.fixture
def sheet(store: Store) -> Sheet:
    document = store.create("T", empty=True)
    with document.change("ann"):
        return document.add_sheet("Orders", 6, 4)


def fill(sheet: Sheet, *lines: str) -> None:
    """Type lines of words into the tab from A1."""
    with sheet.document.change("ann"):
        for row, line in enumerate(lines):
            for column, text in enumerate(line.split()):
                sheet.type_in(row, column, "" if text == "." else text)


def seen(sheet: Sheet) -> list[str]:
    lines = []
    for row in range(sheet.row_count):
        texts = [sheet.shown(row, column) or "." for column in range(sheet.column_count)]
        lines.append(" ".join(texts))
    while lines and set(lines[-1]) <= {".", " "}:
        lines.pop()
    return [line.rstrip(". ") for line in lines]


def test_a_change_that_fails_leaves_no_trace(store: Store, sheet: Sheet) -> None:
    document = sheet.document
    fill(sheet, "a 1", "b =B1*2")
    version = document.version
    with pytest.raises(GridError), document.change("ann"):
        sheet.insert_rows(0, 2)
        sheet.insert_columns(1, 1)
        document.add_sheet("Other")
        sheet.rename("Renamed")
        sheet.type_in(99, 0, "outside")
    assert (seen(sheet), sheet.title, document.version) == (["a 1", "b 2"], "Orders", version)
    assert [s.title for s in document.sheets] == ["Orders"]
    fill(sheet, ". 5")
    assert seen(sheet) == [". 5", "b 10"]


def test_writing_outside_a_change_is_an_error(sheet: Sheet) -> None:
    with pytest.raises(RuntimeError):
        sheet.set_value(0, 0, "x")


def test_undo_takes_back_a_persons_last_action_and_leaves_the_others(sheet: Sheet) -> None:
    document = sheet.document
    fill(sheet, "a 1", "b 2", "c 3")
    with document.change("ann", undoable=True):
        sheet.delete_rows(1, 1)
    with document.change("ben", undoable=True):
        sheet.type_in(1, 0, "C")
    with document.change("ann", undoable=True):
        sheet.sort(Area(0, 0, 2, 2), [(1, True)])
    with document.change("ann", undoable=True):
        sheet.delete_columns(1, 1)
    assert document.undo("ann")
    assert document.undo("ann")
    assert document.undo("ann")
    assert not document.undo("ann")
    assert seen(sheet) == ["a 1", "b 2", "C 3"]
    assert document.undo("ben")
    assert seen(sheet) == ["a 1", "b 2", "c 3"]


def test_undo_does_not_overwrite_what_somebody_typed_since(sheet: Sheet) -> None:
    document = sheet.document
    with document.change("ann", undoable=True):
        sheet.type_in(0, 0, "ann")
        sheet.type_in(0, 1, "ann")
    with document.change("ben", undoable=True):
        sheet.type_in(0, 0, "ben")
    document.undo("ann")
    assert seen(sheet) == ["ben"]


def test_every_version_can_come_back(store: Store, sheet: Sheet) -> None:
    document = sheet.document
    states = {}

    def remember() -> None:
        states[document.version] = {s.title: seen(s) for s in document.sheets}

    fill(sheet, "a 1", "b =B1", "c 3")
    remember()
    with document.change("ann"):
        sheet.move_rows(0, 1, 3)
        document.add_sheet("Second")
    remember()
    with document.change("ann"):
        sheet.delete_columns(0, 1)
        document.delete_sheet(document.sheets[1].sheet_id)
    remember()
    for version in (*states, *reversed(states)):
        store.restore(document.id, version, "ann")
        assert {s.title: seen(s) for s in document.sheets} == states[version]


def test_old_versions_are_forgotten_after_a_while(store: Store, sheet: Sheet) -> None:
    for i in range(VERSIONS_KEPT + 20):
        with sheet.document.change("ann"):
            sheet.set_value(0, 0, float(i))
    versions = store.versions(sheet.document.id)
    assert len(versions) == VERSIONS_KEPT
    store.restore(sheet.document.id, versions[0]["version"], "ann")
    assert sheet.cell(0, 0).value == versions[0]["version"] - 2  # version 2 wrote 0
    with pytest.raises(KeyError):
        store.restore(sheet.document.id, 1, "ann")


def test_formulas_are_computed_again_when_what_they_read_changes(sheet: Sheet) -> None:
    fill(sheet, "1 =A1*2 =B1+1", "2 =SUM(A:A)")
    assert seen(sheet) == ["1 2 3", "2 3"]
    fill(sheet, "5")
    assert seen(sheet) == ["5 10 11", "2 7"]
    with sheet.document.change("ann"):
        sheet.insert_rows(0, 1)
        sheet.delete_rows(1, 1)
    assert seen(sheet)[1] == "2 2"


def test_a_reference_shows_the_nought_of_a_formula_and_nothing_of_an_empty_cell(sheet: Sheet) -> None:
    fill(sheet, "=B1 =C1*2 x", "=B2 =C2")
    fill(sheet, "=B1 =D1*2", "=B2 =C2")
    assert [sheet.cell(row, 0).value for row in (0, 1)] == [0.0, None]


def test_formulas_read_other_tabs(sheet: Sheet) -> None:
    document = sheet.document
    with document.change("ann"):
        other = document.add_sheet("Other tab", 3, 3)
    fill(sheet, "4")
    fill(other, "=Orders!A1*2")
    fill(sheet, "6")
    assert seen(other) == ["12"]
    with document.change("ann"):
        sheet.rename("Bestellungen")
    assert other.cell(0, 0).formula == "=Bestellungen!A1*2"
    with document.change("ann"):
        document.delete_sheet(sheet.sheet_id)
    assert isinstance(other.cell(0, 0).value, ErrorValue)


# Where the engine differs from Google: each with its source.
@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("=D6", None),  # a reference to an empty cell shows nothing
        ("=ADD(2,3)", 5.0),  # https://support.google.com/docs/answer/3093590
        ("=MINUS(2,3)", -1.0),  # https://support.google.com/docs/answer/3093977
        ("=MULTIPLY(2,3)", 6.0),  # https://support.google.com/docs/answer/3093978
        ("=DIVIDE(6,3)", 2.0),  # https://support.google.com/docs/answer/3093973
        ("=POW(2,3)", 8.0),  # https://support.google.com/docs/answer/3093609
        ("=EQ(1,1)", True),  # https://support.google.com/docs/answer/3093593
        ("=GTE(1,2)", False),  # https://support.google.com/docs/answer/3093975
        ("=ISBETWEEN(2,1,3)", True),  # https://support.google.com/docs/answer/10538337
        ('=JOIN("-",A1:A2)', "1-2"),  # https://support.google.com/docs/answer/3094077
        ('=REGEXMATCH("abc","b")', True),  # https://support.google.com/docs/answer/3098292
        ("=COUNTUNIQUE(A1:A2)", 2.0),  # https://support.google.com/docs/answer/3093405
        ("=ARRAYFORMULA(SUM(A1:A2*2))", 6.0),  # https://support.google.com/docs/answer/3093275
        # A2:A and 1:1 end where the grid does: https://developers.google.com/workspace/sheets/api/guides/concepts
        ("=SUM(A2:A)", 2.0),
        ("=ROWS(A:A)", 6.0),
        ("=SUM(A:A*1:1)", 3.0),
        ("=TO_TEXT(5)", "5"),  # https://support.google.com/docs/answer/3094285
    ],
)
def test_a_formula_of_google_gives_googles_result(sheet: Sheet, formula: str, value: object) -> None:
    fill(sheet, "1", "2")
    with sheet.document.change("ann"):
        sheet.set_formula(3, 3, formula)
    assert sheet.cell(3, 3).value == value
    assert sheet.cell(3, 3).formula == formula


@pytest.mark.parametrize(
    ("formula", "type_", "text"),
    [("=1/0", "DIVIDE_BY_ZERO", "#DIV/0!"), ("=NOPE(1)", "NAME", "#NAME?"), ('="a"+1', "VALUE", "#VALUE!")],
)
def test_a_failed_formula_holds_googles_error(sheet: Sheet, formula: str, type_: str, text: str) -> None:
    fill(sheet, formula)
    assert sheet.cell(0, 0).value == ErrorValue(type_, text)


@pytest.mark.parametrize(
    "formula",
    [
        f"={'(' * 3000}1{')' * 3000}",
        f"={'-' * 30_000}1",
        f"=1{'^1' * 10_000}",
        f"={'IF(1,' * 3000}1",
        f"={'@' * 9000}A1",
    ],
    ids=["brackets", "signs", "powers", "functions", "ats"],
)
def test_a_formula_without_end_is_an_error_and_harms_nobody(sheet: Sheet, formula: str) -> None:
    with sheet.document.change("api"):
        sheet.type_in(0, 0, formula)
        sheet.type_in(1, 0, f"=1{'+1' * 900}")
        sheet.type_in(2, 0, f'=LEN("{"(" * 900}")')
    assert sheet.cell(0, 0).value == ErrorValue("ERROR", "#ERROR!")
    assert (sheet.cell(1, 0).value, sheet.cell(2, 0).value) == (901.0, 900.0)


@pytest.mark.parametrize("formula", ["=-A:AIF(", "=SUM(Gone!A:A*Gone!1:1)", "=A:A*1:1(", "=A$1:A*B:Bx"])
def test_no_formula_reads_the_whole_grid_of_the_engine(sheet: Sheet, formula: str) -> None:
    began_s = time.process_time()
    fill(sheet, formula.replace(" ", ""))
    assert isinstance(sheet.cell(0, 0).value, ErrorValue)
    assert time.process_time() - began_s < 1


def test_a_formula_that_fills_several_cells_is_shown_in_all_of_them(sheet: Sheet) -> None:
    fill(sheet, "1 =ARRAYFORMULA(A1:A3*2)", "2", "3")
    assert seen(sheet) == ["1 2", "2 4", "3 6"]
    assert sheet.cell(1, 1) == Cell(4.0, spilled=True)
    with sheet.document.change("ann"):
        sheet.type_in(1, 0, "7")
    assert seen(sheet) == ["1 2", "7 14", "3 6"]
    with sheet.document.change("ann"):
        sheet.type_in(1, 1, "no")
    assert seen(sheet) == ["1 #REF!", "7 no", "3"]
    with sheet.document.change("ann"):
        sheet.clear(Area(0, 1, 6, 1))
    assert seen(sheet) == ["1", "7", "3"]


def test_what_a_formula_fills_stays_filled_when_somebody_empties_it(sheet: Sheet) -> None:
    fill(sheet, "=SEQUENCE(2,2)")
    with sheet.document.change("ann"):
        sheet.clear(Area(1, 0, 1, 2))
    assert seen(sheet) == ["1 2", "3 4"]
    with sheet.document.change("ann"):
        sheet.delete_rows(0, 1)
    assert seen(sheet) == []


def test_a_german_spreadsheet_computes_with_semicolons(store: Store) -> None:
    document = store.create("T", "de_DE")
    with document.change("ann"):
        document.sheets[0].type_in(0, 0, "=SUM(1,5;2)")
    assert document.sheets[0].shown(0, 0) == "3,5"


def test_results_are_formatted_like_what_they_read(sheet: Sheet) -> None:
    fill(sheet, "$4.50 =A1*2", "2024-01-02 =A2+1")
    assert seen(sheet) == ["$4.50 $9.00", "2024-01-02 2024-01-03"]


def test_copying_keeps_text_text_and_numbers_numbers(sheet: Sheet) -> None:
    fill(sheet, "'007 7 TRUE")
    with sheet.document.change("ann"):
        sheet.copy(Area(0, 0, 1, 3), Area(2, 0, 1, 1))
    assert [c.value for c in sheet.cells(Area(2, 0, 1, 3))[0]] == ["007", 7.0, True]


def test_titles_of_tabs_are_unique_and_one_tab_stays_visible(sheet: Sheet) -> None:
    document = sheet.document
    with pytest.raises(DocumentError, match="already exists"), document.change("ann"):
        document.add_sheet("orders")
    with pytest.raises(DocumentError, match="remove all the visible sheets"), document.change("ann"):
        document.delete_sheet(sheet.sheet_id)


def test_a_copy_of_a_spreadsheet_goes_its_own_way(store: Store, sheet: Sheet) -> None:
    fill(sheet, "1 =A1")
    copy: Document = store.copy(sheet.document.id, "Copy")
    fill(copy.sheets[0], "2")
    assert (seen(sheet), seen(copy.sheets[0])) == (["1 1"], ["2 2"])
    store.delete(sheet.document.id)
    assert store.ids() == [copy.id]


def test_a_bare_cell_is_not_stored(sheet: Sheet) -> None:
    fill(sheet, "a")
    fill(sheet, ".")
    assert sheet.rows[0].cells == {}
    assert sheet.cell(0, 0) == Cell()


STEPS = st.one_of(
    st.tuples(st.just("type"), st.integers(0, 5), st.integers(0, 3), st.sampled_from(["x", "1", "=A1", "=B2*2", ""])),
    st.tuples(st.just("insert_rows"), st.integers(0, 5), st.integers(1, 2), st.just("")),
    st.tuples(st.just("delete_rows"), st.integers(0, 3), st.integers(1, 2), st.just("")),
    st.tuples(st.just("move_rows"), st.integers(0, 3), st.integers(0, 5), st.just("")),
    st.tuples(st.just("sort"), st.integers(0, 2), st.integers(0, 3), st.just("")),
    st.tuples(st.just("move_columns"), st.integers(0, 3), st.integers(0, 3), st.just("")),
)


def act(sheet: Sheet, step: tuple[str, int, int, str]) -> None:
    kind, a, b, text = step
    if kind == "type":
        sheet.type_in(a, b, text)
    elif kind == "insert_rows":
        sheet.insert_rows(a, b)
    elif kind == "delete_rows":
        sheet.delete_rows(a, b)
    elif kind == "move_rows":
        sheet.move_rows(a, 1, b)
    elif kind == "sort":
        sheet.sort(Area(a, 0, 3, sheet.column_count), [(b, False)])
    else:
        sheet.move_columns(a, 1, b)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=12))
def test_whatever_one_person_does_can_be_undone_step_by_step(steps: list[tuple[str, int, int, str]]) -> None:
    store = Store(None)
    document = store.create("T", empty=True)
    with document.change("ann"):
        sheet = document.add_sheet("Orders", 8, 4)
    fill(sheet, "a 1 =B1", "b 2 =B2*2", "c 3")
    history = [(seen(sheet), sheet.row_count, document.version)]
    for step in steps:
        if sheet.row_count < 7:
            break
        with document.change("ann", undoable=True):
            act(sheet, step)
        history.append((seen(sheet), sheet.row_count, document.version))
    for before, after in zip(reversed(history[:-1]), reversed(history[1:]), strict=True):
        if before[2] != after[2]:  # an action that changed nothing is none
            assert document.undo("ann")
        assert (seen(sheet), sheet.row_count) == before[:2]
    store.close()


def test_now_is_the_time_in_the_spreadsheets_zone(store: Store) -> None:
    document = store.create("T", time_zone="Etc/GMT")
    sheet = document.sheets[0]
    with document.change("ann"):
        sheet.set_formula(0, 0, "=NOW()")
    there = sheet.cell(0, 0).value
    with document.change("ann"):
        document.set_props(time_zone="Asia/Tokyo")
    here = sheet.cell(0, 0).value
    assert isinstance(there, float) and isinstance(here, float)
    assert round((here - there) * 24) == 9


def test_cells_that_are_formatted_alike_share_their_format(sheet: Sheet) -> None:
    area = {
        "sheetId": sheet.sheet_id,
        "startRowIndex": 0,
        "endRowIndex": 3,
        "startColumnIndex": 0,
        "endColumnIndex": 1,
    }
    look = {"userEnteredFormat": {"numberFormat": {"type": "TEXT"}}}
    body = {"range": area, "cell": look, "fields": "userEnteredFormat.numberFormat"}
    with sheet.document.change("ann"):
        for row in range(3):
            sheet.set_value(row, 0, f"row {row}")
        apply(sheet.document, "repeatCell", body)
    formats = [sheet.cell(row, 0).format for row in range(3)]
    assert formats[0] == look["userEnteredFormat"]
    assert all(one is formats[0] for one in formats)
