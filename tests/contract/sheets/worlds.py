"""A linked tab with a person at it, once in memory and once in the sandbox."""

from dataclasses import dataclass
from typing import Any, Protocol

from adapters.sheets_cells import encode_value, grid
from adapters.sheets_client import SheetsClient
from adapters.sheets_image import tab_image
from adapters.sheets_layout import READ_FIELDS, layout_of, tab_filters
from adapters.sheets_marks import GoogleMarks
from adapters.sheets_prepare import prepare_tab
from adapters.sheets_tab import GoogleSheet
from adapters.sheets_whole import WHOLE_CELLS_MAX
from core.errors import ReplyLost
from core.model import LinkedColumn, SheetCell, TableColumn
from core.ports import Sheet, SheetMarks
from core.sheet import SheetTarget, TabRow
from core.values import Serial, SheetValue
from tests.fakes.sheet import FakeMarks, FakeSheet

HEADERS = ("Name", "Qty", "Price", "Day")
CELLS_FEW = 5_000
"""Of one read, at the most: the tabs here hold fewer, but have so many blank ones that they count as too large to be
looked through."""
ROWS: tuple[tuple[SheetValue, ...], ...] = (
    ("apple", 1, 0.5, Serial(45000.0)),
    ("pear", 2, 0.75, Serial(45001.0)),
    ("plum", 3, 1.25, Serial(45002.0)),
)


class World(Protocol):
    """What the contract's tests need of either world."""

    sheet: Sheet
    marks: SheetMarks
    target: SheetTarget

    def note(self, row: int, header: str, text: str) -> None: ...
    def type(self, row: int, header: str, value: SheetValue) -> None: ...
    def type_formula(self, row: int, header: str, formula: str, value: SheetValue) -> None: ...
    def move_row(self, row: int, before: int) -> None: ...
    def insert_row(self, before: int) -> None: ...
    def delete_row(self, row: int) -> None: ...
    def move_column_first(self, header: str) -> None: ...
    def delete_column(self, header: str) -> None: ...
    def script_saw_edit(self) -> None: ...
    def lose_next_reply(self) -> None: ...
    def rows(self) -> list[TabRow]:
        """What stands in the tab."""


@dataclass(frozen=True)
class PlainCodec:
    """A codec's outside, as preparing a tab needs it."""

    plain_text: bool = False
    number_format: tuple[str, str] | None = None
    options: tuple[str, ...] = ()


def linked(*headers: str, **codecs: PlainCodec) -> tuple[LinkedColumn, ...]:
    """Linked columns with those headers."""
    plain: Any = PlainCodec()
    return tuple(
        LinkedColumn(h, TableColumn(h.lower(), "varchar", "varchar(40)"), codecs.get(h, plain), "last_write_wins")
        for h in headers
    )


class FakeWorld:
    """The fake, with a person at it."""

    HEADER_ROW, LEFT = 1, 0

    def __init__(self) -> None:
        self.target = SheetTarget("orders", "sheet", 7, HEADERS, self.HEADER_ROW)
        self.fake = FakeSheet()
        self.sheet: Sheet = self.fake
        self.marks: SheetMarks = FakeMarks(self.fake)
        self.tab = self.fake.tab(self.target)
        self.tab.left = self.LEFT
        for number, values in enumerate(ROWS, start=2):
            for header, value in zip((*HEADERS, "_row_id"), (*values, f"r_{number}"), strict=True):
                self.tab.type(number + self.HEADER_ROW - 1, header, value)

    def note(self, row: int, header: str, text: str) -> None:
        self.tab.row(row).notes[header] = text

    def type(self, row: int, header: str, value: SheetValue) -> None:
        self.tab.type(row, header, value)

    def type_formula(self, row: int, header: str, formula: str, value: SheetValue) -> None:
        self.tab.type(row, header, value, formula)

    def move_row(self, row: int, before: int) -> None:
        self.tab.move_row(row, before)

    def insert_row(self, before: int) -> None:
        self.tab.insert_row(before)

    def delete_row(self, row: int) -> None:
        self.tab.delete_row(row)

    def move_column_first(self, header: str) -> None:
        self.tab.move_column_first(header)

    def insert_column_left(self) -> None:
        self.tab.insert_column_left()

    def delete_column(self, header: str) -> None:
        self.tab.delete_column(header)

    def script_saw_edit(self) -> None:
        self.tab.script_saw_edit()

    def lose_next_reply(self) -> None:
        self.fake.fail_next(ReplyLost("cut off"), took_effect=True)

    def rows(self) -> list[TabRow]:
        looking = FakeSheet()  # somebody else's look teaches the writer nothing
        looking.tabs = self.fake.tabs
        return list(looking.read_tab(self.target).rows)


class GoogleWorld:
    """A fresh spreadsheet in the sandbox, linked, with a person at it who works through the API."""

    HEADER_ROW, LEFT = 1, 0

    def __init__(self, sandbox: Any, client: SheetsClient, cells_max: int = WHOLE_CELLS_MAX) -> None:
        self.sandbox, self.client = sandbox, client
        made = sandbox.post("/v4/spreadsheets", {"sheets": [{"properties": {"title": "Orders"}}]}, token="person")
        self.spreadsheet_id: str = made["spreadsheetId"]
        self.sheet_id: int = made["sheets"][0]["properties"]["sheetId"]
        self._fill()
        ids = iter(f"r_{i}" for i in range(2, 100))
        columns = linked(*HEADERS, Day=PlainCodec(number_format=("DATE", "yyyy-mm-dd")))
        self.target = prepare_tab(
            client,
            self.spreadsheet_id,
            "Orders",
            "orders",
            columns,
            header_row=self.HEADER_ROW,
            new_id=lambda: next(ids),
        )
        self.google = GoogleSheet(client, cells_max=cells_max)
        self.sheet: Sheet = self.google
        self.marks: SheetMarks = GoogleMarks(client)

    def _fill(self) -> None:
        lines = [[encode_value(h) for h in HEADERS]]
        lines += [[encode_value(v) for v in row] for row in ROWS]
        rows = [{"values": line} for line in lines]
        area = grid(self.sheet_id, self.HEADER_ROW, len(rows), self.LEFT, len(HEADERS))
        self.batch({"updateCells": {"range": area, "rows": rows, "fields": "userEnteredValue"}})

    def batch(self, *requests: Any) -> Any:
        """A person's doing, as batchUpdate requests."""
        path = f"/v4/spreadsheets/{self.spreadsheet_id}:batchUpdate"
        return self.sandbox.post(path, {"requests": list(requests)}, token="person")

    def note(self, row: int, header: str, text: str) -> None:
        self._cell(row, header, {"note": text}, "note")

    def colour(self, row: int, header: str, style: Any) -> None:
        """Give a cell a background."""
        cell = {"userEnteredFormat": {"backgroundColorStyle": style}}
        self._cell(row, header, cell, "userEnteredFormat.backgroundColorStyle")

    def marking_tickets(self) -> list[Any]:
        """The metadata that markings have left on the tab."""
        fields = "sheets(properties(sheetId),developerMetadata(metadataKey))"
        tabs = self.client.properties(self.spreadsheet_id, fields)["sheets"]
        found = [entry for tab in tabs for entry in tab.get("developerMetadata", ())]
        return [entry for entry in found if entry["metadataKey"].endswith("/marks")]

    def type(self, row: int, header: str, value: SheetValue) -> None:
        self._cell(row, header, encode_value(value))

    def type_formula(self, row: int, header: str, formula: str, value: SheetValue) -> None:
        self._cell(row, header, {"userEnteredValue": {"formulaValue": formula}})

    def _cell(self, row: int, header: str, cell: Any, fields: str = "userEnteredValue") -> None:
        area = grid(self.sheet_id, row, 1, self.column(header), 1)
        self.batch({"updateCells": {"range": area, "rows": [{"values": [cell]}], "fields": fields}})

    def column(self, header: str) -> int:
        answer = self.client.read(self.spreadsheet_id, tab_filters(self.target), READ_FIELDS)
        return layout_of(answer, self.target, {}).columns[header]

    def move_row(self, row: int, before: int) -> None:
        self._move("ROWS", row - 1, before - 1)

    def _move(self, dimension: str, start: int, to: int) -> None:
        source = {"sheetId": self.sheet_id, "dimension": dimension, "startIndex": start, "endIndex": start + 1}
        self.batch({"moveDimension": {"source": source, "destinationIndex": to}})

    def insert_row(self, before: int) -> None:
        area = {"sheetId": self.sheet_id, "dimension": "ROWS", "startIndex": before - 1, "endIndex": before}
        self.batch({"insertDimension": {"range": area, "inheritFromBefore": before > 2}})

    def delete_row(self, row: int) -> None:
        area = {"sheetId": self.sheet_id, "dimension": "ROWS", "startIndex": row - 1, "endIndex": row}
        self.batch({"deleteDimension": {"range": area}})

    def move_column_first(self, header: str) -> None:
        self._move("COLUMNS", self.column(header), 0)

    def insert_column_left(self) -> None:
        area = {"sheetId": self.sheet_id, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 1}
        self.batch({"insertDimension": {"range": area}})

    def delete_column(self, header: str) -> None:
        at = self.column(header)
        area = {"sheetId": self.sheet_id, "dimension": "COLUMNS", "startIndex": at, "endIndex": at + 1}
        self.batch({"deleteDimension": {"range": area}})

    def script_saw_edit(self) -> None:
        answer = self.client.read(self.spreadsheet_id, tab_filters(self.target), READ_FIELDS)
        layout, stamp = layout_of(answer, self.target, {}), tab_image(answer, self.target, None).stamp  # type: ignore[arg-type]  # no clock needed
        area = grid(layout.state_id, layout.counters_row, 1, 3, 1)
        cells = [{"userEnteredValue": {"numberValue": stamp.q + 1}}]
        self.batch({"updateCells": {"range": area, "rows": [{"values": cells}], "fields": "userEnteredValue"}})

    def lose_next_reply(self) -> None:
        self.sandbox.faults(lost_replies=1.0)

    def rows(self) -> list[TabRow]:
        self.sandbox.faults()
        return list(GoogleSheet(self.client).read_tab(self.target).rows)


def cells(row: TabRow) -> dict[str, SheetValue]:
    """A row's values by header."""
    return {h: c.value for h, c in row.cells.items()}


def text(value: SheetValue) -> SheetCell:
    """A cell without a formula."""
    return SheetCell(value)
