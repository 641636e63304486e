"""The webhook as a process, on real Kafka and MySQL: durable before 202, ids remembered by all processes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer

from core.secrets import link_secret, signature
from sandbox.stack.servers import KafkaServer, MysqlServer, free_port

MASTER = b"the master secret of this test"
LINKS = """\
links:
  - {name: orders, spreadsheet: 1AbC, tab: Orders, table: shop.orders}
"""
BODY: dict[str, Any] = {
    "link": "orders",
    "spreadsheet_id": "1AbC",
    "tab": "Orders",
    "kind": "edit",
    "stamp": {"n": 3, "q": 7, "epoch": 1},
    "edited_at": "2026-01-31T12:00:00.123Z",
    "editor": "ann@example.com",
    "cells": [{"row_id": "r_a", "row": 2, "column": "Price", "value": 12.5}],
    "chunk": {"index": 0, "count": 1},
}


@dataclass
class Webhook:
    """One webhook process."""

    process: subprocess.Popen[bytes]
    port: int

    def send(self, event: str) -> tuple[int, str | None]:
        """Status and Retry-After of a good request."""
        data, at = json.dumps(BODY).encode(), str(int(time.time()))
        headers = {
            "webhook-id": event,
            "webhook-timestamp": at,
            "webhook-signature": signature(link_secret(MASTER, "orders"), event, at, data),
        }
        return self._ask("POST", "/hooks/sheets/orders", data, headers)

    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            return self._ask("GET", "/healthz", b"", {})[0] == 200
        except OSError:
            return False

    def _ask(self, method: str, path: str, data: bytes, headers: dict[str, str]) -> tuple[int, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            response.read()
            return response.status, response.getheader("Retry-After")
        finally:
            connection.close()


Start = Callable[..., Webhook]


def environment(run_dir: Path, mysql: MysqlServer, kafka: str, port: int) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TWINSHEET_")}
    return kept | {
        "TWINSHEET_RUN_DIR": str(run_dir),
        "TWINSHEET_MYSQL_URL": mysql.services_url,
        "TWINSHEET_KAFKA": kafka,
        "TWINSHEET_KAFKA_ACK_TIMEOUT_S": "2",
        "TWINSHEET_LINKS": str(run_dir / "links.yaml"),
        "TWINSHEET_WEBHOOK_SECRET": MASTER.decode(),
        "TWINSHEET_WEBHOOK_PORT": str(port),
        "TWINSHEET_STARTUP_WAIT_S": "30",
    }


def wait_for(condition: Callable[[], bool], what: str, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def start(tmp_path: Path, mysql_server: MysqlServer, kafka_server: KafkaServer) -> Iterator[Start]:
    """Starts webhook processes that share MySQL and Kafka, and ends them after the test."""
    (tmp_path / "links.yaml").write_text(LINKS)
    with ExitStack() as stack:

        def begin(kafka: str = kafka_server.bootstrap, *, wait: bool = True) -> Webhook:
            port = free_port()
            process = subprocess.Popen(
                [sys.executable, "-m", "app.webhook"],
                env=environment(tmp_path, mysql_server, kafka, port),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            stack.callback(_end, process)
            webhook = Webhook(process, port)
            if wait:
                wait_for(webhook.healthy, "the webhook does not answer")
            return webhook

        yield begin


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()


def published(kafka: KafkaServer, event: str) -> list[Any]:
    """All messages of that event in the log."""
    consumer = KafkaConsumer(
        "sheet.observed", bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=2000
    )
    try:
        bodies = [json.loads(message.value) for message in consumer]
    finally:
        consumer.close()
    return [body for body in bodies if body.get("event") == event]


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
