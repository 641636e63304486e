"""How calls end that do not go well, against a server that misbehaves on purpose."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from adapters.google_sign_in import identity
from adapters.sheets_client import SheetsClient
from core.errors import QuotaExhausted, ReplyLost, SettingsError, SheetsRefused, SheetsUnavailable, SignInRefused
from sandbox.stack.servers import free_port

Answer = Callable[[BaseHTTPRequestHandler], None]


class Misbehaving:
    """Answers every request the same way, and counts them."""

    def __init__(self, url: str, counted: list[str]) -> None:
        self.url, self.requests = url, counted

    def client(self, **options: Any) -> SheetsClient:
        return SheetsClient(endpoint=self.url, timeout_s=1.0, read_attempts=3, **options)


@contextmanager
def server(answer: Answer) -> Iterator[Misbehaving]:
    counted: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            counted.append(self.path)
            answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64  # many threads may call at once

    http = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Misbehaving(f"http://127.0.0.1:{http.server_port}", counted)
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def cut_in_the_middle(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"spreadsheetId":')
    cut(handler)


def silence(handler: BaseHTTPRequestHandler) -> None:
    while handler.connection.recv(1):  # until the client gives up
        pass
    handler.close_connection = True


def saying(status: int, body: Any) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def refusing(status: int, name: str, message: str = "no") -> Answer:
    return saying(status, {"error": {"code": status, "message": message, "status": name}})


@pytest.mark.parametrize(
    "answer",
    [
        cut,
        cut_in_the_middle,
        silence,
        refusing(500, "INTERNAL"),
        refusing(503, "UNAVAILABLE"),
        saying(200, b"<html>"),
    ],
    ids=["cut", "cut in the middle", "silence", "500", "503", "no JSON"],
)
def test_a_write_whose_answer_is_lost_is_sent_once_and_told_as_lost(answer: Answer) -> None:
    with server(answer) as google:
        client = google.client()
        for count in (1, 2):
            with pytest.raises(ReplyLost):
                client.write("s", {"requests": []})
            assert len(google.requests) == count
        client.close()


def test_a_write_on_a_connection_that_google_closed_meanwhile_is_never_sent_twice() -> None:
    def answer_and_close(handler: BaseHTTPRequestHandler) -> None:
        saying(200, {})(handler)
        handler.close_connection = True  # without saying so in a header

    with server(answer_and_close) as google:
        client = google.client()
        for count in range(1, 11):
            with suppress(ReplyLost):  # the news of the closed connection may cross the write
                client.write("s", {"requests": []})
            assert len(google.requests) <= count
        assert google.requests
        client.close()


@pytest.mark.parametrize(
    "answer", [cut, cut_in_the_middle, refusing(503, "UNAVAILABLE")], ids=["cut", "middle", "503"]
)
def test_a_read_is_tried_again_a_few_times(answer: Answer) -> None:
    with server(answer) as google:
        client = google.client()
        with pytest.raises(SheetsUnavailable) as raised:
            client.read("s", [], "sheets")
        assert not isinstance(raised.value, ReplyLost)
        assert len(google.requests) == 3
        client.close()


def test_an_exhausted_quota_is_never_hammered() -> None:
    with server(refusing(429, "RESOURCE_EXHAUSTED", "Quota exceeded")) as google:
        client = google.client()
        with pytest.raises(QuotaExhausted):
            client.read("s", [], "sheets")
        with pytest.raises(QuotaExhausted):
            client.write("s", {"requests": []})
        assert len(google.requests) == 2
        client.close()


class Told:
    """A meter that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def called(self, kind: str) -> None:
        self.told.append(kind)

    def refused(self, kind: str) -> None:
        self.told.append(f"{kind} refused")

    def close(self) -> None:
        self.told.append("closed")


def test_every_call_passes_the_meter_each_attempt_for_itself_and_every_429_is_told() -> None:
    meter = Told()
    with server(refusing(503, "UNAVAILABLE")) as google:
        client = google.client(meter=meter)
        with pytest.raises(SheetsUnavailable):
            client.read("s", [], "sheets")
        with pytest.raises(ReplyLost):
            client.write("s", {"requests": []})
        client.close()
    assert meter.told == ["read", "read", "read", "write", "closed"]
    meter = Told()
    with server(refusing(429, "RESOURCE_EXHAUSTED", "Quota exceeded")) as google:
        client = google.client(meter=meter)
        with pytest.raises(QuotaExhausted):
            client.read("s", [], "sheets")
        with pytest.raises(QuotaExhausted):
            client.write("s", {"requests": []})
        client.close()
    assert meter.told == ["read", "read refused", "write", "write refused", "closed"]


def test_the_token_of_the_sandbox_is_not_given_away_by_the_name_of_its_user() -> None:
    assert identity(None, token="secret") == identity(None, token="secret") != identity(None, token="other")
    assert "secret" not in "".join(identity(None, token="secret"))


def test_nothing_listening_means_that_nothing_took_effect() -> None:
    client = SheetsClient(endpoint=f"http://127.0.0.1:{free_port()}", timeout_s=1.0)
    with pytest.raises(SheetsUnavailable) as raised:
        client.write("s", {"requests": []})
    assert not isinstance(raised.value, ReplyLost)


@pytest.mark.parametrize(
    ("status", "name", "message", "told"),
    [
        (403, "PERMISSION_DENIED", "The caller does not have permission", "Share it with"),
        (403, "PERMISSION_DENIED", "Google Sheets API has not been used before or it is disabled", "Enable"),
        (404, "NOT_FOUND", "Requested entity was not found.", "/d/"),
        (400, "INVALID_ARGUMENT", "Invalid requests[0]", "Invalid requests"),
    ],
)
def test_a_refusal_for_good_tells_what_to_do(status: int, name: str, message: str, told: str) -> None:
    with server(refusing(status, name, message)) as google:
        client = google.client()
        with pytest.raises(SheetsRefused, match=told):
            client.write("s", {"requests": []})
        assert len(google.requests) == 1
        client.close()


def test_a_token_that_google_does_not_take_is_no_fault_of_the_spreadsheet() -> None:
    with server(refusing(401, "UNAUTHENTICATED", "expired")) as google:
        client = google.client()
        for call in (lambda: client.write("s", {"requests": []}), lambda: client.read("s", [], "sheets")):
            with pytest.raises(SignInRefused, match="TWINSHEET_GOOGLE_CREDENTIALS"):
                call()
        assert len(google.requests) == 2
        client.close()


def test_a_key_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "key.json"
    broken.write_text("{}")
    for path in (broken, tmp_path / "missing.json"):
        with pytest.raises(SettingsError, match=path.name):
            SheetsClient(credentials=path)


def test_many_threads_share_one_client() -> None:
    with server(saying(200, {"spreadsheetId": "s"})) as google:
        client = google.client()
        answers: list[Any] = []
        threads = [
            threading.Thread(target=lambda: answers.append(client.write("s", {"requests": []}))) for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [{"spreadsheetId": "s"}] * 20
        client.close()
