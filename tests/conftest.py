"""Real servers for the tests: started when a test first asks, once a session, stopped at its end.

- `mysql_server`, `mariadb_server`: a `MysqlServer` with `.url`, `.host`, `.port`, `.user`, `.password`,
  `.flavour` and `.connect(database)`; `any_mysql` runs a test against both, one after the other.
- `kafka_server`: a `KafkaServer` with `.bootstrap`, `.host`, `.port`.
- `schema`: the name of a fresh schema on `any_mysql`, dropped after the test.
- `fresh_schema`: makes such schemas on the server that it is given.

A test that has to stop or kill a server starts its own: `new_mysql`, `new_kafka`.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import mysql.connector
import pytest

from sandbox.stack import programs
from sandbox.stack.commands import KafkaPlace, MysqlPlace
from sandbox.stack.downloads import Downloads, downloads_dir
from sandbox.stack.programs import MysqlProgram
from sandbox.stack.servers import KafkaServer, MysqlServer, free_port

# For each connection over TLS, MySQL's client library reads all certificate authorities of the system, 25 ms of a
# core, though nobody asks it to check any, and the tests make thousands. Those that check name their authority.
os.environ.setdefault("SSL_CERT_FILE", os.devnull)

# Where V8 is loaded first, as tests of the script do, MySQL's client is without its C extension.
assert mysql.connector.HAVE_CEXT

_numbers = itertools.count(1)
_FIRST, _ON_THE_STACK, _LAST = range(3)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that share a worker's stack come one after the other, so that it does not run, and take its part of the
    processor, while others do without it; the many quick ones come last, so that the workers end together."""
    ranks: dict[Path, int] = {}
    for item in items:
        rank = _LAST if "unit" in item.path.parts else _FIRST
        rank = _ON_THE_STACK if "main_job" in getattr(item, "fixturenames", ()) else rank
        ranks[item.path] = max(rank, ranks.get(item.path, rank))
    items.sort(key=lambda item: ranks[item.path])


def _quiet(*_: object) -> None:
    """The installer's progress is nothing that a test shows."""


def _mysql(program: MysqlProgram, folder: Path) -> MysqlServer:
    return MysqlServer(program, MysqlPlace(folder, free_port(), "twinsheet-test", "root-test"))


def _kafka(folder: Path) -> KafkaServer:
    jars = programs.find_kafka(Downloads(downloads_dir()), _quiet)
    return KafkaServer(programs.find_java(), jars, KafkaPlace(folder, free_port(), free_port()))


@pytest.fixture(scope="session")
def mysql_program() -> MysqlProgram:
    """The MySQL of the local stack (MariaDB only where MySQL cannot be had)."""
    return programs.find_mysql(Downloads(downloads_dir()), _quiet)


@pytest.fixture(scope="session")
def mariadb_program() -> MysqlProgram:
    """The MariaDB of the local stack."""
    return programs.find_mariadb(Downloads(downloads_dir()), _quiet)


@pytest.fixture(scope="session")
def mysql_server(mysql_program: MysqlProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MysqlServer]:
    """A running MySQL that the whole session shares."""
    server = _mysql(mysql_program, tmp_path_factory.mktemp("mysql"))
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        yield server


@pytest.fixture(scope="session")
def mariadb_server(mariadb_program: MysqlProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MysqlServer]:
    """A running MariaDB that the whole session shares."""
    server = _mysql(mariadb_program, tmp_path_factory.mktemp("mariadb"))
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        yield server


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A running Kafka that the whole session shares; topic names are each test's own business."""
    server = _kafka(tmp_path_factory.mktemp("kafka"))
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        yield server


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("mysql_server", marks=pytest.mark.mysql, id="mysql"),
        pytest.param("mariadb_server", marks=pytest.mark.mariadb, id="mariadb"),
    ],
)
def any_mysql(request: pytest.FixtureRequest) -> MysqlServer:
    """MySQL and MariaDB, one after the other."""
    server: MysqlServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def fresh_schema() -> Iterator[Callable[[MysqlServer], str]]:
    """Makes schemas that nobody used before, and drops them after the test."""
    with ExitStack() as stack:

        def make(server: MysqlServer) -> str:
            name = f"test_{next(_numbers)}"
            _execute(server, f"CREATE DATABASE {name}")
            stack.callback(_execute, server, f"DROP DATABASE IF EXISTS {name}")
            return name

        yield make


@pytest.fixture
def schema(any_mysql: MysqlServer, fresh_schema: Callable[[MysqlServer], str]) -> str:
    """The name of a fresh schema on `any_mysql`."""
    return fresh_schema(any_mysql)


def _execute(server: MysqlServer, statement: str) -> None:
    connection = server.connect()
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()


@pytest.fixture
def new_mysql(tmp_path: Path) -> Iterator[Callable[[MysqlProgram], MysqlServer]]:
    """Makes servers of the test's own, not yet started, which it may stop and kill."""
    with ExitStack() as stack:

        def make(program: MysqlProgram) -> MysqlServer:
            server = _mysql(program, tmp_path / f"mysql-{next(_numbers)}")
            stack.callback(server.stop)
            return server

        yield make


@pytest.fixture
def new_kafka(tmp_path: Path) -> Iterator[Callable[[], KafkaServer]]:
    """Makes Kafka nodes of the test's own, not yet started, which it may stop and kill."""
    with ExitStack() as stack:

        def make() -> KafkaServer:
            server = _kafka(tmp_path / f"kafka-{next(_numbers)}")
            stack.callback(server.stop)
            return server

        yield make
