"""What has to hold once everything has come to rest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from core.errors import Unfit
from core.marks import PREFIX
from core.model import LinkedColumn, RowBase, SheetCell
from core.parents import PARENT
from core.values import Canonical
from tests.fakes.sheet import FakeRow
from tests.simulation.choosing import check_open
from tests.simulation.ledger import Token, Violation, parts_of

if TYPE_CHECKING:
    from tests.simulation.twin import Twin


def check_rest(twin: Twin) -> None:
    """Everything at once.

    Raises:
        Violation: with what was found first.
    """
    state = twin.state.links[twin.link.name]
    if state.state != "live":
        raise Violation(f"the link is {state.state}: {state.reason}")
    if twin.link.name in twin.state.intents:
        raise Violation("a write is open for ever")
    twin.ledger.see_ids()
    twin.own.check()
    _check_ids(twin)
    _check_equal(twin)
    _check_rows(twin)
    _check_meant(twin)
    _check_kept(twin)
    check_open(twin)
    _check_parents(twin)
    _check_marks(twin)
    if twin.ledger.echoes:
        raise Violation(f"echo: {twin.ledger.echoes[0]}")


def check_agreement(twin: Twin) -> None:
    """Both sides are the same, and what waits is told; whatever was written before.

    Raises:
        Violation: with what was found first.
    """
    state = twin.state.links[twin.link.name]
    if state.state != "live":
        raise Violation(f"the link is {state.state}: {state.reason}")
    twin.own.check()
    _check_ids(twin)
    _check_equal(twin)
    check_open(twin)
    _check_parents(twin)
    _check_marks(twin)


def picture(twin: Twin) -> dict[str, object]:
    """What must not change any more."""
    return {
        "sheet": [(r.row_id, dict(r.cells)) for r in twin.tab.rows if not r.blank],
        "table": dict(sorted(twin.state.table(twin.link).rows.items())),
        "rejections": sorted(twin.state.rejections),
        "waiting": sorted(
            cell
            for cell, w in twin.state.waiting.get(twin.link.name, {}).items()
            if w.observed.cell.value is not None
        ),
    }


def _check_ids(twin: Twin) -> None:
    ids = Counter(r.row_id for r in twin.tab.rows if r.row_id and r.cells)
    doubled = [i for i, count in ids.items() if count > 1]
    if doubled:
        raise Violation(f"id {doubled[0]} stands in {ids[doubled[0]]} rows")
    nameless = [i for i, r in twin.tab.numbered() if r.cells and not r.row_id]
    if nameless:
        raise Violation(f"row {nameless[0]} has no id")
    kept = twin.state.kept_ids.get(twin.link.name)
    if kept:
        raise Violation(f"ids are kept for ever: {kept}")


def _bases(twin: Twin) -> dict[str, RowBase]:
    return {i: b for i, b in twin.state.bases.get(twin.link.name, {}).items() if not b.gone}


def _pending(twin: Twin, row_id: str, column: str) -> bool:
    """Whether a person can read why the cell is not the same on both sides."""
    name = twin.link.name
    if (name, row_id, column) in twin.state.rejections:
        return True
    waiting = twin.state.waiting.get(name, {}).get((row_id, column))
    return waiting is not None and waiting.reason in ("manual", "incomplete")


def _check_equal(twin: Twin) -> None:
    bases = _bases(twin)
    table = {key: twin.state.table(twin.link).rows[key] for key in twin.shown_keys}
    rows = {r.row_id: r for r in twin.tab.rows if r.row_id}
    for row_id, base in bases.items():
        if row_id not in rows:
            raise Violation(f"base knows row {row_id} (key {base.key}), the sheet does not hold it")
        if base.key is None or base.key not in table:
            raise Violation(f"base knows key {base.key} of row {row_id}, the table does not hold it")
        for column in twin.link.columns:
            _check_cell(twin, rows[row_id], base, column, table[base.key][column.name])
    missing = set(table) - {b.key for b in bases.values()}
    if missing:
        raise Violation(f"the table's row {min(missing)} is not in the sheet")
    for row_id, row in rows.items():
        if row_id not in bases and row.cells and not any(_pending(twin, row_id, h) for h in row.cells):
            raise Violation(f"the sheet's row {row_id} is not in the table, and nothing says why")


def _check_cell(twin: Twin, row: FakeRow, base: RowBase, column: LinkedColumn, table: Canonical) -> None:
    cell = row.cells.get(column.header, SheetCell(None))
    held = base.cells[column.name].value if column.name in base.cells else None
    try:
        sheet = column.codec.from_sheet(cell.value)
    except Unfit:
        sheet = repr(cell.value)
    refused = (twin.link.name, base.row_id, column.name) in twin.state.rejections
    if refused and column.codec.same(sheet, table) and column.codec.same(held, table):
        raise Violation(f"{base.row_id}.{column.name}: told to be refused, and both sides hold {table}")
    if _pending(twin, base.row_id, column.name):
        return
    if not column.follows_table:
        table = held  # what a program wrote stays in the table
    if not column.codec.same(sheet, table):
        raise Violation(f"{base.row_id}.{column.name}: sheet {sheet}, base {held}, table {table}")
    if not column.codec.same(held, table):
        raise Violation(f"{base.row_id}.{column.name}: base {held}, both sides {table}")


def _check_rows(twin: Twin) -> None:
    """No row vanished that nobody deleted, and none came back without a word."""
    ledger = twin.ledger
    in_sheet = {r.mark for r in twin.tab.rows if r.cells and isinstance(r.mark, int)}
    in_table = [lines for lines in ledger.of_key.values() if lines]
    shown = twin.shown_keys
    in_link = [lines for key, lines in ledger.of_key.items() if lines and key in shown]
    for line in range(1, ledger.lines + 1):
        there = line in in_sheet or any(line in lines for lines in in_table)
        is_deleted = line in ledger.deleted or line in ledger.emptied
        if not is_deleted and not there and _was_written(twin, line) and not _was_taken_for(twin, line):
            raise Violation(f"row {line} vanished, and nobody deleted it")
        came_back = line in ledger.deleted and line not in ledger.restored and {line} in in_link
        if came_back and not _is_told(twin, line):
            raise Violation(f"row {line} was deleted by the {ledger.deleted[line]} and came back")


def _was_taken_for(twin: Twin, line: int) -> bool:
    """A copy that still carried its original's id when that was deleted: nobody could tell them apart."""
    ids = twin.ledger.ids
    left = set(twin.ledger.deleted) | twin.ledger.hidden
    return any(line in lines and lines & left for lines in ids.values())


def _was_written(twin: Twin, line: int) -> bool:
    return any(line in t.lines and line not in t.replaced for t in twin.ledger.tokens.values())


def _is_told(twin: Twin, line: int) -> bool:
    """Whether the record says why a deleted row came back."""
    if twin.ledger.shared_id(line) or twin.ledger.is_another_by_now(line):
        return True  # which of the two was deleted, nobody could tell
    if line in twin.ledger.hidden:
        return True  # it was in the table alone when it was deleted in the sheet
    if line in twin.ledger.robbed or twin.ledger.was_mistaken(line):
        return True  # without its id, and under a key that the table no longer has, it is a new row
    ids = {row_id for row_id, lines in twin.ledger.ids.items() if line in lines}
    return any(c.rule == "change_beats_delete" and c.row_id in ids for _, c in twin.state.conflicts)


def _check_meant(twin: Twin) -> None:
    """No value stands in a row or column that it was not written for.

    Where contents were sorted past their ids, and everything of one of them but the key was typed over before a scan
    could move the ids, or gave way in base to what was told of the other contents beside its id, the same cells tell
    of rows whose keys were traded; what a program wrote then follows the ids, of three rows and more as well, each of
    which holds the contents of the next. And what was told beside a row's id, while other contents stood there, stays
    with what the table has of it, where the row has lost that id since: its own contents are another row by then, and
    cannot put that right.
    """
    ledger = twin.ledger
    for row in twin.tab.rows:
        lines: set[int] | None = None
        key = ledger.key_in(row)
        gone = ledger.of_key.get(key, set()) & set(ledger.deleted)
        texts = {h: ledger.text_of(h, cell) for h, cell in row.cells.items()}
        held = [(t, text) for h, text in texts.items() for t in ledger.tokens_in(h, text)]
        for token, text in held:
            is_left = bool(gone) and not gone & token.lines and ledger.passes_through(gone, token)
            # Before a scan could move the ids a rule joined it to the row's own text, or nothing of that was left.
            is_unknown = isinstance(row.mark, int) and (row.mark in ledger.unknown or ledger.was_mistaken(row.mark))
            is_told_apart = token.text == text and not is_unknown
            is_left |= not is_told_apart and isinstance(row.mark, int) and ledger.passes_with_ids(row.mark, token)
            is_left |= isinstance(row.mark, int) and ledger.came_by_id(row.mark, token)
            is_left |= row.mark in ledger.robbed and ledger.passes_through({row.mark}, token)
            if not ledger.is_named_by_key(key, token) and not is_left:
                lines = set(token.lines) if lines is None else lines & token.lines
        if lines is not None and not lines:
            raise Violation(f"the sheet's row {row.row_id} holds values of several rows: {_told(row)}")


def _check_kept(twin: Twin) -> None:
    """Every accepted value is final, or was overwritten on its own side, or is in the record."""
    record = _record(twin)
    for token in twin.ledger.tokens.values():
        for line in token.lines - token.replaced:
            if not _stands(twin, token) and token.text not in record:
                raise Violation(f"{token.side}'s {token.column}={token.text} of row {line} is lost without a word")


def _check_marks(twin: Twin) -> None:
    """What the table refuses is told beside its cell, and no note of ours tells what is not so."""
    name, link = twin.link.name, twin.link
    refused = {(row_id, link.by_name(column)) for of, row_id, column in twin.state.rejections if of == name}
    headers = {(row_id, column.header) for row_id, column in refused if column is not None}
    for row in twin.tab.rows:
        if row.row_id is None or not row.cells:
            continue
        noted = {header for header, note in row.notes.items() if note.startswith(PREFIX)}
        for header in {h for row_id, h in headers if row_id == row.row_id} - noted:
            raise Violation(f"{row.row_id}.{header} is refused by the table, and no note says so")
        for header in noted:
            column = link.by_header(header)
            shown = column is not None and (name, row.row_id, column.name) in twin.state.marks
            if not shown:
                raise Violation(f"{row.row_id}.{header} has a note that nobody knows of: {row.notes[header]}")


def _check_parents(twin: Twin) -> None:
    """Nothing waits for a row that is there."""
    for (row_id, column), waiting in twin.state.waiting.get(twin.link.name, {}).items():
        if waiting.reason == PARENT:
            raise Violation(f"{row_id}.{column} waits for another row, and every one is there")
    for (name, row_id, column), rejection in twin.state.rejections.items():
        if name == twin.link.name and "waits for" in rejection.reason:
            raise Violation(f"{row_id}.{column} is told to wait, and every row is there")


def _stands(twin: Twin, token: Token) -> bool:
    """In the sheet, or in the table beside a cell that holds what the table refuses."""
    ledger = twin.ledger
    held = [ledger.text_of(token.column, row.cells.get(token.column)) for row in twin.tab.rows]
    held += [row.get(token.column) for row in twin.state.table(twin.link).rows.values()]
    return any(token.text in parts_of(text) for text in held)


def _record(twin: Twin) -> set[str]:
    state = twin.state
    found: set[str | None] = set()
    for _, h in state.history:
        found.update((h.old, h.new))
    for _, c in state.conflicts:
        found.update((c.base, c.sheet, c.table))
    found.update(r.value for _, r in state.rejected)
    for cells in state.waiting.values():
        found.update(str(w.observed.cell.value) for w in cells.values())
    return {part for text in found for part in parts_of(text)}


def _told(row: FakeRow) -> str:
    return " ".join(f"{h}={c.value}" for h, c in row.cells.items())
