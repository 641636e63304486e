"""Our HTTP servers: Flask on waitress, every answer JSON with the same security headers, faults included."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from app.http_channel import BoundedServer, Limits, adjustments
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
    # half a character in a name that is told would not be UTF-8; as JSON's escape it is
    return Response(text.encode(errors="backslashreplace"), status, {**headers}, mimetype="application/json")


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
    limits: Limits,
    translate: Translate = lambda status, _path: (status, "the request is malformed"),
) -> Any:
    """A waitress server, listening but not yet running.

    Args:
        app: what answers.
        host, port: where; port 0 for a free one.
        port_setting: the variable that a person changes when the port is in use.
        threads: requests at once.
        limits: how much one client may ask.
        translate: what is answered where waitress refuses by itself.

    Raises:
        SettingsError: the port is in use or may not be taken.
    """

    def refuse(code: int, path: str) -> tuple[str, list[tuple[str, str]], bytes]:
        # a transfer coding that we do not know is the client's fault as well
        answer = one_line(*translate(400 if code == HTTPStatus.NOT_IMPLEMENTED else code, path))
        return answer.status, [("Content-Type", "application/json"), *SECURITY_HEADERS.items()], answer.get_data()

    try:
        sock = _listening(host, port)
        return BoundedServer(app, limits, refuse, _sock=sock, adj=adjustments(limits, sock, threads))
    except OSError as error:
        raise SettingsError(
            f"Port {port} on {host} cannot be used: {error.strerror}.", f"Set {port_setting} to a free port."
        ) from error


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
