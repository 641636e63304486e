"""Who may see the console: everybody on this machine, and elsewhere who has the token."""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Request, Response, request

from app.api.faults import refusal
from config.settings import Settings
from core.errors import SettingsError

OPEN_PATHS = ("/healthz",)
READING = ("GET", "HEAD", "OPTIONS")
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

    A page in a browser of this machine may make a name of its own point here; the Host header gives it away. Whatever
    changes something has to come as JSON and from our own pages or from no page: a browser keeps a login and sends it
    along, so a page of another site may not have it post anything.

    Args:
        app: what is guarded, but for ``/healthz``.
        token: as ``Authorization: Bearer``, or as the password of a browser's Basic login; empty for none.
    """

    @app.before_request
    def check() -> Response | None:
        if request.path in OPEN_PATHS:
            return None
        if not token:
            return _stranger(request) or _from_elsewhere(request)
        if hmac.compare_digest(_given(request).encode(), token.encode()):
            return _from_elsewhere(request)
        hint = "Authorization: Bearer, with TWINSHEET_CONSOLE_TOKEN."
        return refusal(401, "TokenNeeded", "A token is needed.", hint, **{"WWW-Authenticate": _LOGIN})


def _stranger(asked: Request) -> Response | None:
    """Without a token this machine alone is answered, and what is not asked for by its name is not from here."""
    is_from_here = asked.method in READING or is_loopback(asked.remote_addr or "")
    if is_loopback(asked.host) and is_from_here:
        return None
    return refusal(
        403, "OnThisMachineOnly", "The console answers on this machine only.", "Set TWINSHEET_CONSOLE_TOKEN."
    )


def _from_elsewhere(asked: Request) -> Response | None:
    """Orders that a page of another site may have a browser send."""
    if asked.method in READING:
        return None
    if not asked.is_json or not isinstance(asked.get_json(silent=True), dict):
        return refusal(
            415, "NotJson", "An order is a JSON object.", "Send Content-Type: application/json, at least {}."
        )
    origin, site = asked.headers.get("Origin"), asked.headers.get("Sec-Fetch-Site", "none")
    if site not in ("none", "same-origin") or (origin is not None and urlsplit(origin).netloc != asked.host):
        return refusal(403, "OtherSite", "A page of another site may not order anything here.", "Use our own page.")
    return None


def _given(asked: Request) -> str:
    header = asked.authorization
    if header is None:
        return ""
    if header.type == "basic":
        return header.password or ""
    return header.token or "" if header.type == "bearer" else ""
