"""The MySQL adapters without a server: addresses, plain words for refusals, packets, numbered files."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.mysql_connection import parse_url, quote
from adapters.mysql_faults import unfit
from adapters.mysql_migrations import read_migrations
from adapters.mysql_server import ServerFacts, server_faults
from adapters.mysql_statements import PACKET_BYTES_MAX, ROWS_MAX, packets
from core.errors import MysqlRefused, NoParent, SettingsError


def test_a_url_is_taken_apart_with_what_is_percent_encoded() -> None:
    address = parse_url("mysql://us%40er:p%2F%3A%40w@db.example:3307/?ssl_disabled=true")
    assert (address.host, address.port, address.user, address.password) == ("db.example", 3307, "us@er", "p/:@w")
    assert address.tls == (("ssl_disabled", True),)


def test_a_url_without_port_means_3306() -> None:
    assert parse_url("mysql://u@h").port == 3306


def test_the_password_shows_in_no_text_form() -> None:
    address = parse_url("mysql://user:hunter2@h:1/")
    assert "hunter2" not in f"{address} {address!r}"


CUT = ("mysql://u:a@b#hunter2@h/", "mysql://u:a@b?hunter2@h/", "mysql://u:hunter2#a@h/", "mysql://u:hunter2/a@h/")
"""A password with what ends a part of an address, not percent-encoded."""


@pytest.mark.parametrize(
    "url", ["", "mysql://", "http://u:hunter2@h/", "mysql://h:1/", "mysql://u:hunter2@h:port/", *CUT]
)
def test_a_wrong_url_is_told_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError) as told:
        parse_url(url)
    assert "hunter2" not in str(told.value)


def test_an_unknown_option_of_the_url_is_named() -> None:
    with pytest.raises(SettingsError, match="unknown option sslca"):
        parse_url("mysql://u:p@h/?sslca=x")


def test_backticks_in_names_are_doubled() -> None:
    assert quote("a`b") == "`a``b`"


def test_a_name_that_reads_as_a_parameter_is_refused() -> None:
    with pytest.raises(MysqlRefused):
        quote("100%s")


def test_a_row_that_refers_to_none_says_which_table_it_waits_for() -> None:
    text = (
        "Cannot add or update a child row: a foreign key constraint fails (`shop`.`o`, CONSTRAINT `o_1`"
        " FOREIGN KEY (`a`, `b`) REFERENCES `lots` (`x`, `y`))"
    )
    reason = unfit(1452, text, "23000")
    assert isinstance(reason, NoParent)
    assert (reason.columns, reason.parent) == (("a", "b"), "lots")
    unnamed = unfit(1216, "Cannot add or update a child row: a foreign key constraint fails", "23000")
    assert isinstance(unnamed, NoParent)
    assert unnamed.columns == ()


@pytest.mark.parametrize(
    ("number", "text", "words"),
    [
        (
            1062,
            "Duplicate entry 'x-1' for key 'orders.PRIMARY'",
            "another row of the table already has 'x-1' in the primary key; give one of the two another value",
        ),
        (
            1062,
            "Duplicate entry 'x' for key 'uq'",
            "another row of the table already has 'x' in the unique key uq; give one of the two another value",
        ),
        (1048, "Column 'qty' cannot be null", "qty: cannot be empty"),
        (1364, "Field 'qty' doesn't have a default value", "qty: is required and has no default"),
        (1406, "Data too long for column 'a' at row 1", "a: the value is too long for the column"),
        (1264, "Out of range value for column 'n' at row 1", "n: the number is out of the column's range"),
        (1265, "Data truncated for column 'd' at row 1", "d: the column cannot hold the value exactly"),
        (1366, "Incorrect integer value: 'x' for column 'n' at row 1", "n: not a valid integer value: 'x'"),
        (
            1292,
            "Incorrect datetime value: '2026-02-30' for column 'at' at row 1",
            "at: not a valid datetime value: '2026-02-30'",
        ),
        (
            1452,
            "Cannot add or update a child row: a foreign key constraint fails (`shop`.`o`, CONSTRAINT `o_1`"
            " FOREIGN KEY (`customer`) REFERENCES `customers` (`id`))",
            "customer: the table customers has no row with this id",
        ),
        (
            1451,
            "Cannot delete or update a parent row: a foreign key constraint fails (`shop`.`items`, CONSTRAINT `i`"
            " FOREIGN KEY (`o`) REFERENCES `o` (`id`))",
            "rows of the table items refer to this row",
        ),
        (3819, "Check constraint 'cheap' is violated.", "the table's check cheap does not allow it"),
        (1118, "Row size too large (> 8126).", "all values of the row together are too long for the table"),
        (4025, "CONSTRAINT `o.price` failed for `shop`.`o`", "price: the table's check does not allow it"),
        (4025, "CONSTRAINT `cheap` failed for `shop`.`o`", "the table's check cheap does not allow it"),
        (9999, "something new", "something new"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_plain_words(number: int, text: str, words: str) -> None:
    reason = unfit(number, text, "23000")
    assert reason is not None
    assert reason.message == words


def test_a_triggers_own_words_are_kept() -> None:
    reason = unfit(1644, "orders are closed", "45000")
    assert reason is not None
    assert reason.message == "orders are closed"


@pytest.mark.parametrize(("number", "state"), [(1213, "40001"), (1205, "HY000"), (1142, "42000"), (2013, "HY000")])
def test_what_no_value_is_to_blame_for_is_no_rejection(number: int, state: str) -> None:
    assert unfit(number, "text", state) is None


def test_packets_hold_a_bounded_number_of_rows_and_bytes_and_keep_the_order() -> None:
    rows = [(i, "x" * (PACKET_BYTES_MAX if i == 7 else 3)) for i in range(ROWS_MAX * 2)]
    pieces = list(packets(rows))
    assert [row for piece in pieces for row in piece] == rows
    assert max(len(piece) for piece in pieces) <= ROWS_MAX
    assert [rows[7]] in pieces
    assert list(packets([])) == []


def test_statements_end_at_a_semicolon_at_the_end_of_a_line(tmp_path: Path) -> None:
    (tmp_path / "001_one.sql").write_text(
        "-- a; comment\nCREATE TABLE a (x INT COMMENT 'one; two');\n\nSELECT 1;  \n"
    )
    (tmp_path / "002_two.sql").write_text("SELECT\n  2")
    one, two = read_migrations(tmp_path)
    assert one.statements == ("CREATE TABLE a (x INT COMMENT 'one; two')", "SELECT 1")
    assert (two.version, two.name, two.statements) == (2, "two", ("SELECT\n  2",))


def test_comments_and_layout_do_not_change_what_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "001_one.sql").write_text("SELECT 1;\n")
    before = read_migrations(tmp_path)[0].checksum
    (tmp_path / "001_one.sql").write_text("-- why\nSELECT\n  1;\n")
    assert read_migrations(tmp_path)[0].checksum == before
    (tmp_path / "001_one.sql").write_text("SELECT 2;\n")
    assert read_migrations(tmp_path)[0].checksum != before


def test_a_gap_in_the_numbers_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "002_two.sql").write_text("SELECT 1;\n")
    with pytest.raises(ValueError, match="numbered"):
        read_migrations(tmp_path)


GOOD = {
    "log_bin": "ON",
    "server_id": "1",
    "binlog_format": "ROW",
    "binlog_row_image": "FULL",
    "binlog_row_metadata": "FULL",
    "binlog_transaction_compression": "OFF",
}
ALL = ("GRANT ALL PRIVILEGES ON *.* TO `u`@`%`",)


def facts(version: str = "9.7.0", grants: tuple[str, ...] = ALL, **variables: str) -> ServerFacts:
    flavor = "mariadb" if "MariaDB" in version else "mysql"
    have = {**GOOD, **variables}
    return ServerFacts(version, flavor, "uuid", int(have["server_id"]), have, grants, "u@%")


def test_a_server_that_is_set_up_well_has_no_faults() -> None:
    assert server_faults(facts()) == []
    assert server_faults(facts("10.11.19-MariaDB-log", log_bin_compress="OFF")) == []


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("log_bin", "OFF", "--log-bin --server-id=1"),
        ("binlog_format", "MIXED", "SET PERSIST binlog_format = 'ROW';"),
        ("binlog_row_image", "MINIMAL", "SET PERSIST binlog_row_image = 'FULL';"),
        ("binlog_row_metadata", "MINIMAL", "SET PERSIST binlog_row_metadata = 'FULL';"),
        ("binlog_transaction_compression", "ON", "SET PERSIST binlog_transaction_compression = OFF;"),
        ("server_id", "0", "SET PERSIST server_id = 1;"),
    ],
)
def test_each_fault_of_the_server_comes_with_the_statement_that_mends_it(name: str, value: str, mend: str) -> None:
    (fault,) = server_faults(facts(**{name: value}))
    assert name in fault.what
    assert mend in fault.mend


def test_what_mariadb_compresses_is_a_fault_too() -> None:
    (fault,) = server_faults(facts("11.4.5-MariaDB", log_bin_compress="ON"))
    assert fault.mend.startswith("SET GLOBAL log_bin_compress = OFF;")


@pytest.mark.parametrize("version", ["8.0.36", "5.5.5-10.6.12-MariaDB", "10.5.1-MariaDB"])
def test_a_server_that_is_too_old_is_told(version: str) -> None:
    (fault,) = server_faults(facts(version))
    assert "too old" in fault.what


def test_missing_rights_are_named_in_the_grant_that_gives_them() -> None:
    state = "GRANT ALL PRIVILEGES ON `twinsheet`.* TO `u`@`%`"
    (fault,) = server_faults(facts(grants=("GRANT SELECT ON *.* TO `u`@`%`", state)))
    assert fault.mend == "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `u`@`%`;"
    granted = ("GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*D8'", state)
    assert server_faults(facts("10.11.19-MariaDB", grants=granted)) == []
