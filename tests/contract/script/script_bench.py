"""A spreadsheet with a linked tab, its script running, and what a person does there."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from app.webhook.asks import AskBody
from app.webhook.body import in_shape, parse_body, read_json
from sandbox.google.area import Area, parse_a1
from sandbox.google.document import Document
from sandbox.google.events import Changed, ChangeType, Edited, Selection
from sandbox.google.sheet import Sheet
from sandbox.google.store import Store
from sandbox.script import runtime as runtime_module
from sandbox.script.outcomes import Clicked
from sandbox.script.runtime import ScriptRuntime

APPS_SCRIPT = Path(__file__).parents[3] / "apps_script"
HEADERS = ("order_no", "customer", "price", "ordered_on", "_row_id")
ANN = "ann@example.com"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@dataclass
class Receiver:
    """The webhook's end: checks signature and shape of what the script sends, answers as told."""

    port: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    choices: list[dict[str, Any]] = field(default_factory=list)
    """What people chose in the menu."""
    ids: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Status codes for the next requests; 202 when there is none left."""
    asks: list[dict[str, Any]] = field(default_factory=list)
    """What people asked."""
    replies: dict[str, Any] = field(default_factory=dict)
    """The answer to a question, by what is asked; a text is the reason why it is refused."""
    before_answer: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/sheets/orders"

    def take(self, headers: Any, data: bytes) -> tuple[int, bytes]:
        self.before_answer()
        Webhook(SECRET).verify(data, dict(headers))
        body = parse_body(data)
        self.ids.append(headers["webhook-id"])
        self.sizes.append(len(data))
        status = self.answers.pop(0) if self.answers else 202
        if status == 202:
            (self.choices if body["kind"] == "take" else self.bodies).append(body)
        return status, b""

    def answer(self, headers: Any, data: bytes) -> tuple[int, bytes]:
        """Of a question."""
        Webhook(SECRET).verify(data, dict(headers))
        ask = in_shape(AskBody, read_json(data)).ask.model_dump(exclude_none=True)
        self.ids.append(headers["webhook-id"])
        if self.answers:
            return self.answers.pop(0), b"{}"
        self.asks.append(ask)
        told = self.replies[ask["what"]]
        if isinstance(told, str):
            return 409, json.dumps({"error": {"kind": "NotUndone", "message": told, "hint": "Look again."}}).encode()
        return 200, json.dumps(told).encode()

    @property
    def cells(self) -> list[dict[str, Any]]:
        return [cell for body in self.bodies for cell in body["cells"]]

    def told(self, column: str) -> list[dict[str, Any]]:
        """The cells sent for a column, in order."""
        return [cell for cell in self.cells if cell["column"] == column]

    def values(self, column: str) -> dict[int, Any]:
        """Row to value of the cells sent for a column."""
        return {cell["row"]: cell["value"] for cell in self.cells if cell["column"] == column}


@dataclass
class Faults:
    trigger_delay_s: float = 0.0
    trigger_loss: float = 0.0


@dataclass
class Bench:
    """What a test holds: a person at a linked spreadsheet."""

    store: Store
    runtime: ScriptRuntime
    document: Document
    receiver: Receiver
    faults: Faults

    @property
    def tab(self) -> Sheet:
        return self.document.sheets[0]

    @property
    def counters(self) -> Sheet:
        found = self.document.sheet_titled("_twinsheet")
        assert found is not None
        return found

    def connect(self, link: str = "orders", user: str = ANN) -> Clicked:
        return self.runtime.connect(self.document.id, code(self.receiver.url, link), user)

    def rest(self) -> None:
        assert self.runtime.rest(30)

    def type(self, a1: str, text: str, user: str = ANN, *, rest: bool = True) -> None:
        """A person types into one cell."""
        area = area_of(self.tab, a1)
        old = self.tab.cell(area.row, area.column).value
        with self.document.change(user, undoable=True):
            self.tab.type_in(area.row, area.column, text)
        told = text or None
        old_told = old if isinstance(old, str | float | bool) else None
        self.runtime.notify(Edited(self.document.id, self.tab.sheet_id, area, user, told, old_told))
        if rest:
            self.rest()

    def paste(self, a1: str, rows: list[list[str | None]], user: str = ANN, *, rest: bool = True) -> None:
        """A person pastes several cells, from the top left one on."""
        area = area_of(self.tab, a1)
        with self.document.change(user, undoable=True):
            for row, line in enumerate(rows, area.row):
                for column, text in enumerate(line, area.column):
                    if text is not None:
                        self.tab.type_in(row, column, text)
        pasted = Area(area.row, area.column, len(rows), len(rows[0]))
        self.runtime.notify(Edited(self.document.id, self.tab.sheet_id, pasted, user))
        if rest:
            self.rest()

    def copy(self, source: str, target: str) -> None:
        """A person copies a range, hidden columns included, and pastes it."""
        from_, to = area_of(self.tab, source), area_of(self.tab, target)
        pasted = Area(to.row, to.column, from_.rows, from_.columns)
        with self.document.change(ANN, undoable=True):
            self.tab.copy(from_, pasted)
        self.runtime.notify(Edited(self.document.id, self.tab.sheet_id, pasted, ANN))
        self.rest()

    def click(self, item: str, a1: str, *answers: str, tab: Sheet | None = None) -> Clicked:
        """A person selects cells and clicks an item of the menu."""
        chosen = tab or self.tab
        selection = Selection(chosen.sheet_id, area_of(chosen, a1))
        return self.runtime.menu(self.document.id, item, ANN, list(answers), selection)

    def change(self, change_type: ChangeType) -> None:
        self.runtime.notify(Changed(self.document.id, change_type, ANN, self.tab.sheet_id))
        self.rest()

    def put(self, a1: str, value: Any) -> None:
        """A program writes through the API, which fires nothing."""
        area = area_of(self.tab, a1)
        with self.document.change("program"):
            self.tab.set_value(area.row, area.column, value)

    def ids(self) -> list[str]:
        """The row ids from row 2 on."""
        column = next(i for i, c in enumerate(self.tab.columns) for m in c.metadata if m.value == "_row_id")
        return [str(self.tab.cell(row, column).value or "") for row in range(1, self.tab.last_row())]

    def failures(self) -> list[str]:
        return [ran["error"] for ran in self.runtime.executions(self.document.id) if ran["status"] != "completed"]


def area_of(tab: Sheet, a1: str) -> Area:
    return parse_a1(a1).within(tab.row_count, tab.column_count)


def code(url: str, link: str = "orders", secret: str = SECRET) -> str:
    text = json.dumps({"url": url, "link": link, "secret": secret})
    return "ts1." + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def linked(document: Document, link: str = "orders") -> None:
    """Prepare a spreadsheet as linking does: headers, metadata, counters."""
    with document.change("program"):
        tab = document.sheets[0]
        for column, header in enumerate(HEADERS):
            tab.set_value(0, column, header)
            tab.add_column_metadata(column, f"twinsheet.{link}", header)
        counters = document.add_sheet("_twinsheet", rows=200)
        for column, header in enumerate(("link", "n", "epoch", "q", "scratch_column", "scratch_width")):
            counters.set_value(0, column, header)
        counters.set_value(1, 0, link)


def once_before(monkeypatch: pytest.MonkeyPatch, name: str, act: Any, when: Any) -> list[bool]:
    """Let somebody act in the instant before one call of the script takes effect."""
    real = runtime_module.CALLS[name]
    acted: list[bool] = []

    def call(execution: Any, spreadsheet_id: str, sheet_id: int, *args: Any) -> Any:
        if not acted and when(sheet_id, *args):
            acted.append(True)
            act()
        return real(execution, spreadsheet_id, sheet_id, *args)

    monkeypatch.setitem(runtime_module.CALLS, name, call)
    return acted
