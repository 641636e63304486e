"""The console on real MySQL and Kafka: what it answers when all is well, and when it is not."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from adapters.kafka_log import KafkaPublisher, ensure_topics
from adapters.mysql_connection import parse_url
from adapters.mysql_migrations import DEFAULT_SCHEMA, migrate
from adapters.mysql_quota import MysqlQuota
from adapters.mysql_store import MysqlStore
from adapters.quota import Payer, QuotaGate
from core.events import SHEET_OBSERVED
from core.ports import ConflictEntry, HistoryEntry, LinkState, RejectionEntry
from core.undo import AskedRow
from sandbox.stack.servers import KafkaServer, MysqlServer, free_port, wait_until

LINKS = """\
links:
  - {name: orders, spreadsheet: 1AbC, tab: Orders, table: shop.orders}
  - {name: fresh, spreadsheet: 1AbC, tab: Fresh, table: shop.fresh}
"""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.text)


def get(port: int, path: str, **headers: str) -> Answer:
    return ask(port, "GET", path, headers)


def ask(port: int, method: str, path: str, headers: dict[str, str], body: str | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read().decode())
    finally:
        connection.close()


def answers(port: int) -> bool:
    try:
        return get(port, "/healthz").status == 200
    except OSError:
        return False


def environment(run_dir: Path, mysql_url: str, kafka: str, port: int) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TWINSHEET_")}
    return kept | {
        "TWINSHEET_RUN_DIR": str(run_dir),
        "TWINSHEET_MYSQL_URL": mysql_url,
        "TWINSHEET_KAFKA": kafka,
        "TWINSHEET_LINKS": str(run_dir / "links.yaml"),
        "TWINSHEET_CONSOLE_PORT": str(port),
        "TWINSHEET_SHEETS_ENDPOINT": "http://127.0.0.1:8090",
    }


def run_cli(environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "app.cli", *words]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in ended.stderr + ended.stdout
    return ended.returncode, ended.stdout, ended.stderr


@dataclass
class World:
    """A console process, and what it looks at."""

    port: int
    environment: dict[str, str]

    def get(self, path: str, **headers: str) -> Answer:
        return get(self.port, path, **headers)

    def order(self, path: str, actor: str = "ann@example.com", **body: Any) -> Answer:
        headers = {"Content-Type": "application/json", "X-Twinsheet-Actor": actor}
        return ask(self.port, "POST", path, headers, json.dumps(body))

    def pages(self, path: str) -> list[dict[str, Any]]:
        """All items, two at a time."""
        found, cursor, sign = [], "", "&" if "?" in path else "?"
        while True:
            page = self.get(f"{path}{sign}limit=2" + (f"&cursor={cursor}" if cursor else "")).json
            assert len(page["items"]) <= 2
            found += page["items"]
            cursor = page["cursor"]
            if cursor is None:
                return found

    def cli(self, *words: str) -> tuple[int, Any]:
        """Exit code and JSON of a command."""
        code, out, _err = run_cli(self.environment, *words, "--json")
        return code, json.loads(out)


@pytest.fixture(scope="module")
def state(mysql_server: MysqlServer, kafka_server: KafkaServer) -> None:
    """One live link with a conflict, a rejection and a history, and one event that waits in Kafka."""
    address = parse_url(mysql_server.url)
    with closing(mysql_server.connect()) as connection:  # other files of tests leave links there
        connection.cursor().execute(f"DROP DATABASE IF EXISTS {DEFAULT_SCHEMA}")
    migrate(address)
    store = MysqlStore(address)
    with store.begin() as tx:
        tx.put_link(LinkState("orders", "1AbC", 7, "Orders", "shop", "orders", "live", None, 1, 1))
        tx.add_history(
            "orders", [HistoryEntry("r_a", ("1",), "note", None, "first", "sheet", actor="ann@example.com")]
        )
        tx.add_history("orders", [HistoryEntry("r_a", ("1",), "note", "first", "second", "table")])
        typed = HistoryEntry("r_c", ("3",), "price", "1", "2", "sheet", "seen", event="e1")
        contested = ConflictEntry("r_c", ("3",), "price", "1", "2", "4", "sheet", "sheet_wins", event="e1")
        tx.add_history("others", [typed])
        tx.add_conflicts("others", [contested])
        tx.add_conflicts("orders", [ConflictEntry("r_a", ("1",), "price", "1", "2", "3", "sheet", "last_write_wins")])
        tx.put_rejections("orders", [RejectionEntry("r_b", ("2",), "price", "abc", "price: abc is not a number")])
    store.close()
    per_minute = {"read": 60, "write": 60}
    gate = QuotaGate(MysqlQuota(address), Payer("shop", "robot@example.com", per_minute, per_minute))
    for _ in range(2):
        gate.called("write")
    gate.close()
    ensure_topics(kafka_server.bootstrap, 3)
    publisher = KafkaPublisher(kafka_server.bootstrap)
    publisher.publish(SHEET_OBSERVED, "orders", {"kind": "rescan"})
    publisher.close()


@pytest.fixture(scope="module")
def console(
    tmp_path_factory: pytest.TempPathFactory, mysql_server: MysqlServer, kafka_server: KafkaServer, state: None
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("console")
    (folder / "links.yaml").write_text(LINKS)
    port = free_port()
    variables = environment(folder, mysql_server.services_url, kafka_server.bootstrap, port)
    with ExitStack() as stack:
        _start(stack, variables, port)
        yield World(port, variables)


def _start(stack: ExitStack, variables: dict[str, str], port: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.console"], env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    wait_until(lambda: answers(port), "the console", 30)


def test_links_are_told_with_state_lag_and_counts(console: World) -> None:
    fresh, orders = console.get("/api/links").json["links"]
    assert (orders["link"], orders["state"], orders["conflicts"], orders["rejections"]) == ("orders", "live", 0, 1)
    assert orders["lag_s"]["sheet_to_table"] > 0, "an event waits in Kafka"
    assert orders["lag_s"]["table_to_sheet"] == 0
    assert (fresh["link"], fresh["state"]) == ("fresh", "linking")
    assert console.get("/api/links/orders").json["table"] == "shop.orders"


def test_the_records_of_a_link_are_told_newest_first_and_limited_on_demand(console: World) -> None:
    history = console.get("/api/links/orders/history").json["items"]
    assert [item["new"] for item in history] == ["second", "first"]
    assert history[1]["actor"] == "ann@example.com"
    assert len(console.get("/api/links/orders/history?limit=1").json["items"]) == 1
    conflict = console.get("/api/links/orders/conflicts").json["items"][0]
    assert {k: conflict[k] for k in ("key", "column", "sheet", "table", "base", "winner", "rule", "settled")} == {
        "key": ["1"], "column": "price", "sheet": "2", "table": "3", "base": "1",
        "winner": "sheet", "rule": "last_write_wins", "settled": True,
    }  # fmt: skip
    rejection = console.get("/api/links/orders/rejections").json["items"][0]
    assert (rejection["value"], rejection["reason"]) == ("abc", "price: abc is not a number")
    pending = console.get("/api/links/orders/pending").json["items"]
    assert [(p["row_id"], p["column"], p["reason"]) for p in pending] == [("r_b", "price", "rejected")]


def fits(document: dict[str, Any], path: str, method: str, answer: Answer) -> None:
    """Hold an answer against the document."""
    told = document["paths"][path][method]["responses"][str(answer.status)]
    schema = told["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json)


def test_real_answers_fit_the_document_that_describes_them(console: World) -> None:
    document = console.get("/api/openapi.json").json
    asked = [path for path, methods in document["paths"].items() if "get" in methods and path != "/api/openapi.json"]
    assert len(asked) >= 8
    for path in asked:
        answer = console.get(path.replace("{link}", "orders"))
        assert answer.status == 200, path
        fits(document, path, "get", answer)
        missing = console.get(path.replace("{link}", "nobody") + "?limit=0")
        if missing.status != 200:
            fits(document, path, "get", missing)


def test_lists_come_a_page_at_a_time(console: World) -> None:
    everything = console.get("/api/links/orders/history").json
    assert everything["cursor"] is None
    assert console.pages("/api/links/orders/history") == everything["items"]
    for path in ("conflicts", "rejections?all=true", "pending", "holds"):
        whole = console.get(f"/api/links/orders/{path}").json["items"]
        assert console.pages(f"/api/links/orders/{path}") == whole
    page = console.get("/api/links?limit=1").json
    assert [one["link"] for one in page["links"]] == ["fresh"]
    page = console.get(f"/api/links?limit=1&cursor={page['cursor']}").json
    assert [one["link"] for one in page["links"]] == ["orders"]
    assert page["cursor"] is None


def test_the_history_is_searched_by_all_that_is_known_of_an_entry(console: World) -> None:
    def new(question: str) -> list[str | None]:
        return [item["new"] for item in console.get(f"/api/history?{question}").json["items"]]

    assert new("actor=ann@example.com&what=applied") == ["first"]
    assert new("link=orders&side=table") == ["second"]
    assert new("link=orders&key=1&column=note") == ["second", "first"]
    assert new("row_id=r_a&until=2020-01-01T00:00:00Z") == []
    (entry,) = console.get("/api/history?event=e1").json["items"]
    assert entry["carries"] is None
    assert entry["conflict"] > 0
    assert entry["rejection"] is None


def test_an_order_is_carried_out_and_stands_in_the_history_with_who_gave_it(console: World) -> None:
    document = console.get("/api/openapi.json").json
    for what, state in (("pause", "paused"), ("resume", "live")):
        answer = console.order(f"/api/links/orders/{what}", "bea@example.com")
        assert (answer.status, answer.json["state"]) == (200, state)
        fits(document, f"/api/links/{{link}}/{what}", "post", answer)
        again = console.order(f"/api/links/orders/{what}")
        assert (again.status, again.json["error"]["kind"]) == (409, "LinkRefused")
        fits(document, f"/api/links/{{link}}/{what}", "post", again)
    told = console.get("/api/links/orders/history?actor=bea@example.com").json["items"]
    assert [(t["what"], t["side"], t["old"], t["new"], t["row_id"], t["column"]) for t in told] == [
        ("resumed", "person", "paused: paused by a person", "live", "", None),
        ("paused", "person", "live", "paused", "", None),
    ]
    for path, body in (
        ("/api/links/{link}/approve", {}),
        ("/api/undo", {"event": "nobody's", "go_on": True}),
        ("/api/undo/{event}/withdraw", {}),
        ("/api/links/{link}/restore", {"go_on": True}),
        ("/api/conflicts/{number}/take", {"take": "sheet", "wait_s": 0}),
    ):
        answer = console.order(path.format(link="orders", number=1, event="undo_9"), **body)
        assert answer.status == 409, "it is not held, its table is not there, and there is no such event or undo"
        assert answer.json["error"]["message"]
        fits(document, path, "post", answer)
    assert console.order("/api/links/nobody/pause").status == 404
    assert len(console.get("/api/history?side=person").json["items"]) == 2, "what was refused is no order"


def test_an_undo_that_waits_is_told_and_withdrawn(console: World, mysql_server: MysqlServer) -> None:
    document = console.get("/api/openapi.json").json
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = [AskedRow(row_id, ("1",), exists=True, was_there=True) for row_id in ("r_a", "r_b")]
    with closing(MysqlStore(parse_url(mysql_server.url))) as store:
        store.run(lambda tx: tx.put_undo("orders", "undo_1", "ann@example.com", at, rows))
    waits = console.get("/api/links/orders/undos")
    fits(document, "/api/links/{link}/undos", "get", waits)
    (item,) = waits.json["items"]
    told = ("undo_1", "ann@example.com", "2026-03-01T12:00:00.000Z", 2, 2)
    assert (item["event"], item["actor"], item["at"], item["open"], item["rows"]) == told
    assert console.cli("undo", "--open") == (1, {"items": [item]})
    answer = console.order("/api/undo/undo_1/withdraw", "bea@example.com")
    assert (answer.status, answer.json["withdrawn"]) == (200, 2)
    fits(document, "/api/undo/{event}/withdraw", "post", answer)
    assert console.order("/api/undo/undo_1/withdraw").status == 409
    assert console.get("/api/links/orders/undos").json["items"] == []
    assert console.cli("undo", "--open", "orders") == (0, {"items": []})
    (entry,) = console.get("/api/history?event=undo_1").json["items"]
    assert (entry["what"], entry["actor"], entry["side"]) == ("withdrawn", "bea@example.com", "person")


@pytest.mark.parametrize("path", ["/api/links/nobody", "/api/links/nobody/history", "/nothing", "/api"])
def test_what_does_not_exist_is_404_with_a_one_line_reason(console: World, path: str) -> None:
    answer = console.get(path)
    assert answer.status == 404
    assert answer.json["error"]
    assert answer.text.count("\n") == 1


def test_readiness_names_what_is_missing(console: World) -> None:
    answer = console.get("/readyz")
    assert answer.status == 503
    checks = {check["name"]: check["ok"] for check in answer.json["checks"]}
    assert checks["mysql"]
    assert checks["kafka"]
    assert checks["console"]
    assert not checks["table_writer"]
    assert not checks["links"], "fresh is not live"


def test_the_metrics_of_all_processes_come_together(console: World) -> None:
    answer = console.get("/metrics")
    assert answer.status == 200
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    rejections = {s.labels["link"]: s.value for s in families["twinsheet_rejections"].samples}
    assert rejections["orders"] == 1
    lag = {s.labels["topic"]: s.value for s in families["twinsheet_lag_events"].samples}
    assert lag["sheet.observed"] >= 1
    tokens = {(s.labels["user"], s.labels["kind"]): s.value for s in families["twinsheet_quota_tokens"].samples}
    assert tokens == {("robot@example.com", "write"): 57}
    assert {s.labels["process"] for s in families["process_resident_memory_bytes"].samples} == {"console"}
    assert "twinsheet_sheet_to_table_seconds" in families


def test_only_pages_of_ours_are_answered_and_they_may_load_nothing_from_elsewhere(console: World) -> None:
    for path in ("/", "/links/orders", "/links/orders/conflicts"):
        answer = console.get(path)
        assert answer.status == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
        assert "https://" not in answer.text.replace("https:\\u002f\\u002fdash-version.plotly.com", "")
    assert console.get("/links/orders/nothing").status == 404
    assert console.get("/style.css").status == 404


def test_a_strange_host_name_is_not_answered(console: World) -> None:
    assert console.get("/api/links", Host="evil.example.com").status == 403


def test_while_mysql_and_kafka_are_away_it_says_so_and_stays(tmp_path: Path) -> None:
    (tmp_path / "links.yaml").write_text(LINKS)
    port = free_port()
    variables = environment(tmp_path, "mysql://u:hunter22@127.0.0.1:1/", "127.0.0.1:1", port)
    with ExitStack() as stack:
        _start(stack, variables, port)
        assert get(port, "/api/links").status == 503
        assert get(port, "/readyz").status == 503
        page = get(port, "/")
        assert page.status == 200
        assert "hunter22" not in page.text


def test_it_refuses_to_face_the_world_without_a_token(tmp_path: Path) -> None:
    variables = environment(tmp_path, "mysql://u:p@127.0.0.1:1/", "127.0.0.1:1", free_port())
    ended = subprocess.run(
        [sys.executable, "-m", "app.console"],
        env=variables | {"TWINSHEET_CONSOLE_HOST": "::"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "TWINSHEET_CONSOLE_TOKEN" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_status_on_the_command_line_tells_links_and_processes(console: World) -> None:
    code, report = console.cli("status")
    assert code == 0
    assert [one["link"] for one in report["links"]] == ["orders", "fresh"]
    assert set(report["links"][0]) >= {"state", "reason", "as_of", "lag_s", "conflicts", "rejections", "pending"}
    assert [process["name"] for process in report["processes"]] == ["console"]
    assert report["processes"][0]["pid"] > 0
    assert report["processes"][0]["up_s"] >= 0


def test_records_on_the_command_line_end_with_1_where_something_is_found(console: World) -> None:
    code, report = console.cli("conflicts", "orders")
    assert (code, len(report["items"])) == (1, 1)
    code, report = console.cli("rejections", "orders")
    assert (code, report["items"][0]["reason"]) == (1, "price: abc is not a number")
    code, report = console.cli("rejections", "fresh")
    assert (code, report["items"]) == (0, [])
    code, report = console.cli("history", "orders", "--what", "applied", "--limit", "1")
    assert (code, [item["new"] for item in report["items"]]) == (0, ["second"])


def test_a_misspelled_link_is_an_error_and_not_an_empty_list(console: World) -> None:
    code, report = console.cli("history", "ordrs")
    assert code == 2
    assert report["error"]["kind"] == "NotLinked"
    assert "orders" in report["error"]["hint"]


@pytest.mark.parametrize("words", [("status",), ("conflicts",), ("rejections",), ("history",)])
def test_people_get_tables(console: World, words: tuple[str, ...]) -> None:
    code, out, err = run_cli(console.environment, *words)
    assert code in (0, 1)
    assert "orders" in out
    assert err == ""
