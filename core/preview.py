"""What would be written to each side if everything that differs were carried out now (pure).

Decided by the rules that decide while the link runs: what a scan says of the tab, the plan of each row, and the plan
of the sheet after that. Taken for granted is what only the change feed can tell: that keys stay with their rows, and
that no commit times come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any

from core import guards, scan
from core.findings import Findings
from core.first_link import (
    CONFLICTS,
    Match,
    as_named,
    differing,
    first_conflicts,
    is_a_choice,
    match_rows,
    shared_bases,
)
from core.freshness import scan_age, tells_of_going
from core.lazily import LazyMapping
from core.model import ROW_ID_PREFIX, Key, Link, LinkedColumn, Observed, RowBase, SheetCell
from core.overlay import Overlay
from core.planner import MANUAL
from core.ports import TableRow, Waiting
from core.preview_tally import SHEET, STAYS, TABLE, Change, Tally
from core.row_index import RowIndex
from core.row_view import ComputeRule, RowPlan, RowView
from core.sheet import Positions, TabImage, TabRow
from core.sheet_plan import SheetView, plan_sheet
from core.table_plan import plan_row

_BLANK = SheetCell(None)
_NEW_ID = f"{ROW_ID_PREFIX}new"
_SCAN = "scan"
ROWS_AT_ONCE = 1_000
"""Planned for together; the plans of a whole table would take more memory than the table."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """Both sides of a link and what is known of it."""

    link: Link
    image: TabImage
    """The tab as of one read, numbered as the next scan."""
    bases: Mapping[str, RowBase]
    """Of every live row, by row id."""
    table: Mapping[Key, TableRow]
    former: Mapping[str, RowBase] = field(default_factory=dict)
    """Bases of rows that are gone and whose ids the tab shows."""
    waiting: Mapping[str, Sequence[Waiting]] = field(default_factory=dict)
    """By row id."""
    refused: Collection[tuple[str, str]] = ()
    """(row id, column) that wait or were refused."""
    settled_n: int = 0
    restored_n: int = 0


def preview_link(view: LinkView, compute_rule: ComputeRule) -> Tally:
    """What would be written now to the two sides of a link that exists."""
    tally = Tally()
    found = _scan(view)
    tally.guard = found.guard
    if found.guard is not None and not (found.rows or found.missing):
        return tally
    tab = _rows_by_id(view.image)
    by_id = ((tab.get(base.row_id), base.key) for base in view.bases.values())
    pairs = ((row, key) for row, key in by_id if row is not None and key is not None and key in view.table)
    tally.note_differences(view.link, (Match(row, key, view.table[key]) for row, key in pairs))
    work = _Preview(view, tally, compute_rule, tab)
    work.decide(_rows_of_scan(view, found, tab))
    for row in found.strangers:
        tally.add(Change(SHEET, "id", row=row.row))
    for move in found.moved_ids:
        tally.add(Change(SHEET, "id", row_id=move.row_id, row=move.row))
    work.plan_sheet()
    return tally


def preview_first(
    link: Link, image: TabImage, table: Mapping[Key, TableRow], prefer: str | None, compute_rule: ComputeRule
) -> Tally:
    """What linking would write to the two sides; cells that differ are left alone until somebody says whose stays.

    Args:
        link: as it is to be.
        image: the tab as it is.
        table: every row of the table.
        prefer: whose values to take where both sides are filled and differ; ``conflicts`` for a person's choice.
        compute_rule: computes a rule's value for a conflict.
    """
    tally, image = Tally(), as_named(image)
    matches = match_rows(link, image, table)
    undecided = frozenset(c.name for c in link.columns if prefer is None and is_a_choice(c))
    tally.note_differences(link, matches, undecided)
    known = shared_bases(link, matches, prefer)
    parked = first_conflicts(link, matches, image.stamp) if prefer == CONFLICTS else []
    waiting: dict[str, list[Waiting]] = {}
    for seen, _ in parked:
        waiting.setdefault(seen.row_id, []).append(Waiting(seen, MANUAL, image.read_at))
    view = LinkView(link, image, known, table, waiting=waiting)
    work = _Preview(view, tally, compute_rule, _rows_by_id(image))
    work.decide(_rows_of_tab(view, undecided))
    work.plan_sheet()
    return tally


def _scan(view: LinkView) -> Findings:
    """What two scans would find; what the first finds unclear the second tells."""
    only_waiting = [row_id for row_id in view.waiting if row_id not in view.bases]

    def look(doubted: Collection[str]) -> Findings:
        return scan.compare(
            view.link, view.image, view.bases, only_waiting, view.settled_n, (), view.refused, doubted
        )

    found = look(())
    return look(found.unclear) if found.unclear else found


@dataclass(frozen=True, slots=True)
class _SeenRow:
    """What a look at the tab says of a row."""

    row_id: str
    cells: Sequence[Observed]
    row: TabRow | None
    """Where it stands."""
    is_missing: bool = False
    """The tab holds nothing of it."""


def _rows_by_id(image: TabImage) -> Mapping[str, TabRow]:
    """Of an id that stands twice the first."""
    places: dict[str, int] = {}
    for place, row in enumerate(image.rows):
        if row.row_id is not None:
            places.setdefault(row.row_id, place)
    return LazyMapping(places, image.rows.__getitem__)


def _rows_of_scan(view: LinkView, found: Findings, tab: Mapping[str, TabRow]) -> Iterator[_SeenRow]:
    seen: dict[str, list[Observed]] = {}
    for row, column, cell in found.cells():
        if row.row_id is not None:
            seen.setdefault(row.row_id, []).append(_observed(view, row, row.row_id, column, cell))
    for row_id in view.waiting:
        seen.setdefault(row_id, [])
    missing = set(found.missing)
    yield from (_SeenRow(i, cells, tab.get(i)) for i, cells in seen.items() if i not in missing)
    yield from (_SeenRow(i, (), tab.get(i), is_missing=True) for i in found.missing)
    for row in found.strangers:
        row_id = f"{_NEW_ID}{row.row}"  # of a copy, too, which is given an id of its own
        yield _SeenRow(row_id, _whole(view, row, row_id), row)


def _rows_of_tab(view: LinkView, undecided: frozenset[str]) -> Iterator[_SeenRow]:
    """All of them; of those that both sides have no cell that differs in a column of which nobody has decided."""
    for row in view.image.rows:
        row_id = row.row_id or ""
        cells = _whole(view, row, row_id)
        base = view.bases.get(row_id)
        if base is not None and base.key is not None:
            blank = [c for c in view.link.columns if c.header not in row.cells]
            cells += [_observed(view, row, row_id, c, _BLANK) for c in blank]
            match = Match(row, base.key, view.table[base.key])
            left = undecided.intersection(c.name for c, _ in differing(view.link, match)) if undecided else undecided
            cells = [o for o in cells if o.column not in left]
        yield _SeenRow(row_id, cells, row)


def _whole(view: LinkView, row: TabRow, row_id: str) -> list[Observed]:
    return [
        _observed(view, row, row_id, column, cell)
        for column in view.link.columns
        if (cell := row.cells.get(column.header)) is not None
    ]


def _observed(view: LinkView, row: TabRow, row_id: str, column: LinkedColumn, cell: SheetCell) -> Observed:
    return Observed(row_id, column.name, cell, view.image.stamp, _SCAN, row=row.row)


class _Preview:
    """Carries the decisions out on copies of what is known."""

    def __init__(self, view: LinkView, tally: Tally, compute_rule: ComputeRule, tab: Mapping[str, TabRow]) -> None:
        self._view, self._tally, self._rule, self._tab = view, tally, compute_rule, tab
        self._rows = Overlay(view.table)
        self._after: dict[str, RowBase] = {}
        """Bases that the decisions change."""
        self._left_alone: set[tuple[str, str]] = set()
        self._taken: set[Key] = set()

    def decide(self, rows: Iterable[_SeenRow]) -> None:
        """From the sheet to the table."""
        for seen in rows:
            view = self._row_view(seen)
            self._note(view, plan_row(view, self._rule), seen)

    def plan_sheet(self) -> None:
        """From the table to the sheet, after that."""
        link, image = self._view.link, self._view.image
        bases, numbers = self._live_by_key(), count(1)
        everything = SheetView(
            link=link,
            keys=(),
            bases=bases,
            rows=self._rows,
            positions=_positions(image),
            waiting=frozenset(self._left_alone),
            missed=dict.fromkeys((i for i in self._view.bases if i not in self._tab), image.stamp),
        )
        keys, deletes = iter(dict.fromkeys([*self._rows, *bases])), 0
        while some := list(islice(keys, ROWS_AT_ONCE)):
            plan = plan_sheet(replace(everything, keys=some), lambda: f"{_NEW_ID}{next(numbers)}")
            deletes += len(plan.deletes)
            self._tally.note_sheet(link, plan, self._key_of, self._tab)
        if self._tally.guard is None and guards.too_many(deletes, len(bases)):
            self._tally.guard = ("deleted_in_table", guards.deleted_in_table(link, deletes, len(bases)))

    def _before(self, row_id: str) -> RowBase | None:
        return self._view.bases.get(row_id) or self._view.former.get(row_id)

    def _base_of(self, row_id: str) -> RowBase | None:
        """As the decisions leave it."""
        return self._after.get(row_id) or self._before(row_id)

    def _live_by_key(self) -> Mapping[Key, RowBase]:
        row_ids = dict.fromkeys([*self._view.bases, *self._after])
        bases = (base for base in map(self._base_of, row_ids) if base is not None and not base.gone)
        by_key = {base.key: base.row_id for base in bases if base.key is not None}
        return LazyMapping(by_key, lambda i: self._after.get(i) or self._view.bases[i])

    def _key_of(self, row_id: str) -> Key | None:
        base = self._base_of(row_id)
        return base.key if base is not None else None

    def _row_view(self, seen: _SeenRow) -> RowView:
        base, stamp = self._before(seen.row_id), self._view.image.stamp
        is_live = base is not None and not base.gone
        return RowView(
            link=self._view.link,
            row_id=seen.row_id,
            base=base,
            table=self._view.table.get(base.key) if base is not None and base.key is not None else None,
            observed=seen.cells,
            waiting=self._view.waiting.get(seen.row_id, ()),
            times_final=True,
            is_told=True,
            restored_n=self._view.restored_n,
            vanished=seen.is_missing and (base is None or not is_live or tells_of_going(stamp, base)),
            age=scan_age(stamp),
        )

    def _note(self, view: RowView, plan: RowPlan, seen: _SeenRow) -> None:
        self._left_alone.update((view.row_id, o.column) for o, _ in plan.wait)
        self._tally.note_row(view, plan, seen.row)
        if plan.insert is not None:
            self._insert(view, plan, seen)
        elif plan.delete and view.base is not None and view.base.key is not None:
            self._rows.drop(view.base.key)
        base = plan.base or view.base
        if plan.update and base is not None and base.key is not None and view.table is not None:
            key = view.link.key_after(base.key, plan.update)
            self._rows.drop(base.key)
            self._rows.put(key, {**view.table, **plan.update})
            base = replace(base, key=key)
        if base is not None and (view.base is None or _shared(base) != _shared(view.base)):
            self._after[view.row_id] = base

    def _insert(self, view: RowView, plan: RowPlan, seen: _SeenRow) -> None:
        """A new row; the table gives it a key where the sheet has none, and another one where the key is taken."""
        values, link = plan.insert or {}, view.link
        parts = [values.get(c.name) for c in link.key_columns]
        key = tuple(part for part in parts if part is not None)
        generated = next((c for c in link.key_columns if c.column.auto_increment), None)
        place = Change(TABLE, "insert", view.row_id, seen.row.row if seen.row else None, values=values)
        if len(key) == len(parts) and (key in self._rows or key in self._taken):
            if generated is None or len(parts) > 1:
                name = link.key_columns[0].name
                reason = f"{name}: another row has the key {', '.join(key)} already"
                self._tally.add(
                    replace(place, side=STAYS, kind="unfit", column=name, sheet=key[0], values=None, reason=reason)
                )
                return
            key = ()
        self._taken.add(key)
        self._tally.add(replace(place, key=key or None))
        if len(key) < len(parts) and generated is not None:
            self._tally.add(replace(place, side=SHEET, kind="key", column=generated.name, values=None))


def _shared(base: RowBase) -> tuple[Any, ...]:
    """What the plan of the sheet asks of a base: when it was learned is no matter."""
    return base.key, base.gone, {name: (cell.value, cell.formula) for name, cell in base.cells.items()}


def _positions(image: TabImage) -> Positions:
    rows, repeated = RowIndex.of_column((row.row, row.row_id) for row in image.rows if row.row_id is not None)
    return Positions(image.stamp, image.columns, rows, image.last_row, repeated)
