"""What is asked of the history, where a page of it ends, and the way that an entry has come (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


def carried(items: Sequence[Mapping[str, Any]], own_users: Collection[str]) -> dict[int, int]:
    """Which entries tell of an undo's way into the sheet.

    An undo is written to the table, which the ordinary way carries on: the next entry of that cell gives the sheet
    the same value, out of the table, and nobody else has changed it there.

    Args:
        items: newest first.
        own_users: of MySQL, as whom we write.

    Returns:
        By number of the entry that of the undo's.
    """
    found: dict[int, int] = {}
    before: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for item in reversed(items):
        cell = (item["link"], item["row_id"], item["column"])
        undo = before.get(cell)
        is_ours = item["side"] == "table" and item["actor"] in ("", *own_users)
        if is_ours and undo is not None and undo["side"] == "undo" and _values(undo) == _values(item):
            found[item["id"]] = undo["id"]
        before[cell] = item
    return found


def folded(items: Sequence[Mapping[str, Any]], own_users: Collection[str]) -> list[dict[str, Any]]:
    """The same for people: an undo stands once, with its way into the sheet.

    Args:
        items: newest first, each with its ``way``.
        own_users: as for :func:`carried`.
    """
    ways = carried(items, own_users)
    arrived = {ways[item["id"]]: item["at"] for item in items if item["id"] in ways}
    return [
        {**item, "way": _way_of_undo(item["at"], arrived[item["id"]])} if item["id"] in arrived else dict(item)
        for item in items
        if item["id"] not in ways
    ]


def _values(item: Mapping[str, Any]) -> tuple[Any, Any]:
    return item["old"], item["new"]


def _way_of_undo(written_at: datetime, arrived_at: datetime) -> list[dict[str, Any]]:
    return [
        {"stage": "table", "at": written_at, "delay_s": 0.0},
        {"stage": "sheet", "at": arrived_at, "delay_s": round((arrived_at - written_at).total_seconds(), 6)},
    ]
