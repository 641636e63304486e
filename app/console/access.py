"""Who may see the console: everybody on this machine, and elsewhere who has the token."""

from __future__ import annotations

import hmac
import ipaddress

from flask import Flask, Request, Response, request

from app.http_server import one_line
from config.settings import Settings
from core.errors import SettingsError

OPEN_PATHS = ("/healthz",)
_LOGIN = 'Basic realm="Twinsheet: any name, the token as password"'


def is_loopback(host: str) -> bool:
    """Whether a host name or address, with or without port, means this very machine."""
    name = host.rsplit("]", 1)[0].removeprefix("[") if host.startswith("[") else host.rsplit(":", 1)[0]
    if host.count(":") > 1 and not host.startswith("["):
        name = host
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_access_settings(settings: Settings) -> None:
    """Refuse to listen to the world without a token.

    Raises:
        SettingsError
    """
    if not is_loopback(settings.console_host) and not settings.console_token.get_secret_value():
        raise SettingsError(
            f"The console would listen on {settings.console_host} without a token.",
            "Set TWINSHEET_CONSOLE_TOKEN (openssl rand -hex 32), or TWINSHEET_CONSOLE_HOST=127.0.0.1.",
        )


def guard(app: Flask, token: str) -> None:
    """Ask for the token where there is one; without one, answer only those who asked for this machine by name.

    A page in a browser of this machine may make a name of its own point here; the Host header gives it away.

    Args:
        app: what is guarded, but for ``/healthz``.
        token: as ``Authorization: Bearer``, or as the password of a browser's Basic login; empty for none.
    """

    @app.before_request
    def check() -> Response | None:
        if request.path in OPEN_PATHS:
            return None
        if not token:
            return None if is_loopback(request.host) else one_line(403, "the console answers on this machine only")
        if hmac.compare_digest(_given(request).encode(), token.encode()):
            return None
        reason = "a token is needed: Authorization: Bearer, with TWINSHEET_CONSOLE_TOKEN"
        return one_line(401, reason, **{"WWW-Authenticate": _LOGIN})


def _given(asked: Request) -> str:
    header = asked.authorization
    if header is None:
        return ""
    if header.type == "basic":
        return header.password or ""
    return header.token or "" if header.type == "bearer" else ""
