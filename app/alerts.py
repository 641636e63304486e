"""Calls a person: looks at all links every few seconds, and tells the user's webhook what begins and what ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import structlog

from adapters.alert_post import AlertPost
from adapters.mysql_alerts import BEGINS, ENDS, AlertBook, News
from adapters.mysql_connection import MysqlSession, ThreadSessions, parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA
from app.ending import let_end
from app.metrics import count_failure
from app.status import Status, as_json
from config.settings import Settings
from core.alerts import Alert, AlertPlan, Health, Limits, plan_alerts
from core.errors import AlertNotTold, SettingsError, TwinsheetError

LOOK_EVERY_S = 10.0
BLIND = "blind"
"""That nobody can look; kept in memory, because nothing can be kept elsewhere then."""

Json = dict[str, Any]
log = structlog.get_logger(__name__)


def alert_post(settings: Settings) -> AlertPost:
    """The way to the user's webhook; ``alert_url`` has to be set."""
    secret = settings.alert_secret.get_secret_value() if settings.alert_format == "standard" else ""
    return AlertPost(settings.alert_url.get_secret_value(), secret)


def data_of(alert: Alert, state: str, at: Any) -> Json:
    """What is told of an alert."""
    told: Json = as_json({"link": alert.link, "kind": alert.kind, "state": state, "at": at, "message": alert.message})
    return told


def send_test(settings: Settings) -> None:
    """Send a test to the user's webhook.

    Raises:
        SettingsError: none is set.
        AlertNotTold: nobody took it.
    """
    if not settings.alert_url.get_secret_value():
        raise SettingsError("TWINSHEET_ALERT_URL is not set.", "Name the webhook that is to be told of alerts.")
    alert = Alert("", "test", "Twinsheet would call you here.")
    alert_post(settings).send(f"alert_test_{time.time_ns()}", data_of(alert, BEGINS, datetime.now(UTC)))


def known_alerts(settings: Settings, limit: int) -> list[Json]:
    """The newest alerts, first those that began last.

    Raises:
        MysqlUnavailable, MysqlRefused
    """
    address = parse_url(settings.mysql_url.get_secret_value())
    with closing(ThreadSessions(address, schema=DEFAULT_SCHEMA)) as session:
        return AlertBook(session).newest(limit)


class Alerts:
    """One look after the other.

    Args:
        settings: with MySQL and ``alert_url``.
        status: how the links are.
        book: what was begun, ended and told.
        post: the way to the user's webhook.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        settings: Settings,
        status: Status,
        book: AlertBook,
        post: AlertPost,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = Limits(settings.alert_lag_s, settings.alert_rejections_per_hour)
        self._status = status
        self._book = book
        self._post = post
        self._clock = clock
        self._blind_since: float | None = None
        self._told_blind = False

    def look(self) -> None:
        """Find what is new, and tell it. Where nobody can look for long, that is told."""
        try:
            if self._book.is_mine():
                self._find()
                self._tell()
        except AlertNotTold as error:
            self._note_failure(error)
        except TwinsheetError as error:
            self._note_failure(error)
            self._cannot_look(error)
        else:
            self._can_look()

    def _find(self) -> None:
        refused = self._book.rejected_in_last_hour()
        links = [_health(one, refused.get(one["link"], 0)) for one in self._status.links()]
        plan = plan_alerts(links, self._book.standing(), self._limits)
        self._book.note(plan)
        _log(plan)

    def _tell(self) -> None:
        while (news := self._book.untold()) is not None:
            try:
                self._send(news)
            except AlertNotTold:
                self._book.put_off(news)
                raise
            self._book.told(news)

    def _send(self, news: News) -> None:
        self._post.send(f"alert_{news.number}_{news.state}", data_of(news.alert, news.state, news.at))

    def _cannot_look(self, error: TwinsheetError) -> None:
        now = self._clock()
        self._blind_since = self._blind_since if self._blind_since is not None else now
        if not self._told_blind and now - self._blind_since > self._limits.lag_s:
            self._told_blind = self._send_blind(BEGINS, f"Twinsheet cannot look at its links: {error}")

    def _can_look(self) -> None:
        self._blind_since = None
        if self._told_blind:
            self._told_blind = not self._send_blind(ENDS, "Twinsheet can look at its links again.")

    def _send_blind(self, state: str, message: str) -> bool:
        alert = Alert("", BLIND, message)
        try:
            self._post.send(f"alert_{alert.kind}_{state}_{time.time_ns()}", data_of(alert, state, None))
        except AlertNotTold as error:
            self._note_failure(error)
            return False
        return True

    def _note_failure(self, error: TwinsheetError) -> None:
        count_failure(error)
        log.warning("alerts", reason=str(error))


class AlertThread:
    """Looks every few seconds, in a thread of its own, until it is closed.

    Args:
        settings: with MySQL and ``alert_url``.
        status: safe to share between threads.
    """

    def __init__(self, settings: Settings, status: Status) -> None:
        address = parse_url(settings.mysql_url.get_secret_value())
        self._session = MysqlSession(address, schema=DEFAULT_SCHEMA, autocommit=True)
        self._alerts = Alerts(settings, status, AlertBook(self._session), alert_post(settings))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._alerts.look()
            self._stop.wait(LOOK_EVERY_S)
        self._session.drop()

    def close(self) -> None:
        """Ask it to end, and wait a while; what it is sending may take until its own timeout."""
        self._stop.set()
        let_end(self._thread)


def _health(link: Json, refused: int) -> Health:
    hold = link["hold"]
    return Health(
        link["link"], hold["reason"] if hold else None, max(link["lag_s"].values()), refused, link["differing"]
    )


def _log(plan: AlertPlan) -> None:
    for alert in plan.begin:
        log.warning("alert_begins", link=alert.link, kind=alert.kind, message=alert.message)
    for link, kind in plan.end:
        log.info("alert_ends", link=link, kind=kind)
