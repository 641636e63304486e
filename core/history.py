"""What is asked of the history, where a page of it ends, and the way that an entry has come (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from core import cursor
from core.errors import BadQuestion
from core.model import Key
from core.undo import SIDE, event_of_entry

Entry = Mapping[str, Any]
"""As :class:`app.history.History` tells it."""

_AT = "%Y%m%d%H%M%S%f"
SIDES = ("sheet", "table", "person", SIDE)
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

    def means(self, entry: Entry) -> bool:
        """Whether an entry is one of these; of a row that is asked for by its key, it is taken to be that row's."""
        named = ("link", "row_id", "column", "actor", "side", "what")
        return (
            all(getattr(self, name) in (None, entry[name]) for name in named)
            and self.event in (None, entry["event"], event_of_entry(entry["event"]))
            and self.number in (None, entry["id"])
            and (self.since is None or self.since <= entry["at"])
            and (self.until is None or entry["at"] < self.until)
        )


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


class Carried(NamedTuple):
    """Two entries that people see as one: an undo's, and the one that tells of its way into the sheet."""

    undo: Entry
    by: Entry


def is_carried(undo: Entry, later: Entry, own_users: Collection[str]) -> bool:
    """Whether the next entry of a cell tells of an undo's way into the sheet.

    An undo is written to the table, which the ordinary way carries on: the next entry of that cell gives the sheet
    the same value, out of the table, and nobody else has changed it there.

    Args:
        undo: an entry of the cell.
        later: the cell's next one.
        own_users: of MySQL, as whom we write.
    """
    return undo["side"] == SIDE and _is_ours(later, own_users) and _values(undo) == _values(later)


def carried(items: Sequence[Entry], own_users: Collection[str]) -> list[Carried]:
    """The pairs among entries that stand side by side in the history.

    Args:
        items: newest first.
        own_users: as for :func:`is_carried`.
    """
    found: list[Carried] = []
    before: dict[tuple[Any, ...], Entry] = {}
    for item in reversed(items):
        cell = (item["link"], item["row_id"], item["column"])
        undo = before.get(cell)
        if undo is not None and is_carried(undo, item, own_users):
            found.append(Carried(undo, item))
        before[cell] = item
    return found


def halves(items: Sequence[Entry], pairs: Collection[Carried], own_users: Collection[str]) -> list[Entry]:
    """Entries whose other half may stand elsewhere: behind a page's end, or among what was not asked for."""
    whole = {one["id"] for pair in pairs for one in pair}
    return [one for one in items if one["id"] not in whole and (one["side"] == SIDE or _is_ours(one, own_users))]


def folded(items: Sequence[Entry], pairs: Collection[Carried], asked: HistoryFilter) -> list[dict[str, Any]]:
    """Entries for people: an undo stands once, at its own place, with its way into the sheet, and ``in_sheet`` tells
    that it has come there.

    Args:
        items: newest first, each with its ``way``.
        pairs: all in which one of them is.
        asked: which entries are meant. What carries an undo stands for it where the undo itself is not.
    """
    undone = {pair.undo["id"]: pair for pair in pairs} | {p.by["id"]: p for p in pairs if not asked.means(p.undo)}
    hidden = {pair.by["id"] for pair in pairs} - undone.keys()
    shown = [item for item in items if item["id"] not in hidden]
    ways = {item["id"]: _way_of_undo(undone[item["id"]]) for item in shown if item["id"] in undone}
    return [{**item, "way": ways.get(item["id"], item["way"]), "in_sheet": item["id"] in ways} for item in shown]


def _is_ours(item: Entry, own_users: Collection[str]) -> bool:
    return item["side"] == "table" and item["actor"] in ("", *own_users)


def _values(item: Entry) -> tuple[Any, Any]:
    return item["old"], item["new"]


def _way_of_undo(pair: Carried) -> list[dict[str, Any]]:
    written_at, arrived_at = pair.undo["at"], pair.by["at"]
    return [
        {"stage": "table", "at": written_at, "delay_s": 0.0},
        {"stage": "sheet", "at": arrived_at, "delay_s": round((arrived_at - written_at).total_seconds(), 6)},
    ]
