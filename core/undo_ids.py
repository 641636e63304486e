"""Which ids of the history are of one row, and its entries under the one that it has now (pure).

A row that stands in the table and is copied into the sheet gets a new id where the sheet knows its own no longer: a
person had cleared cells beside which it stood, or has deleted the row, and a change of the table beat that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from core.model import Key, Link
from core.undo import Step
from core.undo_steps import CAME, COPIED, OVERTAKEN, WENT


class RowIds:
    """What is told of some rows, read for their ids.

    A row that is first told of as copied, with a key that another id had last, is the same row.

    Args:
        link: as it is now.
        steps: in any order.
    """

    def __init__(self, link: Link, steps: Iterable[Step]) -> None:
        self._link = link
        self._steps = sorted(steps, key=lambda s: s.number)
        self._keys: dict[str, Key] = {}
        self._holders: dict[Key, str] = {}
        self._gone: set[str] = set()
        self._later: dict[str, str] = {}
        self._back: set[int] = set()
        for step in self._steps:
            if step.key is not None and step.what != OVERTAKEN:
                self._take(step, step.key)

    def _take(self, step: Step, key: Key) -> None:
        row_id = step.row_id
        self._later.pop(row_id, None)  # it is told of again: they are two rows
        if step.what == COPIED and row_id not in self._keys and key in self._holders:
            former = self._holders[key]
            self._later[former] = row_id
            if former in self._gone:
                self._back.add(step.number)
        before = self._keys.get(row_id, key)
        if self._holders.get(before) == row_id:
            del self._holders[before]
        self._keys[row_id] = key if step.what in (CAME, WENT) else _key_after(self._link, before, step)
        self._holders[self._keys[row_id]] = row_id
        if step.what == WENT:
            self._gone.add(row_id)
        else:
            self._gone.discard(row_id)

    @property
    def keys(self) -> Mapping[str, Key]:
        """The last that is told of each id."""
        return self._keys

    def now(self, row_id: str) -> str:
        """The id that a row has now."""
        while row_id in self._later:
            row_id = self._later[row_id]
        return row_id

    @property
    def steps(self) -> list[Step]:
        """All, in order, each under the id that its row has now; of a row that went, its copy is how it came back."""
        if not self._later:
            return self._steps
        return [
            replace(step, row_id=self.now(step.row_id), what=CAME if step.number in self._back else step.what)
            for step in self._steps
        ]


def _key_after(link: Link, before: Key, step: Step) -> Key:
    """An entry that changes a key may tell the one before."""
    is_part = step.new is not None and any(step.column == c.name for c in link.key_columns)
    return link.key_after(before, {step.column or "": step.new}) if is_part else before
