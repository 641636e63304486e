"""From changes to messages: which rows of which link, in what order, in what portions, with which times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.binlog_events import Committed, Position, RowChange, TableChange
from adapters.mysql_cascades import Cascade
from adapters.mysql_ddl import ForeignKey
from core.events import SHEET_OBSERVED, TABLE_CHANGED
from core.model import Link, LinkedColumn, TableColumn
from core.ports import Json
from core.renames import print_of
from core.table_times import TableTimes, rfc3339
from core.values.catalog import codec_for
from core.where import Condition
from producers.binlog_messages import KEYS_MAX, Messages, compare_all, json_body

AT = datetime(2026, 5, 4, 3, 2, 1, 9, tzinfo=UTC)
OUTBOX = ("twinsheet", "outbox")


def column(name: str, data_type: str, *, key: bool = False) -> LinkedColumn:
    described = TableColumn(name, data_type, "varchar(20)" if data_type == "varchar" else data_type, length_chars=20)
    return LinkedColumn(name, described, codec_for(described), "last_write_wins", key=key)


def link(name: str = "stock", schema: str = "shop") -> Link:
    columns = (column("warehouse", "varchar", key=True), column("sku", "int", key=True), column("amount", "int"))
    return Link(name, "spreadsheet", "Stock", schema, "stock", columns)


def row(warehouse: Any = "A", sku: Any = 1, amount: Any = 5, secret: Any = 0) -> dict[str, Any]:
    return {"warehouse": warehouse, "sku": sku, "amount": amount, "secret": secret}


def insert(after: dict[str, Any]) -> RowChange:
    return RowChange("shop", "stock", "insert", None, after)


def update(before: dict[str, Any], after: dict[str, Any]) -> RowChange:
    return RowChange("shop", "stock", "update", before, after)


def delete(before: dict[str, Any]) -> RowChange:
    return RowChange("shop", "stock", "delete", before, None)


def sent(topic: str, body: Any, name: str = "stock") -> RowChange:
    after = {"id": 1, "link": name, "topic": topic, "body": body, "at": AT}
    return RowChange(*OUTBOX, "insert", None, after)


def committed(*changes: RowChange | TableChange, last: bool = True) -> Committed:
    return Committed(Position("s", "binlog.000003", 4711), "s:42", AT, exact=True, changes=changes, last=last)


def messages(*links: Link) -> Messages:
    made = Messages(outbox=OUTBOX, times=TableTimes())
    made.set_links(links or [link()])
    return made


def bodies(made: Messages, *changes: RowChange | TableChange) -> list[Json]:
    return [body for _, _, body in made.of(committed(*changes))]


def test_a_message_of_rows_tells_who_changed_them_as_far_as_the_server_does() -> None:
    accounts = {812: "shop", None: ""}
    made = Messages(outbox=OUTBOX, times=TableTimes(), user_of=accounts.__getitem__)
    made.set_links([link()])
    known = replace(committed(insert(row())), connection=812, comment="nightly import", received_at=AT)
    ((_, _, body),) = made.of(known)
    assert (body["actor"], body["via"]) == ("shop", "connection 812; nightly import")
    assert body["received_at"] == rfc3339(AT)
    ((_, _, body),) = made.of(replace(known, connection=None))
    assert (body["actor"], body["via"]) == ("", "nightly import")


def test_a_message_of_rows_tells_keys_time_transaction_and_position() -> None:
    ((topic, name, body),) = messages().of(committed(insert(row()), delete(row(sku=2))))
    assert (topic, name) == (TABLE_CHANGED, "stock")
    assert body == {
        "kind": "rows",
        "link": "stock",
        "keys": [["A", "1"], ["A", "2"]],
        "kinds": "id",
        "prints": [[["A", "1"], holds("A", 1, 5)]],
        "renamed": [],
        "committed_at": rfc3339(AT),
        "time_exact": True,
        "transaction": "s:42",
        "position": {"beginning": 0, "file": "binlog.000003", "pos": 4711, "part": 1},
        "actor": "",
        "via": "",
    }


def test_a_row_that_one_transaction_touches_often_is_told_once() -> None:
    (body,) = bodies(messages(), insert(row()), update(row(), row(amount=6)), update(row(amount=6), row(amount=7)))
    assert body["keys"] == [["A", "1"]]
    assert body["kinds"] == "i"


def test_a_key_that_one_row_gives_up_and_another_one_gets_in_the_same_transaction_is_not_told_as_gone() -> None:
    (body,) = bodies(messages(), delete(row(sku=2)), update(row(sku=1), row(sku=2)))
    assert dict(zip(map(tuple, body["keys"]), body["kinds"], strict=True)) == {("A", "2"): "u", ("A", "1"): "u"}


def test_a_changed_key_is_told_under_both_keys_and_as_renamed() -> None:
    (body,) = bodies(messages(), update(row(), row(warehouse="B")), update(row(warehouse="B"), row(warehouse="C")))
    assert body["keys"] == [["A", "1"], ["B", "1"], ["C", "1"]]
    assert body["kinds"] == "uuu"
    assert body["renamed"] == [[["A", "1"], ["B", "1"]], [["B", "1"], ["C", "1"]]]


def prints(*changes: RowChange) -> dict[tuple[str, ...], str]:
    """What one transaction tells that rows hold, by key."""
    (body,) = bodies(messages(), *changes)
    return {tuple(key): held for key, held in body["prints"]}


def holds(warehouse: str, sku: int, amount: int) -> str:
    """The print of a row, as whoever reads the table finds it."""
    return print_of({"warehouse": warehouse, "sku": str(sku), "amount": str(amount)}) or ""


def test_what_every_row_holds_that_came_or_changed_is_told_as_the_transaction_left_it() -> None:
    changed = update(row(sku=2), row(sku=2, amount=6)), update(row(sku=2, amount=6), row(sku=2, amount=7))
    assert prints(insert(row()), *changed) == {("A", "1"): holds("A", 1, 5), ("A", "2"): holds("A", 2, 7)}


def test_of_rows_that_went_nothing_is_told_that_they_hold() -> None:
    assert prints(insert(row()), delete(row()), update(row(sku=2), row(sku=2, amount=6)), delete(row(sku=2))) == {}


def test_of_a_key_that_was_given_up_nothing_is_told_that_its_row_holds() -> None:
    assert prints(update(row(), row(amount=6)), update(row(amount=6), row("B", amount=6))) == {
        ("B", "1"): holds("B", 1, 6)
    }


def test_of_keys_that_were_traded_it_is_told_what_is_held_under_them_now() -> None:
    trade = update(row("A"), row("X")), update(row("B", amount=8), row("A", amount=8)), update(row("X"), row("B"))
    assert prints(*trade) == {("A", "1"): holds("A", 1, 8), ("B", "1"): holds("B", 1, 5)}


def test_what_cannot_be_read_is_not_told_and_neither_is_what_it_took_the_place_of() -> None:
    assert prints(insert(row()), update(row(), row(amount=object()))) == {}


def test_a_change_of_columns_that_are_not_linked_is_not_told() -> None:
    assert bodies(messages(), update(row(secret=1), row(secret=2))) == []


def test_many_keys_come_in_portions() -> None:
    found = bodies(messages(), *[insert(row(sku=n)) for n in range(2 * KEYS_MAX + 1)])
    assert [len(body["keys"]) for body in found] == [KEYS_MAX, KEYS_MAX, 1]


def test_every_link_on_the_table_is_told_and_no_other() -> None:
    made = messages(link("a"), link("b"), link("elsewhere", "other"))
    assert [name for _, name, _ in made.of(committed(insert(row())))] == ["a", "b"]
    assert made.tables == {("shop", "stock"), ("other", "stock"), OUTBOX}


@pytest.mark.parametrize("broken", [row(sku=None), {"warehouse": "A"}, row(sku=object())])
def test_a_row_whose_key_cannot_be_read_has_everything_compared(broken: dict[str, Any]) -> None:
    found = bodies(messages(), insert(row(sku=1)), insert(broken), insert(row(sku=2)))
    assert sorted(body["kind"] for body in found) == ["link", "rows"]
    (told,) = [body["keys"] for body in found if body["kind"] == "rows"]
    assert told == [["A", "1"], ["A", "2"]]


@pytest.mark.parametrize(("what", "compared"), [("truncate", False), ("drop", False), ("alter", True)])
def test_a_statement_on_the_table_is_told_behind_the_rows_before_it(what: Any, *, compared: bool) -> None:
    found = bodies(messages(), insert(row()), TableChange("shop", "stock", what), insert(row(sku=2)))
    kinds = ["rows", "ddl", *(["link"] if compared else []), "rows"]
    assert [body["kind"] for body in found] == kinds
    assert found[1]["what"] == what


def test_rows_that_the_binlog_does_not_tell_have_everything_compared() -> None:
    (body,) = bodies(messages(), TableChange("shop", "stock", "unread", "LOAD DATA"))
    assert (body["kind"], body["reason"]) == ("link", "LOAD DATA")


def test_a_message_of_the_outbox_is_published_as_it_is_behind_the_rows_before_it() -> None:
    raw = {b"kind": b"replan", b"rows": [{b"row_id": "r_ä".encode(), b"key": [b"A", b"1"]}], b"n": 1.5, b"x": None}
    found = list(messages().of(committed(insert(row()), sent(TABLE_CHANGED, raw))))
    assert found[1] == (
        TABLE_CHANGED,
        "stock",
        {"kind": "replan", "rows": [{"row_id": "r_ä", "key": ["A", "1"]}], "n": 1.5, "x": None},
    )
    assert found[0][2]["kind"] == "rows"


def test_what_is_deleted_from_the_outbox_is_not_published() -> None:
    assert bodies(messages(), RowChange(*OUTBOX, "delete", sent(TABLE_CHANGED, "{}").after, None)) == []


def test_a_question_about_the_sheet_is_answered_with_commit_times_by_column() -> None:
    made = messages()
    bodies(made, insert(row()))
    question = '{"kind": "replan", "rows": [{"row_id": "r_a", "key": ["A", "1"]}, {"row_id": "r_b", "key": null}]}'
    (body,) = bodies(made, sent(SHEET_OBSERVED, question))
    assert [r["times"] for r in body["rows"]] == [
        {"warehouse": rfc3339(AT), "sku": rfc3339(AT), "amount": rfc3339(AT)},
        {},
    ]
    assert body["times_exact"] is True


def test_other_messages_about_the_sheet_are_not_touched() -> None:
    (body,) = bodies(messages(), sent(SHEET_OBSERVED, '{"kind": "rescan"}'))
    assert body == {"kind": "rescan"}


def test_a_message_for_a_link_that_nobody_knows_here_is_published_all_the_same() -> None:
    question = '{"kind": "replan", "rows": [{"row_id": "r_a", "key": ["1"]}]}'
    (body,) = bodies(messages(), sent(SHEET_OBSERVED, question, "unknown"))
    assert body["rows"] == [{"row_id": "r_a", "key": ["1"], "times": {}}]


def test_everything_is_compared_on_both_sides() -> None:
    assert [(topic, name, body["kind"]) for topic, name, body in compare_all([link()], "why")] == [
        (TABLE_CHANGED, "stock", "link"),
        (SHEET_OBSERVED, "stock", "rescan"),
    ]


@pytest.mark.parametrize("raw", ["[1]", "{", b"\xff"])
def test_a_message_that_cannot_be_read_has_everything_compared_and_stops_nobody(raw: Any) -> None:
    found = bodies(messages(), sent(TABLE_CHANGED, raw), insert(row()))
    assert [body["kind"] for body in found] == ["link", "rows"]


def test_json_comes_decoded_from_mysql_and_as_text_from_mariadb() -> None:
    assert json_body({b"a": [b"x", 1, True, None]}) == json_body('{"a": ["x", 1, true, null]}')


def test_rows_that_follow_a_foreign_key_silently_have_their_link_compared_once_a_transaction() -> None:
    made = messages()
    parent = Cascade(("shop", "warehouse"), frozenset({"code"}), on_delete=True, on_update=True)
    made.set_links([link()], {("shop", "stock"): (parent,)})
    assert ("shop", "warehouse") in made.tables
    a, b = {"code": "A", "name": "x"}, {"code": "B", "name": "x"}
    gone = [RowChange(*parent.parent, "delete", row, None) for row in (a, b)]
    assert [body["kind"] for body in bodies(made, *gone, insert(row()))] == ["rows", "link"]
    assert [body["kind"] for body in bodies(made, RowChange(*parent.parent, "update", a, b))] == ["link"]
    assert bodies(made, RowChange(*parent.parent, "update", a, {**a, "name": "y"})) == []
    assert bodies(made, RowChange(*parent.parent, "insert", None, a)) == []


def filtered() -> Link:
    """Stock of at least something."""
    where = Condition(("0",), negated=True)
    return replace(
        link(), columns=tuple(replace(c, where=where if c.name == "amount" else None) for c in link().columns)
    )


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (insert(row(amount=0)), None),
        (insert(row()), "i"),
        (update(row(amount=0), row(amount=0, sku=1, secret=1)), None),
        (update(row(amount=0), row(amount=5)), "i"),
        (update(row(amount=5), row(amount=0)), "d"),
        (update(row(amount=5), row(amount=6)), "u"),
        (delete(row(amount=0)), None),
        (delete(row()), "d"),
    ],
)
def test_a_row_that_enters_the_links_filter_comes_and_one_that_leaves_it_goes(
    change: RowChange, kinds: str | None
) -> None:
    found = bodies(messages(filtered()), change)
    assert [body["kinds"] for body in found] == ([kinds] if kinds else [])
    assert all(bool(body["prints"]) == (kinds != "d") for body in found)


def test_the_key_of_a_row_outside_is_followed_too_it_may_not_have_left_the_sheet_yet() -> None:
    (body,) = bodies(messages(filtered()), update(row(amount=0), row(amount=0, sku=2)))
    assert body["renamed"] == [[["A", "1"], ["A", "2"]]]
    assert body["kinds"] == "dd"
    (body,) = bodies(messages(filtered()), update(row(amount=5), row(amount=0, sku=2)))
    assert (body["renamed"], body["kinds"]) == ([[["A", "1"], ["A", "2"]]], "dd")


def test_a_row_and_the_filter_whose_column_the_binlog_does_not_tell_has_everything_compared() -> None:
    lacking = {"warehouse": "A", "sku": 1}
    assert [body["kind"] for body in bodies(messages(filtered()), insert(lacking))] == ["link"]


def test_what_waits_for_a_row_of_another_table_is_told_once_a_transaction_when_one_came_or_changed_its_key() -> None:
    made = messages()
    parent = ForeignKey(("shop", "warehouse"), frozenset({"code"}), "RESTRICT", "RESTRICT")
    made.set_links([link()], parents={("shop", "stock"): (parent,)})
    assert ("shop", "warehouse") in made.tables
    a, b = {"code": "A", "name": "x"}, {"code": "B", "name": "x"}

    def told(*changes: RowChange) -> list[str]:
        return [body["kind"] for body in bodies(made, *changes)]

    assert told(*(RowChange(*parent.parent, "insert", None, one) for one in (a, b)), insert(row())) == [
        "rows",
        "parents",
    ]
    assert told(RowChange(*parent.parent, "update", a, b)) == ["parents"]
    assert told(RowChange(*parent.parent, "update", a, {**a, "name": "y"})) == []
    assert told(RowChange(*parent.parent, "delete", a, None)) == []


def test_a_foreign_key_that_carries_only_deletes_carries_no_updates() -> None:
    made = messages()
    parent = Cascade(("shop", "warehouse"), frozenset({"code"}), on_delete=True, on_update=False)
    made.set_links([link()], {("shop", "stock"): (parent,)})
    assert bodies(made, RowChange(*parent.parent, "update", {"code": "A"}, {"code": "B"})) == []


def test_a_row_from_before_an_alter_table_has_the_link_compared_whole_and_is_no_fault() -> None:
    """A key or a column whose type or name is another by now, when the row of then is read."""
    (body,) = bodies(messages(), insert(row(sku="A-1")))
    assert (body["kind"], "key" in body["reason"]) == ("link", True)
    (body,) = bodies(messages(), insert({"warehouse": "A", "number": 1}))
    assert (body["kind"], "key" in body["reason"]) == ("link", True)
    (body,) = bodies(messages(), update(row(amount="five"), row(amount="six")))
    assert (body["keys"], body["prints"]) == ([["A", "1"]], [])
