"""What is asked of the history, where a page of it ends, and the way that an entry has come (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from core import cursor
from core.errors import BadQuestion
from core.model import Key

_AT = "%Y%m%d%H%M%S%f"
SIDES = ("sheet", "table", "person", "undo")
"""Where a value came from; ``person``: chosen or ordered by somebody who typed it on neither side; ``undo``: from
what had been before."""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which entries are asked for; what is ``None`` does not matter."""

    link: str | None = None
    row_id: str | None = None
    key: Key | None = None
    """Of the row that has it now; where none has, of the entries that were made under it."""
    column: str | None = None
    """The table's name of the column."""
    actor: str | None = None
    side: str | None = None
    """One of SIDES."""
    what: str | None = None
    event: str | None = None
    """Id of an edit, a scan or a write, or of a transaction of the table."""
    since: datetime | None = None
    """The first moment that counts; aware."""
    until: datetime | None = None
    """The first that does not count any more; aware."""
    number: int | None = None
    """Of one entry."""

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            BadQuestion
        """
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise BadQuestion(
                f"The time from {self.since.isoformat()} to {self.until.isoformat()} holds no moment.",
                "Name the earlier one as since, the later one as until.",
            )
        if self.key is not None and self.link is None:
            raise BadQuestion("A key belongs to one link.", "Name the link as well.")
        if self.side is not None and self.side not in SIDES:
            raise BadQuestion(f"There is no side {self.side}.", f"Sides: {', '.join(SIDES)}.")


class HistoryPlace(NamedTuple):
    """Where an entry stands; a later one is greater."""

    at: datetime
    number: int


def cursor_of(place: HistoryPlace) -> str:
    """A place as people and programs carry it around: nothing to be read."""
    return cursor.encode(place.at.astimezone(UTC).strftime(_AT), str(place.number))


def place_of(given: str) -> HistoryPlace:
    """The inverse of :func:`cursor_of`.

    Raises:
        BadQuestion: nobody was ever given that one.
    """
    at, number = cursor.decode(given, 2)
    try:
        return HistoryPlace(datetime.strptime(at, _AT).replace(tzinfo=UTC), int(number))
    except ValueError:
        raise cursor.refused() from None


_STAGES = {
    "sheet": (("edited", "edited_at"), ("webhook", "received_at"), ("kafka", "queued_at"), ("table", "at")),
    "table": (("committed", "committed_at"), ("binlog", "received_at"), ("kafka", "queued_at"), ("sheet", "at")),
}


def way_of(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stages that an entry has passed, in order: ``stage``, ``at`` and ``delay_s`` since the one before.

    Only what was told: a value that a scan found was edited nobody knows when, and what had to wait for something
    shows when it began and when it ended.

    Args:
        entry: with ``side`` and its times.
    """
    way: list[dict[str, Any]] = []
    for stage, name in _STAGES.get(entry["side"], ()):
        at = entry[name]
        if at is not None:
            before = way[-1]["at"] if way else at
            way.append({"stage": stage, "at": at, "delay_s": round((at - before).total_seconds(), 6)})
    return way
