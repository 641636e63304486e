"""Identity: keys that people type, keys that a collation takes for the same, traded keys, damaged ids."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from main_job_world import MainJob, Orders, wait_for

HEADERS = ["code", "name", "amount"]
ROWS: list[list[Any]] = [HEADERS, ["abc", "Ann", 1], ["def", "Dan", 2], ["ghi", "Gus", 3]]
_names = itertools.count(1)


class Parts:
    """A tab with a natural key, linked; rows are told by their key."""

    def __init__(self, job: MainJob, columns: str) -> None:
        name = f"parts_{next(_names)}"
        self.job = job
        spreadsheet = job.spreadsheet("Parts", ROWS)
        self.link = Orders(job, name, spreadsheet, "Parts", job.table(columns, name))
        job.link(name, spreadsheet, "Parts", self.link.table)
        self.link.verify()

    def type(self, area: str, *rows: list[Any]) -> None:
        self.link.type(area, *rows)

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.link.sql(statement, *values)

    def stored(self) -> dict[str, tuple[Any, ...]]:
        return {row[0]: tuple(row[1:3]) for row in self.sql("SELECT code, name, amount FROM {table}")}

    def ids(self) -> dict[Any, Any]:
        return {row["code"]: row["_row_id"] for row in self.link.sheet_rows()}

    def shown(self) -> dict[Any, tuple[Any, ...]]:
        return {row["code"]: (row["name"], row["amount"]) for row in self.link.sheet_rows()}

    def both(self, wanted: dict[str, tuple[Any, ...]]) -> None:
        """Both sides come to hold exactly these rows."""
        wait_for(lambda: self.stored() == wanted == self.shown(), f"{wanted} on both sides")
        self.link.verify()


FOLDING = "code VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY, name VARCHAR(40) NULL, amount INT NULL"
"""Takes upper and lower case, and trailing spaces, for the same."""


@pytest.fixture
def parts(main_job: MainJob) -> Iterator[Parts]:
    made = Parts(main_job, FOLDING)
    yield made
    made.link.verify()
    made.link.remove()


@pytest.mark.parametrize("typed", ["ABC", "abc "])
def test_a_key_that_the_collation_takes_for_anothers_is_refused_beside_its_cell_and_overwrites_nothing(
    parts: Parts, typed: str
) -> None:
    parts.type("A5:C5", [typed, "Impostor", "9"])
    wait_for(lambda: "already" in parts.link.tab_state()["notes"].get("A5", ""), "the reason beside the key")
    assert parts.stored()["abc"] == ("Ann", 1)
    assert len(parts.stored()) == 3
    parts.type("A5", ["xyz"])
    parts.both({"abc": ("Ann", 1), "def": ("Dan", 2), "ghi": ("Gus", 3), "xyz": ("Impostor", 9)})


def test_another_spelling_of_a_key_is_carried_both_ways_and_the_row_stays_the_same(parts: Parts) -> None:
    before = parts.ids()
    parts.type("A2", ["ABC"])
    parts.both({"ABC": ("Ann", 1), "def": ("Dan", 2), "ghi": ("Gus", 3)})
    parts.sql("UPDATE {table} SET code = 'DEF' WHERE code = 'def'")
    parts.both({"ABC": ("Ann", 1), "DEF": ("Dan", 2), "ghi": ("Gus", 3)})
    parts.type("B2", ["Anna"])
    parts.sql("UPDATE {table} SET name = 'Daniel' WHERE code = 'DEF'")
    parts.both({"ABC": ("Anna", 1), "DEF": ("Daniel", 2), "ghi": ("Gus", 3)})
    assert parts.ids() == {"ABC": before["abc"], "DEF": before["def"], "ghi": before["ghi"]}


def test_keys_traded_by_one_transaction_stay_with_their_contents(parts: Parts) -> None:
    before = parts.ids()
    parts.job.sql(
        f"UPDATE {parts.link.table} SET code = CASE code WHEN 'abc' THEN 'tmp' WHEN 'def' THEN 'abc' END"  # noqa: S608 -- a table of ours
        " WHERE code IN ('abc', 'def') ORDER BY code"
    )
    parts.sql("UPDATE {table} SET code = 'def' WHERE code = 'tmp'")
    parts.both({"def": ("Ann", 1), "abc": ("Dan", 2), "ghi": ("Gus", 3)})
    assert parts.ids() == {"def": before["abc"], "abc": before["def"], "ghi": before["ghi"]}


def test_keys_exchanged_in_the_sheet_are_exchanged_in_the_table(parts: Parts) -> None:
    before = parts.ids()
    parts.type("A2", ["def"])  # for this moment the key is another row's
    parts.type("A3", ["abc"])
    parts.both({"def": ("Ann", 1), "abc": ("Dan", 2), "ghi": ("Gus", 3)})
    assert parts.ids() == {"def": before["abc"], "abc": before["def"], "ghi": before["ghi"]}
    wait_for(lambda: not parts.link.tab_state()["notes"], "no note left")


def test_keys_swapped_in_the_sheet_by_a_detour_are_swapped_in_the_table(parts: Parts) -> None:
    parts.type("A2", ["detour"])
    wait_for(lambda: "detour" in parts.stored(), "the first key changed")
    parts.type("A3", ["abc"])
    wait_for(lambda: parts.stored().get("abc") == ("Dan", 2), "the second key changed")
    parts.type("A2", ["def"])
    parts.both({"def": ("Ann", 1), "abc": ("Dan", 2), "ghi": ("Gus", 3)})


def test_the_same_key_typed_and_inserted_on_both_sides_is_one_row_in_the_table_and_told_in_the_sheet(
    parts: Parts,
) -> None:
    parts.job.told("pause", parts.link.name)
    parts.type("A5:C5", ["new", "of the sheet", "7"])
    parts.sql("INSERT INTO {table} VALUES ('new', 'of the table', 8)")
    parts.job.told("resume", parts.link.name)
    wait_for(lambda: "already" in parts.link.tab_state()["notes"].get("A5", ""), "the reason beside the key")
    wait_for(lambda: ("of the table", 8) in [tuple(r[1:3]) for r in parts.link.values()], "the table's row")
    assert parts.stored()["new"] == ("of the table", 8)
    parts.link.person("delete_rows", tab="Parts", at=5, count=1)
    parts.both({"abc": ("Ann", 1), "def": ("Dan", 2), "ghi": ("Gus", 3), "new": ("of the table", 8)})


def test_a_row_deleted_and_typed_again_is_a_new_row_with_the_old_key(parts: Parts) -> None:
    before = parts.ids()["def"]
    parts.link.person("delete_rows", tab="Parts", at=3, count=1)
    wait_for(lambda: "def" not in parts.stored(), "the row gone from the table")
    parts.type("A4:C4", ["def", "Dan again", "5"])
    parts.both({"abc": ("Ann", 1), "ghi": ("Gus", 3), "def": ("Dan again", 5)})
    assert parts.ids()["def"] != before


@pytest.mark.parametrize(
    "damage",
    [
        [["junk"], ["junk 2"], ["junk 3"]],
        [[""], [""], [""]],
        [["same"], ["same"], ["same"]],
        "shifted",
    ],
    ids=["overwritten", "cleared", "all alike", "shifted by one"],
)
def test_an_id_column_damaged_by_hand_loses_and_mixes_nothing(parts: Parts, damage: Any) -> None:
    wanted = {"abc": ("Ann", 1), "def": ("Dan", 2), "ghi": ("Gus", 3)}
    ids = [row["_row_id"] for row in parts.link.sheet_rows()]
    parts.type("D2:D4", *([[i] for i in (ids[-1], *ids[:-1])] if damage == "shifted" else damage))
    parts.sql("UPDATE {table} SET amount = amount + 10")
    parts.both({code: (name, amount + 10) for code, (name, amount) in wanted.items()})
    assert len(set(parts.ids().values())) == 3
    parts.type("B2:B4", ["Ann 2"], ["Dan 2"], ["Gus 2"])
    parts.both({code: (f"{name} 2", amount + 10) for code, (name, amount) in wanted.items()})


def test_an_id_that_somebody_or_the_script_wrote_over_another_comes_back_by_itself(parts: Parts) -> None:
    """The script does so where rows move in the instant before it writes a new row's id."""
    before = parts.ids()
    parts.type("D3", ["r_mistakenmistaken"])
    parts.type("B3", ["Dan 2"])
    wait_for(lambda: parts.ids() == before, "the row's own id")
    parts.both({"abc": ("Ann", 1), "def": ("Dan 2", 2), "ghi": ("Gus", 3)})
    assert parts.job.told("rejections", parts.link.name)["items"] == []
