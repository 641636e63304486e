"""When the table's cells were last changed, as far as the change feed has told; bounded in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from core.model import Key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Entry = int | dict[str, int]
"""Microseconds since 1970 of all columns at once, or by column (then ``""`` stands for all the others)."""


class TableTimes:
    """Commit times of the last change of each cell, for the rows changed last.

    Args:
        rows_max: beyond this the row whose change is longest ago is forgotten.
    """

    def __init__(self, rows_max: int = 100_000) -> None:
        self._rows_max = rows_max
        self._rows: dict[tuple[str, str], Entry] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def row_changed(self, link: str, key: Key, at: datetime) -> None:
        """The whole row came or went."""
        self._put(_place(link, key), _micros(at))

    def cells_changed(self, link: str, key: Key, columns: Collection[str], at: datetime) -> None:
        """Some columns of the row were changed."""
        if not columns:
            return
        place = _place(link, key)
        old = self._rows.get(place)
        entry = dict(old) if isinstance(old, dict) else {"": old} if old is not None else {}
        entry.update(dict.fromkeys(columns, _micros(at)))
        self._put(place, entry)

    def key_changed(self, link: str, old: Key, new: Key) -> None:
        """The row goes on under another key, with the times that it had."""
        entry = self._rows.pop(_place(link, old), None)
        if entry is not None:
            self._put(_place(link, new), entry)

    def of(self, link: str, key: Key, columns: Collection[str]) -> dict[str, datetime]:
        """Commit time by column; columns whose time is not known are left out."""
        entry = self._rows.get(_place(link, key))
        if entry is None:
            return {}
        if isinstance(entry, int):
            return dict.fromkeys(columns, _time(entry))
        known = {column: entry.get(column, entry.get("")) for column in columns}
        return {column: _time(micros) for column, micros in known.items() if micros is not None}

    def _put(self, place: tuple[str, str], entry: Entry) -> None:
        self._rows.pop(place, None)  # to the end: a dict keeps the order of insertion
        self._rows[place] = entry
        if len(self._rows) > self._rows_max:
            del self._rows[next(iter(self._rows))]


def _place(link: str, key: Key) -> tuple[str, str]:
    """One text per key, because a hundred thousand tuples of texts weigh twice as much. Lengths keep it unique."""
    return (link, key[0] if len(key) == 1 else "".join(f"{len(part)}:{part}" for part in key))


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _time(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND


def times_to_json(times: Mapping[str, datetime]) -> dict[str, str]:
    """Commit times as events carry them: RFC 3339 with microseconds, by column."""
    return {column: rfc3339(at) for column, at in times.items()}


def rfc3339(at: datetime) -> str:
    """A UTC time with microseconds, e.g. ``2026-05-04T03:02:01.000009Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
