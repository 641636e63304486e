"""Every guard on real parts: what it holds, where that is told, and both ways on.

Four links are damaged at once, one way each, so that they wait together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from main_job_world import HEADERS, MainJob, Orders, wait_for

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_store import open_store
from adapters.sheets_mend import mend_tab
from app.console.app import create_app
from app.operate import approve
from app.parts import links_for, sheets_client
from app.restore import restore
from app.status import Status
from app.verify import verify
from core.errors import LinkRefused
from core.sheet import SheetTarget

ROWS = 24
FIRST = HEADERS[0]


def write_by_program(orders: Orders, area: str, rows: list[list[Any]]) -> None:
    """Values that come through the API, of which no trigger tells."""
    body = {"range": f"{orders.tab}!{area}", "majorDimension": "ROWS", "values": rows}
    path = f"/v4/spreadsheets/{orders.spreadsheet}/values/{orders.tab}!{area}?valueInputOption=RAW"
    orders.job.sheets.call("PUT", path, body)


def delete_rows(orders: Orders) -> None:
    orders.person("delete_rows", tab=orders.tab, at=2, count=22)


def empty_tab(orders: Orders) -> None:
    orders.person("clear", tab=orders.tab, range=f"A2:J{orders.next_row()}")


def overwrite(orders: Orders) -> None:
    column = "ABCDEFGHI"[orders.values()[0].index("Item")]  # it may have been made again elsewhere
    write_by_program(orders, f"{column}2:{column}{ROWS}", [["Scrambled"]] * (ROWS - 1))


def delete_header(orders: Orders) -> None:
    orders.person("delete_rows", tab=orders.tab, at=1, count=1)


def sort_header(orders: Orders) -> None:
    orders.person("sort", tab=orders.tab, range=f"A1:J{ROWS + 1}", column="B", descending=True)


def clear_all(orders: Orders) -> None:
    orders.person("clear", tab=orders.tab, range=f"A1:J{ROWS + 1}")


def delete_column(orders: Orders) -> None:
    orders.person("delete_column", tab=orders.tab, at="C")


def delete_ids(orders: Orders) -> None:
    orders.person("delete_column", tab=orders.tab, at="J")


def delete_in_table(orders: Orders) -> None:
    orders.sql("DELETE FROM {table} WHERE order_no <= 22")


def truncate(orders: Orders) -> None:
    orders.sql("TRUNCATE {table}")


def drop(orders: Orders) -> None:
    orders.sql("DROP TABLE {table}")


def restore_version(orders: Orders) -> None:
    """Back to before the last notes, a row that was deleted since, and one that was added since."""
    version = orders.state()["versions"][-1]["version"]
    orders.sql("UPDATE {table} SET notes = 'written later' WHERE order_no <= 3")
    orders.sql("DELETE FROM {table} WHERE order_no = 5")
    orders.sql("INSERT INTO {table} (order_no, customer, item, quantity) VALUES (99, 'Zoe', 'Lamp', 1)")
    wait_for(lambda: orders.seen(99) and not orders.seen(5), "the rows in the sheet")
    orders.verify()
    orders.person("restore_version", version=version)


@dataclass(frozen=True)
class Damage:
    """How a link is damaged, and what holds it then."""

    act: Callable[[Orders], None]
    guard: str
    side: str


DAMAGES = {
    "rows deleted in the tab": Damage(delete_rows, "deleted_in_sheet", "sheet"),
    "tab emptied": Damage(empty_tab, "tab_emptied", "sheet"),
    "rows overwritten by a program": Damage(overwrite, "changed_in_sheet", "sheet"),
    "header row deleted": Damage(delete_header, "header_damaged", "sheet"),
    "header row sorted away": Damage(sort_header, "header_damaged", "sheet"),
    "everything cleared": Damage(clear_all, "header_damaged", "sheet"),
    "column deleted": Damage(delete_column, "columns_missing", "sheet"),
    "id column deleted": Damage(delete_ids, "columns_missing", "sheet"),
    "older version restored": Damage(restore_version, "version_restored", "sheet"),
    "rows deleted in the table": Damage(delete_in_table, "deleted_in_table", "table"),
    "table truncated": Damage(truncate, "table_truncate", "table"),
    "table dropped": Damage(drop, "table_drop", "table"),
}


@dataclass
class Damaged:
    """A link that is held, and both sides just before its damage was found."""

    name: str
    orders: Orders
    stored: list[tuple[Any, ...]]
    ids: dict[int, str]
    tab: list[list[Any]]
    """Right after the damage."""
    hold: dict[str, Any] = field(default_factory=dict)
    """As the API tells of it."""


def rows_of(orders: Orders) -> list[tuple[Any, ...]]:
    """The whole table."""
    return orders.sql("SELECT * FROM {table} ORDER BY order_no")


def ids_of(orders: Orders) -> dict[int, str]:
    """Row ids by order number."""
    return {row[FIRST]: row["_row_id"] for row in orders.sheet_rows()}


def damaged(orders: Orders, name: str) -> Damaged:
    """Do the damage; nobody waits for what comes of it."""
    stored, ids = rows_of(orders), ids_of(orders)
    DAMAGES[name].act(orders)
    if DAMAGES[name].act is restore_version:
        stored, ids = rows_of(orders), {i: r for i, r in ids.items() if i != 5}
    return Damaged(name, orders, stored, ids, orders.values())


def all_held(links: list[Orders], names: list[str]) -> list[Damaged]:
    """Damage links, one way each, and wait until all of them are held."""
    found = [damaged(orders, name) for orders, name in zip(links, names, strict=True)]
    with closing(Status(links[0].job.settings)) as status:

        def held() -> bool:
            told = {one["link"]: one["hold"] for one in status.links()}
            for one in found:
                one.hold = told[one.orders.name] or {}
            return all(one.hold for one in found)

        wait_for(held, "all links held", 120)
    return found


def assert_untouched(one: Damaged) -> None:
    """The right guard has found it, and nothing was written on the other side."""
    assert one.hold["guard"] == DAMAGES[one.name].guard
    if DAMAGES[one.name].side == "sheet":
        assert rows_of(one.orders) == one.stored, one.name
    else:
        assert one.orders.values() == one.tab, one.name


def assert_told(one: Damaged) -> None:
    """The API, readiness and a note in the header row tell of the hold."""
    orders, name = one.orders, one.orders.name
    ways = [f"twinsheet approve {name}", f"twinsheet restore {name}"]
    with closing(Status(orders.job.settings)) as status:
        served = create_app(status, "").test_client()
        hold = served.get(f"/api/links/{name}").json["hold"]
        ready = served.get("/readyz")
    assert (hold["guard"], hold["way_on"]) == (one.hold["guard"], ways)
    assert hold["since"]
    assert ready.status_code == 503
    (links,) = [check for check in ready.json["checks"] if check["name"] == "links"]
    assert f"{name} is held: {hold['reason']}" in links["detail"]
    note = str(wait_for(lambda: orders.tab_state()["notes"].get("A1"), f"the note: {one.name}"))
    assert note.startswith(f"Twinsheet: {hold['reason'][:60]}")
    assert all(way in note for way in ways)


def assert_goes_on(orders: Orders) -> None:
    """Both sides identical, nothing held, no note of ours left, and edits go both ways."""
    told = verify(orders.job.settings, orders.name, 90)
    assert told["identical"], told
    assert told["links"][0]["state"] == "live"
    notes = wait_for(lambda: [orders.tab_state()["notes"]], "the notes")[0]
    wait_for(lambda: not _ours(orders), f"no note of ours: {notes}")


def _ours(orders: Orders) -> list[str]:
    return [note for note in orders.tab_state()["notes"].values() if note.startswith("Twinsheet:")]


@pytest.fixture(scope="module")
def links(main_job: MainJob) -> Iterator[list[Orders]]:
    """Four links, so that four damages wait together."""
    main_job.lift_quota()
    made = [main_job.orders(ROWS) for _ in range(4)]
    yield made
    for orders in made:
        orders.remove()


# --- restore ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("tab emptied", "id column deleted", "rows deleted in the table", "header row deleted"),
        ("rows overwritten by a program", "everything cleared", "older version restored", "table dropped"),
        ("rows deleted in the tab", "table truncated", "column deleted", "header row sorted away"),
    ],
    ids=", ".join,
)
def test_a_damage_is_held_told_and_undone_by_restore_with_every_row_and_id_as_before(
    links: list[Orders], names: tuple[str, ...]
) -> None:
    found = all_held(links, list(names))
    for one in found:
        assert_untouched(one)
        assert_told(one)
        if one.name == "table dropped":
            _create_again(one.orders)
        if one.name == "column deleted":
            _half_restore(one.orders)
    for one in found:
        report = restore(one.orders.job.settings, one.orders.name, None, "ann")
        assert report["restored"]
        assert (report["plan"]["sheet_writes"] > 0) is (DAMAGES[one.name].side == "sheet"), report
        assert (report["plan"]["table_writes"] > 0) is (DAMAGES[one.name].side == "table"), report
    for one in found:
        assert_goes_on(one.orders)
        assert rows_of(one.orders) == one.stored, one.name
        assert sorted(one.orders.values()[0]) == sorted([*HEADERS, "_row_id"])
        wait_for(lambda one=one: one.ids.items() <= ids_of(one.orders).items(), f"the ids: {one.name}")  # type: ignore[misc]
        assert len(one.orders.sheet_rows()) == len(one.stored)


def _create_again(orders: Orders) -> None:
    """What the command proposes makes the table fit."""
    with pytest.raises(LinkRefused, match="has to be created first") as refused:
        restore(orders.job.settings, orders.name, None, "ann")
    statement = refused.value.hint.partition("\n")[2].rpartition(";")[0]
    assert statement.startswith("CREATE TABLE `mainjob`.")
    orders.sql(statement)


def _half_restore(orders: Orders) -> None:
    """As far as a restore comes that is killed between its two steps: the column is there, and blank."""
    settings = orders.job.settings
    with (
        closing(sheets_client(settings)) as client,
        closing(open_store(settings.mysql_url.get_secret_value())) as store,
    ):
        state = store.run(lambda tx: tx.link_state(orders.name))
        session = MysqlSession(parse_url(settings.mysql_url.get_secret_value()), autocommit=True)
        link = links_for(settings.links, session).get(orders.name)
        session.drop()
        assert state is not None
        assert link is not None
        assert mend_tab(client, SheetTarget.of(link, state), link.columns)
    assert orders.status()["state"] == "held"


def test_what_came_while_the_link_was_held_is_not_lost_by_the_restore(links: list[Orders]) -> None:
    in_sheet, in_table = links[:2]
    found = all_held(links[:2], ["rows deleted in the tab", "table truncated"])
    typed, stored = sorted(ids_of(in_sheet))
    gone = min(order_no for order_no in found[0].ids if order_no not in (typed, stored))
    in_sheet.type_cell(typed, "Notes", "typed meanwhile")
    in_sheet.sql("UPDATE {table} SET notes = 'stored meanwhile' WHERE order_no IN (%s, %s)", gone, stored)
    in_table.type_cell(3, "Notes", "typed meanwhile")
    in_table.person("delete_rows", tab=in_table.tab, at=in_table.row(4), count=1)
    in_table.sql("INSERT INTO {table} (order_no, customer, item, quantity) VALUES (2, 'Newer', 'Lamp', 1)")
    told = in_sheet.job.told("restore", in_sheet.name, code=1)
    assert told["restored"] is False
    (kind,) = told["plan"]["kinds"]
    assert (kind["side"], kind["kind"], kind["count"], kind["first"][0]["key"]) == (
        "sheet",
        "row_back",
        22,
        [str(gone)],
    )
    assert in_sheet.status()["hold"]["guard"] == "deleted_in_sheet"
    assert in_sheet.job.told("restore", in_sheet.name, "--yes")["restored"]
    with ThreadPoolExecutor(2) as pool:  # two people at once
        both = [pool.submit(restore, in_table.job.settings, in_table.name, None, "ann") for _ in range(2)]
        ended = sorted("restored" if one.exception() is None else type(one.exception()).__name__ for one in both)
    assert ended in (["LinkRefused", "restored"], ["MysqlUnavailable", "restored"])
    for one in found:
        assert_goes_on(one.orders)
    assert in_sheet.stored(typed)["notes"] == "typed meanwhile"
    assert {in_sheet.seen(gone)["Notes"], in_sheet.seen(stored)["Notes"]} == {"stored meanwhile"}
    assert (in_table.stored(3)["notes"], in_table.stored(2)["customer"]) == ("typed meanwhile", "Newer")
    assert not in_table.stored(4)
    assert "is not held" in in_sheet.job.refusal("restore", in_sheet.name, "--yes")


def test_a_persons_own_note_on_the_header_outlives_ours(links: list[Orders]) -> None:
    orders = links[3]
    note = {"updateCells": {"start": {"sheetId": orders.tab_state()["sheetId"]}, "fields": "note"}}
    note["updateCells"]["rows"] = [{"values": [{"note": "ask Ann"}]}]  # type: ignore[assignment]
    orders.job.sheets.call("POST", f"/v4/spreadsheets/{orders.spreadsheet}:batchUpdate", {"requests": [note]})
    all_held([orders], ["rows deleted in the table"])
    told = wait_for(lambda: [n for n in _ours(orders) if "rows left the table" in n], "the note")[0]
    assert told.endswith("\n\nask Ann")
    restore(orders.job.settings, orders.name, None, "ann")
    assert_goes_on(orders)
    wait_for(lambda: orders.tab_state()["notes"] == {"A1": "ask Ann"}, "the person's note alone")


# --- what passes ------------------------------------------------------------------------------------


def test_a_large_update_in_the_table_and_a_sorted_tab_are_ordinary_work(links: list[Orders]) -> None:
    updated, sorted_ = links[:2]
    updated.sql("UPDATE {table} SET item = 'Lamp'")
    last, ids = sorted_.next_row() - 1, ids_of(sorted_)
    sorted_.person("sort", tab=sorted_.tab, range=f"A2:I{last}", column="A", descending=True)  # past the hidden ids
    before = rows_of(sorted_)
    for orders in (updated, sorted_):
        assert_goes_on(orders)
    assert {row["Item"] for row in updated.sheet_rows()} == {"Lamp"}
    assert rows_of(sorted_) == before
    wait_for(lambda: ids_of(sorted_) == ids, "the ids beside their rows again")


# --- approve ------------------------------------------------------------------------------------------


def test_what_a_person_has_undone_goes_on_with_an_approval_and_nothing_is_lost(links: list[Orders]) -> None:
    found = all_held(links[:3], ["header row deleted", "id column deleted", "column deleted"])
    for one in found:
        one.orders.person("undo")
        approve(one.orders.job.settings, one.orders.name, "ann")
    for one in found:
        assert_goes_on(one.orders)
        assert rows_of(one.orders) == one.stored
        assert ids_of(one.orders) == one.ids


def test_an_approved_damage_goes_through_and_the_next_one_is_held_again(links: list[Orders]) -> None:
    left = {
        "rows overwritten by a program": ROWS,
        "rows deleted in the table": 2,
        "tab emptied": 0,
        "table truncated": 0,
    }
    found = all_held(links, list(left))
    for one in found:
        approve(one.orders.job.settings, one.orders.name, "ann")
    for one in found:
        rows = min(left[one.name], len(one.stored))
        wait_for(lambda one=one, rows=rows: len(one.orders.sheet_rows()) == one.orders.count() == rows, one.name, 90)  # type: ignore[misc]
        assert_goes_on(one.orders)
    overwritten = found[0].orders
    assert overwritten.count("item = 'Scrambled'") == len(found[0].stored) - 1
    (again,) = all_held([overwritten], ["rows deleted in the tab"])
    assert_untouched(again)
    approve(overwritten.job.settings, overwritten.name, "ann")
    assert_goes_on(overwritten)
