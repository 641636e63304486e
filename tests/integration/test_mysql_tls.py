"""TLS to MySQL and MariaDB: nothing in the clear, and nobody in the server's place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from certificates import Authority
from secured_servers import TlsMysql

from adapters.binlog_server import BinlogServer
from adapters.mysql_binlog import BinlogReader, Watch
from adapters.mysql_connection import MysqlSession, connect, parse_url
from core.errors import MysqlRefused
from sandbox.stack.programs import MysqlProgram


class Server:
    """A server with its authority, and another authority that nobody knows."""

    def __init__(self, program: MysqlProgram, folder: Path) -> None:
        self.authority = Authority(folder / "ours")
        self.others = Authority(folder / "others")
        self.mysql = TlsMysql(program, folder / "server", self.authority, "pa/ss")

    def url(self, query: str = "") -> str:
        """Our URL with these options."""
        return f"mysql://twinsheet_services:pa%2Fss@127.0.0.1:{self.mysql.port}/?{query}"

    def as_root(self, *statements: str) -> None:
        """Through the socket."""
        with closing(self.mysql.connect_as_root()) as root:
            for statement in statements:
                root.cursor().execute(statement)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("mysql_program", marks=pytest.mark.mysql, id="mysql"),
        pytest.param("mariadb_program", marks=pytest.mark.mariadb, id="mariadb"),
    ],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(request.getfixturevalue(request.param), tmp_path_factory.mktemp("tls"))
    made.mysql.start()
    yield made
    made.mysql.stop()


def cipher(url: str) -> str:
    with closing(connect(parse_url(url), autocommit=True)) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        return str(cursor.fetchall()[0][1])


def test_a_connection_in_the_clear_is_refused_by_such_a_server_and_told_what_to_do(server: Server) -> None:
    with pytest.raises(MysqlRefused, match="ssl_disabled"):
        connect(parse_url(server.url("ssl_disabled=true")))


def test_without_options_it_is_encrypted_where_the_server_can(server: Server) -> None:
    assert cipher(server.url())


def test_the_right_authority_is_trusted_and_another_is_not(server: Server) -> None:
    assert cipher(server.url(f"ssl_ca={server.authority.ca}"))
    with pytest.raises(MysqlRefused, match="ssl_ca") as refused:
        connect(parse_url(server.url(f"ssl_ca={server.others.ca}")))
    assert "pa/ss" not in str(refused.value)


def test_a_certificate_of_another_host_is_refused_unless_the_name_is_left_out(server: Server) -> None:
    trusted = server.url(f"ssl_ca={server.authority.ca}").replace("127.0.0.1", "localhost")
    with pytest.raises(MysqlRefused, match="ssl_verify_identity"):
        connect(parse_url(trusted))
    assert cipher(f"{trusted}&ssl_verify_identity=false")


def test_an_account_that_asks_for_a_certificate_of_ours_gets_it(server: Server) -> None:
    server.as_root("CREATE USER known@`%` IDENTIFIED BY 'pw' REQUIRE X509")
    trusted = f"mysql://known:pw@127.0.0.1:{server.mysql.port}/?ssl_ca={server.authority.ca}"
    with pytest.raises(MysqlRefused, match="Access denied"):
        connect(parse_url(trusted))
    certificate, key = server.authority.sign("client")
    assert cipher(f"{trusted}&ssl_cert={certificate}&ssl_key={key}")


def read_one(server: Server, query: str) -> bool:
    """Whether the change feed tells of a row that is written now."""
    address = parse_url(server.url(query))
    session = MysqlSession(parse_url(server.url()), autocommit=True)
    watched = BinlogServer(session)
    watch = Watch(folds_names=watched.folds_names)
    watch.set([("shop", "t")])
    reader = BinlogReader(
        address,
        watched.position(),
        watch=watch,
        own=("twinsheet", "binlog_position"),
        is_mariadb=watched.is_mariadb,
    )
    with closing(reader):
        session.query("INSERT INTO shop.t (v) VALUES ('seen')")
        session.drop()
        return any(committed is not None and committed.changes for committed in reader.read())


def test_the_change_feed_goes_the_same_way(server: Server) -> None:
    server.as_root("CREATE DATABASE shop", "CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v TEXT)")
    assert read_one(server, f"ssl_ca={server.authority.ca}")
    assert read_one(server, "")
    with pytest.raises(MysqlRefused, match="ssl_ca"):
        read_one(server, f"ssl_ca={server.others.ca}")
    with pytest.raises(MysqlRefused):
        read_one(server, "ssl_disabled=true")
