"""A Google Sheet in memory that implements the Sheet port, with a person who types between any two calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from adapters.sheets_cells import decode_cell, encode_value
from adapters.sheets_restore import same_value
from core.errors import ReplyLost, SheetsRefused, TwinsheetError
from core.marks import PREFIX, TOP_LEFT
from core.model import ROW_ID_HEADER, ROW_ID_PREFIX, LinkedColumn, SheetCell, Stamp
from core.row_index import RowIndex
from core.sheet import (
    FormulaRestore,
    HitRow,
    LookedRow,
    MarksLook,
    MarkWrite,
    Positions,
    SheetTarget,
    Span,
    SwapAnswer,
    SwapWrite,
    TabImage,
    TabRow,
)
from core.values import Serial, SheetValue


@dataclass(slots=True)
class FakeRow:
    """A row of the grid; a blank one has no id and no cells."""

    row_id: str | None = None
    cells: dict[str, SheetCell] = field(default_factory=dict)
    mark: object = None
    """Whatever a test follows the row by; it goes where the row's contents go."""
    notes: dict[str, str] = field(default_factory=dict)
    """By header, as the cells are."""
    colours: dict[str, str] = field(default_factory=dict)

    def copy(self) -> FakeRow:
        return FakeRow(self.row_id, dict(self.cells), self.mark, dict(self.notes), dict(self.colours))

    @property
    def blank(self) -> bool:
        return self.row_id is None and not self.cells


def held(value: SheetValue) -> SheetCell | None:
    """What a cell holds once ``value`` was written into it."""
    cell = decode_cell({"effectiveValue": encode_value(value).get("userEnteredValue")})
    return SheetCell(value) if isinstance(value, Serial) else cell


class FakeTab:
    """One linked tab. Rows are numbered from 1, as people see them; row 1 is the header unless others stand above.

    Args:
        headers: linked ones, in the order of their columns.
        above: rows of people's own above the header row.
        left: columns of people's own on the left.
    """

    def __init__(self, headers: Iterable[str], above: int = 0, left: int = 0) -> None:
        self.headers = (*headers, ROW_ID_HEADER)
        """In the order of the columns; people may change it."""
        self.left = left
        self.above = [FakeRow() for _ in range(above)]
        self.header_row = FakeRow(ROW_ID_HEADER, {h: SheetCell(h) for h in self.headers if h != ROW_ID_HEADER})
        """Its cells are the titles, which people may change; where somebody has deleted it, the row in its place."""
        self.linked_at = self.header_at
        self.rows: list[FakeRow] = []
        """Those below the header row."""
        self.stamp = Stamp()
        self.scratch: list[FakeRow] = []
        self.taken_back = 0
        self.tickets: set[tuple[int, int]] = set()
        """(n, epoch) of writes that landed or were given up: neither can land any more."""
        self.looks: dict[str, object] = {}
        """By header what a column that was re-typed looks like."""
        self.grid_rows = 100
        """Rows of the grid at the least; blank ones need not be among ``rows``."""
        self.markings = 0
        """Number of the last marking that landed."""

    # --- what a person does ---

    def type(self, row: int, header: str, value: SheetValue, formula: str | None = None) -> None:
        """Put a value (or a formula that shows it) into a cell."""
        self._put(row, header, SheetCell(value, formula) if formula else held(value))

    def rename(self, header: str, title: str) -> None:
        """Have the header row say something else above a column."""
        self._put(self.header_at, header, SheetCell(title))

    def insert_row(self, before: int) -> None:
        """A fresh row before row ``before``."""
        self.row(before)
        lines = self.lines()
        lines.insert(before - 1, FakeRow())
        self._part(lines)

    def delete_row(self, row: int) -> None:
        """Remove a row; those below move up."""
        self.row(row)
        lines = self.lines()
        del lines[row - 1]
        if row == self.header_at:
            lines += [] if self.rows else [FakeRow()]
            self.header_row = lines[row - 1]
        self._part(lines)

    def move_row(self, row: int, before: int) -> None:
        """Move a row to before row ``before``, counted as before the move."""
        self.row(max(row, before - 1))
        lines = self.lines()
        moved = lines.pop(row - 1)
        lines.insert(before - 1 - (1 if before > row else 0), moved)
        self._part(lines)

    def lines(self) -> list[FakeRow]:
        """All rows from the first one on."""
        return [*self.above, self.header_row, *self.rows]

    def _part(self, lines: list[FakeRow]) -> None:
        at = next(i for i, line in enumerate(lines) if line is self.header_row)
        self.above, self.rows = lines[:at], lines[at + 1 :]

    def move_column_first(self, header: str) -> None:
        """Move a column to the left end."""
        self.headers = (header, *(h for h in self.headers if h != header))

    def delete_column(self, header: str) -> None:
        """Remove a linked column (or the id column) with all it holds."""
        self.headers = tuple(h for h in self.headers if h != header)
        for row in self.lines():
            row.cells.pop(header, None)
            row.row_id = None if header == ROW_ID_HEADER else row.row_id

    def insert_column_left(self) -> None:
        """A fresh column left of all others."""
        self.left += 1

    def script_saw_edit(self) -> Stamp:
        """The script counts one more edit; the stamp that it reads."""
        self.stamp = Stamp(self.stamp.n, self.stamp.q + 1, self.stamp.epoch)
        return self.stamp

    # --- what stands there ---

    @property
    def header_at(self) -> int:
        """1-based row of the headers."""
        return len(self.above) + 1

    @property
    def first_row(self) -> int:
        """1-based row below them."""
        return len(self.above) + 2

    @property
    def is_header_seen(self) -> bool:
        """Whether the id column's title tells where the header row is: of an id above it nobody knows how that came
        there, unless it is a copy's or the title stands where it was linked."""
        is_titled = self.header_row.row_id == ROW_ID_HEADER
        above = {row.row_id for row in self.above if row.row_id and row.row_id.startswith(ROW_ID_PREFIX)}
        is_known = self.header_at == self.linked_at or not above or above <= {row.row_id for row in self.rows}
        return is_titled and is_known

    @property
    def columns(self) -> dict[str, int]:
        """By header its 0-based column."""
        return {h: i for i, h in enumerate(self.headers, start=self.left)}

    @property
    def titles(self) -> dict[str, str]:
        """What the header row says above each column."""
        said = self.header_row.cells
        titles = {h: str(said[h].value) if h in said else "" for h in self.headers}
        if ROW_ID_HEADER in titles:
            says = self.header_row.row_id or ""
            titles[ROW_ID_HEADER] = says if says != ROW_ID_HEADER or self.is_header_seen else ""
        return titles

    def row(self, number: int) -> FakeRow:
        """The row of that number; the grid grows as needed."""
        index = number - self.first_row
        if index < 0:
            return self.above[number - 1] if index < -1 else self.header_row
        while len(self.rows) <= index:
            self.rows.append(FakeRow())
        return self.rows[index]

    def numbered(self) -> Iterable[tuple[int, FakeRow]]:
        """The rows below the header row with their numbers."""
        return enumerate(self.rows, start=self.first_row)

    def cell(self, row: int, header: str) -> SheetCell | None:
        """What one cell holds."""
        return self.row(row).cells.get(header)

    def row_ids(self) -> list[str | None]:
        """Ids from the first row below the headers to the last row with content."""
        return [r.row_id for r in self.rows[: self.last_row - self.header_at]]

    @property
    def last_row(self) -> int:
        """1-based last row with content."""
        return max((i for i, r in self.numbered() if not r.blank), default=self.header_at)

    # --- the swap write ---

    def apply(self, write: SwapWrite) -> SwapAnswer:
        """Everything of a swap write, in its order."""
        self.use_ticket(write)
        before, shift = self.stamp, self._restore(write)
        if write.looked_at:
            self.scratch = [self.row(shift(r)).copy() for r in write.looked_at]
        hits = self._hits(write)
        for cell in write.cells:
            self._put(shift(cell.row), cell.header, held(cell.value))
        for given in write.ids:
            self.row(shift(given.row)).row_id = given.row_id
        self._insert(write, shift(write.insert_after_row))
        added = len(write.inserts)
        doomed = {shift(d.row) + (added if d.row > write.insert_after_row else 0) for d in write.deletes}
        for row in sorted(doomed, reverse=True):
            self.delete_row(row)
        self.stamp = Stamp(write.n, before.q, write.epoch)
        return SwapAnswer(before, hits)

    def use_ticket(self, write: SwapWrite) -> None:
        """Refuse a write that landed or was given up before."""
        if (write.n, write.epoch) in self.tickets:
            raise SheetsRefused(f"The ticket of write {write.n} is used up.")
        self.tickets.add((write.n, write.epoch))

    def _restore(self, write: SwapWrite) -> Callable[[int], int]:
        restored = sorted(write.row_restores, key=lambda r: r.row)
        restored = [replace(r, row=max(r.row, self.first_row)) for r in restored]
        hit = [(self._meant(r, write), r) for r in write.formula_restores]
        for restore in restored:
            self.row(restore.row)
            self.rows.insert(restore.row - self.first_row, self.scratch[restore.scratch_line].copy())

        def shift(row: int) -> int:
            for restore in restored:
                row += 1 if restore.row <= row else 0
            return row

        for row, formula in hit:
            if row is not None:
                self._put_back(shift(row), formula)
        return shift

    def _meant(self, restore: FormulaRestore, write: SwapWrite) -> int | None:
        """The row that was hit, wherever it stands by now."""
        if restore.header == ROW_ID_HEADER and restore.written is not None:
            named, was = self._rows_of(str(restore.written.value)), self.scratch[restore.scratch_line]
            return max(named, key=lambda r: len(self.row(r).cells.items() & was.cells.items()), default=None)
        was = self.scratch[restore.scratch_line]
        own = self._row_of(was.row_id)
        if restore.written is not None:
            likest = sorted(
                self._rows_of(was.row_id),
                key=lambda r: (-len(self.row(r).cells.items() & was.cells.items()), r != restore.row),
            )
            alike = sorted(self._alike_rows(restore, write), key=lambda r: r != restore.row)
            similar = self._similar_rows(restore, write)
            written = restore.written.value
            in_common = self.row(restore.row).cells.items() & was.cells.items()
            is_there = self._may_be_there(restore, write) and (written not in (None, "") or in_common)
            there = [*likest, *alike, *similar, *([restore.row] if is_there else [])]
            return next((r for r in there if same_value(self._value(r, restore.header), written)), None)
        if own is not None:
            return own
        if restore.header == ROW_ID_HEADER:
            return restore.row
        others = [(h, cell) for h, cell in was.cells.items() if h != restore.header]
        there = self.row(restore.row)
        is_alike = there.cells.items() & others if others else there.row_id is None
        return restore.row if was.row_id is None and is_alike and restore.row > self.header_at else None

    def _alike_rows(self, restore: FormulaRestore, write: SwapWrite) -> list[int]:
        was = self.scratch[restore.scratch_line]
        ours = {r.header for r in write.formula_restores if r.scratch_line == restore.scratch_line}

        def others(row: FakeRow) -> dict[str, SheetCell]:
            return {header: cell for header, cell in row.cells.items() if header not in ours}

        rows = [(i, r) for i, r in self.numbered() if others(r) == others(was)]
        is_told = restore.written not in (SheetCell(None), SheetCell("")) or restore.row in dict(rows)
        there = [restore.row] if is_told and self._may_be_there(restore, write) else []
        begun_there = [] if others(was) or was.row_id else there
        return begun_there + [n for n, row in rows if others(was) or row.row_id == was.row_id]

    def _may_be_there(self, restore: FormulaRestore, write: SwapWrite) -> bool:
        return restore.row > self.header_at and self.row(restore.row).row_id not in write.ids_before

    def _similar_rows(self, restore: FormulaRestore, write: SwapWrite) -> list[int]:
        ours = {r.header for r in write.formula_restores if r.scratch_line == restore.scratch_line}
        was = {h: c for h, c in self.scratch[restore.scratch_line].cells.items() if h not in ours}
        common = {i: len(r.cells.items() & was.items()) for i, r in self.numbered()}
        return sorted((row for row, count in common.items() if 2 * count > len(was)), key=lambda row: -common[row])

    def _value(self, number: int, header: str) -> SheetValue:
        if header == ROW_ID_HEADER:
            return self.row(number).row_id
        cell = self.cell(number, header)
        return cell.value if cell else None

    def _row_of(self, row_id: str | None) -> int | None:
        return next(iter(self._rows_of(row_id)), None)

    def _rows_of(self, row_id: str | None) -> list[int]:
        return [] if row_id is None else [i for i, r in self.numbered() if r.row_id == row_id]

    def _put_back(self, row: int, restore: FormulaRestore) -> None:
        was = self.scratch[restore.scratch_line]
        held_id = None if was.row_id is None else SheetCell(was.row_id)
        self._put(row, restore.header, held_id if restore.header == ROW_ID_HEADER else was.cells.get(restore.header))

    def _hits(self, write: SwapWrite) -> tuple[HitRow, ...]:
        lines = zip(write.looked_at, self.scratch if write.looked_at else (), strict=True)
        return tuple(HitRow(i, row, was.row_id, dict(was.cells)) for i, (row, was) in enumerate(lines))

    def _insert(self, write: SwapWrite, after: int) -> None:
        if not write.inserts:
            return
        after = max(after, self.header_at)
        self.row(after)
        fresh = []
        for insert in write.inserts:
            cells = {h: held(v) for h, v in insert.cells.items()}
            fresh.append(FakeRow(insert.row_id, {h: c for h, c in cells.items() if c is not None}))
        at = after - self.header_at
        self.rows[at:at] = fresh

    def _put(self, row: int, header: str, cell: SheetCell | None) -> None:
        found = self.row(row)
        if header == ROW_ID_HEADER:
            found.row_id = None if cell is None else str(cell.value)
        elif cell is None:
            found.cells.pop(header, None)
        else:
            found.cells[header] = cell


@dataclass(frozen=True)
class Layout:
    """What a writer believes of a tab from its last look on."""

    columns: Mapping[str, int]
    header_row: int
    """0 where nobody knows."""

    @classmethod
    def of(cls, tab: FakeTab) -> Layout:
        """As it is now."""
        return cls(tab.columns, tab.header_at if tab.is_header_seen else 0)

    def moved(self, tab: FakeTab, write: SwapWrite) -> bool:
        """Whether a write finds that it went by columns or a header row which stood elsewhere: once all is done, the
        row has to have the id column's title."""
        if self.columns != tab.columns:
            return True
        believed = write.header_row or self.header_row
        is_hit = any(i.row == believed for i in write.ids) or any(d.row <= believed for d in write.deletes)
        stands = tab.header_row.row_id == ROW_ID_HEADER and tab.header_at == believed
        return believed > 0 and (is_hit or not stands)


class FakeSheet:
    """Implements ``core.ports.Sheet`` over :class:`FakeTab`, one per link.

    ``calls`` names every call. ``fail_next`` raises an error in the next call, before or after it took effect.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.tabs: dict[str, FakeTab] = {}
        self.calls: list[str] = []
        self._clock = clock
        self._known: dict[str, Layout] = {}
        self._before: dict[str, Stamp] = {}
        self._failure: tuple[TwinsheetError, bool] | None = None
        self.before_swap: Callable[[], None] | None = None
        """Runs once, right before the next swap takes effect: what a person does in that instant."""

    def tab(self, target: SheetTarget) -> FakeTab:
        """The tab of a link, made when it is first asked for."""
        return self.tabs.setdefault(target.link, FakeTab(target.headers, above=target.header_row - 1))

    def fail_next(self, error: TwinsheetError, *, took_effect: bool = False) -> None:
        """Let the next call fail."""
        self._failure = (error, took_effect)

    def lose_next_reply(self) -> None:
        """The next call takes effect, but nobody hears of it."""
        self.fail_next(ReplyLost("cut off"), took_effect=True)

    def read_tab(self, target: SheetTarget) -> TabImage:
        return self._image(target, self._call("read_tab", target))

    def read_spans(self, target: SheetTarget, spans: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        tab = self._call("read_spans", target)
        image = self._image(target, tab)
        if any(first > image.grid_rows for first, _ in spans):
            raise SheetsRefused("A range exceeds grid limits.")
        rows = tuple(r for r in image.rows if any(first <= r.row <= last for first, last in spans))
        has_ids = with_ids and ROW_ID_HEADER in tab.headers
        ids = tuple((r.row, r.row_id) for r in image.rows if r.row_id is not None) if has_ids else ()
        return replace(image, rows=rows, ids=ids, last_row=rows[-1].row if rows else tab.header_at)

    def _image(self, target: SheetTarget, tab: FakeTab) -> TabImage:
        rows = tuple(
            TabRow(i, r.row_id, {h: c for h, c in r.cells.items() if h in tab.headers})
            for i, r in tab.numbered()
            if not r.blank
        )
        return TabImage(
            stamp=tab.stamp,
            columns=self._columns(target),
            rows=rows,
            last_row=tab.last_row,
            read_at=self._clock(),
            missing_headers=tuple(h for h in (*target.headers, ROW_ID_HEADER) if h not in tab.headers),
            titles=tab.titles,
            header_row=tab.header_at,
            grid_rows=max(len(tab.rows) + tab.header_at, tab.grid_rows),
        )

    def reshape(self, target: SheetTarget, changed: Sequence[tuple[LinkedColumn, LinkedColumn]]) -> None:
        tab = self._call("reshape", target)
        tab.looks |= {now.header: now.look for _, now in changed if now.header in tab.headers}

    def read_positions(self, target: SheetTarget) -> Positions:
        tab = self._call("read_positions", target)
        ids = ((number, row.row_id) for number, row in tab.numbered() if row.row_id is not None)
        rows, repeated = RowIndex.of_column(ids)
        last_row = max(tab.header_at, rows.bottom)
        header_row = tab.header_at if tab.is_header_seen else 0
        return Positions(tab.stamp, self._columns(target), rows, last_row, repeated, header_row)

    def swap(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        _check(write)
        tab, happens = self.tab(target), self.before_swap
        self._look_first(target, write)
        self.before_swap = None
        if happens:
            happens()
        failure = self._failure
        if failure and not failure[1]:
            self._call("swap", target)
        self._failure = None
        self.calls.append("swap")
        gone = {c.header for c in write.cells} | {ROW_ID_HEADER}
        if self._known[target.link].columns == tab.columns and (missing := gone - set(tab.headers)):
            raise SheetsRefused(f"The column {', '.join(sorted(missing))} is gone from the tab.")
        answer = self._apply(target, tab, write)
        if failure:
            self._known.pop(target.link, None)
            raise failure[0]
        return answer

    def _look_first(self, target: SheetTarget, write: SwapWrite) -> None:
        """Nobody knows the tab yet, or has heard of the last write; or something is to come back, wherever it belongs
        by now."""
        if write.brings_back or target.link not in self._known:
            self._known[target.link] = Layout.of(self.tab(target))

    def recall(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer | None:
        tab = self._call("recall", target)
        self._remember(target)
        if (tab.stamp.n, tab.stamp.epoch) != (write.n, write.epoch):
            if not write.brings_back:
                tab.tickets.add((write.n, write.epoch))
            return None
        before = self._before[target.link]
        if tab.taken_back == write.n:  # the real adapter takes it back only now, by a look at the tab
            self._known[target.link] = Layout.of(tab)
            return SwapAnswer(before, (), layout_changed=True)
        return SwapAnswer(before, tab._hits(write))

    def _apply(self, target: SheetTarget, tab: FakeTab, write: SwapWrite) -> SwapAnswer:
        self._before[target.link] = tab.stamp
        if self._known[target.link].moved(tab, write):
            # the real adapter writes, sees it, and takes the write back
            tab.use_ticket(write)
            self._known[target.link] = Layout.of(tab)
            before, tab.taken_back = tab.stamp, write.n
            tab.stamp = Stamp(write.n, before.q, write.epoch)
            return SwapAnswer(before, (), layout_changed=True)
        return tab.apply(write)

    def _call(self, name: str, target: SheetTarget) -> FakeTab:
        self.calls.append(name)
        failure, self._failure = self._failure, None
        if failure:
            raise failure[0]
        return self.tab(target)

    def _columns(self, target: SheetTarget) -> dict[str, int]:
        self._remember(target)
        return self.tab(target).columns

    def _remember(self, target: SheetTarget) -> None:
        if target.link in self._known:
            self._known[target.link] = Layout.of(self.tab(target))


class FakeMarks:
    """Implements ``core.ports.SheetMarks`` over the tabs of a FakeSheet, whose next call may fail."""

    def __init__(self, sheet: FakeSheet) -> None:
        self._sheet = sheet
        self.before_mark: Callable[[], None] | None = None
        """Runs once, right before the next marking takes effect."""

    def marked(self, target: SheetTarget) -> list[int]:
        tab = self._sheet._call("marked", target)
        return [i for i, r in enumerate(tab.lines(), 1) if any(n.startswith(PREFIX) for n in r.notes.values())]

    def look(self, target: SheetTarget, rows: Collection[int]) -> MarksLook:
        tab = self._sheet._call("look", target)
        self._known = tab.columns
        linked = frozenset(tab.headers) - {ROW_ID_HEADER}
        looked = tuple(_looked(tab, row) for row in sorted(set(rows)))
        return MarksLook(tab.markings, looked, linked or {TOP_LEFT}, _looked(tab, tab.header_at))

    def mark(self, target: SheetTarget, look: MarksLook, writes: Sequence[MarkWrite]) -> tuple[LookedRow, ...] | None:
        happens, self.before_mark = self.before_mark, None
        if happens:
            happens()
        failure = self._sheet._failure
        if failure and not failure[1]:
            self._sheet._call("mark", target)
        self._sheet._failure = None
        self._sheet.calls.append("mark")
        tab = self._sheet.tab(target)
        if tab.markings != look.last or tab.columns != self._known:
            return None
        tab.markings += 1
        hit = tuple(_looked(tab, row) for row in sorted({w.row for w in writes}))
        for write in writes:
            found = tab.row(write.row)
            _set(found.notes, write.header, write.note)
            _set(found.colours, write.header, write.colour)
        if failure:
            raise failure[0]
        return hit


def _looked(tab: FakeTab, row: int) -> LookedRow:
    found, linked = tab.row(row), {*tab.headers, TOP_LEFT}
    notes, colours = (
        {header: held for header, held in beside.items() if header in linked}
        for beside in (found.notes, found.colours)
    )
    return LookedRow(row, found.row_id, notes, colours)


def _set(held: dict[str, str], header: str, value: str | None) -> None:
    if value is None:
        held.pop(header, None)
    else:
        held[header] = value


def _check(write: SwapWrite) -> None:
    """The same values are refused as by Google's adapter."""
    for cell in write.cells:
        encode_value(cell.value)
    for insert in write.inserts:
        for value in insert.cells.values():
            encode_value(value)
