"""Who may use the console: everybody on this machine, and elsewhere who has the token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import time
from collections.abc import Callable

from flask import Flask, Request, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from app.api.faults import refusal
from app.orders import this_person
from app.same_site import SAFE_METHODS, refused
from config.settings import Settings
from core.errors import SettingsError

SIGN_IN_PATH = "/sign-in"
OPEN_PATHS = ("/healthz", SIGN_IN_PATH, "/assets/console.css", "/assets/icon.svg")
FORM_PATHS = (SIGN_IN_PATH, "/sign-out")
"""What a form sends: everything else that changes something comes as JSON."""
COOKIE = "twinsheet"
SIGNED_IN_FOR_S = 7 * 86_400
NAME_CHARACTERS_MAX = 60
_LOGIN = 'Bearer realm="Twinsheet"'


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


class Access:
    """Tells who asks.

    Args:
        token: has to be shown, as ``Authorization: Bearer``, as the password of Basic, or once on the sign-in page,
            which gives a cookie for it; empty: only those who ask for this machine by name are answered.
        clock: seconds since 1970.
    """

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._token = token
        self._clock = clock

    @property
    def needs_token(self) -> bool:
        """Whether there is one to be shown."""
        return bool(self._token)

    def opens(self, token: str) -> bool:
        """Whether this is the token."""
        return self.needs_token and hmac.compare_digest(token.encode(), self._token.encode())

    def lets_in(self, asked: Request) -> bool:
        """Whether the request shows the token or a cookie that was given for it."""
        return self.opens(_given(asked)) or self._name_in_cookie(asked) is not None

    def cookie(self, name: str) -> str:
        """What the browser of somebody who has shown the token keeps: good for a week, and for this token only."""
        said = base64.urlsafe_b64encode(name.strip()[:NAME_CHARACTERS_MAX].encode()).decode()
        told = f"{int(self._clock()) + SIGNED_IN_FOR_S}.{said}"
        return f"{told}.{self._seal(told)}"

    def actor(self, asked: Request) -> str:
        """Who does what is asked now, as far as the console can tell; for the record."""
        name = self._name_in_cookie(asked)
        if name is None and not self.needs_token:
            name = this_person()
        return f"{name} (console)" if name else "console"

    def _name_in_cookie(self, asked: Request) -> str | None:
        """The name that a person gave on signing in, which may be empty; ``None`` where the cookie is not ours."""
        told, _, seal = asked.cookies.get(COOKIE, "").rpartition(".")
        if not self.needs_token or not told or not hmac.compare_digest(seal.encode(), self._seal(told).encode()):
            return None
        until, _, name = told.partition(".")
        return base64.urlsafe_b64decode(name).decode() if int(until) > self._clock() else None

    def _seal(self, told: str) -> str:
        return hmac.new(self._token.encode(), b"console cookie " + told.encode(), hashlib.sha256).hexdigest()


def guard(app: Flask, access: Access) -> None:
    """Ask for the token where there is one; without one, answer only those who asked for this machine by name.

    A page in a browser of this machine may make a name of its own point here; the Host header gives it away. What
    changes something is refused to every other site's page besides, whatever cookie the browser adds.

    Args:
        app: what is guarded, but for :data:`OPEN_PATHS`.
        access: tells who asks.
    """

    @app.before_request
    def check() -> AnyResponse | None:
        reason = refused(request)
        if reason is not None:
            return refusal(403, "OtherSite", reason, "Use our own page.")
        if request.path in OPEN_PATHS:
            return None
        if access.needs_token and not access.lets_in(request):
            return _ask_for_token()
        return (None if access.needs_token else _stranger(request)) or _no_order(request)


def _ask_for_token() -> AnyResponse:
    """A person who opens a page is led to the sign-in; a program is told what is missing."""
    wanted = request.accept_mimetypes.best_match(("application/json", "text/html"))
    if request.method == "GET" and wanted == "text/html":
        return redirect(f"{SIGN_IN_PATH}?next={request.path}", 303)
    hint = "Authorization: Bearer, with TWINSHEET_CONSOLE_TOKEN; in a browser, open /sign-in."
    return refusal(401, "TokenNeeded", "A token is needed.", hint, **{"WWW-Authenticate": _LOGIN})


def _stranger(asked: Request) -> Response | None:
    """Without a token this machine alone is answered, and what is not asked for by its name is not from here."""
    is_from_here = asked.method in SAFE_METHODS or is_loopback(asked.remote_addr or "")
    if is_loopback(asked.host) and is_from_here:
        return None
    return refusal(
        403, "OnThisMachineOnly", "The console answers on this machine only.", "Set TWINSHEET_CONSOLE_TOKEN."
    )


def _no_order(asked: Request) -> Response | None:
    """An order that is no JSON object, which is all that a page of another site could have a browser send unasked."""
    if asked.method in SAFE_METHODS or asked.path in FORM_PATHS:
        return None
    if asked.is_json and isinstance(asked.get_json(silent=True), dict):
        return None
    return refusal(415, "NotJson", "An order is a JSON object.", "Send Content-Type: application/json, at least {}.")


def _given(asked: Request) -> str:
    header = asked.authorization
    if header is None:
        return ""
    if header.type == "basic":
        return header.password or ""
    return header.token or "" if header.type == "bearer" else ""


def signed_in(answer: Response, access: Access, name: str, *, secure: bool) -> Response:
    """The answer with the cookie, which no script can read and no other site's page sends."""
    answer.set_cookie(
        COOKIE, access.cookie(name), max_age=SIGNED_IN_FOR_S, httponly=True, samesite="Strict", secure=secure
    )
    return answer
