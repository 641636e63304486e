"""Schema changes on either side while everything runs: what is followed, what is held, and the way on.

The links of one test are changed at once, one way each, so that they wait together. On MariaDB: `make schema`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from main_job_world import TAB, MainJob, Orders, wait_for

from app.linking.add import add_link
from app.operate import approve
from app.status import Status
from core.errors import LinkRefused
from sandbox.stack.servers import MysqlServer

COLUMNS = """
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    code VARCHAR(20) NOT NULL UNIQUE,
    amount INT NULL,
    status ENUM('new','done') NOT NULL DEFAULT 'new',
    notes VARCHAR(40) NULL
"""
HEADERS = ["id", "code", "amount", "status", "notes"]
ROWS = [["", f"C-{i}", i, "new", f"note {i}"] for i in (1, 2, 3)]


class Changing:
    """Small links that are changed while they are at work."""

    def __init__(self, job: MainJob) -> None:
        self.job = job
        self.links: dict[str, Orders] = {}

    def link(self, name: str) -> Orders:
        """A tab and a table with three rows each."""
        table = self.job.table(COLUMNS, name)
        made = Orders(self.job, name, self.job.spreadsheet(rows=[HEADERS, *ROWS]), TAB, table)
        add_link(self.job.settings, made.entry())
        self.links[name] = made
        return made

    def told(self) -> dict[str, dict[str, Any]]:
        """What status says of them."""
        with closing(Status(self.job.settings)) as status:
            return {one["link"]: one for one in status.links()}

    def held(self, guards: dict[str, str]) -> dict[str, str]:
        """Wait until each is held by its guard; the reasons."""

        def found() -> dict[str, str]:
            told = self.told()
            found = {n: (told[n]["hold"] or {}).get("guard") for n in guards}
            return {n: str(told[n]["reason"]) for n in guards} if found == guards else {}

        return wait_for(found, f"all held: {guards}")

    def edit_links_file(self, name: str, line: str, now: str) -> None:
        """As a person edits links.yaml: within the entry of that name."""
        path = self.job.settings.links
        before, entry, after = re.split(rf"(?s)(name: {name}\n.*?)(?=\n *- name:|\Z)", path.read_text(), maxsplit=1)
        assert line in entry, entry
        path.write_text(before + entry.replace(line, now) + after)

    def close(self) -> None:
        self.job.lift_quota()
        for orders in self.links.values():
            orders.remove()


def _shared(main_job: MainJob) -> MainJob:
    """The stack of all tests here."""
    return main_job


def _on_mariadb(mariadb_server: MysqlServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainJob]:
    """One of its own."""
    own = MainJob(tmp_path_factory.mktemp("schema") / "run", {"TWINSHEET_MYSQL_URL": mariadb_server.url})
    try:
        own.start()
        yield own
    finally:
        own.stop()


_IS_MARIADB = os.environ.get("TWINSHEET_SCHEMA_SERVER") == "mariadb"
"""By `make schema`."""
job = pytest.fixture(scope="module")(_on_mariadb if _IS_MARIADB else _shared)


@pytest.fixture
def changing(job: MainJob) -> Iterator[Changing]:
    made = Changing(job)
    yield made
    made.close()


def goes_both_ways(orders: Orders, mark: str, *, notes: str = "notes") -> None:
    """A cell typed and a cell stored arrive on the other side."""
    titles = orders.values()[0]
    column = "ABCDEFGH"[titles.index(notes)]
    orders.type(f"{column}3", [f"typed {mark}"])
    orders.sql("UPDATE {table} SET notes = %s WHERE code = 'C-1'", f"stored {mark}")
    wait_for(lambda: orders.count("notes = %s AND code = 'C-2'", f"typed {mark}"), f"typed {mark}")
    wait_for(lambda: orders.values()[1][titles.index(notes)] == f"stored {mark}", f"stored {mark}")


TABLE_CHANGES: dict[str, tuple[str, ...]] = {
    "added at once": ("ALTER TABLE {table} ADD COLUMN extra INT NOT NULL DEFAULT 7, ALGORITHM=INSTANT",),
    "reordered by copying": ("ALTER TABLE {table} MODIFY notes VARCHAR(60) NULL FIRST, ALGORITHM=COPY",),
    "re-typed": ("ALTER TABLE {table} MODIFY amount VARCHAR(10) NULL",),
    "a new member": (
        "ALTER TABLE {table} MODIFY status ENUM('new','done','lost') NOT NULL DEFAULT 'new'",
        "UPDATE {table} SET status = 'lost' WHERE code = 'C-3'",
    ),
    "swapped for a copy": (
        "CREATE TABLE {table}_gho LIKE {table}",
        "ALTER TABLE {table}_gho ADD COLUMN more INT NULL FIRST, DROP COLUMN extra",
        "INSERT INTO {table}_gho (id, code, amount, status, notes)"
        " SELECT id, code, amount, status, notes FROM {table}",
        "RENAME TABLE {table} TO {table}_del, {table}_gho TO {table}",
    ),
}


def test_what_can_be_followed_is_followed_and_new_columns_are_offered_and_not_mapped(changing: Changing) -> None:
    followed, plain = changing.link("followed"), changing.link("plain")
    changing.edit_links_file("plain", "columns:", "conflicts: last_write_wins\n    columns:")
    text = changing.job.settings.links.read_text()
    without = re.sub(r"(?s)(name: plain\n.*?)    columns:\n(?:      .*\n)*", r"\1", text)
    assert without != text
    changing.job.settings.links.write_text(without)
    plain.sql(TABLE_CHANGES["added at once"][0])
    for number, statements in enumerate(TABLE_CHANGES.values()):
        for statement in statements:
            followed.sql(statement)
        goes_both_ways(followed, f"{number}")
    followed.type("C4", ["00501"])
    wait_for(lambda: followed.count("amount = '00501'"), "text in a column that was of numbers")
    followed.person("rename_header", tab=TAB, column="E", to="Remarks")
    followed.person("move_column", tab=TAB, at="E", to="B")
    followed.person("insert_column", tab=TAB, at="B")
    followed.type("B1", ["Colour"])
    followed.person("rename_tab", tab=TAB, to="Renamed")
    followed.tab = "Renamed"
    goes_both_ways(followed, "in the end", notes="Remarks")
    followed.verify()
    assert [row["status"] for row in followed.sheet_rows()] == ["new", "new", "lost"]
    goes_both_ways(plain, "beside the new column")
    plain.verify()
    assert plain.values()[0] == [*HEADERS, "_row_id"]

    def offered() -> bool:
        told = {name: {o["name"] for o in one["offers"]} for name, one in changing.told().items()}
        return told["followed"] == {"more", "Colour"} and told["plain"] == {"extra"}

    wait_for(offered, "new columns on both sides offered")
    assert {one["state"] for name, one in changing.told().items() if name in changing.links} == {"live"}
    a_new_column_of_the_table_is_linked_by_a_persons_word(changing.job, plain)
    a_new_column_that_both_sides_fill_is_linked_once_a_person_says_whose_values_stay(changing.job, followed)


def a_new_column_of_the_table_is_linked_by_a_persons_word(job: MainJob, plain: Orders) -> None:
    """Part of the test above, on a link that names no columns."""
    told = job.told("link", "add-column", plain.name, "extra")
    assert told == told | {"header": "extra", "added": True}
    plain.verify()
    assert plain.values()[0] == [*HEADERS, "extra", "_row_id"]
    assert [row["extra"] for row in plain.sheet_rows()] == [7, 7, 7]
    plain.type("F2", ["8"])
    wait_for(lambda: plain.count("extra = 8"), "a cell of the new column in the table")
    assert "linked already" in job.refusal("link", "add-column", plain.name, "extra")


def a_new_column_that_both_sides_fill_is_linked_once_a_person_says_whose_values_stay(
    job: MainJob, followed: Orders
) -> None:
    """Part of the test above, with a header that a person has typed."""
    followed.sql("ALTER TABLE {table} ADD COLUMN colour VARCHAR(20) NULL")
    followed.sql("UPDATE {table} SET colour = 'red' WHERE code <> 'C-3'")
    followed.type("B3:B4", ["blue"], ["green"])
    asked = job.told("link", "add-column", followed.name, "colour", code=1)
    assert (asked["header"], asked["added"]) == ("Colour", False)
    assert [(d["sheet"], d["table"]) for d in asked["plan"]["differences"]] == [("blue", "red")]
    assert (asked["plan"]["sheet_writes"], asked["plan"]["table_writes"]) == (1, 1)
    told = job.told("link", "add-column", followed.name, "colour", "--prefer", "table")
    assert told["added"]
    followed.verify()
    assert [row["Colour"] for row in followed.sheet_rows()] == ["red", "red", "green"]
    assert followed.count("colour = 'green'") == 1


def test_what_cannot_be_followed_holds_that_link_alone_and_goes_on_where_it_was_once_it_is_mended(
    changing: Changing,
) -> None:
    names = ("dropped", "renamed", "float", "rekeyed", "moved", "no_tab", "no_access", "trashed")
    with ThreadPoolExecutor(4) as pool:
        links = dict(zip((*names, "witness"), pool.map(changing.link, (*names, "witness")), strict=True))
    witness = links["witness"]
    pids, ids = dict(changing.job.stack["pids"]), [row[-1] for row in links["rekeyed"].values()]
    links["dropped"].sql("ALTER TABLE {table} DROP COLUMN notes")
    links["renamed"].sql("ALTER TABLE {table} RENAME COLUMN notes TO remarks")
    links["float"].sql("ALTER TABLE {table} MODIFY amount FLOAT NULL")
    links["rekeyed"].sql("ALTER TABLE {table} MODIFY id INT NOT NULL, DROP PRIMARY KEY, ADD PRIMARY KEY (code)")
    links["moved"].sql("RENAME TABLE {table} TO {table}_2")
    changing.job.add_tab(links["no_tab"].spreadsheet, "Spare", [["x"]])
    links["no_tab"].person("delete_tab", tab=TAB)
    changing.job.faults(denied=[links["no_access"].spreadsheet])
    changing.job.sheets.call("DELETE", f"/drive/v3/files/{links['trashed'].spreadsheet}")
    for name in ("no_access", "rekeyed", "float"):
        links[name].type("B4", ["C-33"])
    goes_both_ways(witness, "meanwhile")
    reasons = changing.held(
        {
            "dropped": "table_unreadable",
            "renamed": "table_unreadable",
            "float": "table_unreadable",
            "rekeyed": "key_changed",
            "moved": "table_drop",
            "no_tab": "sheet_refused",
            "no_access": "sheet_refused",
            "trashed": "sheet_refused",
        }
    )
    for name, reason in reasons.items():
        assert f"twinsheet approve {name}" in reason, reason
    assert "no column notes" in reasons["dropped"]
    assert "float" in reasons["float"]
    assert "it was id" in reasons["rekeyed"]
    assert "was renamed to mainjob.moved_2" in reasons["moved"]
    assert "tab is gone" in reasons["no_tab"]
    assert "Share it with" in reasons["no_access"]
    goes_both_ways(witness, "all the time")
    assert changing.told()["witness"]["state"] == "live"
    assert changing.job.stack["pids"] == pids, "no process ended for it"

    with pytest.raises(LinkRefused, match="no column notes"):
        approve(changing.job.settings, "renamed", "ann")
    links["renamed"].sql("UPDATE {table} SET remarks = 'stored meanwhile' WHERE code = 'C-2'")
    assert changing.job.told("link", "add-column", "renamed", "remarks", "--header", "notes")["added"]
    changing.edit_links_file("dropped", "\n      notes: notes", "")
    changing.edit_links_file("moved", "mainjob.moved", "mainjob.moved_2")
    links["moved"].table += "_2"
    links["float"].sql("ALTER TABLE {table} MODIFY amount INT NULL")
    changing.job.lift_quota()
    links["no_tab"].person("undo")
    mended = [name for name in names if name != "trashed"]
    for name in mended:
        approve(changing.job.settings, name, "ann")
    for name in mended:
        assert links[name].verify()["rows"] == 3, name
    for name in ("rekeyed", "float", "no_access"):
        assert links[name].count("code = 'C-33'"), name
    links["rekeyed"].sql("UPDATE {table} SET code = 'C-44' WHERE code = 'C-1'")
    wait_for(lambda: links["rekeyed"].values()[1][1] == "C-44", "a change of the natural key")
    assert links["renamed"].values()[2][4] == "stored meanwhile"
    assert not links["renamed"].records("conflicts")
    assert [row[-1] for row in links["rekeyed"].values()] == ids, "the rows are the same ones"
