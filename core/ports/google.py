"""Google Sheets, as far as the rules need it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from core.model import LinkedColumn
from core.sheet import LookedRow, MarksLook, MarkWrite, Positions, SheetTarget, Span, SwapAnswer, SwapWrite, TabImage


class Sheet(Protocol):
    """Google Sheets. Raises QuotaExhausted or SheetsUnavailable (nothing took effect), ReplyLost (nobody
    knows) or SheetsRefused (for good)."""

    def read_tab(self, target: SheetTarget) -> TabImage:
        """The whole tab with counters and metadata in one read."""

    def read_spans(self, target: SheetTarget, spans: Sequence[Span], *, with_ids: bool = False) -> TabImage:
        """Of the tab these rows alone, in ascending order and apart, with counters and metadata in one read; with
        the ids of all rows, where they are asked for, as of the same read. Spans may end
        below the grid; one that begins there may be refused."""

    def read_positions(self, target: SheetTarget) -> Positions:
        """Counters, metadata and the id column in one read."""

    def reshape(self, target: SheetTarget, changed: Sequence[tuple[LinkedColumn, LinkedColumn]]) -> None:
        """Give columns that have another type in the table, before and now, the formats and lists of that type, below
        their headers and for later rows too. One read and at most one write; the same again changes nothing."""

    def swap(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer:
        """Perform the swap write in one request."""

    def recall(self, target: SheetTarget, write: SwapWrite) -> SwapAnswer | None:
        """After a lost reply: the answer out of the scratch if the counters say that this very write is the
        last one that landed, else ``None``.

        After ``None`` it will never land, unless it brings something back: such a write may be sent again.
        One read, and where it has not landed one write."""


class SheetMarks(Protocol):
    """Notes and backgrounds of cells in Google Sheets. Raises as :class:`Sheet` does.

    A marking tells nobody anything about values, and nothing rests on it: one whose reply is lost is looked for
    and sent again.
    """

    def marked(self, target: SheetTarget) -> list[int]:
        """1-based rows of the tab that hold a note of ours, the header row perhaps among them, in one read."""

    def look(self, target: SheetTarget, rows: Collection[int]) -> MarksLook:
        """What stands beside the linked cells of these rows and of the header row, in one read."""

    def mark(self, target: SheetTarget, look: MarksLook, writes: Sequence[MarkWrite]) -> tuple[LookedRow, ...] | None:
        """Mark cells of rows that were looked at, in one request; the rows that it hit, as they were just before it.

        ``None``, with nothing written, where another marking has landed since the look, or columns have moved:
        look again. Of two markings by one look only one lands, however late the other arrives; one of them may mark
        no cell at all."""


class Gate(Protocol):
    """Keeps the calls of all our processes inside Google's quota, and is fair between links."""

    def wait_s(self, kind: str, link: str = "", *, spare: bool = False) -> float:
        """Take a token for a ``read`` or ``write`` of a link: 0 when it is in hand, else seconds after which to ask
        again. ``spare`` ones can wait until others have had what they need.

        Nothing is to be told when the call was made, or when Google refused it: whoever makes it tells."""
