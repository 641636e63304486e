"""The master secret changes while people type: the real script, real webhook processes, real Kafka and MySQL.

And the memory of accepted ids ends; test_webhook_process.py has it shared and durable.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from webhook_place import MASTER, Start, ends, environment, published_since, webhooks

from adapters.mysql_migrations import DEFAULT_SCHEMA
from adapters.mysql_seen import PRUNE_ROWS_MAX, REMEMBERED_S, WebhookSeen
from core.secrets import link_secret, read_connection_code
from sandbox.google.store import Store
from sandbox.script.runtime import ScriptRuntime
from sandbox.stack.servers import KafkaServer, MysqlServer, free_port
from tests.contract.script.script_bench import ANN, APPS_SCRIPT, Bench, Faults, Receiver, linked

OLD = MASTER.decode()
NEW = "the master secret after that"


@pytest.fixture
def start(tmp_path: Path, mysql_server: MysqlServer, kafka_server: KafkaServer) -> Iterator[Start]:
    with webhooks(tmp_path, mysql_server, kafka_server) as begin:
        yield begin


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A spreadsheet with its script, and a person at it."""
    store = Store(tmp_path / "sheets.sqlite3")
    document = store.create("Shop")
    linked(document)
    faults = Faults()
    runtime = ScriptRuntime(store, tmp_path, APPS_SCRIPT, faults)
    yield Bench(store, runtime, document, Receiver(), faults)
    runtime.close()
    store.close()


class Rotation:
    """A webhook on one port, started anew with other secrets, and the code that the command line gives."""

    def __init__(self, folder: Path, start: Start, mysql: MysqlServer, kafka: KafkaServer, bench: Bench) -> None:
        self._start, self._bench, self._port = start, bench, free_port()
        self._environment = environment(folder, mysql, kafka.bootstrap, self._port)
        document = bench.document
        (folder / "links.yaml").write_text(
            "links:\n"
            f"  - {{name: orders, spreadsheet: {document.id}, tab: {document.sheets[0].title}, table: shop.orders}}\n"
        )

    def begin(self, secrets: str) -> None:
        self.webhook = self._start(port=self._port, WEBHOOK_SECRET=secrets)

    def end(self) -> None:
        assert self.webhook.stop() == 0

    def connect(self, secrets: str) -> bytes:
        """Paste the code that ``twinsheet link code`` prints into the sheet's menu; the secret in it."""
        told = subprocess.run(
            [sys.executable, "-m", "app.cli", "link", "code", "orders", "--json"],
            env=self._environment | {"TWINSHEET_WEBHOOK_SECRET": secrets},
            capture_output=True,
            check=True,
        )
        code = json.loads(told.stdout)["connection_code"]
        assert self._bench.runtime.connect(self._bench.document.id, code, ANN).ok
        return base64.b64decode(read_connection_code(code).secret.removeprefix("whsec_"))


def test_while_the_master_secret_changes_no_edit_is_lost_and_at_last_only_the_new_one_opens(
    tmp_path: Path, start: Start, bench: Bench, mysql_server: MysqlServer, kafka_server: KafkaServer
) -> None:
    rotation = Rotation(tmp_path, start, mysql_server, kafka_server, bench)
    rotation.begin(OLD)
    began = ends(kafka_server)
    assert rotation.connect(OLD) == link_secret(OLD.encode(), "orders")
    bench.type("B2", "before")

    rotation.end()
    bench.type("B3", "while nobody listens", rest=False)  # the script tries again
    rotation.begin(f"{NEW},{OLD}")
    bench.rest()
    bench.type("B4", "with the old code")

    assert rotation.connect(f"{NEW},{OLD}") == link_secret(NEW.encode(), "orders")
    bench.type("B5", "with the new code")
    rotation.end()
    rotation.begin(NEW)
    bench.type("B6", "when the old secret is gone")

    assert typed(published_since(kafka_server, began)) == [
        "before",
        "while nobody listens",
        "with the old code",
        "with the new code",
        "when the old secret is gone",
    ]
    rotation.connect(OLD)
    bench.type("B7", "with the old code again")
    assert "with the old code again" not in typed(published_since(kafka_server, began))
    assert any("connect the sheet again" in fault for fault in faults_of(bench))


def typed(bodies: list[dict[str, Any]]) -> list[Any]:
    """Values of the filled cells in the order of their edits; an event that came twice counts twice."""
    cells = [cell for body in bodies if body["kind"] == "edit" for cell in body["cells"]]
    return [cell["value"] for cell in cells if cell["value"] is not None]


def faults_of(bench: Bench) -> list[str]:
    """What the script has logged."""
    return [line for ran in bench.runtime.executions(bench.document.id) for line in ran["log"]]


def test_the_memory_of_ids_ends_after_ten_minutes_and_is_emptied_in_bounded_pieces(mysql_server: MysqlServer) -> None:
    with closing(WebhookSeen(mysql_server.url)) as seen, closing(mysql_server.connect(DEFAULT_SCHEMA)) as connection:
        cursor = connection.cursor()
        cursor.execute("DELETE FROM webhook_seen")
        connection.commit()
        seen.remember("orders", "young")
        cursor.execute(
            "INSERT INTO webhook_seen (link, id, seen_at)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
            " SELECT 'orders', CONCAT('old_', a.i, '_', b.i), CURRENT_TIMESTAMP(6) - INTERVAL %s SECOND"
            " FROM n a JOIN n b ON b.i <= 25",
            (REMEMBERED_S + 1,),
        )
        connection.commit()
        assert not seen.seen("orders", "old_1_1")
        seen.prune()
        assert count(cursor) == 900 * 25 - PRUNE_ROWS_MAX + 1
        seen.prune()
        assert count(cursor) == 1
        assert seen.seen("orders", "young")


def count(cursor: Any) -> int:
    cursor.execute("COMMIT")
    cursor.execute("SELECT COUNT(*) FROM webhook_seen")
    return int(cursor.fetchone()[0])
