"""Alerts on real MySQL and MariaDB, told to a real webhook over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from contract.store.store_places import ServerPlace
from standardwebhooks.webhooks import Webhook

from adapters.mysql_alerts import AlertBook
from adapters.mysql_connection import MysqlSession
from app.alerts import Alerts, alert_post
from app.status import Status
from config.settings import Settings
from core.errors import AlertNotTold, KafkaUnavailable, MysqlUnavailable, TwinsheetError
from sandbox.stack.servers import wait_until

SECRET = "whsec_dGhpcyBpcyBhIHNlY3JldCBmb3IgdGVzdHM="


@dataclass
class Hook:
    """The user's webhook."""

    url: str = ""
    answer: int = 200
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self) -> list[dict[str, Any]]:
        """What it was told, signatures checked."""
        return [Webhook(SECRET).verify(body, headers) for headers, body in self.heard]

    def news(self) -> list[tuple[str, str]]:
        """What began and what ended."""
        return [(body["data"]["kind"], body["data"]["state"]) for body in self.bodies()]


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(found.answer)
            self.send_header("location", found.url)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """The test's output is its own."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


class Links:
    """How the links are, as app.status tells it."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = [told("orders")]
        self.trouble: TwinsheetError | None = None

    def links(self) -> list[dict[str, Any]]:
        """See app.status.Status.links."""
        if self.trouble is not None:
            raise self.trouble
        return self.found


def told(link: str, hold: str | None = None, lag_s: float = 0.0) -> dict[str, Any]:
    """A link, of which a guard may hold it."""
    lags = {"sheet_to_table": lag_s, "table_to_sheet": 0.0}
    return {"link": link, "hold": {"reason": hold} if hold else None, "lag_s": lags, "differing": 0}


@dataclass
class Desk:
    """One process that tells of alerts."""

    alerts: Alerts
    links: Links
    book: AlertBook
    session: MysqlSession
    now_s: float = 0.0


@pytest.fixture
def desks(place: ServerPlace, hook: Hook, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    sessions = []

    def make(**settings: Any) -> Desk:
        session = MysqlSession(place.address, schema=place.state_schema, autocommit=True)
        sessions.append(session)
        values = {"alert_url": hook.url, "alert_secret": SECRET, "run_dir": tmp_path, "_env_file": None, **settings}
        links, book, checked = Links(), AlertBook(session), Settings(**values)
        desk = Desk(cast("Any", None), links, book, session)
        desk.alerts = Alerts(checked, cast("Status", links), book, alert_post(checked), clock=lambda: desk.now_s)
        return desk

    yield make
    for session in sessions:
        session.drop()


def test_a_hold_is_told_once_signed_and_told_again_when_it_is_over(desks: Callable[..., Desk], hook: Hook) -> None:
    desk = desks()
    desk.links.found = [told("orders", hold="half of the rows were deleted.")]
    for _ in range(3):
        desk.alerts.look()
    (body,) = hook.bodies()
    assert body["type"] == "twinsheet.alert.begins"
    assert body["data"]["link"] == "orders"
    assert "orders is held: half of the rows were deleted." in body["data"]["message"]
    assert desk.book.standing() == {("orders", "hold")}
    desk.links.found = [told("orders")]
    desk.alerts.look()
    assert hook.news() == [("hold", "begins"), ("hold", "ends")]
    assert [one["ended_at"] is not None for one in desk.book.newest(10)] == [True]


def test_news_that_nobody_took_is_tried_again_under_the_same_number(desks: Callable[..., Desk], hook: Hook) -> None:
    desk = desks()
    desk.links.found, hook.answer = [told("orders", lag_s=301)], 503
    desk.alerts.look()
    desk.alerts.look()
    assert len(hook.heard) == 1, "not at once"
    desk.session.query("UPDATE alert SET next_try_at = CURRENT_TIMESTAMP(6)")
    hook.answer = 204
    desk.alerts.look()
    (first, second) = [headers["webhook-id"] for headers, _ in hook.heard]
    assert first == second


def test_of_two_processes_one_tells_and_the_other_goes_on_after_it(desks: Callable[..., Desk], hook: Hook) -> None:
    one, other = desks(), desks()
    for desk in (one, other):
        desk.links.found = [told("orders", hold="damaged.")]
        desk.alerts.look()
    assert hook.news() == [("hold", "begins")]
    one.session.drop()
    wait_until(other.book.is_mine, "the lock that the one has left", 30)
    other.links.found = [told("orders")]
    other.alerts.look()
    assert hook.news()[1:] == [("hold", "ends")]


def test_values_refused_in_the_last_hour_are_counted_by_link(desks: Callable[..., Desk], hook: Hook) -> None:
    desk = desks(alert_rejections_per_hour=2)
    for number, hours in enumerate((0, 0, 0, 2)):
        desk.session.query(
            "INSERT INTO rejection (link, row_id, column_name, reason, at, is_open)"
            " VALUES ('orders', %s, 'price', 'x', CURRENT_TIMESTAMP(6) - INTERVAL %s HOUR, NULL)",
            (f"r_{number}", hours),
        )
    desk.alerts.look()
    assert "3 values of the sheet were refused" in hook.bodies()[0]["data"]["message"]


def test_slack_gets_its_own_text_and_no_signature(desks: Callable[..., Desk], hook: Hook) -> None:
    desk = desks(alert_format="slack", alert_secret="")
    desk.links.found = [told("orders", hold="damaged.")]
    desk.alerts.look()
    desk.links.found = []
    desk.alerts.look()
    texts = [json.loads(body)["text"] for _, body in hook.heard]
    assert [text.split(" orders")[0] for text in texts] == [":warning:", ":white_check_mark: over:"]
    assert all("webhook-signature" not in headers for headers, _ in hook.heard)


def test_that_nobody_can_look_is_told_when_it_lasts_and_when_it_is_over(
    desks: Callable[..., Desk], hook: Hook
) -> None:
    desk = desks()
    desk.links.trouble = KafkaUnavailable("Kafka does not answer.")
    for desk.now_s in (0, 299, 301, 400):
        desk.alerts.look()
    assert hook.news() == [("blind", "begins")]
    desk.links.trouble = MysqlUnavailable("MySQL does not answer.")
    desk.alerts.look()
    desk.links.trouble = None
    desk.alerts.look()
    desk.alerts.look()
    assert hook.news() == [("blind", "begins"), ("blind", "ends")]


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_only_an_answer_of_success_counts_as_taken(hook: Hook, answer: int) -> None:
    hook.answer = answer
    with pytest.raises(AlertNotTold, match=str(answer)):
        alert_post(Settings(alert_url=hook.url, alert_secret=SECRET, _env_file=None)).send("x", {"state": "begins"})
    assert len(hook.heard) == 1
