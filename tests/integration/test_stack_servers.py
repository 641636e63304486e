"""The servers of the local stack: set as the product needs them, and hard to lose data with."""

from collections.abc import Callable

import pytest

from core.errors import StackError
from sandbox.stack.programs import MysqlProgram
from sandbox.stack.servers import KafkaServer, MysqlServer, port_is_free

_NEEDED = {
    "log_bin": "ON",
    "binlog_format": "ROW",
    "binlog_row_image": "FULL",
    "binlog_row_metadata": "FULL",
    "character_set_server": "utf8mb4",
    "sync_binlog": "1",
    "innodb_flush_log_at_trx_commit": "1",
}
_NEEDED_BY_FLAVOUR = {
    "mysql": {"gtid_mode": "ON", "enforce_gtid_consistency": "ON", "binlog_transaction_compression": "OFF"},
    "mariadb": {"log_bin_compress": "OFF"},
}


def _rows(server: MysqlServer, statement: str) -> list[tuple[object, ...]]:
    connection = server.connect()
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        return list(cursor.fetchall())
    finally:
        connection.close()


def test_the_server_writes_a_binlog_that_carries_whole_rows_with_their_names(any_mysql: MysqlServer) -> None:
    variables = {str(name): value for name, value in _rows(any_mysql, "SHOW GLOBAL VARIABLES")}
    needed = _NEEDED | _NEEDED_BY_FLAVOUR[any_mysql.flavour]
    assert {name: variables.get(name) for name in needed} == needed
    assert int(str(variables["server_id"])) > 0


def test_the_account_may_make_schemas_and_read_the_binlog_but_not_administer(
    any_mysql: MysqlServer, schema: str
) -> None:
    grants = " ".join(str(row[0]) for row in _rows(any_mysql, "SHOW GRANTS"))
    assert "REPLICATION SLAVE" in grants
    assert schema in {row[0] for row in _rows(any_mysql, "SHOW DATABASES")}
    for forbidden in ("SUPER", "BINLOG_ADMIN", "BINLOG ADMIN", "SYSTEM_VARIABLES_ADMIN", "FILE", "SHUTDOWN"):
        assert forbidden not in grants


def test_root_has_a_password_and_one_name_only(any_mysql: MysqlServer) -> None:
    connection = any_mysql.connect_as_root()
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT host FROM mysql.user WHERE user = 'root'")
        assert cursor.fetchall() == [("localhost",)]
    finally:
        connection.close()


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("mysql_program", marks=pytest.mark.mysql, id="mysql"),
        pytest.param("mariadb_program", marks=pytest.mark.mariadb, id="mariadb"),
    ],
)
def test_committed_rows_survive_a_kill_and_a_stop_of_the_server(
    program: str, request: pytest.FixtureRequest, new_mysql: Callable[[MysqlProgram], MysqlServer]
) -> None:
    server = new_mysql(request.getfixturevalue(program))
    server.start()
    connection = server.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE DATABASE shop")
    cursor.execute("CREATE TABLE shop.orders (id INT PRIMARY KEY)")
    cursor.execute("INSERT INTO shop.orders VALUES (1)")
    connection.commit()
    server.kill()
    server.start()
    assert _rows(server, "SELECT id FROM shop.orders") == [(1,)]
    server.stop()
    assert port_is_free(server.port)
    server.start()
    assert _rows(server, "SELECT id FROM shop.orders") == [(1,)]


def test_data_of_one_server_is_never_opened_by_the_other(
    mysql_program: MysqlProgram,
    mariadb_program: MysqlProgram,
    new_mysql: Callable[[MysqlProgram], MysqlServer],
) -> None:
    server = new_mysql(mariadb_program)
    server.start()
    server.stop()
    with pytest.raises(StackError, match="made by mariadb"):
        MysqlServer(mysql_program, server.place).start()


def test_an_acknowledged_message_survives_a_kill_of_kafka(new_kafka: Callable[[], KafkaServer]) -> None:
    from kafka import KafkaConsumer, KafkaProducer

    server = new_kafka()
    server.start()
    producer = KafkaProducer(bootstrap_servers=server.bootstrap, acks="all", enable_idempotence=True)
    producer.send("kept", b"precious").get(timeout=20)
    producer.close()
    server.kill()
    server.start()
    consumer = KafkaConsumer(
        "kept", bootstrap_servers=server.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=20_000
    )
    try:
        assert next(consumer).value == b"precious"
    finally:
        consumer.close()
