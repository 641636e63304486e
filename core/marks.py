"""Notes and colours beside cells: what a person is to read there, and what is to be written for it (pure).

A mark tells of a value that the table refuses, of a conflict, or of a row that is not complete. Ours begins with
``Twinsheet:`` and has no blank line; what a person wrote on the same cell follows behind one, and outlives ours.
Marks are compared like cells: what is wanted, by the record, against what was shown, by our own note of it. A note
that a person has removed stays removed until there is something else to tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.conflicts import TAKEN_BY
from core.model import ROW_ID_HEADER, Link, LinkedColumn, RowBase
from core.ports import ConflictEntry, NumberedConflict, RejectionEntry, ShownMark, Waiting
from core.sheet import LookedRow, MarksLook, MarkWrite
from core.values import Canonical

PREFIX = "Twinsheet:"
TEXT_CHARS_MAX = 500
VALUE_CHARS_MAX = 80
CAME_BACK = ""
"""The text of a mark that nobody has put beside its cell: its row stands in the tab again, and what was beside any
cell of it, and of others that came with it, may stand there again as well."""
TOP_LEFT = ""
"""Stands for the header of column A, where the tab has lost every linked column."""
_GAP = "\n\n"

REJECTED = "#fce8e6"
CONTESTED = "#fef7e0"
INCOMPLETE = "#e8f0fe"
OUR_COLOURS = frozenset({REJECTED, CONTESTED, INCOMPLETE})

Cell = tuple[str, str]
"""Row id and the table's name of the column."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a cell is to show: one line and a light background, ``#rrggbb``."""

    text: str
    colour: str


@dataclass(slots=True)
class MarkPlan:
    """What is to be written beside cells, and what is to be remembered of it."""

    writes: list[MarkWrite] = field(default_factory=list)
    show: list[ShownMark] = field(default_factory=list)
    forget: list[Cell] = field(default_factory=list)
    astray: set[str] = field(default_factory=set)
    """Row ids that do not stand where they were looked for."""
    strays: set[int] = field(default_factory=set)
    """Rows with notes of ours beside cells that are not known to show any: they may be another row's, whose id moved,
    or its copy's."""
    is_lost: bool = False
    """A note of ours that is to go stands beside its cell no longer: a person has removed it, or it stands beside
    another id."""
    is_elsewhere: bool = False
    """Likewise, of one beside a cell that goes on showing one."""


# --- what is wanted -------------------------------------------------------------------


def wanted_marks(
    link: Link,
    rejections: Iterable[RejectionEntry],
    conflicts: Iterable[NumberedConflict],
    waiting: Mapping[str, Sequence[Waiting]],
    bases: Mapping[str, RowBase],
) -> dict[Cell, Mark]:
    """What the cells of some rows are to show; of several reasons the one that asks most of a person.

    Args:
        link: whose rows they are.
        rejections: open ones.
        conflicts: open ones, and settled ones that are still news.
        waiting: cells that cannot be decided yet, by row id.
        bases: what both sides share, by row id.
    """
    wanted: dict[Cell, Mark] = {}
    for row_id, cells in waiting.items():
        missing = first_missing(link, cells)
        if missing is not None:
            text = _line(f"this row is not in the table yet: {missing.header} is missing.")
            wanted[row_id, missing.name] = Mark(text, INCOMPLETE)
    for conflict in sorted(conflicts, key=lambda c: (not c.entry.settled, c.number)):
        column = link.by_name(conflict.entry.column or "")
        if column is not None and _is_news(column, conflict.entry, bases.get(conflict.entry.row_id)):
            wanted[conflict.entry.row_id, column.name] = Mark(_line(_conflict_text(conflict)), CONTESTED)
    for rejection in rejections:
        if link.by_name(rejection.column) is not None:
            wanted[rejection.row_id, rejection.column] = Mark(_line(rejection.reason), REJECTED)
    return wanted


def first_missing(link: Link, waiting: Iterable[Waiting]) -> LinkedColumn | None:
    """The first column that an incomplete row has to be given, in the order of the tab's headers."""
    cells = {w.observed.column: w.observed.cell for w in waiting if w.reason == "incomplete"}
    if not cells:
        return None
    needed = [c for c in link.columns if c.required]
    return next((c for c in needed if c.name not in cells or cells[c.name].value in (None, "")), None)


def _is_news(column: LinkedColumn, entry: ConflictEntry, base: RowBase | None) -> bool:
    """A settled conflict is told as long as the cell holds the value that won, unless somebody chose it."""
    if not entry.settled:
        return True
    if entry.rule.startswith(TAKEN_BY):
        return False
    cell = base.cells.get(column.name) if base is not None and not base.gone else None
    if cell is None or entry.winner not in ("sheet", "table", "rule"):
        return False
    won = {"sheet": entry.sheet, "table": entry.table}.get(entry.winner, cell.value)
    return column.codec.same(cell.value, won)


def _conflict_text(conflict: NumberedConflict) -> str:
    entry, number = conflict.entry, conflict.number
    sheet = f"{_quoted(entry.sheet)}{_told(entry.sheet_actor, entry.sheet_at)} in the sheet"
    table = f"{_quoted(entry.table)}{_told('', entry.table_at)} in the table"
    if not entry.settled:
        return f"conflict {number}: {sheet}, {table}. Choose in the menu Twinsheet. ({entry.rule})"
    if entry.winner == "rule":
        return f"conflict {number}: {sheet}, {table}; the rule {entry.rule} made this of them."
    stays, goes = (sheet, table) if entry.winner == "sheet" else (table, sheet)
    return f"conflict {number}: {stays} replaced {goes}. ({entry.rule})"


def _quoted(value: Canonical) -> str:
    if value is None:
        return "nothing"
    return f'"{value if len(value) <= VALUE_CHARS_MAX else value[: VALUE_CHARS_MAX - 1] + "…"}"'


def _told(actor: str, at: datetime | None) -> str:
    by = f" by {actor}" if actor else ""
    when = f" at {at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else ""
    return by + when


def _line(text: str) -> str:
    """Ours, in one line."""
    told = f"{PREFIX} {' '.join(text.split())}"
    return told if len(told) <= TEXT_CHARS_MAX else told[: TEXT_CHARS_MAX - 1] + "…"


# --- what is written --------------------------------------------------------------------


def differing(wanted: Mapping[Cell, Mark], shown: Mapping[Cell, ShownMark]) -> set[str]:
    """Row ids of which some cell does not show what it is to show."""
    stale = {cell for cell, was in shown.items() if not was.is_sure or cell not in wanted}
    news = {cell for cell, mark in wanted.items() if cell not in shown or shown[cell].text != mark.text}
    return {row_id for row_id, _ in stale | news}


def plan_marks(
    columns: Mapping[str, str],
    look: MarksLook,
    at: Mapping[int, str],
    wanted: Mapping[Cell, Mark],
    shown: Mapping[Cell, ShownMark],
) -> MarkPlan:
    """What to put beside the cells of the rows that were looked at.

    Args:
        columns: the table's name of each linked header's column.
        at: which row id was believed to stand in which of the rows; rows beside these were looked at only to find
            notes of ours that do not belong there. What the header row tells is :func:`plan_hold_note`'s business.
    """
    plan = MarkPlan()
    ids = {row.row: row.row_id for row in look.rows}
    plan.astray = {row_id for row, row_id in at.items() if ids.get(row) != row_id}
    for row in (r for r in look.rows if r.row_id != ROW_ID_HEADER):
        for header, name in columns.items():
            _plan_cell(plan, row, header, (row.row_id or "", name), wanted, shown)
    linked, seen = set(columns.values()), set(ids.values())
    # of a column that is linked no longer: where its header goes on under another name, that cell clears the note
    plan.forget += [cell for cell in shown if cell[0] in seen and cell[1] not in linked]
    return plan


def _plan_cell(  # noqa: PLR0917 -- one cell, and everything that decides on it
    plan: MarkPlan,
    row: LookedRow,
    header: str,
    cell: Cell,
    wanted: Mapping[Cell, Mark],
    shown: Mapping[Cell, ShownMark],
) -> None:
    want, was = wanted.get(cell), shown.get(cell)
    note, colour = row.notes.get(header), row.colours.get(header)
    is_told = want is not None and was is not None and was.is_sure and was.text == want.text
    if is_told and _is_marked_cell(want, note, colour):
        return
    if was is None and _our_part(note) is not None:
        plan.strays.add(row.row)
    own_colour = colour
    if colour in OUR_COLOURS:
        own_colour = was.colour_before if was is not None else None
    after = (compose(want.text if want else None, persons_part(note)), want.colour if want else own_colour)
    # A marking may be on its way yet: after another it cannot land.
    is_doubtful = was is not None and not (was.is_sure or was.text == CAME_BACK)
    if is_doubtful or after != (note, colour):
        plan.writes.append(MarkWrite(row.row, row.row_id, header, *after))
    if want is not None:
        plan.show.append(ShownMark(*cell, want.text, own_colour))
        plan.is_elsewhere |= was is not None and was.is_sure and _our_part(note) is None
    elif was is not None:
        plan.forget.append(cell)
        plan.is_lost |= was.text != CAME_BACK and _our_part(note) is None


def _is_marked_cell(mark: Mark | None, note: str | None, colour: str | None) -> bool:
    """Whether it is the cell beside which that was put, whatever a person has written behind it. Who removes a note
    leaves its background; where both are gone, or a note tells of something else, another cell stands there, such as
    one of a copy that has taken the row's place with its id."""
    ours = _our_part(note)
    return mark is not None and (colour == mark.colour if ours is None else ours.startswith(mark.text))


def compose(ours: str | None, persons: str | None) -> str | None:
    """A note of ours above a person's."""
    return _GAP.join(part for part in (ours, persons) if part) or None


def _our_part(note: str | None) -> str | None:
    """What of a note is ours."""
    return note.partition(_GAP)[0] if note and note.startswith(PREFIX) else None


def persons_part(note: str | None) -> str | None:
    """What of a note a person wrote."""
    if not note or not note.startswith(PREFIX):
        return note or None
    return note.partition(_GAP)[2] or None


def hold_text(reason: str) -> str:
    """Our part of the note that tells why a link is held."""
    return _line(reason)


def plan_hold_note(headers: Sequence[str], look: MarksLook, wanted: str | None) -> MarkWrite | None:
    """The note on the header row's first linked cell, or on A1 where no linked column is left; ``None`` where nothing
    is to be written.

    Args:
        headers: linked ones, in their order.
        look: at any rows.
        wanted: our part; ``None`` once the link goes on.
    """
    row = look.header
    header = next((h for h in headers if h in look.columns), TOP_LEFT)
    note = row.notes.get(header)
    after = compose(wanted, persons_part(note))
    return None if after == note else MarkWrite(row.row, row.row_id, header, after, row.colours.get(header))


# --- what a marking has hit ------------------------------------------------------------------


def shows_ours(row: LookedRow) -> bool:
    """Whether a note of ours stands beside one of its linked cells."""
    return any(_our_part(note) is not None for note in row.notes.values())


def has_left(writes: Sequence[MarkWrite], hit: Collection[LookedRow], look: MarksLook) -> bool:
    """Whether a note of ours that was to go, or to become another one, was there no longer as the marking hit its
    cell: contents that are sorted past their ids take it along.

    Args:
        writes: what was sent.
        hit: as for :func:`amends`.
        look: likewise.
    """
    before, seen = {r.row: r for r in hit}, {r.row: r for r in (look.header, *look.rows)}
    notes = [(_row(seen, w.row).notes.get(w.header), _row(before, w.row).notes.get(w.header)) for w in writes]
    return any(_our_part(was) is not None and _our_part(now) is None for was, now in notes)


def amends(writes: Sequence[MarkWrite], hit: Collection[LookedRow], look: MarksLook) -> list[MarkWrite]:
    """What has to be written next because of what a marking replaced: a person may write a note, or move rows,
    between our look and our write.

    Args:
        writes: what was sent.
        hit: the rows that it really hit, as they were just before it.
        look: what it was planned by.
    """
    before, seen = {r.row: r for r in hit}, {r.row: r for r in (look.header, *look.rows)}
    mended = []
    for write in writes:
        found, looked = _row(before, write.row), _row(seen, write.row)
        note, colour = found.notes.get(write.header), found.colours.get(write.header)
        if found.row_id != write.row_id:
            mended.append(MarkWrite(write.row, found.row_id, write.header, note, colour))
        elif persons_part(note) not in (None, persons_part(looked.notes.get(write.header))):
            both = compose(_our_part(write.note), persons_part(note))
            mended.append(MarkWrite(write.row, write.row_id, write.header, both, write.colour))
    return mended


def _row(rows: Mapping[int, LookedRow], number: int) -> LookedRow:
    """That row; one of which nothing is told is blank."""
    return rows.get(number) or LookedRow(number, None, {}, {})


def still_due(owed: Iterable[MarkWrite], look: MarksLook) -> list[MarkWrite]:
    """Of what is owed to rows, what can be given to them now: at the places where they stand."""
    places = {r.row_id: r for r in look.rows if r.row_id is not None}
    rows = {r.row: r for r in look.rows}
    found = []
    for write in owed:
        row = places.get(write.row_id) if write.row_id is not None else rows.get(write.row)
        if row is not None and row.row_id == write.row_id:
            found.append(MarkWrite(row.row, row.row_id, write.header, write.note, write.colour))
    return found


def given_back(look: MarksLook, owed: Iterable[MarkWrite]) -> MarksLook:
    """The look as it will be once these rows have got what is owed to them: what is to be told there goes on top."""
    rows = {r.row: r for r in look.rows}
    for write in owed:
        row = rows[write.row]
        notes, colours = _put(row.notes, write.header, write.note), _put(row.colours, write.header, write.colour)
        rows[write.row] = replace(row, notes=notes, colours=colours)
    return replace(look, rows=tuple(rows.values()))


def _put(held: Mapping[str, str], header: str, value: str | None) -> dict[str, str]:
    others = {name: one for name, one in held.items() if name != header}
    return others if value is None else {**others, header: value}
