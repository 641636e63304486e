"""From the body of a ``sheet.observed`` event to observations (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from core.conflicts import Choice
from core.events import cell_from_json, stamp_as_known, stamp_from_json, value_from_json
from core.freshness import newest_age
from core.model import Age, Key, Link, Observed, RowBase, Stamp
from core.ports import HistoryEntry, TableRow
from core.renames import print_of
from core.row_view import value_text
from core.values import Serial, SheetValue

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person has chosen for a cell, in the sheet's menu."""

    row_id: str
    column: str
    """Table column name."""
    choice: Choice


class Missed(NamedTuple):
    """A scan did not hold a row."""

    stamp: Stamp
    as_known: Stamp
    """See :func:`core.events.stamp_as_known`."""
    event: str
    """Id of the scan."""
    known: Age | None = None
    """The last look at the row that base knew of as the scan read it."""

    def is_by_older_base(self, base: RowBase) -> bool:
        """Whether base tells something else of the row since: by that the scan might have found it without its id."""
        return self.known is not None and self.known != newest_age(base)


@dataclass(slots=True)
class Batch:
    """What a run of events says about one link, by row id."""

    scans: int = 0
    """How many scans of the link had begun when the events were heard of."""
    observed: dict[str, list[Observed]] = field(default_factory=dict)
    overwritten: list[HistoryEntry] = field(default_factory=list)
    """What was typed and stood in the cell no longer when the script looked."""
    vanished: dict[str, Missed] = field(default_factory=dict)
    """By the ids of rows, the scan that did not hold them."""
    replans: dict[str, dict[str, datetime] | None] = field(default_factory=dict)
    """Row id to the table's commit times by column; ``None`` where they were not asked for."""
    coarse: set[str] = field(default_factory=set)
    """Rows whose commit times are right to the second alone."""
    asked: list[Asked] = field(default_factory=list)
    chosen: set[str] = field(default_factory=set)
    """Rows with conflicts that somebody has chosen for."""
    undone: set[str] = field(default_factory=set)
    """Rows of which somebody takes something back."""

    parents: bool = False
    """Rows that others refer to have come: what waits for them is tried again."""
    told_of: dict[str, tuple[Key | None, str | None]] = field(default_factory=dict)
    """Row id to the key that was asked for and what the table held under it (:func:`core.renames.print_of`)."""
    late: set[str] = field(default_factory=set)
    """Row ids that the change feed was asked about and has not told of for longer than it takes."""
    unanswered: set[str] = field(default_factory=set)
    """Those of which it has been silent for too long: what they share with base tells which rows they are."""

    @property
    def row_ids(self) -> frozenset[str]:
        """Every row that the events speak of."""
        return frozenset(self.observed) | frozenset(self.vanished) | frozenset(self.replans)

    def times_of(self, row_id: str, base: RowBase | None) -> dict[str, datetime] | None:
        """The table's commit times of a row; ``None`` where they are yet to be asked for, also under a new key."""
        asked, _ = self.told_of.get(row_id, (None, None))
        is_renamed = asked is not None and base is not None and asked != base.key
        return None if is_renamed else self.replans.get(row_id)

    def is_told(self, row_id: str, base: RowBase | None, table: TableRow | None) -> bool:
        """Whether the change feed has told of what the row of the table holds."""
        held = self._answer(row_id, base)
        return held is not None and held == print_of(table)

    def is_answered(self, row_id: str, base: RowBase | None) -> bool:
        """Whether the change feed has told of what the row of the table held when it was asked, or has been silent
        for too long."""
        return self._answer(row_id, base) is not None or row_id in self.unanswered

    def _answer(self, row_id: str, base: RowBase | None) -> str | None:
        _, held = self.told_of.get(row_id, (None, None))
        return held if self.times_of(row_id, base) is not None else None

    def place(self, row_id: str) -> tuple[int, str]:
        """Sorts rows as they stand in the tab, as far as the events tell."""
        rows = (o.row for o in self.observed.get(row_id, ()) if o.row is not None)
        return (min(rows, default=0), row_id)

    def add(self, link: Link, body: Json) -> None:
        """Take one event in; kinds that say nothing about cells change nothing."""
        kind = body.get("kind")
        if kind == "replan":
            self._add_replan(body)
        elif kind in ("edit", "scan"):
            self._add_cells(link, body)
        elif kind == "take":
            self._add_take(link, body)
        elif kind == "undo":
            self.undone.update(body["rows"])
        elif kind == "parents":
            self.parents = True

    def _add_take(self, link: Link, body: Json) -> None:
        """From the sheet's menu, with what was chosen; or the word that it stands with the conflict already."""
        wanted = body["take"]
        self.chosen.add(wanted["row_id"])
        column = link.by_header(wanted.get("column", ""))
        if column is None:
            return
        choice = Choice(
            take=wanted["take"],
            value=wanted.get("value"),
            actor=body.get("editor") or "",
            at=datetime.fromisoformat(body["edited_at"]),
            event=body.get("event", ""),
        )
        self.asked.append(Asked(wanted["row_id"], column.name, choice))

    def _add_replan(self, body: Json) -> None:
        for row in body["rows"]:
            times = row.get("times")
            parsed = None if times is None else {c: datetime.fromisoformat(at) for c, at in times.items()}
            self.replans[row["row_id"]] = parsed
            if not body.get("times_exact", True):
                self.coarse.add(row["row_id"])
            held = row.get("print") if row.get("told") else None
            self.told_of[row["row_id"]] = (tuple(row["key"]) if row.get("key") else None, held)

    def _add_cells(self, link: Link, body: Json) -> None:
        stamp, ages = stamp_from_json(body["stamp"]), body.get("known_ages", {})
        for row_id in body.get("missing", ()):
            known = Age(*ages[row_id]) if row_id in ages else None
            self.vanished[row_id] = Missed(stamp, stamp_as_known(body), body.get("event", ""), known)
        unclear = _repeated_ids(body)
        if body["kind"] == "edit":
            stamp = replace(stamp, scan=self.scans)
        for seen, raw in _observations(link, body, stamp):
            if seen.row_id in unclear:
                continue  # a row and its copy: once a scan has had the copy named, both are told apart
            self.observed.setdefault(seen.row_id, []).append(seen)
            self.vanished.pop(seen.row_id, None)
            if _was_overwritten(raw, seen.cell.value):
                self.overwritten.append(_overwritten(seen, value_from_json(raw["event_value"])))


def _repeated_ids(body: Json) -> frozenset[str]:
    """Ids that one event saw in several rows."""
    rows: dict[str, object] = {}
    found = set()
    for raw in body.get("cells", ()):
        if raw.get("row_id") and rows.setdefault(raw["row_id"], raw.get("row")) != raw.get("row"):
            found.add(raw["row_id"])
    return frozenset(found)


def _observations(link: Link, body: Json, stamp: Stamp) -> Iterator[tuple[Observed, Json]]:
    edited_at = body.get("edited_at")
    for raw in body.get("cells", ()):
        column = link.by_header(raw["column"])
        if column is None or not raw.get("row_id"):
            continue
        seen = Observed(
            row_id=raw["row_id"],
            column=column.name,
            cell=cell_from_json(raw),
            stamp=stamp,
            source=body["kind"],
            edited_at=datetime.fromisoformat(edited_at) if edited_at else None,
            actor=body.get("editor") or "",
            event=body.get("event", ""),
            row=raw.get("row"),
        )
        yield seen, raw


def _was_overwritten(raw: Json, now: SheetValue) -> bool:
    """Whether the trigger's own value differs from what the cell held when the script read it.

    Google gives the trigger's value as text, dates as serial numbers, so both are compared as text.
    """
    typed = raw.get("event_value")
    if typed is None or raw.get("formula"):
        return False
    return _comparable(value_from_json(typed)) != _comparable(now)


def _comparable(value: SheetValue) -> str | float:
    if isinstance(value, Serial):
        return value.days
    text = value_text(value) or ""
    try:
        return float(text)
    except ValueError:
        return text.casefold() if text.upper() in ("TRUE", "FALSE") else text


def _overwritten(seen: Observed, typed: SheetValue) -> HistoryEntry:
    return HistoryEntry(
        row_id=seen.row_id,
        key=None,
        column=seen.column,
        old=None,
        new=value_text(typed),
        side="sheet",
        what="overtaken",
        actor=seen.actor,
        edited_at=seen.edited_at,
        event=seen.event,
    )
