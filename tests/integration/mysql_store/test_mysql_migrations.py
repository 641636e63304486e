"""Bringing the schema to its version, whatever happens meanwhile."""

# ruff: noqa: S608  (the tests' own schema names stand in statements)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.mysql_connection import MysqlAddress, MysqlSession
from adapters.mysql_links import linked_columns
from adapters.mysql_migrations import migrate
from adapters.mysql_store import MysqlStore, open_store
from core.errors import MysqlRefused
from sandbox.stack.servers import MysqlServer


def test_ten_processes_may_start_at_once(address: MysqlAddress, new_schema: str) -> None:
    with ThreadPoolExecutor(10) as pool:
        versions = {f.result(timeout=60) for f in [pool.submit(migrate, address, new_schema) for _ in range(10)]}
    assert len(versions) == 1
    with MysqlStore(address, new_schema).begin() as tx:
        assert tx.link_states() == []


def test_a_migration_that_was_cut_short_goes_on_where_it_stopped(
    address: MysqlAddress, session: MysqlSession, new_schema: str, tmp_path: Path
) -> None:
    (tmp_path / "001_a.sql").write_text(
        "CREATE TABLE a (x INT);\nCREATE TABLE b (x INT);\nINSERT INTO b VALUES (1);\n"
    )
    migrate(address, new_schema, tmp_path)
    session.query(f"DELETE FROM {new_schema}.b")
    session.query(f"UPDATE {new_schema}.schema_version SET statements = 1, complete = FALSE")  # b's end was not noted
    migrate(address, new_schema, tmp_path)
    assert session.query(f"SELECT x FROM {new_schema}.b") == [(1,)]
    assert session.query(f"SELECT statements, complete FROM {new_schema}.schema_version") == [(3, 1)]


def test_later_files_are_added_and_earlier_ones_not_run_again(
    address: MysqlAddress, session: MysqlSession, new_schema: str, tmp_path: Path
) -> None:
    (tmp_path / "001_a.sql").write_text("CREATE TABLE a (x INT);\n")
    assert migrate(address, new_schema, tmp_path) == 1
    (tmp_path / "002_b.sql").write_text("ALTER TABLE a ADD COLUMN y INT;\n")
    assert migrate(address, new_schema, tmp_path) == 2
    assert migrate(address, new_schema, tmp_path) == 2
    (tmp_path / "002_b.sql").unlink()
    with pytest.raises(MysqlRefused, match="has version 2; this program knows only version 1"):
        migrate(address, new_schema, tmp_path)


def test_a_file_that_was_changed_after_it_ran_is_refused(
    address: MysqlAddress, new_schema: str, tmp_path: Path
) -> None:
    (tmp_path / "001_a.sql").write_text("CREATE TABLE a (x INT);\n")
    migrate(address, new_schema, tmp_path)
    (tmp_path / "001_a.sql").write_text("CREATE TABLE a (x BIGINT);\n")
    with pytest.raises(MysqlRefused, match="another form of 001_a"):
        migrate(address, new_schema, tmp_path)


def test_nobody_knows_a_links_columns_before_the_first_service_has_run_in_this_version(
    session: MysqlSession, new_schema: str
) -> None:
    assert linked_columns(session, "orders", new_schema) is None
    session.query(f"CREATE DATABASE {new_schema}")
    assert linked_columns(session, "orders", new_schema) is None
    session.query(f"CREATE TABLE {new_schema}.link (name VARCHAR(64) PRIMARY KEY)")
    assert linked_columns(session, "orders", new_schema) is None


def test_a_store_opened_by_url_has_its_schema_ready(any_mysql: MysqlServer, new_schema: str) -> None:
    store = open_store(any_mysql.url, new_schema)
    assert store.run(lambda tx: tx.link_states()) == []
    store.close()
