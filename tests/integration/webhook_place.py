"""Webhook processes on real Kafka and MySQL, and what a test asks of them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from core.secrets import link_secret, signature
from sandbox.stack.servers import KafkaServer, MysqlServer, free_port

MASTER = b"the master secret of this test"
LINKS = """\
links:
  - {name: orders, spreadsheet: 1AbC, tab: Orders, table: shop.orders}
  - {name: stock, spreadsheet: 1AbC, tab: Stock, table: shop.stock}
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
TOPIC = "sheet.observed"


@dataclass
class Webhook:
    """One webhook process."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def send(self, event: str, body: dict[str, Any] = BODY, *, secret: bytes | None = None) -> tuple[int, str | None]:
        """Status and Retry-After of a good request."""
        data, at = json.dumps(body).encode(), str(int(time.time()))
        link = str(body["link"])
        headers = {
            "webhook-id": event,
            "webhook-timestamp": at,
            "webhook-signature": signature(secret or link_secret(MASTER, link), event, at, data),
        }
        return self._ask("POST", f"/hooks/sheets/{link}", data, headers)

    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            return self._ask("GET", "/healthz", b"", {})[0] == 200
        except OSError:
            return False

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)

    def logged(self) -> list[dict[str, Any]]:
        """The lines of its log that are JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

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
    """Settings of a webhook process."""
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
    """Until it is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@contextmanager
def webhooks(folder: Path, mysql: MysqlServer, kafka: KafkaServer) -> Iterator[Start]:
    """Starts webhook processes that share MySQL and Kafka, and ends them after the test."""
    (folder / "links.yaml").write_text(LINKS)
    with ExitStack() as stack:

        def begin(bootstrap: str = kafka.bootstrap, *, wait: bool = True, port: int = 0, **settings: str) -> Webhook:
            port = port or free_port()
            log = folder / f"webhook.{port}.log"
            changed = {f"TWINSHEET_{name}": value for name, value in settings.items()}
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", "app.webhook"],
                    env=environment(folder, mysql, bootstrap, port) | changed,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            stack.callback(process.wait)
            stack.callback(process.kill)
            webhook = Webhook(process, port, log)
            if wait:
                wait_for(webhook.healthy, "the webhook does not answer")
            return webhook

        yield begin


def ends(kafka: KafkaServer) -> dict[int, int]:
    """Next offset of each partition."""
    with _consumer(kafka) as consumer:
        places = [TopicPartition(TOPIC, number) for number in consumer.partitions_for_topic(TOPIC) or ()]
        return {place.partition: offset for place, offset in consumer.end_offsets(places).items()}


def published_since(kafka: KafkaServer, began: dict[int, int]) -> list[Any]:
    """Every message of the topic from these offsets on."""
    with _consumer(kafka) as consumer:
        places = [TopicPartition(TOPIC, number) for number in began]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, began[place.partition])
        until, bodies = consumer.end_offsets(places), []
        while any(consumer.position(place) < until[place] for place in places):
            bodies += [json.loads(m.value) for batch in consumer.poll(500).values() for m in batch]
    return bodies


@contextmanager
def _consumer(kafka: KafkaServer) -> Iterator[Any]:
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    try:
        yield consumer
    finally:
        consumer.close()
