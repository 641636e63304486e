"""A prepared schema, two tables and sessions on MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from contract.store.store_places import ServerPlace

from adapters.mysql_connection import MysqlAddress, MysqlSession, parse_url
from adapters.mysql_reports import Reports
from adapters.mysql_store import MysqlStore
from sandbox.stack.servers import MysqlServer


@pytest.fixture
def place(any_mysql: MysqlServer, schema: str) -> Iterator[ServerPlace]:
    found = ServerPlace(any_mysql.url, schema)
    yield found
    found.close()


@pytest.fixture
def store(place: ServerPlace) -> MysqlStore:
    return place.open()


@pytest.fixture
def address(any_mysql: MysqlServer) -> MysqlAddress:
    return parse_url(any_mysql.url)


@pytest.fixture
def session(address: MysqlAddress) -> Iterator[MysqlSession]:
    found = MysqlSession(address, autocommit=True)
    yield found
    found.drop()


@pytest.fixture
def reports(place: ServerPlace) -> Iterator[Reports]:
    session = MysqlSession(place.address, schema=place.state_schema, autocommit=True)
    yield Reports(session)
    session.drop()


@pytest.fixture
def new_schema(any_mysql: MysqlServer, fresh_schema: Callable[[MysqlServer], str]) -> str:
    """The name of a schema that is dropped after the test and does not exist yet."""
    name = fresh_schema(any_mysql)
    connection = any_mysql.connect()
    connection.cursor().execute(f"DROP DATABASE {name}")
    connection.close()
    return name
