"""Every process and command with known secrets, on servers with TLS and passwords, through all that goes wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote as percent

import psutil
import pytest
from certificates import Authority
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from secured_servers import SaslKafka, TlsMysql
from services_place import COLUMNS, ServicesPlace, arrives

from core.secrets import link_secret, spell_secret
from sandbox.stack.programs import MysqlProgram

MYSQL = "sql/kept:4711@x"
KAFKA = "kafka-kept-4712"
MASTER = "master-kept-4713-long-enough"
TOKEN = "token-kept-4714"
WRONG = "wrong-and-kept-4715"

CRASH = """
from app.service import run_service

def build(service):
    held = service.settings.mysql_url.get_secret_value(), service.settings.master_secrets
    raise RuntimeError("a fault of ours" if held else "")

run_service("crashing", build)
"""


def google_key(path: Path) -> str:
    """A service account's key file; a line out of the middle of its private key."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "client_email": "robot@example.com",
        "token_uri": "http://127.0.0.1:9/token",
        "private_key": key.decode(),
    }
    path.write_text(json.dumps(account))
    return key.decode().splitlines()[7]


class Secured:
    """Everything, on servers that ask for passwords over TLS."""

    def __init__(self, program: MysqlProgram, folder: Path) -> None:
        authority = Authority(folder / "ours")
        self.mysql = TlsMysql(program, folder / "mysql", authority, MYSQL)
        self.kafka = SaslKafka(folder / "kafka", authority, "ann", KAFKA)
        self.key = folder / "google.json"
        self._key_line = google_key(self.key)
        settings = {
            "MYSQL_URL": self.mysql_url(MYSQL),
            "KAFKA": self.kafka.secure,
            "KAFKA_SECURITY": "sasl_ssl",
            "KAFKA_USER": "ann",
            "KAFKA_PASSWORD": KAFKA,
            "KAFKA_SSL_CA": str(authority.ca),
            "WEBHOOK_SECRET": MASTER,
            "CONSOLE_TOKEN": TOKEN,
            "LOG_LEVEL": "debug",
        }
        (folder / "services").mkdir()
        self.place = ServicesPlace(folder / "services", settings)

    @property
    def secrets(self) -> dict[str, str]:
        """What nobody may read anywhere."""
        return {
            "MySQL's password": MYSQL,
            "MySQL's password in the URL": percent(MYSQL, safe=""),
            "Kafka's password": KAFKA,
            "the master secret": MASTER,
            "the link's secret": spell_secret(link_secret(MASTER.encode(), "orders")),
            "the console's token": TOKEN,
            "a password that was wrong": WRONG,
            "the private key": self._key_line,
        }

    def mysql_url(self, password: str) -> str:
        """Our URL, with the authority."""
        ca = percent(str(self.mysql.authority.ca))
        return f"mysql://twinsheet_services:{percent(password, safe='')}@127.0.0.1:{self.mysql.port}/?ssl_ca={ca}"

    def close(self) -> None:
        self.place.close()
        self.kafka.stop()
        self.mysql.stop()


@pytest.fixture
def secured(mysql_program: MysqlProgram, tmp_path: Path) -> Iterator[Secured]:
    made = Secured(mysql_program, tmp_path)
    try:
        made.mysql.start()
        made.kafka.start()
        yield made
    finally:
        made.close()


def works_over_tls(secured: Secured) -> None:
    """Link, copy, edit both ways, and compare."""
    place, mysql = secured.place, secured.mysql
    with closing(mysql.connect(autocommit=True)) as program:
        cursor = program.cursor()
        cursor.execute("CREATE DATABASE shop")
        cursor.execute(f"CREATE TABLE shop.orders ({COLUMNS})")
        spreadsheet = place.spreadsheet("Orders", [["1", "tea", "2.50"]])
        code, made = place.link("orders", spreadsheet, "Orders", "shop.orders")
        assert code == 0, made
        assert made["connection_code"].startswith("ts1.")
        place.said.clear()  # the connection code is shown to the person who links, and holds the link's secret
        place.start_services()
        place.start("app.console")

        def names() -> list[str]:
            cursor.execute("SELECT name FROM shop.orders ORDER BY id")
            return [row[0] for row in cursor.fetchall()]

        arrives(lambda: names() == ["tea"], "the sheet's row in the table")
        cursor.execute("INSERT INTO shop.orders (name) VALUES ('coffee')")
        arrives(lambda: [r[1] for r in place.cells(spreadsheet, "Orders")] == ["tea", "coffee"], "the table's row")
    code, report = place.cli("verify", "--wait", "30")
    assert (code, report["identical"]) == (0, True), report


def everything_fails(secured: Secured) -> None:
    """Wrong passwords, a crash, a Google that lets nobody in; then Kafka and MySQL go."""
    place = secured.place
    wrong = [
        place.start("consumers.table_writer", "wrong_mysql", MYSQL_URL=secured.mysql_url(WRONG)),
        place.start("producers.sheet_scanner", "wrong_kafka", KAFKA_PASSWORD=WRONG, STARTUP_WAIT_S="1"),
        place.start("app.webhook", "half_set", KAFKA_SECURITY="ssl", WEBHOOK_PORT="1"),
    ]
    assert [process.wait(60) for process in wrong] == [2, 2, 2]
    for log_format in ("json", "console"):
        crashing = place.start_code(CRASH, f"crashing_{log_format}", LOG_FORMAT=log_format)
        assert crashing.wait(60) == 1
    google = {"SHEETS_ENDPOINT": "", "GOOGLE_CREDENTIALS": str(secured.key)}
    assert place.cli("doctor", "--no-trial", **google)[0] == 1
    assert place.cli("status", MYSQL_URL=secured.mysql_url(WRONG))[0] == 2
    assert place.cli("verify", KAFKA_PASSWORD=WRONG)[0] == 2
    secured.kafka.kill()
    assert place.cli("status")[0] == 2
    place.logged("consumers.table_writer", "KafkaUnavailable|interrupted|waiting")
    secured.mysql.kill()
    assert place.cli("verify")[0] == 2
    place.logged("consumers.sheet_writer", "MySQL at")
    assert place.cli("doctor", "--no-trial")[0] == 1


def test_no_secret_is_in_a_log_a_command_line_or_an_answer(secured: Secured) -> None:
    secured.place.start_sandbox()
    works_over_tls(secured)
    command_lines = "\n".join(" ".join(process.cmdline()) for process in running())
    everything_fails(secured)
    place = secured.place
    read = {path.name: path.read_text(errors="replace") for path in place.folder.rglob("*") if path.is_file()}
    said = {
        **{name: text for name, text in read.items() if not name.endswith(".sqlite") and "sqlite" not in name},
        "mysql.log": secured.mysql.log.read_text(errors="replace"),
        "kafka.log": secured.kafka.log.read_text(errors="replace"),
        "command lines": command_lines,
        "answers of commands": "\n".join(place.said),
    }
    assert "a fault of ours" in said["crashing_json.log"]
    assert "a fault of ours" in said["crashing_console.log"]
    assert sys.executable in command_lines
    leaks = [
        f"{what} in {where}"
        for where, text in said.items()
        for what, secret in secured.secrets.items()
        if secret in text
    ]
    assert leaks == []


def running() -> Iterator[psutil.Process]:
    """Processes whose command line can be read."""
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"]:
            yield process
