"""HTTP of the API: translates questions to app.status and answers back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.status import Status, as_json
from core.history import HistoryFilter

LIMIT_MAX = 100_000


def api_blueprint(status: Status) -> Blueprint:
    """Everything under ``/api``.

    Args:
        status: answers the questions.
    """
    api = Blueprint("api", __name__, url_prefix="/api/links")

    @api.get("")
    def links() -> Response:
        return jsonify({"links": as_json(status.links())})

    @api.get("/<link>")
    def one(link: str) -> Response:
        status.check_link(link)
        found = next(found for found in status.links() if found["link"] == link)
        return jsonify(as_json(found))

    def records(name: str, question: Callable[[str, int | None], list[dict[str, Any]]]) -> None:
        def answer(link: str) -> Response:
            status.check_link(link)
            return jsonify({"items": as_json(question(link, _limit()))})

        api.add_url_rule(f"/<link>/{name}", name, answer)

    reports = status.reports
    records("conflicts", lambda link, limit: reports.conflicts(link, limit=limit))
    records("rejections", lambda link, limit: reports.rejections(link, limit=limit))
    records("history", lambda link, limit: list(status.history.each(HistoryFilter(link=link), limit=limit)))
    records("pending", lambda link, limit: reports.pending(link)[:limit])
    return api


def _limit() -> int | None:
    text = request.args.get("limit", "")
    return min(int(text), LIMIT_MAX) if text.isdecimal() and int(text) else None
