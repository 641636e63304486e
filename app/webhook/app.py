"""HTTP of the webhook: translates, delegates to the receiver, translates back."""

from __future__ import annotations

import json
from typing import Any

import structlog
from flask import Flask, Response, request

from app.api.faults import fault, status_of
from app.http_channel import Limits
from app.http_server import harden, make_server, one_line
from app.metrics import WEBHOOK_REQUESTS
from app.webhook.asks import Asks
from app.webhook.gate import BODY_BYTES_MAX, Gate, Request
from app.webhook.receiver import ACCEPTED, Receiver
from config.settings import Settings
from core.errors import TwinsheetError, Unavailable, WebhookRefused

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 2
THREADS = 16
# Chunked bodies carry their own framing, which waitress counts; what is inside is measured by the receiver.
LIMITS = Limits(body_bytes_max=BODY_BYTES_MAX, wire_bytes_max=8 * BODY_BYTES_MAX)
_HOOKS = "/hooks/sheets/"
_ASK = "/ask"
_REASONS = {404: "there is no link of that name", 413: "the body is too large"}
"""For what waitress refuses by itself."""


def create_app(receiver: Receiver, asks: Asks) -> Flask:
    """The public application: ``/hooks/sheets/<link>``, ``/hooks/sheets/<link>/ask`` and ``/healthz``, nothing
    else."""
    app = harden(Flask("twinsheet.webhook", static_folder=None))

    @app.before_request
    def refuse_other_spellings() -> Response | None:
        """Escapes, doubled slashes, whole addresses: what is not spelled as one of our paths is none of them."""
        spelled = str(request.environ["REQUEST_URI"]).partition("?")[0]
        return None if spelled == request.path else one_line(404, "not found")

    @app.post(_HOOKS + "<link>", provide_automatic_options=False)
    def receive(link: str) -> Response:
        return _receive(receiver, link)

    @app.post(_HOOKS + "<link>" + _ASK, provide_automatic_options=False)
    def ask(link: str) -> Response:
        return _answer(asks, link)

    @app.get("/healthz", provide_automatic_options=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.after_request
    def count(response: Response) -> Response:
        if request.path.startswith(_HOOKS):
            WEBHOOK_REQUESTS.labels(str(response.status_code)).inc()
        return response

    return app


def make_webhook_server(
    gate: Gate,
    receiver: Receiver,
    asks: Asks,
    settings: Settings,
    *,
    port: int | None = None,
    limits: Limits = LIMITS,
) -> Any:
    """The webhook on waitress, listening."""

    def translate(status: int, path: str) -> tuple[int, str]:
        if status == 413 and path.startswith(_HOOKS):
            status = 413 if gate.knows(path.removeprefix(_HOOKS).removesuffix(_ASK)) else 404
        WEBHOOK_REQUESTS.labels(str(status)).inc()
        return status, _REASONS.get(status, "the request is malformed")

    return make_server(
        create_app(receiver, asks),
        host=settings.webhook_host,
        port=settings.webhook_port if port is None else port,
        port_setting="TWINSHEET_WEBHOOK_PORT",
        threads=THREADS,
        limits=limits,
        translate=translate,
    )


def _request(link: str) -> Request:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(link, headers, request.stream.read(BODY_BYTES_MAX + 1))


def _refused(came: Request, error: WebhookRefused) -> Response:
    event = came.headers.get("webhook-id", "")[:64]
    log.info("refused", link=came.link[:64], event_id=event, status=error.status, reason=error.message)
    return one_line(error.status, error.message)


def _answer(asks: Asks, link: str) -> Response:
    came = _request(link)
    try:
        told = asks.answer(came)
    except WebhookRefused as error:
        return _refused(came, error)
    except TwinsheetError as error:
        log.info("not_answered", link=link, event_id=came.headers["webhook-id"], reason=str(error))
        return fault(status_of(error), error.kind, error.message, error.hint)
    return Response(json.dumps(told) + "\n", mimetype="application/json")


def _receive(receiver: Receiver, link: str) -> Response:
    came = _request(link)
    try:
        status = receiver.receive(came)
    except WebhookRefused as error:
        return _refused(came, error)
    except Unavailable as error:
        log.warning("not_taken", link=link, event_id=came.headers["webhook-id"], reason=str(error))
        return one_line(503, "the event could not be stored; send it again", **{"Retry-After": str(RETRY_AFTER_S)})
    said = "accepted" if status == ACCEPTED else "repeated"
    return Response(f'{{"status": "{said}"}}\n', status, mimetype="application/json")
