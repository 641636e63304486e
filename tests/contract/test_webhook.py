"""The webhook as contracted: every status, the order of the checks, and that nothing forged comes through.

Runs on the real server (waitress) with the memory and the log replaced; tests/integration has them real.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from waitress.buffers import OverflowableBuffer

from app.http_channel import Limits
from app.webhook.app import LIMITS, make_webhook_server
from app.webhook.asks import AT_ONCE_MAX, Asks
from app.webhook.gate import BODY_BYTES_MAX, Gate
from app.webhook.receiver import Receiver
from config.link_entry import LinkEntry
from config.links import LinkEntries
from config.settings import load_settings
from core.errors import KafkaUnavailable, NotUndone, TwinsheetError
from core.ports import Json
from core.secrets import link_secret, signature
from core.undo import Selection

MASTERS = (b"the newest master secret", b"the master secret before")
LINKS = """\
links:
  - {name: orders, spreadsheet: 1AbC, tab: Orders, table: shop.orders}
  - {name: stock, spreadsheet: 1AbC, tab: Stock, table: shop.stock}
"""
BODY: dict[str, Any] = {
    "link": "orders",
    "spreadsheet_id": "1AbC",
    "tab": "Orders",
    "kind": "edit",
    "stamp": {"n": 3, "q": 7, "epoch": 1},
    "edited_at": "2026-01-31T12:00:00.123Z",
    "editor": "ann@example.com",
    "cells": [{"row_id": "r_a", "row": 2, "column": "Price", "value": 12.5, "event_value": "12.5"}],
    "chunk": {"index": 0, "count": 1},
}


@dataclass
class Log:
    """Stands for Kafka."""

    published: list[tuple[str, str, Json]] = field(default_factory=list)
    away: bool = False
    delay_s: float = 0
    asked: int = 0

    def publish(self, topic: str, link: str, body: Json) -> None:
        self.asked += 1
        time.sleep(self.delay_s)
        if self.away:
            raise KafkaUnavailable("Kafka does not answer.")
        self.published.append((topic, link, body))

    def publish_many(self, messages: Sequence[tuple[str, str, Json]]) -> None:
        for message in messages:
            self.publish(*message)

    def close(self) -> None:
        pass


@dataclass
class Memory:
    """Stands for MySQL."""

    ids: set[tuple[str, str]] = field(default_factory=set)

    def seen(self, link: str, event: str) -> bool:
        return (link, event) in self.ids

    def remember(self, link: str, event: str) -> None:
        self.ids.add((link, event))


@dataclass
class Known:
    """Stands for what is known of the links; says what it was asked."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    refuses: TwinsheetError | None = None
    rests: threading.Event = field(default_factory=threading.Event)
    """Set while it answers at once."""
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self.rests.set()

    def state(self, link: LinkEntry) -> Json:
        return self._told("state", link)

    def history(self, link: LinkEntry, row_id: str | None, cursor: str | None) -> Json:
        return self._told("history", link, row_id, cursor)

    def plan(self, link: LinkEntry, wanted: Selection) -> Json:
        return self._told("plan", link, wanted)

    def undo(self, link: LinkEntry, wanted: Selection, shown: str, actor: str) -> Json:
        return self._told("undo", link, wanted, shown, actor) | {"event": "undo_1"}

    def _told(self, what: str, link: LinkEntry, *more: Any) -> Json:
        self.waiting.release()
        self.rests.wait(20)
        if self.refuses is not None:
            raise self.refuses
        self.asked.append((what, link.name, *more))
        return {"told": what}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def reason(self) -> str:
        """The one-line reason, which every refusal has."""
        assert self.body.count(b"\n") == 1
        assert self.headers["content-type"] == "application/json"
        error = json.loads(self.body)["error"]
        assert isinstance(error, str)
        return error


@dataclass
class Door:
    """The webhook, listening."""

    port: int
    receiver: Receiver
    log: Log
    memory: Memory
    known: Known
    links: Path
    now: list[float]

    def send(
        self,
        body: bytes | dict[str, Any] = BODY,
        *,
        path: str = "/hooks/sheets/orders",
        event: str = "msg_1",
        timestamp: str | None = None,
        master: bytes = MASTERS[0],
        link: str = "orders",
        method: str = "POST",
        chunked: bool = False,
        **changed: str | None,
    ) -> Answer:
        """A good request unless told otherwise; ``webhook_id=None`` and the like change or drop a header."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        at = timestamp or str(int(self.now[0]))
        headers = {
            "webhook-id": event,
            "webhook-timestamp": at,
            "webhook-signature": signature(link_secret(master, link), event, at, data),
            "content-type": "application/json",
        }
        for name, value in changed.items():
            headers.pop(name.replace("_", "-"), None)
            if value is not None:
                headers[name.replace("_", "-")] = value
        return self.raw(method, path, headers, data, chunked=chunked)

    def raw(self, method: str, path: str, headers: dict[str, str], data: bytes, *, chunked: bool = False) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        pieces = [data[i : i + 65536] for i in range(0, len(data), 65536)]
        connection.request(method, path, iter(pieces) if chunked else data, headers, encode_chunked=chunked)
        response = connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        connection.close()
        return answer


@contextmanager
def opened(folder: Path, limits: Limits = LIMITS) -> Iterator[Door]:
    """The webhook, listening until the end of the block."""
    links = folder / "links.yaml"
    links.write_text(LINKS)
    log, memory, now = Log(), Memory(), [time.time()]
    gate, known = Gate(LinkEntries(links), MASTERS, clock=lambda: now[0]), Known()
    receiver, asks = Receiver(gate, memory, log), Asks(gate, memory, known)
    server = make_webhook_server(gate, receiver, asks, load_settings(needs=()), port=0, limits=limits)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.asyncore.loop(timeout=0.05, map=server._map, use_poll=True, count=1)

    thread = threading.Thread(target=serve)
    thread.start()
    yield Door(int(server.effective_port), receiver, log, memory, known, links, now)
    stop.set()
    thread.join()
    server.task_dispatcher.shutdown()
    server.asyncore.close_all(server._map)


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.chdir(tmp_path)
    with opened(tmp_path) as made:
        yield made


def test_a_good_event_is_accepted_and_published_with_its_id_and_time(door: Door) -> None:
    answer = door.send()
    assert answer.status == 202
    topic, link, body = door.log.published[0]
    assert (topic, link) == ("sheet.observed", "orders")
    received_at = body.pop("received_at")
    assert body.pop("event") == "msg_1"
    assert body == BODY
    assert len(received_at) == len("2026-01-31T12:00:00.123456Z")


def test_a_choice_that_ends_a_conflict_is_accepted_like_an_edit(door: Door) -> None:
    choice = {k: v for k, v in BODY.items() if k not in ("stamp", "cells", "chunk")}
    choice |= {"kind": "take", "take": {"row_id": "r_a", "column": "Price", "take": "value", "value": "9.50"}}
    assert door.send(choice, event="msg_take").status == 202
    assert door.send(choice, event="msg_take").status == 200
    ((topic, link, body),) = door.log.published
    assert (topic, link) == ("sheet.observed", "orders")
    assert body == choice | {"event": "msg_take", "received_at": body["received_at"]}
    assert door.send(choice | {"tab": "Stock"}, event="msg_other").status == 400


def test_a_repeated_id_is_answered_200_and_published_once(door: Door) -> None:
    assert [door.send().status for _ in range(3)] == [202, 200, 200]
    assert len(door.log.published) == 1
    assert door.send(event="msg_2").status == 202


def test_an_id_of_one_link_says_nothing_about_another(door: Door) -> None:
    assert door.send().status == 202
    other = BODY | {"link": "stock", "tab": "Stock"}
    assert door.send(other, path="/hooks/sheets/stock", link="stock").status == 202


@pytest.mark.parametrize("master", MASTERS)
def test_both_secrets_are_good_while_rotating(door: Door, master: bytes) -> None:
    assert door.send(master=master).status == 202


def test_a_link_opens_itself_and_nothing_else(door: Door) -> None:
    other = BODY | {"link": "stock", "tab": "Stock"}
    assert door.send(other, path="/hooks/sheets/stock", link="orders").status == 401


def test_a_link_added_while_running_is_known_at_once_and_a_removed_one_is_not(door: Door) -> None:
    assert door.send(path="/hooks/sheets/later", link="later").status == 404
    door.links.write_text(LINKS + "  - {name: later, spreadsheet: 1AbC, tab: Later, table: shop.later}\n")
    assert door.send(BODY | {"link": "later", "tab": "Later"}, path="/hooks/sheets/later", link="later").status == 202
    door.links.write_text("links: []\n")
    assert door.send(event="msg_2").status == 404


@pytest.mark.parametrize(
    "path",
    ["/hooks/sheets/nobody", "/hooks/sheets/", "/hooks/sheets/orders/", "/hooks/sheets/orders/ask/", "/hooks", "/"],
)
def test_unknown_links_and_paths_are_404(door: Door, path: str) -> None:
    answer = door.send(path=path)
    assert answer.status == 404
    assert answer.reason


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405(door: Door, method: str) -> None:
    answer = door.send(method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert answer.reason


@pytest.mark.parametrize(
    "change",
    [
        {"webhook_id": None},
        {"webhook_timestamp": None},
        {"webhook_signature": None},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1,notbase64!"},
        {"webhook_signature": "nonsense"},
        {"webhook_signature": "v2,AAAA"},
        {"webhook_timestamp": "soon"},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": "nan"},
        {"webhook_timestamp": "1e9"},
        {"webhook_id": "x" * 129},
        {"webhook_id": "msg 1"},
    ],
)
def test_an_unsigned_or_wrongly_signed_request_is_401(door: Door, change: dict[str, str | None]) -> None:
    answer = door.send(**change)  # type: ignore[arg-type]  # only header changes, which are texts
    assert answer.status == 401
    assert answer.reason
    assert door.log.published == []


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-299, 202), (0, 202), (299, 202), (301, 401)])
def test_five_minutes_either_way_are_allowed(door: Door, seconds: int, status: int) -> None:
    door.now[0] = float(int(door.now[0]))
    assert door.send(timestamp=str(int(door.now[0]) + seconds)).status == status


def padded(size_bytes: int) -> bytes:
    cell = BODY["cells"][0] | {"value": ""}
    frame = json.dumps(BODY | {"cells": [cell]}).encode()
    return json.dumps(BODY | {"cells": [cell | {"value": "x" * (size_bytes - len(frame))}]}).encode()


@pytest.mark.parametrize("chunked", [False, True])
def test_one_mebibyte_is_taken_and_a_byte_more_is_413(door: Door, chunked: bool) -> None:
    assert len(padded(BODY_BYTES_MAX)) == BODY_BYTES_MAX
    assert door.send(padded(BODY_BYTES_MAX), chunked=chunked).status == 202
    answer = door.send(padded(BODY_BYTES_MAX + 1), event="msg_2", chunked=chunked)
    assert answer.status == 413
    assert answer.reason
    assert len(door.log.published) == 1


def test_a_body_far_too_large_is_refused_before_it_is_read(door: Door) -> None:
    for path, status in (("/hooks/sheets/orders", 413), ("/hooks/sheets/nobody", 404)):
        with socket.create_connection(("127.0.0.1", door.port), timeout=20) as sock:
            sock.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n".encode())
            answer = sock.makefile("rb").read()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert json.loads(body)["error"]


def test_malformed_http_gets_a_one_line_json_reason(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=20) as sock:
        sock.sendall(b"POST /hooks/sheets/orders HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n")
        answer = sock.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"\xff\xfe\x00", b"[]", b"null", b"{}", json.dumps(BODY | {"stamp": 5}).encode()]
)
def test_a_signed_body_that_is_malformed_is_400(door: Door, body: bytes) -> None:
    answer = door.send(body)
    assert answer.status == 400
    assert answer.reason


@pytest.mark.parametrize("change", [{"link": "stock"}, {"spreadsheet_id": "other"}, {"tab": "Stock"}])
def test_a_body_of_another_link_spreadsheet_or_tab_is_400(door: Door, change: dict[str, str]) -> None:
    answer = door.send(BODY | change)
    assert answer.status == 400
    assert next(iter(change)) in answer.reason


def test_the_first_fault_in_the_contracted_order_decides(door: Door) -> None:
    huge = b"x" * (BODY_BYTES_MAX + 1)
    unsigned: dict[str, Any] = {"webhook_signature": "v1,AAAA"}
    assert door.send(huge, path="/hooks/sheets/nobody", **unsigned).status == 404
    assert door.send(huge, **unsigned).status == 413
    assert door.send().status == 202
    assert door.send(b"not json", **unsigned).status == 401
    assert door.send(b"not json").status == 200, "a repeated id is told before its body is looked at"
    assert door.send(b"not json", event="msg_2").status == 400
    assert door.send(event="msg_2").status == 202, "a refused event is not remembered"


def test_while_kafka_does_not_acknowledge_the_answer_is_503_and_nothing_is_remembered(door: Door) -> None:
    door.log.away = True
    answer = door.send()
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.reason
    door.log.away = False
    door.now[0] += 2
    assert door.send().status == 202


def test_while_kafka_rests_nobody_waits_for_it(door: Door) -> None:
    door.log.away = True
    assert [door.send(event=f"msg_{number}").status for number in range(5)] == [503] * 5
    assert door.log.asked == 1
    door.now[0] += 2
    assert door.send().status == 503
    assert door.log.asked == 2


def test_trouble_with_kafka_is_told_until_an_event_is_stored_again_or_nobody_knows_any_more(door: Door) -> None:
    assert door.receiver.trouble == ""
    door.log.away = True
    door.send()
    assert "does not answer" in door.receiver.trouble
    door.log.away = False
    door.now[0] += 2
    assert door.send().status == 202
    assert door.receiver.trouble == ""
    door.log.away = True
    door.send(event="msg_2")
    assert door.receiver.trouble
    door.now[0] += 60
    assert door.receiver.trouble == ""


def test_the_same_event_sent_many_times_at_once_is_published_once(door: Door) -> None:
    door.log.delay_s = 0.05
    with ThreadPoolExecutor(12) as pool:
        answers = [sent.result().status for sent in [pool.submit(door.send) for _ in range(12)]]
    assert sorted(answers) == [200] * 11 + [202]
    assert len(door.log.published) == 1


ASK = {k: v for k, v in BODY.items() if k in ("link", "spreadsheet_id", "tab", "editor")}
ASK_PATH = "/hooks/sheets/orders/ask"


@pytest.mark.parametrize(
    ("ask", "asked"),
    [
        ({"what": "state"}, ("state", "orders")),
        ({"what": "history"}, ("history", "orders", None, None)),
        ({"what": "history", "row_id": "r_a", "cursor": "x"}, ("history", "orders", "r_a", "x")),
        ({"what": "undo", "entry": 7}, ("plan", "orders", Selection(entry=7))),
        ({"what": "undo", "event": "msg_9"}, ("plan", "orders", Selection(event="msg_9"))),
        (
            {"what": "undo", "event": "msg_9", "shown": "abc"},
            ("undo", "orders", Selection(event="msg_9"), "abc", "ann@example.com"),
        ),
    ],
)
def test_a_signed_question_is_answered_at_once(door: Door, ask: dict[str, Any], asked: tuple[Any, ...]) -> None:
    answer = door.send(ASK | {"ask": ask}, path=ASK_PATH)
    assert answer.status == 200
    assert json.loads(answer.body)["told"] == asked[0]
    assert door.known.asked == [asked]
    assert door.log.published == []


def test_a_question_passes_the_same_gate_as_an_event(door: Door) -> None:
    good = ASK | {"ask": {"what": "state"}}
    assert door.send(good, path="/hooks/sheets/nobody/ask").status == 404
    assert door.send(b"x" * (BODY_BYTES_MAX + 1), path=ASK_PATH).status == 413
    assert door.send(good, path=ASK_PATH, webhook_signature="v1,AAAA").status == 401
    assert door.send(good, path=ASK_PATH, link="stock").status == 401, "the secret of another link"
    assert door.send(good | {"tab": "Stock"}, path=ASK_PATH).status == 400
    assert door.send(BODY, path=ASK_PATH).status == 400, "an event is no question"
    assert door.send(good).status == 400, "and a question no event"
    assert door.raw("GET", ASK_PATH, {}, b"").status == 405
    assert door.known.asked == []


@pytest.mark.parametrize(
    "ask",
    [
        {"what": "everything"},
        {"what": "state", "row_id": "r_a"},
        {"what": "undo"},
        {"what": "undo", "entry": 1, "event": "msg_9"},
        {"what": "undo", "entry": 0},
        {"what": "history", "row_id": ""},
        "state",
        None,
    ],
)
def test_a_question_that_means_nothing_is_400(door: Door, ask: Any) -> None:
    assert door.send(ASK | {"ask": ask}, path=ASK_PATH).status == 400
    assert door.known.asked == []


def test_what_a_question_comes_to_is_told_with_the_way_on(door: Door) -> None:
    door.known.refuses = NotUndone("It was taken back already.", "To have it again: twinsheet undo --event undo_1")
    answer = door.send(ASK | {"ask": {"what": "undo", "entry": 7}}, path=ASK_PATH)
    assert answer.status == 409
    told = json.loads(answer.body)["error"]
    assert (told["kind"], told["message"]) == ("NotUndone", "It was taken back already.")
    assert told["hint"].startswith("To have it again")


def test_an_undo_that_is_sent_again_is_carried_out_once(door: Door) -> None:
    order = ASK | {"ask": {"what": "undo", "event": "msg_9", "shown": "abc"}}
    assert door.send(order, path=ASK_PATH, event="msg_u").status == 200
    again = door.send(order, path=ASK_PATH, event="msg_u")
    assert again.status == 409
    assert "done once" in again.reason
    assert len(door.known.asked) == 1
    assert door.send(order, path=ASK_PATH, event="msg_v").status == 200, "another order"


def test_where_google_does_not_tell_who_asks_it_is_somebody_in_the_sheet(door: Door) -> None:
    order = ASK | {"editor": "", "ask": {"what": "undo", "event": "msg_9", "shown": "abc"}}
    assert door.send(order, path=ASK_PATH).status == 200
    assert door.known.asked[0][-1] == "somebody in the sheet"


def test_many_questions_at_once_leave_room_for_events(door: Door) -> None:
    question = ASK | {"ask": {"what": "state"}}
    door.known.rests.clear()
    with ThreadPoolExecutor(AT_ONCE_MAX) as pool:
        slow = [pool.submit(door.send, question, path=ASK_PATH) for _ in range(AT_ONCE_MAX)]
        for _ in slow:
            assert door.known.waiting.acquire(timeout=20)
        assert door.send(question, path=ASK_PATH).status == 429
        assert door.send().status == 202
        door.known.rests.set()
        assert [one.result().status for one in slow] == [200] * AT_ONCE_MAX
    assert door.send(question, path=ASK_PATH).status == 200


def test_the_public_port_serves_hooks_and_healthz_alone(door: Door) -> None:
    assert door.raw("GET", "/healthz", {}, b"").status == 200
    for path in ("/metrics", "/readyz", "/api/links", "/static/x", "/healthz/", "/hooks/sheets/../x"):
        assert door.raw("GET", path, {}, b"").status in (404, 405)


def test_every_answer_carries_the_security_headers_and_no_server_name(door: Door) -> None:
    for answer in (door.send(), door.send(webhook_signature="x"), door.raw("GET", "/healthz", {}, b"")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def exchange(door: Door, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to these very bytes."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=20) as sock:
        sock.sendall(sent)
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


HOOK = "POST /hooks/sheets/orders HTTP/1.1"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (f"{HOOK}\r\nContent-Length: {'9' * 5000}", 400),
        (f"{HOOK}\r\nContent-Length: many", 400),
        (f"{HOOK}\r\nTransfer-Encoding: gzip", 400),
        ("POST http://[/ HTTP/1.1", 400),
        ("nonsense", 400),
        (f"{HOOK}\r\nX: {'x' * 40_000}", 431),
        (f"{HOOK}\r\nContent-Length: 99999999999", 413),
    ],
)
def test_what_the_server_refuses_before_the_application_sees_it_looks_like_every_other_refusal(
    door: Door, lines: str, status: int
) -> None:
    told, headers, body = exchange(door, lines.encode() + b"\r\n\r\n")
    assert told == status
    assert json.loads(body)["error"]
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "//hooks/sheets/orders",
        "/hooks/sheets/%6frders",
        "/hooks%2fsheets/orders",
        "http://x/hooks/sheets/orders",
        "/hooks/sheets/orders%00",
        "/x/../hooks/sheets/orders",
        "/HOOKS/sheets/orders",
        "//healthz",
        "/%68ealthz",
    ],
)
def test_another_spelling_of_a_path_is_another_path(door: Door, path: str) -> None:
    assert door.send(path=path).status == 404
    assert door.raw("GET", path, {}, b"").status == 404
    assert door.log.published == []


def test_half_a_character_in_a_cell_does_not_cost_its_neighbours(door: Door) -> None:
    cells = [BODY["cells"][0], BODY["cells"][0] | {"column": "Note", "value": "half \ud83d", "formula": "=\udc00"}]
    assert door.send(BODY | {"cells": cells}).status == 202
    assert door.log.published[0][2]["cells"] == cells
    assert door.send(BODY | {"editor": "half \ud83d"}, event="msg_2").status == 400
    answer = door.send(BODY | {"half \ud83d": 1}, event="msg_3")
    assert answer.status == 400
    assert answer.reason


@pytest.mark.parametrize(
    "first", [b"", b"POST /hooks", b"POST /hooks/sheets/orders HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"]
)
@pytest.mark.parametrize("byte", [b"", b"1"])
def test_a_request_that_does_not_come_to_its_end_is_given_up_however_it_dribbles(
    tmp_path: Path, first: bytes, byte: bytes
) -> None:
    limits = replace(LIMITS, request_within_s=0.4, idle_s=0.4 if not byte else 60)
    with opened(tmp_path, limits) as door, socket.create_connection(("127.0.0.1", door.port), timeout=20) as sock:
        sock.sendall(first or byte)
        sock.settimeout(0.1)
        assert closes(sock, byte)
        assert door.send().status == 202


def closes(sock: socket.socket, byte: bytes) -> bool:
    """Whether the other end closes the connection, while a byte is sent now and then."""
    for _ in range(200):
        try:
            sock.sendall(byte)
            if sock.recv(100) == b"":
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


def test_whoever_is_slow_makes_room_for_those_who_are_not(tmp_path: Path) -> None:
    with opened(tmp_path, replace(LIMITS, connections_max=10)) as door:
        slow = [socket.create_connection(("127.0.0.1", door.port), timeout=20) for _ in range(40)]
        for sock in slow:
            with contextlib.suppress(ConnectionError):
                sock.sendall(b"POST /hooks/sheets/orders HTTP/1.1\r\n")
        assert [door.send(event=f"msg_{number}").status for number in range(3)] == [202] * 3
        for sock in slow:
            sock.close()


def test_a_body_that_is_too_large_is_not_kept_while_it_is_read(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    append = OverflowableBuffer.append
    monkeypatch.setattr(
        OverflowableBuffer, "append", lambda buffer, data: (kept.append(len(data)), append(buffer, data))
    )
    assert door.send(b"x" * (5 * BODY_BYTES_MAX)).status == 413
    assert sum(kept) <= BODY_BYTES_MAX + 64 * 1024, "beside the body, the answer"


def mutated(rng: random.Random, headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """A good request with one thing changed: a bit, a byte more or less, a header."""
    kind = rng.choice(["flip", "insert", "delete", "header", "drop", "swap", "spell"])
    if kind in ("flip", "insert", "delete"):
        at, data = rng.randrange(len(body)), bytearray(body)
        if kind == "flip":
            data[at] ^= 1 << rng.randrange(8)
        elif kind == "insert":
            data.insert(at, rng.randrange(256))
        else:
            del data[at]
        return headers, bytes(data)
    name = rng.choice(["webhook-id", "webhook-timestamp", "webhook-signature"])
    changed, value = dict(headers), headers[name]
    if kind == "drop":
        del changed[name]
    elif kind == "swap":
        changed[name] = headers[rng.choice([n for n in headers if n != name])]
    elif kind == "spell":
        changed[name] = rng.choice([value + "0", value + ".0", "0" + value, value + "=", value.swapcase() + "_"])
    else:
        at = rng.randrange(len(value))
        changed[name] = value[:at] + rng.choice([c for c in "09azAZ+/=,.-_" if c != value[at]]) + value[at + 1 :]
    return changed, body


def test_of_two_thousand_mutated_requests_none_is_accepted_and_none_breaks_the_server(door: Door) -> None:
    rng = random.Random(20260131)
    data = json.dumps(BODY).encode()
    at = str(int(door.now[0]))
    good = {"webhook-id": "msg_1", "webhook-timestamp": at}
    good["webhook-signature"] = signature(link_secret(MASTERS[0], "orders"), "msg_1", at, data)
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=20)
    for _ in range(2000):
        headers, body = mutated(rng, good, data)
        connection.request("POST", "/hooks/sheets/orders", body, headers)
        response = connection.getresponse()
        answer = response.read()
        assert 400 <= response.status < 500, (headers, body, answer)
        assert json.loads(answer)["error"]
    connection.close()
    assert door.log.published == []
    assert door.memory.ids == set()


def test_of_a_thousand_signed_bodies_with_a_wrong_shape_none_is_accepted(door: Door) -> None:
    rng = random.Random(7)
    for number in range(1000):
        body = json.loads(json.dumps(BODY))
        break_shape(rng, body)
        answer = door.send(body, event=f"msg_{number}")
        assert answer.status == 400, (body, answer)
        assert answer.reason
    assert door.log.published == []


def break_shape(rng: random.Random, body: dict[str, Any]) -> None:
    """Give one field a type that it never has, drop one that has to be there, or add one that nobody knows."""
    place: dict[str, Any] = rng.choice([body, body["stamp"], body["cells"][0], body["chunk"]])
    optional = {"formula", "event_value", "event_old_value", "editor", "chunk", "cells"}
    name = rng.choice(sorted(place))
    kind = rng.choice(["type", "drop", "add"])
    if kind == "add":
        place[f"more_{rng.randrange(99)}"] = rng.choice([1, "x", None, [], {}])
    elif kind == "drop" and name not in optional:
        del place[name]
    else:
        place[name] = rng.choice([[[]], {"a": {}}, {"serial": "x"}])
