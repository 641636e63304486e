"""What goes wrong, in one shape: ``{"error": {"kind", "message", "hint"}}``, as commands tell it with ``--json``."""

from __future__ import annotations

import json

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from app.http_server import one_line
from core.errors import (
    BadQuestion,
    LinkRefused,
    MysqlRefused,
    NotLinked,
    NotTaken,
    NotUndone,
    SettingsError,
    SheetsRefused,
    TwinsheetError,
    Unavailable,
)

PREFIX = "/api"
_STATUS: tuple[tuple[type[TwinsheetError], int], ...] = (
    (NotLinked, 404),
    (BadQuestion, 400),
    (NotTaken, 409),
    (NotUndone, 409),
    (LinkRefused, 409),
    (SheetsRefused, 409),
    (Unavailable, 503),
    (MysqlRefused, 503),
    (SettingsError, 503),
)
_HINTS = {
    404: "What there is stands in /api/openapi.json.",
    405: "The methods that there are stand in the header Allow, and in /api/openapi.json.",
    413: "No question needs as much.",
}
_OURS = "This is a fault of Twinsheet: look into its log, and report what it shows."


def status_of(error: TwinsheetError) -> int:
    """The answer's status for what went wrong; 500 for what nobody has foreseen."""
    return next((code for kind, code in _STATUS if isinstance(error, kind)), 500)


def fault(status: int, kind: str, message: str, hint: str, **headers: str) -> Response:
    """An answer in that shape, in one line."""
    text = json.dumps({"error": {"kind": kind, "message": message, "hint": hint}}, ensure_ascii=False) + "\n"
    return Response(text.encode(errors="backslashreplace"), status, headers, mimetype="application/json")


def refusal(status: int, kind: str, message: str, hint: str, **headers: str) -> Response:
    """As programs read it under ``/api``, one line elsewhere."""
    if request.path.startswith(PREFIX):
        return fault(status, kind, message, hint, **headers)
    return one_line(status, f"{message} {hint}".strip(), **headers)


def tell_faults(app: Flask) -> None:
    """Have every error of the application answered so."""

    @app.errorhandler(TwinsheetError)
    def refused(error: TwinsheetError) -> Response:
        return refusal(status_of(error), error.kind, error.message, error.hint)

    @app.errorhandler(HTTPException)
    def unfit(error: HTTPException) -> Response:
        status, name = error.code or 500, error.name or "Fault"
        allowed = dict(error.get_headers()).get("Allow")
        hint = _HINTS.get(status, _OURS if status >= 500 else "")
        return refusal(
            status, name.replace(" ", ""), f"{name.capitalize()}.", hint, **({"Allow": allowed} if allowed else {})
        )
