"""Small links, rows and observations for the tests of the rules. Real codecs; everything else made up.

The link `orders` has a generated key, a required customer and quantity, and a price, a due date, a status and notes
that may stay empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.events import SHEET_OBSERVED, TABLE_CHANGED, stamp_to_json
from core.freshness import OpenWrite
from core.model import (
    ROW_ID_HEADER,
    Age,
    CellBase,
    Key,
    Link,
    LinkedColumn,
    Observed,
    RowBase,
    SheetCell,
    Stamp,
    TableColumn,
)
from core.ports import Json, TableRow, Waiting
from core.row_view import ComputeRule, RowPlan, RowView
from core.sheet import TabImage, TabRow
from core.table_plan import plan_row
from core.values import Canonical, SheetValue
from core.values.catalog import codec_for

NOON = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
LATER = NOON + timedelta(seconds=1)
EARLIER = NOON - timedelta(seconds=1)

_COLUMNS = (
    ("Order no.", TableColumn("order_no", "int", "int unsigned", nullable=False, auto_increment=True)),
    (
        "Customer",
        TableColumn("customer", "varchar", "varchar(80)", nullable=False, length_chars=80, charset="utf8mb4"),
    ),
    ("Quantity", TableColumn("quantity", "int", "int", nullable=False)),
    ("Price", TableColumn("price", "decimal", "decimal(10,2)", has_default=True, precision=10, scale=2)),
    ("Due", TableColumn("due", "date", "date", has_default=True)),
    (
        "Status",
        TableColumn(
            "status", "enum", "enum('new','paid')", nullable=False, has_default=True, options=("new", "paid")
        ),
    ),
    ("Notes", TableColumn("notes", "text", "text", has_default=True, charset="utf8mb4")),
)
HEADER = {column.name: header for header, column in _COLUMNS}
TOTAL = TableColumn("total", "decimal", "decimal(12,2)", generated=True, precision=12, scale=2)

ROW: dict[str, Canonical] = {
    "order_no": "1",
    "customer": "Ann",
    "quantity": "3",
    "price": "9.50",
    "due": None,
    "status": "new",
    "notes": "fragile",
}
"""What both sides hold of order 1, the row `r_1`."""


@dataclass
class Watch:
    """A clock that goes when it is told to, and a gate that is always open."""

    at: float = 100.0

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return NOON

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")

    def wait_s(self, _kind: str, _link: str = "", *, spare: bool = False) -> float:
        return 0.0


def make_link(*, computed: bool = False, **policies: str) -> Link:
    """The link `orders`; `policies` by column name, `computed` adds a column that the table computes."""
    described = [*_COLUMNS, ("Total", TOTAL)] if computed else _COLUMNS
    columns = tuple(
        LinkedColumn(header, c, codec_for(c), policies.get(c.name, "last_write_wins"), key=c.name == "order_no")
        for header, c in described
    )
    return Link("orders", "1Ab", "Orders", "shop", "orders", columns)


LINK = make_link()


def one_way(**directions: str) -> Link:
    """The link `orders` with columns that go one way."""
    columns = (replace(c, direction=directions.get(c.name, c.direction)) for c in LINK.columns)
    return replace(LINK, columns=tuple(columns))


BLANK: dict[str, SheetValue] = dict.fromkeys(LINK.headers)
"""The cells of a row by header, all of them blank: what the script tells of a row that it has just named."""


def by_id(bases: Iterable[RowBase]) -> dict[str, RowBase]:
    """Bases as the store tells all of a link."""
    return {base.row_id: base for base in bases}


def make_base(
    row_id: str = "r_1",
    *,
    n: int = 0,
    age: int = 0,
    cell_n: int = 0,
    cell_age: int = 0,
    formulas: tuple[str, ...] = (),
    key: Key | None = None,
    gone: bool = False,
    **values: Canonical,
) -> RowBase:
    """Base of a row; `values` over those of `ROW`. All cells share `cell_n` and `cell_age`."""
    held = {**ROW, **values}
    cells = {c: CellBase(v, n=cell_n, age=Age(cell_age), formula=c in formulas) for c, v in held.items()}
    own_key = key or (held["order_no"] or "",)
    return RowBase(row_id, None if gone else own_key, cells, gone=gone, n=n, age=Age(age))


def saw(
    column: str,
    value: SheetValue,
    source: str = "edit",
    *,
    n: int = 0,
    q: int = 1,
    scan: int = 0,
    at: datetime | None = NOON,
    formula: str | None = None,
    base: Canonical = None,
    row_id: str = "r_1",
    event: str = "e1",
) -> Observed:
    """One cell as an edit (or another `source`) saw it; `base` only for what a swap found."""
    return Observed(
        row_id,
        column,
        SheetCell(value, formula),
        Stamp(n, q, scan=scan),
        source,
        edited_at=at if source == "edit" else None,
        actor="ann@example.com" if source == "edit" else "",
        event=event,
        base=base,
    )


def typed_row(q: int = 1, n: int = 0, *, link: Link = LINK, **values: SheetValue) -> tuple[Observed, ...]:
    """A new row as the script tells of it that has just named it: every cell, blank where `values` have nothing."""
    blank = {c.name: None for c in link.columns if not c.read_only}
    return tuple(saw(column, value, q=q, n=n) for column, value in {**blank, **values}.items())


def waits(seen: Observed, reason: str) -> Waiting:
    """A cell that has been waiting since noon."""
    return Waiting(seen, reason, NOON)


def no_rule(*_: Any) -> Canonical:
    """For plans in which no rule may be asked."""
    raise AssertionError("no rule should have been asked")


def plan(
    *observed: Observed,
    link: Link = LINK,
    base: RowBase | None = None,
    table: TableRow | None = None,
    waiting: tuple[Waiting, ...] = (),
    open_write: OpenWrite | None = None,
    times: Mapping[str, datetime] | None = None,
    exact: bool = True,
    told: bool = True,
    answered: bool = False,
    vanished: bool = False,
    age: int = 0,
    restored_n: int = 0,
    rule: ComputeRule = no_rule,
) -> RowPlan:
    """What is decided on row `r_1`; `times` are the table's commit times, final once they are given at all.

    The change feed has `told` of what the table holds, or has at least `answered` what it held a moment ago.
    """
    view = RowView(
        link,
        "r_1",
        base,
        table,
        observed,
        waiting,
        open_write,
        table_times=times or {},
        times_exact=exact,
        times_final=times is not None,
        is_told=told,
        is_answered=answered,
        restored_n=restored_n,
        vanished=vanished,
        event="scan_1" if vanished else "",
        age=Age(age),
    )
    return plan_row(view, rule)


def answers(outbox: Iterable[tuple[str, str, Json]], at: datetime = EARLIER) -> list[Json]:
    """What comes back for what the table writer has asked through the outbox: whether other rows have got the keys of
    its own, which the sheet writer knows from the change feed, and when the table's cells were committed."""
    bodies = [(topic, body) for topic, _, body in outbox if body["kind"] == "replan"]
    asked = [body["rows"] for topic, body in bodies if topic == SHEET_OBSERVED]
    asked += [
        [{**row, "told": True} for row in body["rows"] if row.get("kind") == "asked"]
        for topic, body in bodies
        if topic == TABLE_CHANGED
    ]
    times = dict.fromkeys(ROW, at.isoformat())
    return [{"kind": "replan", "rows": [{**row, "times": times} for row in rows]} for rows in asked if rows]


def scan_event(stamp: Stamp, settled_n: int | None = None, **more: Any) -> Json:
    """What a scan has found; every write that it saw was settled before, or those up to ``settled_n``."""
    known = stamp.n if settled_n is None else settled_n
    return {"kind": "scan", "stamp": stamp_to_json(stamp), "event": "scan_1", "settled_n": known, **more}


def tab_row(row: int, row_id: str | None, formulas: Mapping[str, str] | None = None, **values: SheetValue) -> TabRow:
    """A row of the tab, typed as Google types it; what is `None` is blank."""
    of = formulas or {}
    cells = {HEADER[c]: SheetCell(v, of.get(c)) for c, v in values.items() if v is not None}
    return TabRow(row, row_id, cells)


def order_row(row: int, row_id: str | None, **values: SheetValue) -> TabRow:
    """The row of order 1 as the tab shows it, with `values` over it."""
    shown: dict[str, SheetValue] = {
        "order_no": 1,
        "customer": "Ann",
        "quantity": 3,
        "price": 9.5,
        "status": "new",
        "notes": "fragile",
    }
    return tab_row(row, row_id, None, **{**shown, **values})


def make_image(*rows: TabRow, n: int = 0, q: int = 0, without: tuple[str, ...] = ()) -> TabImage:
    """The whole tab as of one read."""
    headers = [h for h in (*LINK.headers, ROW_ID_HEADER) if h not in without]
    last = max((r.row for r in rows), default=1)
    return TabImage(Stamp(n, q), {h: i for i, h in enumerate(headers)}, rows, last, NOON)
