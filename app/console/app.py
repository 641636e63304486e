"""HTTP of the console: translates questions to app.status and answers back."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, render_template_string

from app.api.blueprint import api_blueprint
from app.api.faults import tell_faults
from app.console.access import check_access_settings, guard
from app.console.metrics import all_metrics
from app.console.page import PAGE, STYLE
from app.http_channel import Limits
from app.http_server import harden, make_server
from app.status import Status
from config.settings import Settings
from core.errors import TwinsheetError

THREADS = 4
LIMITS = Limits(body_bytes_max=64 * 1024, wire_bytes_max=64 * 1024)


def create_app(status: Status, token: str) -> Flask:
    """The private application.

    Args:
        status: answers the questions.
        token: what has to be shown; empty for none.
    """
    app = harden(Flask("twinsheet.console", static_folder=None))
    guard(app, token)
    app.register_blueprint(_health(status))
    app.register_blueprint(api_blueprint(status))
    app.register_blueprint(_pages(status))

    tell_faults(app)
    return app


def make_console_server(status: Status, settings: Settings, *, port: int | None = None) -> Any:
    """The console on waitress, listening.

    Raises:
        SettingsError: it would listen to the world without a token, or the port is in use.
    """
    check_access_settings(settings)
    return make_server(
        create_app(status, settings.console_token.get_secret_value()),
        host=settings.console_host,
        port=settings.console_port if port is None else port,
        port_setting="TWINSHEET_CONSOLE_PORT",
        threads=THREADS,
        limits=LIMITS,
    )


def _health(status: Status) -> Blueprint:
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        checks = status.checks()
        ready = all(check.ok for check in checks)
        return jsonify({"ready": ready, "checks": [asdict(check) for check in checks]}), 200 if ready else 503

    @health.get("/metrics")
    def metrics() -> Response:
        return Response(all_metrics(status, os.getpid()), mimetype="text/plain; version=0.0.4")

    return health


def _pages(status: Status) -> Blueprint:
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def page() -> Response:
        links, fault = [], ""
        try:
            links = status.links()
        except TwinsheetError as error:
            fault = str(error)
        checks = status.checks()
        text = render_template_string(
            PAGE,
            links=links,
            fault=fault,
            checks=checks,
            ready=all(check.ok for check in checks),
            sandbox=status.settings.sheets_endpoint,
        )
        policy = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
        return Response(text, headers={"Content-Security-Policy": policy})

    @pages.get("/style.css")
    def style() -> Response:
        return Response(STYLE, mimetype="text/css")

    return pages
