"""``GET /``: the page, its files, its stream of news, and typing into the linked table."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from flask import Blueprint, Response, current_app, request, send_from_directory
from flask.blueprints import BlueprintSetupState
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.same_site import refused
from config.settings import load_settings
from core.errors import StackError, TwinsheetError
from core.model import Link
from sandbox.google.rest.service import json_response
from sandbox.google.store import Store
from sandbox.page import guard, statements
from sandbox.page.library import FILES, Library
from sandbox.page.link_view import key_of_text
from sandbox.page.tables import Tables
from sandbox.page.watch import RETIRED, Streams, Watch

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
FRAME_POLICY = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
    " script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:;"
    " form-action 'none'; frame-ancestors 'self'"
)
"""For pages of the script's HTML: an origin of their own, and nothing from the network."""
FRAME = """<!doctype html>
<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Page of the script</title>
<script>{script}</script>
"""
page = Blueprint("page", __name__)
_library = Library()


class Write(BaseModel):
    """What a person does to the linked table."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["update", "insert", "delete"]
    keys: list[str] = Field(default=[], max_length=1000)
    values: dict[str, str | None] = {}
    """For ``update`` of several keys and ``insert``: the same for all."""
    rows: list[dict[str, str | None]] = Field(default=[], max_length=1000)
    """For a paste: values per key, in the keys' order."""


@page.record_once
def _on_registration(state: BlueprintSetupState) -> None:
    state.app.extensions["page_streams"] = Streams()
    # Built when first asked; faulty settings are told on the page, and tried again at the next look.
    state.app.extensions["page_tables"] = cache(lambda: Tables(load_settings(needs=())))


@page.before_app_request
def _no_other_sites() -> Response | None:
    reason = refused(request)
    if reason is None:
        return None
    return json_response({"error": {"code": 403, "message": reason, "status": "PERMISSION_DENIED"}}, 403)


@page.get("/")
def index() -> Response:
    """The page."""
    return _file("index.html")


@page.get("/page/<name>")
def file(name: str) -> Response:
    """A file of ours."""
    return _file(name)


@page.get("/page/frame")
def frame() -> Response:
    """The empty document into which the page writes HTML of the sheet's script."""
    script = (STATIC / "frame.js").read_text("utf-8")
    return _guarded(Response(FRAME.format(script=script), content_type="text/html; charset=utf-8"), FRAME_POLICY)


@page.get("/page/lib/<name>")
def library(name: str) -> Response:
    """A file of the grid library."""
    if name not in FILES:
        return _fault(404, "There is no such file.")
    try:
        content, kind = _library.file(name)
    except StackError as error:
        return _fault(503, error.message, error.hint)
    answer = Response(content, content_type=f"{kind}; charset=utf-8")
    answer.headers["Cache-Control"] = "max-age=86400"
    return answer


@page.get("/page/events")
def events() -> Response:
    """News of one tab and its table, as server-sent events."""
    if not guard.named_by_address(request.host):
        return _fault(403, "The page answers to localhost and to addresses only.")
    sheet_id = request.args.get("tab", type=int)
    streams: Streams = current_app.extensions["page_streams"]
    watch = Watch(_store(), _tables(), request.args.get("spreadsheet", ""), sheet_id)

    def told() -> Iterator[bytes]:
        with streams.one_more() as ended:
            yield from watch.events(ended)
            if not streams.closed:
                yield RETIRED

    return Response(told(), content_type="text/event-stream; charset=utf-8", headers={"Cache-Control": "no-store"})


@page.get("/page/menus/<spreadsheet_id>")
def menus(spreadsheet_id: str) -> Response:
    """The menus that the spreadsheet's script adds."""
    scripts = current_app.extensions["sandbox"]["scripts"]
    try:
        return json_response({"menus": scripts.menus(spreadsheet_id, request.args.get("user", "ann@example.com"))})
    except KeyError:
        return _fault(404, "There is no such spreadsheet.")


@page.get("/page/versions/<spreadsheet_id>")
def versions(spreadsheet_id: str) -> Response:
    """The versions one can go back to, newest first."""
    return json_response({"versions": _store().versions(spreadsheet_id)[::-1]})


@page.post("/page/table/<name>")
def write(name: str) -> Response:
    """A person changes the linked table; answers with the SQL that was run."""
    if not guard.named_by_address(request.host):
        return _fault(403, "The page answers to localhost and to addresses only.")
    try:
        wanted = Write.model_validate_json(request.get_data())
        tables = _tables()()
        link = tables.link(name)
        if link is None:
            return _fault(404, f"There is no link {name}.")
        wished = _statements(link, wanted)
        found = statements.run(tables.address, wished)
    except (ValidationError, ValueError) as error:
        return _fault(400, f"This is no change of a table: {error}")
    except TwinsheetError as error:
        return _fault(409, error.message, error.hint)
    return json_response({"found": found, "sql": [statements.shown(s) for s in wished[:20]]})


def _statements(link: Link, wanted: Write) -> list[statements.Statement]:
    keys = [key_of_text(text) for text in wanted.keys]
    if wanted.action == "insert":
        return [statements.insert(link, values) for values in wanted.rows or [wanted.values]]
    if wanted.action == "delete":
        return [statements.delete(link, key) for key in keys]
    rows = wanted.rows or [wanted.values] * len(keys)
    return [statements.update(link, key, values) for key, values in zip(keys, rows, strict=True) if values]


def _file(name: str) -> Response:
    return _guarded(send_from_directory(STATIC, name), POLICY)


def _guarded(answer: Response, policy: str) -> Response:
    answer.headers["Content-Security-Policy"] = policy
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _fault(code: int, message: str, hint: str = "") -> Response:
    return json_response({"error": {"code": code, "message": message, "hint": hint}}, code)


def _tables() -> Callable[[], Tables]:
    tables: Callable[[], Tables] = current_app.extensions["page_tables"]
    return tables


def _store() -> Store:
    store: Store = current_app.extensions["sandbox"]["store"]
    return store
