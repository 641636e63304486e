"""The rows of one event of the binlog, with what mysql-replication decodes wrongly put right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pymysqlreplication.constants import FIELD_TYPE
from pymysqlreplication.row_event import UpdateRowsEvent, WriteRowsEvent

from adapters.binlog_events import Row, RowChange, Table, TableChange

_SECOND = timedelta(seconds=1)
_DATES = frozenset({FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.DATETIME2})


class Untold:
    """A value that is there and that nobody knows, such as a date with zeros; it is equal to nothing."""

    def __eq__(self, _other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


def decoded(event: Any, table: Table) -> list[RowChange | TableChange]:
    """Rows of one event; where they cannot be decoded, the word that the table has to be looked at whole."""
    if not _is_whole(event):
        return [TableChange(*table, "unread", "a session with binlog_row_image other than FULL")]
    try:
        rows = event.rows
    except Exception as error:  # noqa: BLE001  (whatever the library raises on a value, the stream goes on)
        return [TableChange(*table, "unread", f"{type(error).__name__}: {error}")]
    mend = _mending(event)
    if isinstance(event, UpdateRowsEvent):
        return [RowChange(*table, "update", mend(row, "before_"), mend(row, "after_")) for row in rows]
    if isinstance(event, WriteRowsEvent):
        return [RowChange(*table, "insert", None, mend(row, "")) for row in rows]
    return [RowChange(*table, "delete", mend(row, ""), None) for row in rows]


def _is_whole(event: Any) -> bool:
    """Whether every column is in the row images; a session may have asked the server for less."""
    images = [event.columns_present_bitmap, getattr(event, "columns_present_bitmap2", None)]
    present = (1 << event.number_of_columns) - 1
    return all(int.from_bytes(image, "little") & present == present for image in images if image is not None)


def _mending(event: Any) -> Callable[[Mapping[str, Any], str], Row]:
    """Takes the values of a row out, mended; ``prefix`` tells those before and after an UPDATE apart."""
    dates = [c.name for c in event.columns if c.type in _DATES]
    times = [c.name for c in event.columns if c.type == FIELD_TYPE.TIME2]

    def mend(row: Mapping[str, Any], prefix: str) -> Row:
        values: dict[str, Any] = row[f"{prefix}values"]
        sources = row[f"{prefix}none_sources"]
        for name in dates:
            if values[name] is None and sources.get(name) != "null":
                values[name] = Untold()
        for name in times:
            values[name] = _time(values[name])
        return values

    return mend


def _time(read: timedelta | None) -> timedelta | None:
    """A negative TIME with a fraction: the library counts its fraction from the wrong second on."""
    if read is None or read >= timedelta(0) or not read % _SECOND:
        return read
    fraction = read % _SECOND
    return read - fraction + (_SECOND - fraction)
