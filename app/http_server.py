"""Our HTTP servers: Flask on waitress, every answer JSON with the same security headers, faults included."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

from flask import Flask, Response
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask
from werkzeug.exceptions import HTTPException

from core.errors import SettingsError

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

Translate = Callable[[int, str], tuple[int, str]]
"""Answer for a request that waitress itself refuses: (status, path) to (status, reason)."""


def one_line(status: int, reason: str, **headers: str) -> Response:
    """A JSON answer ``{"error": reason}`` in one line."""
    text = json.dumps({"error": " ".join(reason.split())}, ensure_ascii=False) + "\n"
    return Response(text, status, {**headers}, mimetype="application/json")


def harden(app: Flask) -> Flask:
    """Give every answer the security headers, and every HTTP fault a one-line JSON reason."""
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False

    @app.after_request
    def _secure(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.errorhandler(HTTPException)
    def _fault(error: HTTPException) -> Response:
        headers = dict(error.get_headers())
        kept = {"Allow": headers["Allow"]} if "Allow" in headers else {}
        return one_line(error.code or 500, (error.name or "fault").lower(), **kept)

    return app


def make_server(
    app: Flask,
    *,
    host: str,
    port: int,
    port_setting: str,
    threads: int,
    body_bytes_max: int,
    translate: Translate = lambda status, _path: (status, "the request is malformed"),
) -> Any:
    """A waitress server, listening but not yet running.

    Args:
        app: what answers.
        host, port: where; port 0 for a free one.
        port_setting: the variable that a person changes when the port is in use.
        threads: requests at once.
        body_bytes_max: a body of this size or more is refused by waitress.
        translate: what is answered where waitress refuses by itself.

    Raises:
        SettingsError: the port is in use or may not be taken.
    """
    try:
        server: Any = create_server(
            app,
            sockets=[_listening(host, port)],
            threads=threads,
            ident="",
            max_request_body_size=body_bytes_max,
            max_request_header_size=32 * 1024,
            channel_timeout=30,
            cleanup_interval=10,
            connection_limit=500,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
            expose_tracebacks=False,
        )
    except OSError as error:
        raise SettingsError(
            f"Port {port} on {host} cannot be used: {error.strerror}.", f"Set {port_setting} to a free port."
        ) from error
    server.channel_class = _channel(translate)
    return server


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _channel(translate: Translate) -> type[HTTPChannel]:
    """Connections whose own refusals (too large, malformed) look like every other answer."""

    class JsonErrorTask(ErrorTask):
        def execute(self) -> None:
            refused: Any = self.request  # the stubs describe waitress 2
            status, reason = translate(refused.error.code, getattr(refused, "path", "") or "")
            answer = one_line(status, reason)
            self.status = answer.status
            self.response_headers = [("Content-Type", "application/json"), *SECURITY_HEADERS.items()]
            self.set_close_on_finish()
            data = answer.get_data()
            self.content_length = len(data)
            self.write(data)

    class JsonErrorChannel(HTTPChannel):
        error_task_class = JsonErrorTask

    return JsonErrorChannel
