"""What a person has of his own in a linked tab: rows above the header row, columns on the left, and the titles.

Nothing of it is ours: whatever stands there has to stay as it was left. Rows that come and go there move the header
row, and all below it, while we write.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.model import ROW_ID_HEADER, SheetCell
from tests.fakes.sheet import FakeRow, FakeTab
from tests.simulation.actions import Action
from tests.simulation.cell_edits import CellEdits
from tests.simulation.ledger import Violation
from tests.simulation.script import EditEvent

if TYPE_CHECKING:
    from tests.simulation.twin import Twin

ROWS_MAX = 6
"""That people have above it."""


class Own:
    """What has to stand above the table, as it was left."""

    def __init__(self, tab: FakeTab) -> None:
        self._tab = tab
        self.above = [row.copy() for row in tab.above]
        self.titles = dict(tab.titles)
        self.is_pasted = False
        """Whether somebody has ever pasted an id along."""

    def check_values(self) -> None:
        """No write of ours may have changed a value there, not for a moment.

        Raises:
            Violation: one has.
        """
        if [row.cells for row in self._tab.above] != [row.cells for row in self.above]:
            raise Violation(f"above the header row stands {_told(self._tab.above)}, was {_told(self.above)}")

    def take_ids_away(self) -> bool:
        """Those that people have pasted along; whether there ever were any, and the headers are seen without them.

        By the time that a guard tells of one the script may have taken it away, or its row is deleted: whoever is
        told finds the headers as they should be.
        """
        pasted = [n for n, own in enumerate(self.above) if own.row_id and self._tab.above[n].row_id == own.row_id]
        for n in pasted:
            self._tab.above[n].row_id = self.above[n].row_id = None
        return self.is_pasted and self._tab.is_header_seen

    def check(self) -> None:
        """At rest all of it is as it was left.

        Raises:
            Violation: it is not.
        """
        # an id that was pasted along is the person's as well, as long as the script has not taken it away
        pairs = zip(self._tab.above, self.above, strict=True)
        wanted = [replace(own, row_id=row.row_id and own.row_id) for row, own in pairs]
        if self._tab.above != wanted:
            raise Violation(f"above the header row stands {self._tab.above}, was {self.above}")
        if self._tab.titles != self.titles:
            raise Violation(f"the titles are {self._tab.titles}, were {self.titles}")


class Above(CellEdits):
    """What people do above the table."""

    _twin: Twin

    def _insert_above(self, action: Action) -> None:
        before = 1 + int(action.picks[0] * self._tab.header_at)
        if len(self._tab.above) >= ROWS_MAX:
            return
        for _ in range(1 + int(action.picks[1] * 3)):
            self._tab.insert_row(before)
            self._twin.own.above.insert(before - 1, FakeRow())
            self._tell(f"inserts a row before row {before}, above the headers")
        self._changed()

    def _delete_above(self, action: Action) -> None:
        if not self._tab.above:
            return
        row = 1 + int(action.picks[0] * len(self._tab.above))
        for _ in range(min(1 + int(action.picks[1] * 3), len(self._tab.above) + 1 - row)):
            self._tab.delete_row(row)
            del self._twin.own.above[row - 1]
            self._tell(f"deletes row {row}, above the headers")
        self._changed()

    def _type_above(self, action: Action) -> None:
        """A text, or a note of his own."""
        row, header = 1 + int(action.picks[0] * len(self._tab.above)), self._column(action.picks[1])
        if not self._tab.above:
            return
        text = f"own {self._ledger.number()}"
        if action.picks[2] < 0.3:
            self._note_above(row, header, text)
            return
        self._put_above(row, {header: SheetCell(text)})
        self._twin.trigger_edit(EditEvent(row, row, (header,), text))

    def _copy_above(self, action: Action) -> None:
        """What a row of the table holds, as values; sometimes into some of the cells alone."""
        _, copied = self._pick(action.picks[0])
        row = 1 + int(action.picks[1] * len(self._tab.above))
        if copied is None or not self._tab.above:
            return
        headers = self._twin.link.headers if action.picks[2] < 0.6 else tuple(self._twin.free_headers)
        cells = {h: SheetCell(cell.value) for h, cell in copied.cells.items() if h in headers}
        is_whole = action.picks[2] < 0.3
        self._put_above(row, cells)
        if is_whole:
            for one in (self._tab.above[row - 1], self._twin.own.above[row - 1]):
                one.row_id = copied.row_id
            self._twin.own.is_pasted |= copied.row_id is not None
        self._twin.trigger_edit(EditEvent(row, row, (*headers, ROW_ID_HEADER) if is_whole else headers))

    def _note_above(self, row: int, header: str, text: str) -> None:
        for one in (self._tab.above[row - 1], self._twin.own.above[row - 1]):
            one.notes[header] = text
        self._tell(f"notes {text!r} on {header} of row {row}, above the headers")

    def _put_above(self, row: int, cells: dict[str, SheetCell]) -> None:
        for one in (self._tab.above[row - 1], self._twin.own.above[row - 1]):
            one.cells |= cells
        self._tell(f"types { ({h: c.value for h, c in cells.items()}) } into row {row}, above the headers")

    def _insert_left(self, _action: Action) -> None:
        self._tab.insert_column_left()
        self._tell("inserts a column on the left")
        self._changed()


def _told(rows: list[FakeRow]) -> list[dict[str, object]]:
    return [{h: cell.value for h, cell in row.cells.items()} for row in rows]
