"""The webhook as a process, on real Kafka and MySQL: durable before 202, ids remembered by all processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from webhook_place import BODY, Start, ends, environment, published_since, wait_for, webhooks

from sandbox.stack.servers import KafkaServer, MysqlServer, free_port


@pytest.fixture
def start(tmp_path: Path, mysql_server: MysqlServer, kafka_server: KafkaServer) -> Iterator[Start]:
    """Starts webhook processes that share MySQL and Kafka, and ends them after the test."""
    with webhooks(tmp_path, mysql_server, kafka_server) as begin:
        yield begin


def published(kafka: KafkaServer, event: str) -> list[Any]:
    """All messages of that event in the log."""
    return [body for body in published_since(kafka, dict.fromkeys(ends(kafka), 0)) if body.get("event") == event]


def test_an_accepted_event_is_in_kafka_and_a_repeated_one_is_not_there_twice(
    start: Start, kafka_server: KafkaServer
) -> None:
    webhook = start()
    assert [webhook.send("kept_1")[0] for _ in range(3)] == [202, 200, 200]
    bodies = published(kafka_server, "kept_1")
    assert len(bodies) == 1
    assert {name: bodies[0][name] for name in BODY} == BODY


def test_ids_are_remembered_over_a_kill_and_by_every_process(start: Start) -> None:
    first, second = start(), start()
    assert first.send("shared_1")[0] == 202
    assert second.send("shared_1")[0] == 200
    first.process.kill()
    first.process.wait()
    assert start().send("shared_1")[0] == 200


def test_asked_to_stop_it_ends_within_five_seconds_with_code_0_and_without_a_trace(
    start: Start, tmp_path: Path
) -> None:
    webhook = start()
    wait_for(lambda: any((tmp_path / "metrics").glob("webhook.*.json")), "no note of the webhook")
    webhook.process.send_signal(signal.SIGTERM)
    assert webhook.process.wait(timeout=5) == 0
    assert list((tmp_path / "metrics").glob("*.json")) == []


def test_asked_to_stop_it_answers_the_request_that_it_has_in_hand(
    start: Start, kafka_server: KafkaServer, mysql_server: MysqlServer
) -> None:
    webhook = start()
    assert webhook.send("before_stop")[0] == 202
    with closing(mysql_server.connect()) as connection, ThreadPoolExecutor(1) as pool:
        asked = selects(connection)
        os.kill(kafka_server.pid, signal.SIGSTOP)
        try:
            answer = pool.submit(webhook.send, "in_hand")
            wait_for(lambda: selects(connection) > asked, "the webhook does not look whether it knows the id")
            webhook.process.send_signal(signal.SIGTERM)
        finally:
            os.kill(kafka_server.pid, signal.SIGCONT)
        assert answer.result()[0] == 202
    assert webhook.process.wait(timeout=10) == 0
    assert len(published(kafka_server, "in_hand")) == 1


def selects(connection: Any) -> int:
    """How many queries the server has been asked so far."""
    cursor = connection.cursor()
    cursor.execute("SHOW GLOBAL STATUS LIKE 'Com_select'")
    return int(cursor.fetchall()[0][1])


def test_while_kafka_is_away_it_answers_503_and_goes_on_by_itself_when_it_is_back(
    start: Start, new_kafka: Callable[[], KafkaServer]
) -> None:
    kafka = new_kafka()
    kafka.start()
    webhook = start(kafka.bootstrap)
    assert webhook.send("before")[0] == 202
    kafka.kill()
    status, retry_after = webhook.send("during")
    assert status == 503
    assert retry_after is not None
    assert int(retry_after) >= 1
    kafka.start()
    wait_for(lambda: webhook.send("during")[0] == 202, "the webhook did not come back")
    assert len(published(kafka, "during")) >= 1


def test_started_before_kafka_it_waits_for_it(start: Start, new_kafka: Callable[[], KafkaServer]) -> None:
    kafka = new_kafka()
    webhook = start(kafka.bootstrap, wait=False)
    wait_for(lambda: webhook.process.poll() is None and not webhook.healthy(), "it did not start")
    kafka.start()
    wait_for(webhook.healthy, "it does not answer")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"TWINSHEET_WEBHOOK_SECRET": ""}, "TWINSHEET_WEBHOOK_SECRET"),
        ({"TWINSHEET_MYSQL_URL": "mysql://u:hunter22@127.0.0.1:1/", "TWINSHEET_STARTUP_WAIT_S": "0"}, "127.0.0.1:1"),
        ({"TWINSHEET_KAFKA": "127.0.0.1:1", "TWINSHEET_STARTUP_WAIT_S": "0"}, "127.0.0.1:1"),
    ],
)
def test_what_it_cannot_start_with_is_told_in_one_line_with_code_2(
    tmp_path: Path, mysql_server: MysqlServer, kafka_server: KafkaServer, change: dict[str, str], told: str
) -> None:
    changed = environment(tmp_path, mysql_server, kafka_server.bootstrap, free_port()) | change
    ended = subprocess.run(
        [sys.executable, "-m", "app.webhook"], env=changed, capture_output=True, timeout=60, text=True, check=False
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr + ended.stdout
    assert "hunter22" not in ended.stderr + ended.stdout
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    assert told in lines[0]


def test_a_port_in_use_is_told_by_the_name_of_its_setting(start: Start, tmp_path: Path, mysql_server: MysqlServer,
                                                          kafka_server: KafkaServer) -> None:  # fmt: skip
    webhook = start()
    ended = subprocess.run(
        [sys.executable, "-m", "app.webhook"],
        env=environment(tmp_path, mysql_server, kafka_server.bootstrap, webhook.port),
        capture_output=True,
        timeout=60,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "TWINSHEET_WEBHOOK_PORT" in ended.stderr
