"""What a preview finds, counted by side and kind, with the first few of each (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from core import guards
from core.compare import DIFFERENCES_MAX, first_missing
from core.errors import Unfit
from core.first_link import Match, differing
from core.model import Key, Link, LinkedColumn, SheetCell
from core.ports import ConflictEntry, TableRow
from core.row_view import RowPlan, RowView, value_text
from core.sheet import TabRow
from core.sheet_plan import SheetPlan
from core.values import Canonical, Serial, SheetValue
from core.write_size import lacking_bytes

SHEET, TABLE, STAYS = guards.SHEET, guards.TABLE, "neither"
FIRST_SHOWN = 5
CELL_BYTES, PLACE_BYTES = 60, 300
"""About what a request says of a cell besides its value, and of a place that it writes to."""
_BLANK = SheetCell(None)


@dataclass(frozen=True, slots=True)
class Change:
    """One row or cell that would be written, or that stays as it is for a reason."""

    side: str
    """``sheet``, ``table`` or ``neither``."""
    kind: str
    row_id: str | None = None
    row: int | None = None
    """1-based row of the tab."""
    key: Key | None = None
    column: str | None = None
    """Table column name."""
    sheet: Canonical = None
    table: Canonical = None
    values: TableRow | None = None
    """Of a whole row, by table column name."""
    reason: str = ""


@dataclass(slots=True)
class Kind:
    """All changes of one kind on one side."""

    count: int = 0
    first: list[Change] = field(default_factory=list)

    def note(self, told: Callable[[], Change]) -> None:
        """One more; only the first few are told of."""
        self.count += 1
        if len(self.first) < FIRST_SHOWN:
            self.first.append(told())


@dataclass(slots=True)
class Tally:
    """The sum of a preview."""

    kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)
    columns: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By column: how many cells go ``to_sheet`` or ``to_table``, and how many of each other kind stay."""
    differences: list[Change] = field(default_factory=list)
    """Cells of rows that both sides have, and in which they differ; the first DIFFERENCES_MAX."""
    unfit: list[Change] = field(default_factory=list)
    """The first as many."""
    guard: tuple[str, str] | None = None
    """Name and reason of the guard that would hold the link."""
    sheet_bytes: int = 0
    """About what the requests to the sheet hold."""

    def count(self, side: str, *kinds: str) -> int:
        """How many changes of these kinds there are."""
        return sum(self.kinds[side, kind].count for kind in kinds if (side, kind) in self.kinds)

    @property
    def sheet_writes(self) -> int:
        """Rows and cells of the sheet that would change; ids and keys that rows are given are counted apart."""
        return self.count(SHEET, "insert", "cell", "delete")

    @property
    def table_writes(self) -> int:
        """Rows and cells of the table that would change."""
        return self.count(TABLE, "insert", "cell", "delete")

    @property
    def is_empty(self) -> bool:
        """Whether both sides hold the same, and nothing waits for anybody."""
        return not self.kinds and self.guard is None

    def add(self, change: Change) -> None:
        """Count a change."""
        self.kinds.setdefault((change.side, change.kind), Kind()).note(lambda: change)
        if change.column is not None and change.kind != "key":
            self.columns[change.column][f"to_{change.side}" if change.kind == "cell" else change.kind] += 1
        if change.kind == "unfit":
            _keep(self.unfit, change)
        if change.side == SHEET:
            values = [change.table] if change.values is None else change.values.values()
            self._weigh(values, PLACE_BYTES if change.kind == "cell" else CELL_BYTES)

    def note_differences(
        self, link: Link, matches: Iterable[Match], undecided: Collection[str] = frozenset()
    ) -> None:
        """Cells that differ now, whatever comes of them; in these columns nobody has decided what."""
        for match in matches:
            for column, cell in differing(link, match):
                place = Change(STAYS, "undecided", match.row.row_id, match.row.row, match.key, column.name)
                one = replace(place, sheet=_text(column, cell.value), table=match.table.get(column.name))
                _keep(self.differences, one)
                if column.name in undecided:
                    self.add(one)

    def note_row(self, view: RowView, plan: RowPlan, row: TabRow | None) -> None:
        """What is decided on a row, but for its insert."""
        place = Change(TABLE, "cell", view.row_id, row.row if row else None, view.key)
        table = view.table or {}
        for name, value in plan.update.items():
            self.add(replace(place, column=name, sheet=value, table=table.get(name)))
        if plan.delete:
            self.add(replace(place, kind="delete", values=view.table))
        for one in plan.rejections:
            held = table.get(one.column) if one.column is not None else None
            told = replace(place, side=STAYS, kind="unfit", column=one.column, sheet=one.value, table=held)
            self.add(replace(told, reason=one.reason))
        for conflict in plan.conflicts:
            self.add(_conflict(place, conflict))
        self._note_waiting(view, plan, place, row)

    def _note_waiting(self, view: RowView, plan: RowPlan, place: Change, row: TabRow | None) -> None:
        open_now = {c.column for c in plan.conflicts if not c.settled}
        if any(reason == "incomplete" for _, reason in plan.wait):
            missing = first_missing(view.link, row) if row is not None else None
            reason = f"the row waits until {missing} is filled" if missing else "the row waits until it is mended"
            self.add(replace(place, side=STAYS, kind="incomplete", column=missing, reason=reason))
        for seen, reason in plan.wait:
            held = (view.table or {}).get(seen.column)
            told = replace(place, side=STAYS, column=seen.column, sheet=value_text(seen.cell.value), table=held)
            if reason == "manual" and seen.column not in open_now:
                self.add(replace(told, kind="conflict", reason="waits for a person"))
            elif reason not in ("manual", "incomplete"):
                self.add(replace(told, kind="waits", reason=reason))

    def note_sheet(
        self, link: Link, plan: SheetPlan, key_of: Callable[[str], Key | None], tab: Mapping[str, TabRow]
    ) -> None:
        """What goes to the sheet."""
        for cell in plan.cells:
            column, before = link.by_header(cell.header), tab[cell.row_id].cells.get(cell.header, _BLANK)
            place = Change(SHEET, "cell", cell.row_id, cell.row, key_of(cell.row_id))
            name = column.name if column is not None else cell.header
            self.add(replace(place, column=name, sheet=_text(column, before.value), table=_text(column, cell.value)))
        for insert in plan.inserts:
            self._note_insert(link, plan.keys.get(insert.row_id), insert.cells)
        for gone in plan.deletes:
            self.add(Change(SHEET, "delete", gone.row_id, gone.row, plan.keys.get(gone.row_id)))
        for formula in plan.formula_conflicts:
            reason = "the cell holds a formula, which wins over the table's change"
            place = Change(STAYS, "formula", formula.row_id, key=key_of(formula.row_id), reason=reason)
            self.add(
                replace(place, column=formula.column, sheet=_text(link.by_name(formula.column), formula.cell.value))
            )
        for one in plan.unfit:
            self.add(Change(STAYS, "unfit", key=one.key, column=one.column, table=one.value, reason=one.reason))

    def _note_insert(self, link: Link, key: Key | None, cells: Mapping[str, SheetValue]) -> None:
        """As :meth:`add`, without a change for each: a table has thousands of rows to insert."""
        kind = self.kinds.setdefault((SHEET, "insert"), Kind())
        kind.note(lambda: Change(SHEET, "insert", key=key, values=_by_name(link, cells)))
        self.sheet_bytes += lacking_bytes({header: value_text(value) for header, value in cells.items()}, None)

    def _weigh(self, values: Iterable[Canonical], place_bytes: int) -> None:
        said = sum(CELL_BYTES + len(value.encode("utf-8", "replace")) for value in values if value)
        self.sheet_bytes += said + place_bytes


def _keep(told: list[Change], one: Change) -> None:
    if len(told) < DIFFERENCES_MAX:
        told.append(one)


def _conflict(place: Change, one: ConflictEntry) -> Change:
    kind = "settled" if one.settled else "conflict"
    reason = f"{one.winner} wins by {one.rule}" if one.settled else f"waits for a person ({one.rule})"
    return replace(place, side=STAYS, kind=kind, column=one.column, sheet=one.sheet, table=one.table, reason=reason)


def _by_name(link: Link, cells: Mapping[str, SheetValue]) -> dict[str, Canonical]:
    return {c.name: _text(c, cells[c.header]) for c in link.columns if c.header in cells}


def _text(column: LinkedColumn | None, value: SheetValue) -> Canonical:
    """A cell as it stands, but for dates and times: nobody reads the numbers that stand for them."""
    try:
        return column.codec.from_sheet(value) if column and isinstance(value, Serial) else value_text(value)
    except Unfit:
        return value_text(value)
