"""Alerts as the twinsheet schema keeps them: which stand, and of which the user's webhook has not heard yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.mysql_query import Query
from adapters.mysql_statements import utc
from core.alerts import Alert, AlertName, AlertPlan

BEGINS, ENDS = "begins", "ends"
PAUSE_FIRST_S = 15
PAUSE_MAX_S = 3600
_LOCK = "twinsheet.alerts"
_UNTOLD = "(begin_told_at IS NULL OR (ended_at IS NOT NULL AND end_told_at IS NULL))"
_NEWS = "SELECT id, link, kind, message, began_at, ended_at, begin_told_at FROM alert"
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class News:
    """What the user's webhook is to be told of an alert."""

    number: int
    alert: Alert
    state: str
    """``begins`` or ``ends``."""
    at: datetime | None


class AlertBook:
    """One process at a time tells of alerts: the one that holds the named lock.

    Args:
        session: with autocommit, in the twinsheet schema; the lock is this connection's.
    """

    def __init__(self, session: Query) -> None:
        self._session = session

    def is_mine(self) -> bool:
        """Whether this process is the one that tells; it becomes so where there is none."""
        return bool(self._session.query("SELECT GET_LOCK(%s, 0)", (_LOCK,))[0][0] == 1)

    def rejected_in_last_hour(self) -> dict[str, int]:
        """How many values were refused, by link."""
        return dict(
            self._session.query(
                "SELECT link, COUNT(*) FROM rejection WHERE at > CURRENT_TIMESTAMP(6) - INTERVAL 1 HOUR GROUP BY link"
            )
        )

    def standing(self) -> set[AlertName]:
        """Alerts that have begun and not ended."""
        return {(link, kind) for link, kind in self._session.query("SELECT link, kind FROM alert WHERE is_open")}

    def newest(self, limit: int) -> list[Item]:
        """The newest alerts for whoever looks, with ``began_at`` and ``ended_at``."""
        names = ("link", "kind", "message", "began_at", "ended_at")
        rows = self._session.query(f"{_NEWS} ORDER BY id DESC LIMIT %s", (limit,))
        return [
            {**dict(zip(names, row[1:6], strict=True)), "began_at": utc(row[4]), "ended_at": utc(row[5])}
            for row in rows
        ]

    def note(self, plan: AlertPlan) -> None:
        """Keep what begins and ends; what was kept already is kept once."""
        for alert in plan.begin:
            self._session.query(
                "INSERT IGNORE INTO alert (link, kind, message) VALUES (%s, %s, %s)",
                (alert.link, alert.kind, alert.message),
            )
        for name in plan.end:
            self._session.query(
                "UPDATE alert SET ended_at = CURRENT_TIMESTAMP(6), is_open = NULL"
                " WHERE link = %s AND kind = %s AND is_open",
                name,
            )

    def untold(self) -> News | None:
        """The oldest news that is due; of one alert its beginning comes first."""
        rows = self._session.query(
            f"{_NEWS} WHERE end_told_at IS NULL AND next_try_at <= CURRENT_TIMESTAMP(6) AND {_UNTOLD}"
            " ORDER BY id LIMIT 1"
        )
        for number, link, kind, message, began_at, ended_at, told_at in rows:
            state, at = (BEGINS, began_at) if told_at is None else (ENDS, ended_at)
            return News(number, Alert(link, kind, message), state, utc(at))
        return None

    def told(self, news: News) -> None:
        """The user's webhook has taken it."""
        column = "begin_told_at" if news.state == BEGINS else "end_told_at"
        self._session.query(
            f"UPDATE alert SET {column} = CURRENT_TIMESTAMP(6), tries = 0 WHERE id = %s",  # noqa: S608 -- a constant
            (news.number,),
        )

    def put_off(self, news: News) -> None:
        """It did not take it: try again later, twice as late each time."""
        self._session.query(
            "UPDATE alert SET next_try_at = CURRENT_TIMESTAMP(6)"
            " + INTERVAL LEAST(%s * POW(2, LEAST(tries, 20)), %s) SECOND, tries = tries + 1 WHERE id = %s",
            (PAUSE_FIRST_S, PAUSE_MAX_S, news.number),
        )
