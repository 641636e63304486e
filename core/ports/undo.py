"""The part of a transaction that tells what can be taken back, and keeps what people have asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from core.undo import AskedRow, OpenUndo, PastConflict, RowOutcome, Selection, Step


class UndoRecord(Protocol):
    """The history as taking back reads it, without locks; and what was asked for until it is decided."""

    def step(self, number: int) -> tuple[str, Step] | None:
        """One entry of the history, with the name of its link."""

    def links_of_event(self, event: str) -> list[str]:
        """Names of the links whose history has entries of that event, or of that transaction of the table."""

    def selected_steps(self, link: str, selection: Selection, limit: int) -> list[Step]:
        """The entries that a selection means, oldest first, at most so many."""

    def steps_of_rows(self, link: str, since: Mapping[str, int]) -> list[Step]:
        """All entries of these rows, each from a number on, oldest first."""

    def past_conflicts(self, link: str, since: datetime) -> list[PastConflict]:
        """Conflicts of cells that were recorded after that time, oldest first."""

    def put_undo(self, link: str, event: str, actor: str, at: datetime, rows: Iterable[AskedRow]) -> None:
        """Keep what somebody asks for under that event."""

    def open_undos(self, link: str, row_ids: Collection[str]) -> list[OpenUndo]:
        """Locked; what was asked for these rows and is not decided, in the order in which it was asked."""

    def asked_undo(self, event: str) -> tuple[str, list[str]] | None:
        """The link of what was asked under that event, and the ids of the rows that are not decided; ``None`` where
        nothing is known of it (any more)."""

    def undo_rows(self, link: str, limit: int) -> list[str]:
        """Row ids, at most so many, for which something was asked and is not decided; the oldest first."""

    def end_undo(self, link: str, event: str, outcomes: Iterable[RowOutcome]) -> None:
        """These rows are decided."""

    def undo_left(self, event: str) -> int:
        """How many rows of what was asked under that event are not decided."""

    def undone(self, event: str) -> tuple[int, list[RowOutcome]]:
        """Of what was asked under that event how many rows are not decided, and what came of the others."""
