"""Routes of the person, of ``/state`` and of ``/faults``."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from pydantic import BaseModel, Field, ValidationError
from werkzeug.wrappers import Response as BaseResponse

from sandbox.google import person as acts
from sandbox.google.calls import CallCounts
from sandbox.google.document import Document, DocumentError, GridError
from sandbox.google.events import Selection
from sandbox.google.faults import Faults, FaultSettings
from sandbox.google.person import Person
from sandbox.google.quota import Quota
from sandbox.google.rest.errors import ApiError, bad_request, not_found
from sandbox.google.rest.service import json_response
from sandbox.google.state import state_of
from sandbox.google.store import Store


class Scripts(Protocol):
    """The script runtime, as far as people use it."""

    def connect(self, spreadsheet_id: str, code: str, user: str) -> Any:
        """Paste a connection code into the menu."""

    def menu(
        self, spreadsheet_id: str, item: str, user: str, answers: Sequence[str], selection: Selection | None
    ) -> Any:
        """Click an item of the menu. Raises LookupError when there is none of that name."""

    def call(
        self, spreadsheet_id: str, function: str, arguments: Sequence[Any], user: str, selection: Selection | None
    ) -> Any:
        """Call a function from a page in the sidebar."""


class Connect(acts.Action):
    """A connection code pasted into the Twinsheet menu."""

    code: str


class AtSelection(acts.Action):
    """What a person does while they have cells of a tab selected; the first cell of the first tab if left out."""

    tab: str | None = None
    range: str = "A1"


class Menu(AtSelection):
    """An item of the Twinsheet menu, with what is typed into its question, if it asks one."""

    item: str
    answer: str | None = None


class Call(AtSelection):
    """A function that a page in the sidebar or a dialog calls."""

    function: str
    arguments: list[Any] = Field(default=[])


def person_blueprint(store: Store, person: Person, scripts: Scripts | None) -> Blueprint:
    """``POST /person/<spreadsheetId>/<action>``."""
    routes = Blueprint("person", __name__)
    actions: dict[str, tuple[type[acts.Action], Callable[[Document, Any], Any]]] = {
        "edit": (acts.Edit, person.edit),
        "clear": (acts.Clear, person.clear),
        "copy": (acts.Copy, person.copy),
        "insert_rows": (acts.Rows, person.insert_rows),
        "delete_rows": (acts.Rows, person.delete_rows),
        "move_rows": (acts.MoveRows, person.move_rows),
        "insert_column": (acts.AtColumn, person.insert_column),
        "delete_column": (acts.AtColumn, person.delete_column),
        "move_column": (acts.MoveColumn, person.move_column),
        "sort": (acts.Sort, person.sort),
        "rename_header": (acts.RenameHeader, person.rename_header),
        "rename_tab": (acts.RenameTab, person.rename_tab),
        "delete_tab": (acts.InTab, person.delete_tab),
        "undo": (acts.Action, person.undo),
        "restore_version": (acts.Restore, person.restore_version),
        "connect": (Connect, lambda document, act: _scripts(scripts).connect(document.id, act.code, act.user)),
        "menu": (Menu, lambda document, act: _clicked(_scripts(scripts), document, act)),
        "call": (Call, lambda document, act: _called(_scripts(scripts), document, act)),
    }

    @routes.post("/person/<spreadsheet_id>/<action>")
    def act(spreadsheet_id: str, action: str) -> Response:
        def done() -> dict[str, Any]:
            if action not in actions:
                raise ApiError(404, f"There is no action {action!r}; there are: {', '.join(sorted(actions))}")
            model, carry_out = actions[action]
            document = _document(store, spreadsheet_id)
            outcome = carry_out(document, _read(model))
            return {"version": document.version} | _told(outcome)

        return _answered(done)

    @routes.get("/person/<spreadsheet_id>")
    def listed(spreadsheet_id: str) -> Response:
        return _answered(lambda: {"spreadsheet": _document(store, spreadsheet_id).id, "actions": sorted(actions)})

    return routes


def control_blueprint(store: Store, counts: CallCounts, faults: Faults, quota: Quota) -> Blueprint:
    """``/state/<spreadsheetId>``, ``/state`` (what there is), ``/faults`` and ``/healthz``."""
    routes = Blueprint("control", __name__)

    @routes.get("/state/<spreadsheet_id>")
    def state(spreadsheet_id: str) -> Response:
        return _answered(lambda: state_of(store, _document(store, spreadsheet_id), counts))

    @routes.get("/state")
    def spreadsheets() -> Response:
        found = [store.open(i) for i in store.ids()]
        return json_response({"spreadsheets": [{"id": d.id, "title": d.title} for d in found]})

    @routes.route("/faults", methods=["GET", "POST", "DELETE"])
    def fault_settings() -> Response:
        def done() -> dict[str, Any]:
            if request.method == "POST":
                faults.put(_read(FaultSettings))
            elif request.method == "DELETE":
                faults.put(FaultSettings())
            if request.method != "GET":
                quota.forget()
            return faults.shown()

        return _answered(done)

    @routes.get("/spreadsheets/d/<spreadsheet_id>/edit")
    def open_page(spreadsheet_id: str) -> BaseResponse:
        """The address that ``spreadsheetUrl`` names, as Google's leads to its editor."""
        return redirect(f"/#{urlencode({'s': spreadsheet_id})}")

    @routes.get("/healthz")
    def healthy() -> Response:
        store.ids()
        return json_response({"status": "ok"})

    return routes


def _answered(done: Callable[[], dict[str, Any]]) -> Response:
    try:
        return json_response(done())
    except ApiError as e:
        return json_response(e.body(), e.code)
    except (DocumentError, GridError, LookupError) as e:
        error = bad_request(str(e.args[0] if e.args else e))
        return json_response(error.body(), error.code)


def _clicked(scripts: Scripts, document: Document, act: Menu) -> Any:
    answers = [act.answer] if act.answer is not None else []
    return scripts.menu(document.id, act.item, act.user, answers, _selection(document, act))


def _called(scripts: Scripts, document: Document, act: Call) -> Any:
    return scripts.call(document.id, act.function, act.arguments, act.user, _selection(document, act))


def _selection(document: Document, act: AtSelection) -> Selection | None:
    return None if act.tab is None else acts.selected(document, act.tab, act.range)


def _told(outcome: Any) -> dict[str, Any]:
    """What the script showed and gave; other actions tell nothing."""
    return asdict(outcome) if is_dataclass(outcome) and not isinstance(outcome, type) else {}


def _document(store: Store, spreadsheet_id: str) -> Document:
    try:
        return store.open(spreadsheet_id)
    except KeyError:
        raise not_found() from None


def _scripts(scripts: Scripts | None) -> Scripts:
    if scripts is None:
        raise ApiError(503, "The sandbox runs without scripts")
    return scripts


def _read(model: type[BaseModel]) -> Any:
    try:
        return model.model_validate_json(request.get_data() or b"{}")
    except ValidationError as e:
        texts = [f"{'.'.join(str(part) for part in fault['loc']) or 'body'}: {fault['msg']}" for fault in e.errors()]
        raise bad_request("; ".join(texts)) from e
