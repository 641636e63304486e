"""What one read of the whole tab says against base: changed cells, missing rows, strangers (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from core import guards
from core.contents import differs, is_anothers, is_row_of, key_in_base, key_in_row, shared
from core.displaced import is_rather
from core.events import Json, cell_to_json, stamp_to_json
from core.model import ROW_ID_HEADER, ROW_ID_PREFIX, CellBase, Key, Link, LinkedColumn, RowBase, SheetCell
from core.sheet import IdWrite, TabImage, TabRow

_BLANK = SheetCell(None)


@dataclass(slots=True)
class Findings:
    """What a scan found."""

    cells: list[tuple[TabRow, LinkedColumn, SheetCell]] = field(default_factory=list)
    """Cells that differ from base, and every cell of rows that base does not know."""
    missing: list[str] = field(default_factory=list)
    """Row ids that base knows or that wait, and of which the tab holds nothing."""
    strangers: list[TabRow] = field(default_factory=list)
    """Rows without an id, and copies that carry another row's id."""
    moved_ids: list[IdWrite] = field(default_factory=list)
    """The contents of known rows were sorted past their ids, or have lost them: the ids have to follow."""
    unclear: set[str] = field(default_factory=set)
    """Ids beside which another known row's contents stand, and that row's own are nowhere, or rows that nobody knows
    after a write that base does not know of: nothing is told of them before a second look, because a write of ours
    may have put the row there, or be about to put back what it has replaced there."""
    changed_rows: int = 0
    """Known rows that differ without anybody having told of it."""
    guard: tuple[str, str] | None = None
    """Name and reason of the guard that stops the link."""


def compare(  # noqa: PLR0917 -- everything that a scan is held against
    link: Link,
    image: TabImage,
    bases: Sequence[RowBase],
    waiting_rows: Collection[str],
    settled_n: int,
    told: Collection[str] = (),
    open_cells: Collection[tuple[str, str]] = (),
    doubted: Collection[str] = (),
) -> Findings:
    """Compare a scan with base.

    Args:
        link: the link.
        image: the tab as of one read.
        bases: every live row, read before the tab was.
        waiting_rows: ids of rows with cells that wait; some of them stand in the sheet alone.
        settled_n: number of our last settled write, read before the tab was.
        told: ids of rows of which an edit event has told; the guard does not count them.
        open_cells: (row id, column) that wait or were refused; the guard does not count their rows, and they are
            told also where they hold again what both sides share.
        doubted: ids that the scan before found unclear.
    """
    found = Findings()
    found.guard = _damaged(link, image, settled_n)
    if found.guard:
        return found
    known = {b.row_id: b for b in bases}
    own = _own_rows(link, image, known, found)
    differing = {row_id: cells for row_id, row in own.items() if (cells := _differing(link, row, known.get(row_id)))}
    missing = [b for b in bases if b.row_id not in own and is_past_our_writes(image, b)]
    rows = [*found.strangers, *own.values()]
    foreign = _foreign(link, own, known, differing)
    found.moved_ids = _permutation(own, foreign, missing)
    while lost := _lost_ids(link, _homeless(image, known, missing, found.moved_ids), rows, known, found.moved_ids):
        found.moved_ids += lost
    healed = {own_id for move in found.moved_ids if (own_id := move.expected)}
    named = {move.row for move in found.moved_ids}
    news = own.keys() - known.keys() if image.stamp.n > settled_n else set()
    found.unclear = (_unclear(link, own, known, foreign) | news).difference(healed, doubted)
    expected = {*told, *(row_id for row_id, _ in open_cells)}
    found.strangers = [row for row in found.strangers if row.row not in named]
    for row_id, cells in differing.items():
        if row_id not in healed and row_id not in found.unclear:
            found.cells.extend((own[row_id], column, cell) for column, cell in cells)
            found.changed_rows += row_id in known and row_id not in expected
    found.cells.extend(_mended(link, own, known, open_cells))
    brought_back = {move.row_id for move in found.moved_ids}
    # an id moves from a row that was cleared: what is left of that one needs another
    found.strangers += [row for row in image.rows if row.row_id in brought_back and not row.cells]
    found.missing = [b.row_id for b in missing if b.row_id not in brought_back]
    found.missing += [row_id for row_id in waiting_rows if row_id not in own and row_id not in known]
    is_blank = not any(row.cells for row in image.rows)
    found.guard = _too_much(link, found, len(known), is_blank=is_blank)
    return found


def _damaged(link: Link, image: TabImage, settled_n: int) -> tuple[str, str] | None:
    missing = tuple(h for h in (*link.headers, ROW_ID_HEADER) if h not in image.columns)
    if missing:
        return "columns_missing", guards.columns_missing(link, missing)
    if header_is_damaged(link, image):
        return "header_damaged", guards.header_damaged(link)
    if image.stamp.n < settled_n:
        return "version_restored", guards.version_restored(link)
    return None


def header_is_damaged(link: Link, image: TabImage) -> bool:
    """Whether row 1 is the header row no longer: people rename headers, and never the hidden id column's.

    Cleared titles alone tell of it where most of them are gone.
    """
    titles = image.titles
    blank = [header for header in link.headers if titles.get(header) == ""]
    return titles.get(ROW_ID_HEADER, ROW_ID_HEADER) != ROW_ID_HEADER or len(blank) * 2 > len(link.headers)


def _too_much(link: Link, found: Findings, rows: int, *, is_blank: bool) -> tuple[str, str] | None:
    if is_blank and guards.is_emptied(len(found.missing), rows):
        return "tab_emptied", guards.tab_emptied(link, rows)
    if guards.too_many(len(found.missing), rows):
        return "deleted_in_sheet", guards.deleted_in_sheet(link, len(found.missing), rows)
    if guards.too_many(found.changed_rows, rows):
        return "changed_in_sheet", guards.changed_in_sheet(link, found.changed_rows, rows)
    return None


def _own_rows(link: Link, image: TabImage, known: Mapping[str, RowBase], found: Findings) -> dict[str, TabRow]:
    """Rows by their id; of a repeated id the one that base describes, the others are strangers, and so are rows
    beside whose cells something else than an id stands.

    A row of which nothing but the id is left stands there no longer: somebody has cleared it whole.
    """
    by_id: dict[str, list[TabRow]] = defaultdict(list)
    for row in image.rows:
        if row.row_id and (row.row_id in known or row.row_id.startswith(ROW_ID_PREFIX)):
            by_id[row.row_id].append(row)
        elif row.cells:
            found.strangers.append(row)
    own: dict[str, TabRow] = {}
    for row_id, rows in by_id.items():
        filled = [row for row in rows if row.cells]
        if not filled:
            continue
        base = known.get(row_id)
        original = next((r for r in filled if base and not _differing(link, r, base)), filled[0])
        found.strangers.extend(r for r in rows if r is not original)
        own[row_id] = original
    return own


def _differing(link: Link, row: TabRow, base: RowBase | None) -> list[tuple[LinkedColumn, SheetCell]]:
    if base is None:
        return [(c, cell) for c in link.columns if (cell := row.cells.get(c.header)) is not None]
    return [
        (column, cell)
        for column in link.columns
        if differs(column, cell := row.cells.get(column.header, _BLANK), base.cells.get(column.name, CellBase(None)))
    ]


def _mended(
    link: Link, own: Mapping[str, TabRow], known: Mapping[str, RowBase], open_cells: Collection[tuple[str, str]]
) -> list[tuple[TabRow, LinkedColumn, SheetCell]]:
    """Open cells that hold again what both sides share: a formula may have come to it, or nobody told of the edit."""
    found = []
    for row_id, name in open_cells:
        row, base, column = own.get(row_id), known.get(row_id), link.by_name(name)
        if row is None or base is None or column is None:
            continue
        cell = row.cells.get(column.header, _BLANK)
        if not differs(column, cell, base.cells.get(name, CellBase(None))):
            found.append((row, column, cell))
    return found


def is_past_our_writes(image: TabImage, base: RowBase) -> bool:
    """Whether a look at the tab came after our last write to the row, so that it may tell of the row's going."""
    return image.stamp.n >= max([base.n, *(c.n for c in base.cells.values())])


def _foreign(
    link: Link, own: Mapping[str, TabRow], known: Mapping[str, RowBase], differing: Collection[str]
) -> dict[str, str]:
    """Ids beside which another known row's contents stand, each known by its key, with that row's id.

    What was typed into them since differs as in any row.
    """
    owners = {key: b.row_id for b in known.values() if (key := key_in_base(link, b)) is not None}
    found: dict[str, str] = {}
    for row_id in differing:
        key = key_in_row(link, own[row_id].cells) if row_id in known else None
        owner = owners.get(key) if key is not None else None
        if (
            owner is not None
            and owner != row_id
            and is_anothers(link, known[owner], known[row_id], own[row_id].cells)
        ):
            found[row_id] = owner
    return found


def _permutation(own: Mapping[str, TabRow], foreign: Mapping[str, str], missing: Sequence[RowBase]) -> list[IdWrite]:
    """Ids to move: rows that were sorted past their ids hold each other's contents.

    A row whose owner stands in its own place is no such one, but a copy.
    """
    found, away = dict(foreign), {b.row_id for b in missing}
    while any(owner not in found and owner not in away for owner in found.values()):
        found = {row_id: owner for row_id, owner in found.items() if owner in found or owner in away}
    times = Counter(found.values())
    if any(count > 1 for count in times.values()):
        return []  # copies among them: nobody can tell which of two is the row
    return [IdWrite(own[row_id].row, owner, row_id) for row_id, owner in found.items()]


def _unclear(
    link: Link, own: Mapping[str, TabRow], known: Mapping[str, RowBase], foreign: Mapping[str, str]
) -> set[str]:
    """Of these ids those whose contents' owner does not stand at home: what there is looks half moved."""
    return {
        row_id
        for row_id, owner in foreign.items()
        if owner not in own or not is_row_of(link, known[owner], own[owner].cells)
    }


def _homeless(
    image: TabImage, known: Mapping[str, RowBase], missing: Sequence[RowBase], moved: Sequence[IdWrite]
) -> list[RowBase]:
    """Rows that the tab does not hold, or whose id moves from where it stands to another row."""
    leaving = [known[m.expected] for m in moved if m.expected is not None and m.expected in known]
    return [*missing, *(base for base in leaving if is_past_our_writes(image, base))]


def _lost_ids(
    link: Link,
    missing: Sequence[RowBase],
    rows: Sequence[TabRow],
    known: Mapping[str, RowBase],
    moved: Sequence[IdWrite],
) -> list[IdWrite]:
    """Ids to give back: a row that nobody knows, or that carries another's id, is by its key a missing one; one whose
    key is yet to come into the sheet is known by all that it holds."""
    given, away = {m.row for m in moved}, {m.row_id for m in moved}
    owners: dict[Key | None, list[RowBase]] = defaultdict(list)
    for base in missing:
        if base.row_id not in away:
            owners[key_in_base(link, base)].append(base)
    moves: list[IdWrite] = []
    for row in rows if owners else ():
        if row.row in given:
            continue
        alike, own = owners.get(key_in_row(link, row.cells), []), known.get(row.row_id or "")
        found = (b for b in alike if is_row_of(link, b, row.cells) and is_rather(link, b, own, row.cells))
        owner = max(found, key=lambda base: shared(link, base, row.cells), default=None)
        if owner is not None:
            moves.append(IdWrite(row.row, owner.row_id, row.row_id))
            alike.remove(owner)
    return moves


def scan_events(
    link: Link, image: TabImage, found: Findings, strangers: Sequence[TabRow], *, event: str, rows_max: int = 500
) -> list[Json]:
    """The events that tell of a scan, in pieces of whole rows that Kafka takes; none where nothing was found.

    Args:
        strangers: those that need an id now.
        event: id of the scan.
        rows_max: rows in one event.
    """
    rows: dict[int, list[Json]] = defaultdict(list)
    for row, column, cell in found.cells:
        told = {"row_id": row.row_id, "row": row.row, "column": column.header, **cell_to_json(cell)}
        rows[row.row].append(told)
    whole = list(rows.values())
    pieces = [list(chain(*whole[i : i + rows_max])) for i in range(0, len(whole), rows_max)] or [[]]
    head: Json = {"kind": "scan", "link": link.name, "event": event, "stamp": stamp_to_json(image.stamp)}
    names = [{"row": s.row, "expected": s.row_id, "row_id": None} for s in strangers]
    names += [{"row": m.row, "expected": m.expected, "row_id": m.row_id} for m in found.moved_ids]
    events = [{**head, "cells": piece} for piece in pieces]
    events[-1].update({"missing": found.missing, "names": names})
    return events if whole or found.missing or names else []
