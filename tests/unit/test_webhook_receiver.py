"""The receiver's parts that need no HTTP: the memory of accepted events, the shape of bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.webhook.body import parse_body
from app.webhook.receiver import REMEMBERED_S, SeenHereFirst
from core.errors import MysqlUnavailable, WebhookRefused

CELL: dict[str, Any] = {"row_id": "r_a", "row": 2, "column": "Price", "value": 1}
BODY: dict[str, Any] = {
    "link": "orders",
    "spreadsheet_id": "1A",
    "tab": "Orders",
    "kind": "edit",
    "stamp": {"n": 1, "q": 2, "epoch": 3},
    "edited_at": "2026-01-31T12:00:00.000Z",
    "editor": "ann@example.com",
    "cells": [CELL],
    "chunk": {"index": 0, "count": 1},
}


class SharedMemory:
    """The memory of all processes, which may be away."""

    def __init__(self) -> None:
        self.ids: set[tuple[str, str]] = set()
        self.away = False
        self.asked = 0

    def seen(self, link: str, event: str) -> bool:
        self._reach()
        return (link, event) in self.ids

    def remember(self, link: str, event: str) -> None:
        self._reach()
        self.ids.add((link, event))

    def _reach(self) -> None:
        self.asked += 1
        if self.away:
            raise MysqlUnavailable("MySQL does not answer.")


def test_what_another_process_accepted_is_known_here() -> None:
    shared = SharedMemory()
    SeenHereFirst(shared).remember("orders", "m1")
    other = SeenHereFirst(shared)
    assert other.seen("orders", "m1")
    assert not other.seen("stock", "m1")


def test_while_mysql_is_away_this_process_remembers_alone_and_asks_seldom() -> None:
    shared, now = SharedMemory(), [0.0]
    seen = SeenHereFirst(shared, clock=lambda: now[0])
    shared.away = True
    for event in range(50):
        assert not seen.seen("orders", str(event))
        seen.remember("orders", str(event))
    assert all(seen.seen("orders", str(event)) for event in range(50))
    assert shared.asked == 1
    shared.away, now[0] = False, 2.0
    seen.remember("orders", "later")
    assert ("orders", "later") in shared.ids


def test_while_mysql_is_away_one_request_finds_out_whether_it_is_back_and_the_others_do_not_wait() -> None:
    shared, now, asked_meanwhile = SharedMemory(), [0.0], []
    seen = SeenHereFirst(shared, clock=lambda: now[0])
    shared.away = True
    assert not seen.seen("orders", "m1")
    now[0] = 2.0

    def answer_slowly() -> None:
        shared.asked += 1
        if not asked_meanwhile:
            asked_meanwhile.append(None)
            assert not seen.seen("orders", "m3")

    shared._reach = answer_slowly  # type: ignore[method-assign]
    assert not seen.seen("orders", "m2")
    assert shared.asked == 2, "the first failure, and the one that finds out"
    assert not seen.seen("orders", "m4")
    assert shared.asked == 3, "it is back"


def test_an_id_is_forgotten_after_ten_minutes() -> None:
    shared, now = SharedMemory(), [0.0]
    seen = SeenHereFirst(shared, clock=lambda: now[0])
    seen.remember("orders", "m1")
    shared.ids.clear()
    now[0] = REMEMBERED_S - 1
    assert seen.seen("orders", "m1")
    now[0] = REMEMBERED_S + 1
    assert not seen.seen("orders", "m1")


@pytest.mark.parametrize(
    "value", ["text", "", 0, -1.5, 12345678901234567890, True, None, {"serial": 45418.5}, {"error": "#DIV/0!"}]
)
def test_every_value_that_a_cell_can_hold_is_taken_as_it_is(value: Any) -> None:
    body = BODY | {"cells": [CELL | {"value": value, "event_value": value, "event_old_value": value}]}
    assert parse_body(json.dumps(body).encode()) == body


def test_what_the_script_may_leave_out_may_be_left_out() -> None:
    for name in ("editor", "chunk"):
        body = {k: v for k, v in BODY.items() if k != name}
        assert parse_body(json.dumps(body).encode()) == body
    structure = BODY | {"kind": "structure", "cells": []}
    assert parse_body(json.dumps(structure).encode()) == structure


CHOICE = {k: v for k, v in BODY.items() if k not in ("stamp", "cells", "chunk")} | {"kind": "take"}
TAKE = {"row_id": "r_a", "column": "Price", "take": "sheet"}


@pytest.mark.parametrize(
    "take", [TAKE, TAKE | {"take": "value", "value": "9.50"}, TAKE | {"take": "value", "value": ""}]
)
def test_what_a_person_chose_to_end_a_conflict_with_is_taken(take: dict[str, Any]) -> None:
    body = CHOICE | {"take": take}
    assert parse_body(json.dumps(body).encode()) == body


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("take", {"take": None}),
        ("take.take", {"take": TAKE | {"take": "both"}}),
        ("take.row_id", {"take": TAKE | {"row_id": ""}}),
        ("take.column", {"take": {"row_id": "r_a", "take": "sheet"}}),
        ("take", {"take": TAKE | {"value": "9.50"}}),
        ("take", {"take": TAKE | {"take": "value"}}),
        ("take.value", {"take": TAKE | {"take": "value", "value": 9.5}}),
        ("take.value", {"take": TAKE | {"take": "value", "value": "x" * 50_001}}),
        ("edited_at", {"take": TAKE, "edited_at": "yesterday"}),
        ("cells", {"take": TAKE, "cells": []}),
    ],
)
def test_a_choice_that_says_less_or_more_is_refused(place: str, change: dict[str, Any]) -> None:
    with pytest.raises(WebhookRefused) as caught:
        parse_body(json.dumps(CHOICE | change).encode())
    assert caught.value.status == 400
    assert place in caught.value.message


def test_an_edit_has_no_choice() -> None:
    with pytest.raises(WebhookRefused, match="take"):
        parse_body(json.dumps(BODY | {"take": TAKE}).encode())


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("link", {"link": 5}),
    ("tab", {"tab": None}),
    ("kind", {"kind": "paste"}),
    ("stamp", {"stamp": None}),
    ("stamp.n", {"stamp": {"n": -1, "q": 0, "epoch": 0}}),
    ("stamp.n", {"stamp": {"n": "1", "q": 0, "epoch": 0}}),
    ("stamp.q", {"stamp": {"n": 1, "q": True, "epoch": 0}}),
    ("stamp.q", {"stamp": {"n": 1, "q": 2**63, "epoch": 0}}),
    ("stamp.epoch", {"stamp": {"n": 1, "q": 1}}),
    ("edited_at", {"edited_at": "yesterday"}),
    ("edited_at", {"edited_at": 1700000000}),
    ("edited_at", {"edited_at": "1700000000"}),
    ("edited_at", {"edited_at": "2026-02-30T12:00:00.000Z"}),
    ("edited_at", {"edited_at": "2026-01-31T12:00:00.000"}),
    ("edited_at", {"edited_at": "9999-12-31T23:59:59.999-14:00"}),
    ("edited_at", {"edited_at": "0001-01-01T00:00:00+14:00"}),
    ("editor", {"editor": ["ann"]}),
    ("cells", {"cells": {"row_id": "r_a"}}),
    ("cells.0", {"cells": ["r_a"]}),
    ("cells.0.row_id", {"cells": [CELL | {"row_id": ""}]}),
    ("cells.0.row_id", {"cells": [CELL | {"row_id": "x" * 65}]}),
    ("cells.0.row", {"cells": [CELL | {"row": 0}]}),
    ("cells.0.row", {"cells": [CELL | {"row": "2"}]}),
    ("cells.0.column", {"cells": [CELL | {"column": None}]}),
    ("cells.0.value", {"cells": [CELL | {"value": [1]}]}),
    ("cells.0.value", {"cells": [CELL | {"value": {"serial": "1"}}]}),
    ("cells.0.value", {"cells": [{k: v for k, v in CELL.items() if k != "value"}]}),
    ("cells.0.formula", {"cells": [CELL | {"formula": 7}]}),
    ("chunk.count", {"chunk": {"index": 0, "count": 0}}),
    ("extra", {"extra": 1}),
]


@pytest.mark.parametrize(("place", "change"), WRONG)
def test_a_wrong_field_is_named_in_one_line(place: str, change: dict[str, Any]) -> None:
    with pytest.raises(WebhookRefused) as caught:
        parse_body(json.dumps(BODY | change).encode())
    assert caught.value.status == 400
    assert place in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "data", [b"", b"not json", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"link": NaN}', b"{" * 5000, b"[" * 100_000]
)
def test_what_is_not_a_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(WebhookRefused) as caught:
        parse_body(data)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "twice", ['"link": "orders", "link": "orders"', '"cells": [], "cells": []', '"stamp": {"n": 1, "n": 2}']
)
def test_a_name_that_stands_twice_is_refused(twice: str) -> None:
    data = "{" + twice + ", " + json.dumps(BODY)[1:]
    with pytest.raises(WebhookRefused):
        parse_body(data.encode())


def test_a_body_with_thousands_of_faults_is_refused_at_the_first() -> None:
    with pytest.raises(WebhookRefused) as caught:
        parse_body(json.dumps(BODY | {"cells": [1] * 100_000}).encode())
    assert "more" not in caught.value.message
    with pytest.raises(WebhookRefused):
        parse_body(json.dumps(BODY | {f"k{number}": 1 for number in range(50_000)}).encode())


@pytest.mark.parametrize("coding", ["utf-16", "utf-32", "utf-8-sig"])
def test_only_utf_8_is_read(coding: str) -> None:
    with pytest.raises(WebhookRefused):
        parse_body(json.dumps(BODY).encode(coding))


def test_infinite_numbers_are_refused() -> None:
    data = json.dumps(BODY).replace('"value": 1', '"value": 1e999').encode()
    with pytest.raises(WebhookRefused):
        parse_body(data)
