"""Tables and servers, as they are described."""

# ruff: noqa: S608  (the tests' own schema names stand in statements)

from __future__ import annotations

import pytest
from contract.store.store_places import ServerPlace

from adapters.mysql_connection import MysqlSession
from adapters.mysql_schema import describe_table
from adapters.mysql_server import binlog_position, server_facts, server_faults
from core.errors import LinkRefused


def test_a_table_is_described_with_all_that_a_link_rests_on(place: ServerPlace) -> None:
    schema = place.orders.schema
    place.session.query(
        f"CREATE TABLE {schema}.wide (b INT NOT NULL, a VARCHAR(5) NOT NULL, n INT UNSIGNED NOT NULL AUTO_INCREMENT,"
        " price DECIMAL(12,3) NOT NULL DEFAULT 1.5, at DATETIME(3) NULL, kind ENUM('x','it''s','é') NOT NULL,"
        " total DECIMAL(14,3) AS (price * 2) VIRTUAL, txt TEXT, PRIMARY KEY (a, b), UNIQUE KEY by_n (n),"
        " UNIQUE KEY pair (kind, at)) DEFAULT CHARSET = utf8mb4"
    )
    found = describe_table(place.session, schema, "wide")
    assert found.key_columns == ("a", "b")
    assert found.auto_increment == "n"
    assert found.unique_keys == {"by_n": ("n",), "pair": ("kind", "at")}
    assert [c.name for c in found.columns] == ["b", "a", "n", "price", "at", "kind", "total", "txt"]
    assert (found.column("price").precision, found.column("price").scale) == (12, 3)
    assert found.column("at").fraction_digits == 3
    assert found.column("kind").options == ("x", "it's", "é")
    assert found.column("n").unsigned
    assert [c.name for c in found.columns if c.generated] == ["total"]
    assert [c.name for c in found.columns if not c.has_default] == ["b", "a", "kind"]
    assert [c.name for c in found.columns if c.nullable] == ["at", "total", "txt"]
    with pytest.raises(LinkRefused, match=r"no column prize.*Did you mean price"):
        found.column("prize")


def test_a_table_that_cannot_be_linked_is_refused_with_the_way_on(place: ServerPlace) -> None:
    schema = place.orders.schema
    place.session.query(f"CREATE TABLE {schema}.keyless (x INT)")
    place.session.query(f"CREATE TABLE {schema}.old (x INT PRIMARY KEY) ENGINE = MyISAM")
    place.session.query(f"CREATE VIEW {schema}.seen AS SELECT id FROM {schema}.orders")
    for schema_name, table, told in [
        (schema, "ordres", "no table ordres.*Did you mean orders"),
        (schema + "x", "orders", "no schema"),
        (schema, "keyless", "no primary key.*ADD COLUMN id"),
        (schema, "old", "engine MyISAM.*ENGINE = InnoDB"),
        (schema, "seen", "is a view"),
        ("mysql", "user", "cannot be linked"),
        (place.state_schema, "link", "cannot be linked"),
    ]:
        with pytest.raises(LinkRefused, match=told):
            describe_table(place.session, schema_name, table, state_schema=place.state_schema)


def test_the_local_server_is_fit_and_tells_where_its_binlog_ends(session: MysqlSession) -> None:
    facts = server_facts(session)
    assert server_faults(facts) == []
    assert facts.flavor in facts.version.lower() + " mysql"
    assert facts.server_uuid == server_facts(session).server_uuid
    before = binlog_position(session)
    session.query("CREATE DATABASE IF NOT EXISTS test_position")
    session.query("DROP DATABASE test_position")
    after = binlog_position(session)
    assert (after.file, after.position) > (before.file, before.position)
    assert after.gtid_set != before.gtid_set or not after.gtid_set


def test_members_of_an_enum_are_read_as_the_server_stores_them_whatever_characters_they_have(
    session: MysqlSession, schema: str
) -> None:
    members = ["a\\b", "it's", "c,d", 'say "no"', "two\nlines", "\\", "''", "ünï", "\\n", "%"]
    listed = ", ".join("'" + m.replace("\\", "\\\\").replace("'", "''") + "'" for m in members)
    session.query(f"CREATE TABLE {schema}.odd (id INT PRIMARY KEY, kind ENUM({listed})) CHARACTER SET utf8mb4")
    session.query(f"INSERT INTO {schema}.odd VALUES " + ", ".join(f"({i}, {i})" for i in range(1, len(members) + 1)))
    stored = [row[0] for row in session.query(f"SELECT kind FROM {schema}.odd ORDER BY id")]
    assert stored == members
    assert list(describe_table(session, schema, "odd").column("kind").options) == members


@pytest.mark.parametrize("kind", ["ENUM", "SET"])
def test_members_that_information_schema_cannot_spell_are_read_from_the_column_itself(
    session: MysqlSession, schema: str, kind: str
) -> None:
    session.query(
        f"CREATE TABLE {schema}.odd (id INT PRIMARY KEY, mood {kind}('really?', '😀', 'é') NOT NULL)"
        " CHARACTER SET utf8mb4"
    )
    for row in range(2):  # whether it holds rows or none
        assert describe_table(session, schema, "odd").column("mood").options == ("really?", "😀", "é")
        session.query(f"INSERT INTO {schema}.odd VALUES ({row}, '😀')")
