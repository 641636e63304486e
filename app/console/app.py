"""HTTP of the console: health, metrics, the API, and the pages that people look at."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Flask, Response, jsonify

from app.api.blueprint import api_blueprint
from app.api.faults import tell_faults
from app.console.access import Access, check_access_settings, guard
from app.console.metrics import all_metrics
from app.console.pages.desk import Desk
from app.console.pages.ui import add_pages
from app.console.sign_in import sign_in_blueprint
from app.console.watch import Watch
from app.http_channel import Limits
from app.http_server import harden, make_server
from app.status import Status
from config.settings import Settings

THREADS = 8
"""A restore, which reads a whole tab, takes one for its time; the pages' own questions take milliseconds."""
LIMITS = Limits(body_bytes_max=64 * 1024, wire_bytes_max=64 * 1024)


def create_app(status: Status, token: str, watch: Watch | None = None) -> Flask:
    """The private application.

    Args:
        status: answers the questions.
        token: what has to be shown; empty for none.
        watch: looks at everything for the pages; one that is not started shows nothing yet.
    """
    app = harden(Flask("twinsheet.console", static_folder=None))
    access = Access(token)
    guard(app, access)
    app.register_blueprint(sign_in_blueprint(access))
    app.register_blueprint(_health(status))
    app.register_blueprint(api_blueprint(status))

    tell_faults(app)
    add_pages(app, Desk(status, watch or Watch(status), access))
    return app


def make_console_server(status: Status, settings: Settings, watch: Watch, *, port: int | None = None) -> Any:
    """The console on waitress, listening.

    Raises:
        SettingsError: it would listen to the world without a token, or the port is in use.
    """
    check_access_settings(settings)
    return make_server(
        create_app(status, settings.console_token.get_secret_value(), watch),
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
