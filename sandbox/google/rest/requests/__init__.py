"""The requests of ``spreadsheets.batchUpdate``, each applied to an open change."""

from collections.abc import Callable
from typing import Any

from sandbox.google.document import Document
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.requests import cells, dimensions, look, metadata, sheets, tidy

Handler = Callable[[Document, dict[str, Any]], dict[str, Any] | None]

HANDLERS: dict[str, Handler] = {
    **cells.HANDLERS,
    **dimensions.HANDLERS,
    **sheets.HANDLERS,
    **metadata.HANDLERS,
    **look.HANDLERS,
    **tidy.HANDLERS,
}


def apply(document: Document, kind: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """Apply one request; returns its reply.

    Raises:
        ApiError: 400, also for a kind of request that the sandbox does not carry out.
    """
    handler = HANDLERS.get(kind)
    if handler is None:
        raise bad_request(f"The sandbox does not support the request kind {kind}")
    return handler(document, body)
