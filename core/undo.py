"""Taking back: what somebody asks for, row by row, and what came of it; and how the record spells both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.errors import NotUndone
from core.model import Key
from core.values import Canonical

Json = dict[str, Any]
_PART = re.compile(r"(msg_[0-9a-fA-F-]+)_[0-9]+")

SIDE = "undo"
"""Of the history's entries: the value came from neither side, but from what had been before."""
WITHDRAWN = "withdrawn"
"""What the order to withdraw an undo is in the history."""
UNDONE = "undone"
"""What such an entry of a cell is; of rows it is ``inserted`` and ``deleted``, as of any row that comes or goes."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries of the history are to be taken back: by number, by event, by actor and time, or all since."""

    entry: int | None = None
    event: str | None = None
    """An event's id, or the transaction of the table as the history's events name it."""
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    as_of: datetime | None = None


def event_of_entry(event: str) -> str:
    """The event that an entry is taken back by: of a change of the table its transaction, which is told behind our
    write."""
    return event.rpartition(" ")[2]


def moment_text(at: datetime) -> str:
    """A time, aware, as sentences tell it to people anywhere."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def whole_event(event: str) -> str:
    """The event that one is a part of: a large paste is told in several bodies, each with a number behind the id."""
    part = _PART.fullmatch(event)
    return part[1] if part is not None else event


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the history."""

    number: int
    """Later ones have greater numbers."""
    row_id: str
    key: Key | None
    column: str | None
    old: Canonical
    new: Canonical
    side: str
    what: str
    actor: str
    at: datetime
    event: str

    @property
    def who(self) -> str:
        """Whose doing it was, as far as anybody knows."""
        sides = {"table": "a program at the table", "sheet": "somebody in the sheet"}
        return self.actor or sides.get(self.side, "somebody")


@dataclass(frozen=True, slots=True)
class PastConflict:
    """Both sides had moved away from what they shared, when one of them had its way or a person was to choose."""

    row_id: str
    column: str
    base: Canonical
    table: Canonical
    at: datetime
    event: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class AskedCell:
    """A cell as it was shown to the person who asked."""

    now: Canonical
    then: Canonical
    """What it is to be."""
    changed_by: str = ""
    """Who has changed it after what is to be taken back; empty where nobody has told of that."""


@dataclass(frozen=True, slots=True)
class AskedRow:
    """What is to become of one row."""

    row_id: str
    key: Key | None
    exists: bool
    """It is to be there."""
    was_there: bool
    """It was there when that was shown."""
    cells: Mapping[str, AskedCell] = field(default_factory=dict)
    """By table column name."""
    changed_by: str = ""
    """Who has deleted it, or brought it back, after what is to be taken back."""
    refusal: str = ""
    """Why it cannot be done, whatever the row holds."""


@dataclass(frozen=True, slots=True)
class OpenUndo:
    """What somebody has asked for one row and nobody has decided yet."""

    event: str
    actor: str
    at: datetime
    asked: AskedRow


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """What is not taken back, and why."""

    column: str | None
    """``None``: the row as a whole."""
    now: Canonical
    then: Canonical
    reason: str

    @classmethod
    def whole_row(cls, reason: str) -> LeftAlone:
        """A row of which nothing is taken back."""
        return cls(None, None, None, reason)


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What came of a row that somebody asked for."""

    row_id: str
    key: Key | None
    """That it has now; of a row that went, that it had."""
    kind: str
    """``change``, ``back`` (a row came), ``away`` (one went), or ``none``: nothing was written."""
    cells: Mapping[str, AskedCell] = field(default_factory=dict)
    """What was written."""
    left: tuple[LeftAlone, ...] = ()
    old_key: Key | None = None
    """Of a row that could not have its key back, that key."""


def withdrawn(undo: OpenUndo, who: str) -> RowOutcome:
    """What comes of a row that somebody asked for and somebody withdraws."""
    left = LeftAlone.whole_row(f"{WITHDRAWN} by {who}")
    return RowOutcome(undo.asked.row_id, undo.asked.key, "none", left=(left,))


def asked_to_json(asked: AskedRow) -> Json:
    """As the record keeps it."""
    return {
        "key": list(asked.key) if asked.key is not None else None,
        "exists": asked.exists,
        "was_there": asked.was_there,
        "cells": _cells_to_json(asked.cells),
    }


def asked_from_json(row_id: str, raw: Json) -> AskedRow:
    """The inverse of :func:`asked_to_json`."""
    return AskedRow(row_id, _key(raw["key"]), raw["exists"], raw["was_there"], _cells_from_json(raw["cells"]))


def outcome_to_json(outcome: RowOutcome) -> Json:
    """As the record keeps it."""
    return {
        "key": list(outcome.key) if outcome.key is not None else None,
        "kind": outcome.kind,
        "cells": _cells_to_json(outcome.cells),
        "left": [[one.column, one.now, one.then, one.reason] for one in outcome.left],
        "old_key": list(outcome.old_key) if outcome.old_key is not None else None,
    }


def outcome_from_json(row_id: str, raw: Json) -> RowOutcome:
    """The inverse of :func:`outcome_to_json`."""
    return RowOutcome(
        row_id=row_id,
        key=_key(raw["key"]),
        kind=raw["kind"],
        cells=_cells_from_json(raw["cells"]),
        left=tuple(LeftAlone(*one) for one in raw["left"]),
        old_key=_key(raw["old_key"]),
    )


def _cells_to_json(cells: Mapping[str, AskedCell]) -> Json:
    return {name: [cell.now, cell.then] for name, cell in cells.items()}


def _cells_from_json(raw: Json) -> dict[str, AskedCell]:
    return {name: AskedCell(now, then) for name, (now, then) in raw.items()}


def _key(raw: Any) -> Key | None:
    return tuple(raw) if raw is not None else None


def check_selection(wanted: Selection, now: datetime) -> None:
    """Refuse what selects nothing, two things, or a time that cannot be.

    Raises:
        NotUndone: with what to say instead.
    """
    how = [wanted.entry is not None, wanted.event is not None, wanted.actor is not None, wanted.as_of is not None]
    if sum(how) != 1:
        raise NotUndone(
            "Say what to take back, in one way.",
            "One entry of the history, one event, what one person did since a time, or the link as of a time.",
        )
    if (wanted.actor is None) != (wanted.since is None) or (wanted.until is not None and wanted.since is None):
        raise NotUndone(
            "What somebody did is taken back since a time, and a time without a person is the link as of then.",
            "Name both the person and the time, or the time alone as of which the link is to be.",
        )
    if wanted.since is not None and wanted.until is not None and wanted.until <= wanted.since:
        raise NotUndone("The range of time ends before it begins.", "Give the earlier time first.")
    begin = wanted.as_of or wanted.since
    if begin is not None and begin > now:
        raise NotUndone(f"{moment_text(begin)} is yet to come.", "Give a time that has been.")
