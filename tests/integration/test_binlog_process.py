"""The change feed as a process: killed it loses nothing, asked to stop it stops, refused it says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from binlog_place import PATIENCE_S, Place

from core.events import Json
from sandbox.stack.servers import KafkaServer, MysqlServer

STATE = "twinsheet"
MEMORY_MB_MAX = 150
LINKS = """\
links:
  - name: {name}
    spreadsheet: 1AbC
    tab: Orders
    table: {schema}.orders
    columns: {{id: id, order_no: order_no, price: price}}
"""
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def place(
    any_mysql: MysqlServer, kafka_server: KafkaServer, fresh_schema: Callable[[MysqlServer], str]
) -> Iterator[Place]:
    place = Place(any_mysql, kafka_server, fresh_schema(any_mysql), STATE)
    place.state_sql("DELETE FROM binlog_position")  # of a stack that ran on this server before
    yield place
    place.state_sql("DELETE FROM binlog_position")
    place.close()


@pytest.fixture
def start(place: Place, tmp_path: Path) -> Iterator[Start]:
    """Starts ``python -m producers.binlog`` for the place's link; killed at the end."""
    links = tmp_path / "links.yaml"
    links.write_text(LINKS.format(name=place.name, schema=place.schema))
    with ExitStack() as stack:

        def run(**settings: str) -> subprocess.Popen[bytes]:
            variables = {
                "TWINSHEET_MYSQL_URL": place.server.services_url,
                "TWINSHEET_KAFKA": place.kafka.bootstrap,
                "TWINSHEET_LINKS": str(links),
                "TWINSHEET_RUN_DIR": str(tmp_path / "run"),
            }
            process = subprocess.Popen(
                [sys.executable, "-m", "producers.binlog"],
                env={**os.environ, **variables, **settings},
                stderr=subprocess.PIPE,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield run


def keys(place: Place, count: int) -> list[str]:
    """Different keys in the order in which they were first told; a killed feed may tell some of them again."""

    def different(bodies: list[Json]) -> list[str]:
        return list(dict.fromkeys(key[0] for body in bodies if body["kind"] == "rows" for key in body["keys"]))

    return different(place.messages(lambda bodies: len(different(bodies)) >= count))


def test_killed_at_any_moment_it_loses_nothing_and_keeps_the_order(place: Place, start: Start) -> None:
    process = start()
    place.wait(place.noted, "the first note")
    for number in range(1, 61):
        place.sql("INSERT INTO orders (id, order_no) VALUES (%s, 'a')", number)
        if number % 20 == 0:
            process.kill()
            process.wait()
            process = start()
    assert keys(place, 60) == [str(number) for number in range(1, 61)]


def test_asked_to_stop_it_stops_with_code_0_and_has_noted_how_far_it_came(place: Place, start: Start) -> None:
    process = start()
    first = place.wait(place.noted, "the first note")
    place.sql("INSERT INTO orders (id, order_no) VALUES (1, 'a')")
    keys(place, 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    assert place.noted() != first


def test_it_stays_small(place: Place, start: Start) -> None:
    process = start()
    place.wait(place.noted, "the first note")
    for number in range(20):
        place.sql(
            "INSERT INTO orders (order_no) WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i+1 FROM n WHERE i<30)"
            " SELECT %s FROM n CROSS JOIN n AS m",
            str(number),
        )
    keys(place, 20 * 900)
    status = Path(f"/proc/{process.pid}/status").read_text()
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak_kb / 1024 < MEMORY_MB_MAX


def test_a_server_whose_binlog_does_not_tell_enough_is_refused_with_what_mends_it(place: Place, start: Start) -> None:
    root = place.server.connect_as_root()
    root.cursor().execute("SET GLOBAL binlog_row_metadata = 'MINIMAL'")
    try:
        process = start()
        _, said = process.communicate(timeout=PATIENCE_S)
    finally:
        root.cursor().execute("SET GLOBAL binlog_row_metadata = 'FULL'")
        root.close()
    assert process.returncode == 2
    assert b"binlog_row_metadata = 'FULL'" in said
    assert b"Traceback" not in said


@pytest.mark.parametrize("setting", ["TWINSHEET_KAFKA", "TWINSHEET_MYSQL_URL"])
def test_without_kafka_or_mysql_it_says_which_is_missing(place: Place, start: Start, setting: str) -> None:
    nobody = {"TWINSHEET_KAFKA": "127.0.0.1:1", "TWINSHEET_MYSQL_URL": "mysql://a:b@127.0.0.1:1/"}[setting]
    process = start(**{setting: nobody, "TWINSHEET_STARTUP_WAIT_S": "1"})
    _, said = process.communicate(timeout=3 * PATIENCE_S)
    assert process.returncode == 2
    assert b"127.0.0.1:1 does not answer" in said
    assert setting.encode() in said
    assert b"Traceback" not in said
