"""Alerts are looked for beside a service, and no longer than that."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

import app.alerts
from app.alerts import AlertThread


class SlowAlerts:
    """Takes its time to look."""

    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def __init__(self, *_: object) -> None: ...

    def look(self) -> None:
        """See :class:`app.alerts.Alerts`."""
        self.begun.set()
        self.may_end.wait(10)
        self.ended.set()


def test_who_closes_it_waits_for_the_look_that_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.alerts, "Alerts", SlowAlerts)
    monkeypatch.setattr(app.alerts, "MysqlSession", lambda *_, **__: SimpleNamespace(drop=lambda: None))
    monkeypatch.setattr(app.alerts, "parse_url", lambda _url: None)
    monkeypatch.setattr(app.alerts, "alert_post", lambda _settings: None)
    settings = SimpleNamespace(mysql_url=SimpleNamespace(get_secret_value=lambda: ""))
    thread = AlertThread(cast("Any", settings), cast("Any", None))
    assert SlowAlerts.begun.wait(10)
    threading.Timer(0.1, SlowAlerts.may_end.set).start()
    thread.close()
    assert SlowAlerts.ended.is_set()
