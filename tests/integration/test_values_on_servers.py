"""Values of every family, through a real table and back: what the codecs promise, MySQL and MariaDB keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_schema import describe_table
from adapters.mysql_store import MysqlStore
from core.errors import Unfit
from core.model import Link, LinkedColumn
from core.values import SheetValue
from core.values.catalog import codec_for

TABLE = """
CREATE TABLE goods (
  id INT AUTO_INCREMENT PRIMARY KEY,
  small TINYINT, count INT UNSIGNED, serial_no BIGINT UNSIGNED, paid BOOLEAN,
  price DECIMAL(10,2), share_of DECIMAL(65,30), weight DOUBLE,
  code CHAR(20), name VARCHAR(60) NOT NULL DEFAULT 'x', old VARCHAR(60) CHARACTER SET latin1, notes TEXT,
  day DATE, moment DATETIME, fine DATETIME(6), length TIME(6), instant TIMESTAMP(6) NULL, year YEAR,
  bits BIT(64), flags SET('a', 'b', 'c'),
  status ENUM('new', 'Shipped', '00501', 'it''s, so', 'TRUE')
) DEFAULT CHARSET = utf8mb4
"""

EXAMPLES: dict[str, list[SheetValue]] = {
    "small": [-128, 127, "0"],
    "count": [0, 4294967295],
    "serial_no": ["0", "18446744073709551615", "9007199254740993"],
    "paid": [True, False, 2],
    "price": [0.1, "99999999.99", "-0.01", 0],
    "share_of": ["9" * 35 + "." + "9" * 30, "0." + "0" * 29 + "1", "-0.000000000000009912492739346557"],
    "weight": [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -1e-7, 123456789012345680],
    "code": ["00501", " =1+1"],
    "name": ["", "  two ", "👩‍👩‍👧", "'; DROP TABLE goods; --", "%s \\ \n\r\t"],
    "old": ["é€", "Ž", None],
    "notes": ["x" * 50_000, "=1+1", "", None],
    "day": ["0001-01-01", "9999-12-31", 45418, "1582-10-10"],
    "moment": ["2024-05-06 07:08:09", 45418.5],
    "fine": ["2024-05-06 07:08:09.000001", "1850-01-31 23:59:59.999999"],
    "length": ["-838:59:59", "00:00:00.000001", 0.5, "838:59:59"],
    "instant": ["1970-01-01 00:00:01", "2038-01-19 03:14:07.999999", 45418.5],
    "year": [1901, "2155", 0],
    "bits": [0, "18446744073709551615"],
    "flags": ["", "c, a", None],
    "status": ["new", "00501", "it's, so", True, None],
}

anything: dict[str, st.SearchStrategy[SheetValue]] = {
    "small": st.integers(-128, 127),
    "count": st.integers(0, 2**32 - 1),
    "serial_no": st.integers(0, 2**64 - 1).map(str),
    "paid": st.booleans(),
    "price": st.integers(-(10**10) + 1, 10**10 - 1).map(lambda cents: cents / 100),
    "share_of": st.decimals(-(10**35) + 1, 10**35 - 1, places=30).map(lambda number: format(number, "f")),
    "weight": st.floats(allow_nan=False, allow_infinity=False),
    "code": st.text(max_size=20),
    "name": st.text(max_size=60),
    "old": st.text(st.characters(codec="cp1252"), max_size=60),
    "notes": st.text(max_size=300),
    "day": st.dates().map(str),
    "moment": st.datetimes().map(lambda moment: moment.isoformat(" ", "seconds")),
    "fine": st.datetimes().map(lambda moment: moment.isoformat(" ", "microseconds")),
    "length": st.integers(-3020399 * 10**3, 3020399 * 10**3).map(lambda ms: ms / 86_400_000),
    "instant": st.datetimes(datetime(1970, 1, 1, 0, 0, 1), datetime(2038, 1, 19, 3, 14, 7)).map(str),  # noqa: DTZ001  (moments of a column that has no zone)
    "year": st.integers(1901, 2155),
    "bits": st.integers(0, 2**64 - 1).map(str),
    "flags": st.lists(st.sampled_from("abc"), min_size=1).map(",".join),
    "status": st.sampled_from(["new", "Shipped", "00501", "it's, so", "TRUE"]),
}


@pytest.fixture
def goods(any_mysql: Any, schema: str) -> Iterator[tuple[MysqlStore, Link]]:
    """A table with a column of every family, linked as it is described by the server."""
    with closing(any_mysql.connect(schema)) as connection:
        connection.cursor().execute(TABLE)
    address = parse_url(any_mysql.url)
    session = MysqlSession(address, autocommit=True)
    table = describe_table(session, schema, "goods")
    session.drop()
    columns = tuple(LinkedColumn(c.name, c, codec_for(c), "sheet_wins", key=c.name == "id") for c in table.columns)
    store = MysqlStore(address, schema)
    yield store, Link("goods", "1Ab", "Goods", schema, "goods", columns)
    store.close()


def kept(store: MysqlStore, link: Link, typed: dict[str, SheetValue]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is written for a row as it was typed, without what is refused, and what the table then returns."""
    written = {}
    for name, value in typed.items():
        column = link.by_name(name)
        assert column is not None
        try:
            written[name] = column.codec.from_sheet(value)
        except Unfit:
            assert name in ("code", "name", "old", "notes"), f"{name} refuses {value!r}"
    with store.begin() as transaction:
        key = transaction.insert_row(link, written)
        row = transaction.rows(link, [key])[key]
    return written, {name: row[name] for name in written}


def test_the_limits_of_every_family_come_back_from_the_table_as_they_were_typed(
    goods: tuple[MysqlStore, Link],
) -> None:
    store, link = goods
    for name, values in EXAMPLES.items():
        for value in values:
            written, returned = kept(store, link, {name: value})
            assert name in written
            assert returned == written


@settings(deadline=None, database=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.fixed_dictionaries({}, optional=anything))
def test_whatever_a_column_takes_comes_back_from_the_table_as_it_was_typed(
    goods: tuple[MysqlStore, Link], typed: dict[str, SheetValue]
) -> None:
    written, returned = kept(*goods, typed)
    assert returned == written


def test_dates_with_zeros_come_out_of_the_table_as_they_stand_there(
    goods: tuple[MysqlStore, Link], any_mysql: Any
) -> None:
    store, link = goods
    held = [("0000-00-00", "0000-00-00 00:00:00"), ("2024-05-00", "2024-00-06 07:08:09"), ("2024-05-06", None)]
    with closing(any_mysql.connect(link.schema)) as connection:
        cursor = connection.cursor()
        cursor.execute("SET sql_mode = ''")
        cursor.executemany("INSERT INTO goods (day, moment) VALUES (%s, %s)", held)
        connection.commit()
    assert [(row["day"], row["moment"]) for _, row in store.read_rows(link)] == held
    with store.begin() as transaction:
        rows = transaction.rows(link, [("1",), ("2",), ("3",)])
    assert [(row["day"], row["moment"]) for row in rows.values()] == held


def test_a_key_of_any_family_finds_its_row(any_mysql: Any, schema: str) -> None:
    keys = {"BIGINT UNSIGNED": "18446744073709551615", "DECIMAL(20,3)": "12345678901234567.891", "DATE": "2024-05-06"}
    keys |= {"TIME(6)": "-838:00:00.000001", "TIMESTAMP(3)": "2024-05-06 07:08:09.500", "YEAR": "0000"}
    keys |= {"BIT(64)": "18446744073709551615", "BINARY(4)": "00FF275C", "VARBINARY(9)": "80", "SET('a', 'b')": "a,b"}
    keys |= {"DOUBLE": "5e-324", "BOOLEAN": "2"}
    keys |= {"VARCHAR(20)": "00501", "DATETIME(6)": "2024-05-06 07:08:09.000001", "ENUM('a', '1')": "1"}
    address = parse_url(any_mysql.url)
    session = MysqlSession(address, autocommit=True)
    with closing(any_mysql.connect(schema)) as connection, closing(MysqlStore(address, schema)) as store:
        for number, (declared, key) in enumerate(keys.items()):
            connection.cursor().execute(f"CREATE TABLE t{number} (k {declared} PRIMARY KEY, v INT)")
            columns = describe_table(session, schema, f"t{number}").columns
            linked = tuple(LinkedColumn(c.name, c, codec_for(c), "sheet_wins", key=c.name == "k") for c in columns)
            link = Link("t", "1Ab", "T", schema, f"t{number}", linked)
            with store.begin() as transaction:
                assert transaction.insert_row(link, {"k": key, "v": "7"}) == (key,)
                transaction.update_row(link, (key,), {"v": "8"})
                assert transaction.rows(link, [(key,)]) == {(key,): {"k": key, "v": "8"}}
    session.drop()
