"""From entries of the history to what taking them back comes to, row by row (pure).

Each cell has a thread of entries, and so has the row itself, which comes and goes. What is taken back of a thread is
its last selected entry, with the selected ones right before it: what somebody else did in between stays, and who
has changed it afterwards has the last word unless it is told otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from core.model import Key, Link
from core.undo import AskedCell, AskedRow, PastConflict, Step, moment_text
from core.values import Canonical

CAME, WENT = "inserted", "deleted"
FOUND = "found"
"""Of a formula that our write met: the entry is older than the conflict that follows from it."""
_ROW_OPS = (CAME, WENT)
COPIED = "copied"
OVERTAKEN = "overtaken"
NOT_UNDOABLE = {
    OVERTAKEN: "it was overtaken by a newer one and never carried over",
    COPIED: "it tells of a row that was there before the link knew of it",
    "restored": "a restore has only brought back what was lost",
}
"""Entries that changed nothing on the other side."""
_MAY_HAVE_BEEN_THERE = "the row may have stood in the table before, outside of what the link shows: delete it there"


@dataclass(frozen=True, slots=True)
class _Walk:
    """What is taken back of one thread."""

    last: Step
    first: Step
    later: Step | None
    """The last entry that came after and is not taken back."""


def asked_rows(
    link: Link,
    steps: Iterable[Step],
    selected: Collection[int],
    *,
    over: bool = False,
    conflicts: Iterable[PastConflict] = (),
) -> list[AskedRow]:
    """What taking the selected entries back comes to, in the order in which the rows were last touched, backwards.

    Args:
        link: as it is now.
        steps: of every row with a selected entry, all entries from the first selected one on; some before it do no
            harm, and complete a row that came or went with it.
        selected: numbers.
        over: what others have done since in the same cells and rows is taken back as well.
        conflicts: where the link is taken back to a moment, all since then: base tells what was shared at first.
    """
    rows: dict[str, list[Step]] = defaultdict(list)
    for step in sorted(steps, key=lambda s: s.number):
        if step.what not in NOT_UNDOABLE:
            rows[step.row_id].append(step)
    shared: dict[str, dict[str, PastConflict]] = defaultdict(dict)
    for one in sorted(conflicts, key=lambda c: c.at):
        first = shared[one.row_id].get(one.column, one)
        shared[one.row_id][one.column] = replace(first, table=one.table, is_open=one.is_open)
    found = [
        _Row(link, row_id, rows.get(row_id, ()), selected, shared.get(row_id, {}), over=over).asked()
        for row_id in {**dict.fromkeys(shared), **rows}
    ]
    last = {row_id: own[-1].number for row_id, own in rows.items()}
    return sorted(filter(None, found), key=lambda row: -last.get(row.row_id, 0))


class _Row:
    """One row with its threads."""

    def __init__(
        self,
        link: Link,
        row_id: str,
        steps: Sequence[Step],
        selected: Collection[int],
        conflicts: Mapping[str, PastConflict],
        *,
        over: bool,
    ) -> None:
        self._link = link
        self._row_id = row_id
        self._over = over
        self._conflicts = conflicts
        self._selected = self._whole_ops(steps, selected)
        first = next((i for i, step in enumerate(steps) if step.number in self._selected), len(steps))
        self._steps = steps[first:]
        self._threads: dict[str, list[Step]] = defaultdict(list)
        for step in self._steps:
            if step.column is not None:
                self._threads[step.column].append(step)

    def _whole_ops(self, steps: Sequence[Step], selected: Collection[int]) -> frozenset[int]:
        """A row comes and goes as a whole, though its cells may tell of several events; and who takes back what
        others did since does so with the row, too."""
        found = {step.number for step in steps if step.number in selected}
        since = min(found, default=0)
        for op in _ops(steps):
            is_later = self._over and found and op[0].number > since
            if is_later or any(step.number in found for step in op):
                found |= {step.number for step in op}
        return frozenset(found)

    def asked(self) -> AskedRow | None:
        ops = [op[0] for op in _ops(self._steps)]
        walk = self._walk(ops)
        key = next((s.key for s in reversed(self._steps) if s.key is not None), None)
        if walk is None:
            later = next((s for s in reversed(ops) if s.what == WENT), None)
            cells = self._cells()
            return AskedRow(self._row_id, key, True, True, cells, _deed(later)) if cells else None
        exists = walk.first.what == WENT
        key = self._key_then(key) if exists and walk.last.what == WENT else key
        cells = self._cells() if exists else self._whole_row()
        changed = walk.later if walk.later is not None and walk.later.what != walk.last.what else None
        refusal = _MAY_HAVE_BEEN_THERE if not exists and self._link.is_filtered and walk.first.side == "table" else ""
        return AskedRow(self._row_id, key, exists, walk.last.what == CAME, cells, _deed(changed), refusal)

    def _key_then(self, otherwise: Key | None) -> Key | None:
        """The key that a row is to come back under."""
        cells = self._cells()
        parts = [cells[c.name].then if c.name in cells else None for c in self._link.key_columns]
        return tuple(part for part in parts if part is not None) if None not in parts else otherwise

    def _walk(self, thread: Sequence[Step]) -> _Walk | None:
        marked = [s.number in self._selected for s in thread]
        if not any(marked):
            return None
        if self._over:
            begin = marked.index(True)
            marked[begin:] = [True] * (len(marked) - begin)
        last = first = len(marked) - 1 - marked[::-1].index(True)
        while first > 0 and marked[first - 1]:
            first -= 1
        return _Walk(thread[last], thread[first], thread[-1] if last < len(thread) - 1 else None)

    def _cells(self) -> dict[str, AskedCell]:
        found = {}
        for column, thread in self._threads.items():
            walk = self._walk(thread)
            if walk is not None:
                found[column] = AskedCell(walk.last.new, self._before(column, walk.first), _deed(walk.later))
        for column, conflict in self._conflicts.items():
            if conflict.is_open and column not in found:
                found[column] = AskedCell(conflict.table, conflict.base)
        return found

    def _before(self, column: str, first: Step) -> Canonical:
        """What both sides shared before the first entry that is taken back."""
        conflict = self._conflicts.get(column)
        if conflict is None:
            return first.old
        is_earlier = conflict.at < first.at or (conflict.at == first.at and first.what != FOUND)
        return conflict.base if is_earlier or conflict.event == first.event else first.old

    def _whole_row(self) -> dict[str, AskedCell]:
        """Every cell of a row that is to go, as what is taken back has left it."""
        born = self._born()
        found = {}
        for column, thread in self._threads.items():
            walk = self._walk(thread)
            left = walk.last if walk is not None else born.get(column)
            later = thread[-1] if left is None or thread[-1].number > left.number else None
            found[column] = AskedCell(left.new if left is not None else None, None, _deed(later))
        return found

    def _born(self) -> dict[str, Step]:
        """What the table itself gave a row born in the sheet: its key, and what came into the sheet with it."""
        first = {
            column: thread[0]
            for column, thread in self._threads.items()
            if thread[0].old is None and thread[0].side == "table" and thread[0].number not in self._selected
        }
        filled = {
            step.event
            for name, step in first.items()
            if (column := self._link.by_name(name)) is not None and not column.column.nullable
        }
        return {name: step for name, step in first.items() if step.event in filled}


def held_at_last(steps: Iterable[Step]) -> dict[str, Canonical]:
    """What one row held by what is told of it, by column; nothing where it has gone, or where nobody tells how it
    came."""
    held: dict[str, Canonical] | None = None
    for step in sorted(steps, key=lambda s: s.number):
        if step.what == WENT:
            held = None
        elif step.what == CAME and held is None:
            held = {}
        if held is not None and step.column is not None and step.what not in NOT_UNDOABLE:
            held[step.column] = step.new
    return held or {}


def _ops(steps: Sequence[Step]) -> list[list[Step]]:
    """The entries of each time that a row came or went."""
    runs = (list(run) for _, run in groupby(steps, lambda s: (s.what, s.side)))
    return [run for run in runs if run[0].what in _ROW_OPS]


def _deed(step: Step | None) -> str:
    """Who did it and when, for a person."""
    return f"{step.who} at {moment_text(step.at)}" if step is not None else ""
