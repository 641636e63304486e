"""An account with exactly what ``twinsheet doctor`` asks for, on both servers, with names as hostile as can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from services_place import ServicesPlace, arrives

from sandbox.stack.servers import KafkaServer, MysqlServer

SCHEMA = "s`h o%p\"_';--"
TABLE = "o.r`der s'"
TAB = "T'ab `x`!\"; DROP"
HEADERS = ("id", "na`me 50%", "p\"ri'ce--")
COLUMNS = "id INT PRIMARY KEY AUTO_INCREMENT, `na``me 50%` VARCHAR(40), `p\"ri'ce--` DECIMAL(8,2)"
ACCOUNT = "l'e`ast"


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


WHOLE = f"{quoted(SCHEMA)}.{quoted(TABLE)}"


class Least:
    """Services under an account that was made with no right at all."""

    def __init__(self, server: MysqlServer, kafka: KafkaServer, folder: Path) -> None:
        self.server = server
        self._root = server.connect_as_root()
        self._root.autocommit = True
        self._program = server.connect(autocommit=True)
        self.as_root(f"DROP USER IF EXISTS {quoted(ACCOUNT)}@`%`")
        self.as_root(f"CREATE USER {quoted(ACCOUNT)}@`%` IDENTIFIED BY 'p@ss:w/rd'")
        url = f"mysql://l%27e%60ast:p%40ss%3Aw%2Frd@127.0.0.1:{server.port}/"
        self.place = ServicesPlace(folder, {"MYSQL_URL": url, "KAFKA": kafka.bootstrap})

    def as_root(self, statement: str) -> None:
        self._root.cursor().execute(statement)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """As any program beside us; ``{table}`` is the table's whole name."""
        cursor = self._program.cursor()
        cursor.execute(statement.replace("{table}", WHOLE))
        return list(cursor.fetchall()) if cursor.description else []

    def close(self) -> None:
        self.place.close()
        self.as_root(f"DROP USER {quoted(ACCOUNT)}@`%`")
        self.sql(f"DROP DATABASE IF EXISTS {quoted(SCHEMA)}")
        self._root.close()
        self._program.close()


@pytest.fixture
def least(any_mysql: MysqlServer, kafka_server: KafkaServer, tmp_path: Path) -> Iterator[Least]:
    made = Least(any_mysql, kafka_server, tmp_path)
    yield made
    made.close()


def test_what_the_doctor_asks_for_is_enough_for_both_directions_whatever_the_names(least: Least) -> None:
    place = least.place
    place.start_sandbox()
    least.sql(f"CREATE DATABASE {quoted(SCHEMA)}")
    least.sql(f"CREATE TABLE {{table}} ({COLUMNS})")
    spreadsheet = place.spreadsheet(TAB, [["1", "tea", "2.50"]], HEADERS)

    asked = place.grants_to_give()
    assert len(asked) == 2, "the binlog, and our own schema"
    for statement in asked:
        least.as_root(statement)
    code, refused = place.link(f"hostile_{least.server.flavour}", spreadsheet, TAB, f"{SCHEMA}.{TABLE}")
    assert code == 2
    for statement in refused["error"]["hint"].split("If it is there: ")[1:]:
        least.as_root(statement)
    code, made = place.link(f"hostile_{least.server.flavour}", spreadsheet, TAB, f"{SCHEMA}.{TABLE}")
    assert code == 0, made
    assert place.grants_to_give() == []

    place.start_services()
    arrives(lambda: least.sql("SELECT `na``me 50%` FROM {table}") == [("tea",)], "the sheet's row in the table")
    place.sheets.person(spreadsheet, "edit", tab=TAB, range="B2", values=[["green tea"]])
    arrives(lambda: least.sql("SELECT `na``me 50%` FROM {table}") == [("green tea",)], "an edit in the table")
    least.sql("INSERT INTO {table} VALUES (NULL, 'coffee', 3)")
    least.sql("UPDATE {table} SET `p\"ri'ce--` = 2 WHERE id = 1")
    arrives(
        lambda: [r[1:] for r in place.cells(spreadsheet, TAB)] == [["green tea", 2], ["coffee", 3]],
        "both in the sheet",
    )
    place.sheets.person(spreadsheet, "delete_rows", tab=TAB, at=2, count=1)
    arrives(lambda: len(least.sql("SELECT id FROM {table}")) == 1, "the deletion in the table")
    code, report = place.cli("verify", "--wait", "30")
    assert (code, report["identical"]) == (0, True), report
    if least.server.flavour == "mysql":  # both refuse alike
        _a_right_that_is_taken_away_holds_that_link_alone(least, spreadsheet)


def _a_right_that_is_taken_away_holds_that_link_alone(least: Least, spreadsheet: str) -> None:
    """Told within the same test, because it takes the same services; none of which is started again here."""
    place = least.place
    account, rights = f"{quoted(ACCOUNT)}@`%`", "SELECT, INSERT, UPDATE, DELETE"
    plain = f"{quoted(SCHEMA)}.plain"
    least.sql(f"CREATE TABLE {plain} ({COLUMNS})")
    least.as_root(f"GRANT {rights} ON {plain} TO {account}")
    other = place.spreadsheet("Plain", [["1", "milk", "1.20"]], HEADERS)
    code, made = place.link("plain", other, "Plain", f"{SCHEMA}.plain")
    assert code == 0, made

    least.as_root(f"REVOKE {rights} ON {WHOLE} FROM {account}")
    place.sheets.person(spreadsheet, "edit", tab=TAB, range="B2", values=[["typed meanwhile"]])
    arrives(lambda: _status(place)["hostile_mysql"]["state"] == "held", "the link held")
    assert "twinsheet approve hostile_mysql" in _status(place)["hostile_mysql"]["reason"]
    place.sheets.person(other, "edit", tab="Plain", range="B2", values=[["oat milk"]])
    least.sql(f"UPDATE {plain} SET `p\"ri'ce--` = 3 WHERE id = 1")  # noqa: S608 -- the test's own table
    named = f"SELECT `na``me 50%` FROM {plain}"  # noqa: S608 -- the test's own table
    arrives(lambda: least.sql(named) == [("oat milk",)], "an edit of the other link")
    arrives(lambda: place.cells(other, "Plain") == [[1, "oat milk", 3]], "a change of the other link")
    assert _status(place)["plain"]["state"] == "live"

    for statement in place.grants_to_give():
        least.as_root(statement)
    assert place.cli("approve", "hostile_mysql")[0] == 0
    arrives(lambda: ("typed meanwhile",) in least.sql("SELECT `na``me 50%` FROM {table}"), "what was typed meanwhile")
    code, report = place.cli("verify", "--wait", "30")
    assert (code, report["identical"]) == (0, True), report


def _status(place: ServicesPlace) -> dict[str, Any]:
    return {one["link"]: one for one in place.cli("status")[1]["links"]}
