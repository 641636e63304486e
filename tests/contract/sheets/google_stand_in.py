"""Google's token endpoint and its Sheets API, as far as signing in goes, in one small server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROBOT = "robot@project.iam.gserviceaccount.com"
REFRESH_TOKEN = "1//a-token-that-lasts"
CLIENT_SECRET = "GOCSPX-of-the-app"

Answer = tuple[int, Any]


class Google:
    """Issues tokens and takes them; every request is written down."""

    def __init__(self) -> None:
        self.url = ""
        self.lives_s = 3600
        """How long the next tokens are good."""
        self.granted: list[dict[str, str]] = []
        """What was asked of the token endpoint, each time."""
        self.calls: list[int] = []
        """Status that each call of the API was answered with."""
        self.good: set[str] = set()
        self.answer: Answer | None = None
        """The token endpoint's next answers, instead of a token."""
        self.silent = threading.Event()
        self.closing = threading.Event()

    def key(self, path: Path, **changed: Any) -> Path:
        """A service account's key file whose token endpoint is here."""
        account = {
            "type": "service_account",
            "project_id": "project",
            "client_id": "123456789",
            "client_email": ROBOT,
            "token_uri": f"{self.url}/token",
            "private_key": _private_key(),
        }
        path.write_text(json.dumps(account | changed))
        return path

    def user(self, path: Path, **changed: Any) -> Path:
        """An authorized user's file."""
        user = {
            "type": "authorized_user",
            "client_id": "42-app.apps.googleusercontent.com",
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "token_uri": f"{self.url}/token",
        }
        path.write_text(json.dumps(user | changed))
        return path

    def forget(self) -> None:
        """No token that was given out so far is taken any more."""
        self.good.clear()

    def token(self, asked: dict[str, str]) -> Answer:
        """What the token endpoint answers."""
        self.granted.append(asked)
        if self.answer is not None:
            return self.answer
        token = f"token-{len(self.granted)}"
        self.good.add(token)
        lasting = {"refresh_token": REFRESH_TOKEN} if asked["grant_type"] == "authorization_code" else {}
        return 200, {"access_token": token, "expires_in": self.lives_s, "token_type": "Bearer", **lasting}

    def api(self, authorization: str | None) -> Answer:
        """What the API answers."""
        known = (authorization or "").removeprefix("Bearer ") in self.good
        self.calls.append(200 if known else 401)
        said = {"error": {"code": 401, "message": "no such token", "status": "UNAUTHENTICATED"}}
        return (200, {"spreadsheetId": "s"}) if known else (401, said)


@contextmanager
def stand_in() -> Iterator[Google]:
    """One that runs."""
    google = Google()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(google))
    http.daemon_threads = True
    google.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield google
    finally:
        google.closing.set()
        http.shutdown()
        thread.join()
        http.server_close()


def _handler(google: Google) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path == "/token":
                if google.silent.is_set():
                    google.closing.wait()
                    self.close_connection = True
                    return
                status, said = google.token(dict(parse_qsl(body)))
            else:
                status, said = google.api(self.headers["Authorization"])
            content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@cache
def _private_key() -> str:
    key = rsa.generate_private_key(65537, 2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return text.decode()
