"""A table that stands below a title and notes, in another column than the first, while everything runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from main_job_world import MainJob, Orders, wait_for

CUSTOMERS = "id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, city VARCHAR(40), since DATE"
ABOVE = [["Our customers", "", "id", "r_17"], ["kept by Ann", "", 1999, "=1+1"]]
HEADERS = ["id", "name", "city", "since"]
ROWS = [["", "", *row] for row in ([1, "Ann", "Ulm", "2026-05-04"], [2, "Bea", "Bonn", ""], ["", "Cem", "Kiel", ""])]


class Titled(Orders):
    """The tab, whose rows are known by the customers' names."""

    def header_row(self) -> int:
        """Counted from 1."""
        return next(i for i, line in enumerate(self.values(), start=1) if "_row_id" in line)

    def above(self) -> list[list[Any]]:
        """What stands above the headers; lines without content are left out."""
        return [line for line in self.values()[: self.header_row() - 1] if any(line)]

    def shown(self) -> dict[str, tuple[int, Any]]:
        """Customer to row and city."""
        lines = enumerate(self.values()[self.header_row() :], start=self.header_row() + 1)
        padded = ((row, [*line, *[None] * 6]) for row, line in lines)
        return {line[3]: (row, line[4] or None) for row, line in padded if line[3]}

    def city(self, name: str) -> Any:
        return self.shown().get(name, (0, None))[1]

    def stored_city(self, name: str) -> Any:
        found = self.sql("SELECT city FROM {table} WHERE name = %s", name)
        return found[0][0] if found else None

    def edit_both_sides(self, round_: str) -> None:
        """One edit in the sheet, and one in the table."""
        row, _ = self.shown()["Ann"]
        self.type(f"E{row}", [f"Ulm {round_}"])
        self.sql("UPDATE {table} SET city = %s WHERE name = 'Bea'", f"Bonn {round_}")
        wait_for(lambda: self.stored_city("Ann") == f"Ulm {round_}", "the sheet's edit in the table")
        wait_for(lambda: self.city("Bea") == f"Bonn {round_}", "the table's edit in the sheet")


@pytest.fixture(scope="module")
def titled(main_job: MainJob) -> Iterator[Titled]:
    table = main_job.table(CUSTOMERS, "titled_customers")
    main_job.sql(f"INSERT INTO {table} (id, name, city) VALUES (2, 'Bea', 'Bonn'), (9, 'Dan', 'Rom')")  # noqa: S608 -- a table of ours
    spreadsheet = main_job.spreadsheet("Titled", [*ABOVE, [], ["", "", *HEADERS], *ROWS])
    made = Titled(main_job, "titled", spreadsheet, "Titled", table)
    words = ("--spreadsheet", spreadsheet, "--tab", "Titled", "--table", table)
    assert "row 4 looks like them" in main_job.refusal("link", "add", made.name, *words, "--yes")
    plan = main_job.told("plan", *words, "--header-row", "4", code=1)["links"][0]["plan"]
    linked = main_job.link(made.name, spreadsheet, "Titled", table, "--header-row", "4")
    assert linked["plan"] == plan
    made.verify()
    yield made
    made.remove()


def test_below_a_title_everything_goes_both_ways_and_the_title_stays(titled: Titled, main_job: MainJob) -> None:
    before = titled.values()[:3]
    assert [row for row, _ in titled.shown().values()] == [5, 6, 7, 8]
    assert titled.city("Dan") == "Rom"
    titled.edit_both_sides("once")
    titled.type("D9:E9", ["Eva", "Hof"])
    titled.sql("INSERT INTO {table} (name, city) VALUES ('Fay', 'Linz')")
    wait_for(lambda: titled.stored_city("Eva") == "Hof", "the sheet's new row in the table")
    wait_for(lambda: titled.city("Fay") == "Linz", "the table's new row in the sheet")
    titled.person("delete_rows", tab="Titled", at=titled.shown()["Cem"][0], count=1)
    titled.sql("DELETE FROM {table} WHERE name = 'Dan'")
    wait_for(lambda: not titled.count("name = 'Cem'"), "the sheet's row gone from the table")
    wait_for(lambda: "Dan" not in titled.shown(), "the table's row gone from the sheet")
    titled.person("sort", tab="Titled", range="C5:G9", column="D", descending=True)
    assert list(titled.shown()) == ["Fay", "Eva", "Bea", "Ann"]
    titled.edit_both_sides("sorted")
    titled.verify()
    assert titled.values()[:3] == before


def test_what_people_do_above_the_headers_is_theirs_alone(titled: Titled) -> None:
    told = titled.records("history")
    titled.type("C2:E2", ["2000", "and", "more"])
    titled.type("A3:F3", ["a", "b", "c", "d", "e", "f"])
    titled.verify()
    assert titled.records("history") == told
    assert not titled.records("rejections")
    assert titled.values()[2] == ["a", "b", "c", "d", "e", "f"]
    assert titled.count() == len(titled.shown()) == 4


def test_rows_that_come_and_go_above_the_headers_move_them_and_nothing_is_lost(titled: Titled) -> None:
    above, rows = titled.above(), {name: city for name, (_, city) in titled.shown().items()}
    titled.person("insert_rows", tab="Titled", at=1, count=1)
    titled.edit_both_sides("moved")
    titled.verify()
    assert titled.header_row() == 5
    for number in range(6):  # while the table goes on changing, so that a write meets the moved rows
        titled.sql("UPDATE {table} SET city = %s WHERE name IN ('Bea', 'Eva')", f"Bonn {number}")
        titled.person("insert_rows", tab="Titled", at=1 + number % 4, count=1 + number % 2)
    titled.person("delete_rows", tab="Titled", at=1, count=1)
    titled.sql("INSERT INTO {table} (name, city) VALUES ('Gil', 'Graz')")
    wait_for(lambda: titled.city("Gil") == "Graz", "the table's new row in the sheet")
    titled.edit_both_sides("at last")
    titled.verify()
    assert titled.above() == above
    assert titled.shown().keys() == rows.keys() | {"Gil"}
    assert titled.city("Eva") == "Bonn 5"
    assert titled.status()["state"] == "live"
    assert not titled.records("rejections")
