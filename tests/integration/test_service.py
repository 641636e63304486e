"""What every process shares: waiting for the others, coming back, stopping, and how it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

START = """
import sys, time
from pathlib import Path
from app.service import run_service
from core.errors import *
world = Path(sys.argv[1])
rounds = 0
class Thing:
    def __init__(self, name): self.name = name
    def close(self): (world / f"closed_{self.name}").touch()
def build(service):
    global rounds
    rounds += 1
    service.closing(Thing(f"build{rounds}"))
    BODY
run_service("sample", build)
"""


class Process:
    """A service whose ``build`` is a few lines of Python."""

    def __init__(self, folder: Path, body: str, **settings: str) -> None:
        code = START.replace("BODY", body.replace("\n", "\n    "))
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TWINSHEET_")}
        variables = {
            "MYSQL_URL": "mysql://u:p@h/", "KAFKA": "h:1", "RUN_DIR": str(folder / "run"), "STARTUP_WAIT_S": "20",
        } | settings  # fmt: skip
        environment = kept | {f"TWINSHEET_{name}": value for name, value in variables.items()}
        self.world = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder)],
            env=environment,
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def notes(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in (self.world / "run" / "metrics").glob("*.json")]

    def failures(self, system: str) -> float:
        """How many the process has counted; 0 before it serves its metrics."""
        for note in self.notes():
            with urlopen(f"http://127.0.0.1:{note['port']}/metrics", timeout=10) as answer:
                families = {f.name: f for f in text_string_to_metric_families(answer.read().decode())}
            samples = families["twinsheet_failures"].samples
            return sum(s.value for s in samples if s.labels["system"] == system and s.name.endswith("_total"))
        return 0

    def wait_for(self, name: str) -> None:
        """Until the service has made that file."""
        deadline = time.monotonic() + 20
        while not (self.world / name).exists():
            assert time.monotonic() < deadline, f"no {name}: {self.process.poll()}"
            time.sleep(0.02)

    def ended(self, within_s: float = 20) -> tuple[int, list[dict[str, Any]], list[str]]:
        """Exit code, log lines, and other lines of standard error."""
        out, err = self.process.communicate(timeout=within_s)
        assert out == ""
        lines = err.splitlines()
        logged = [json.loads(line) for line in lines if line.startswith("{")]
        return self.process.returncode, logged, [line for line in lines if not line.startswith("{")]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(body: str, **settings: str) -> Process:
            service = Process(tmp_path, body, **settings)
            stack.callback(service.process.wait)
            stack.callback(service.process.kill)
            return service

        yield start


UNTIL_STOPPED = """\
def run():
    while not service.stop.wait(0.02):
        service.beat()
        (world / "running").touch()
return run"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_closes_everything_and_ends_with_code_0(services: Any, how: signal.Signals) -> None:
    service = services(UNTIL_STOPPED)
    service.wait_for("running")
    assert [note["name"] for note in service.notes()] == ["sample"]
    service.process.send_signal(how)
    code, logged, other = service.ended(5)
    assert (code, other) == (0, [])
    assert (service.world / "closed_build1").exists()
    assert [line["event"] for line in logged] == ["started", "stopped"]
    assert {line["service"] for line in logged} == {"sample"}
    assert service.notes() == []


def test_it_waits_at_the_start_for_what_is_not_up_yet(services: Any) -> None:
    service = services('if rounds < 3: raise MysqlUnavailable("MySQL does not answer.")\n' + UNTIL_STOPPED)
    service.wait_for("running")
    service.process.terminate()
    code, logged, _ = service.ended()
    assert code == 0
    assert "waiting" in [line["event"] for line in logged]
    assert (service.world / "closed_build1").exists(), "what a failed start had opened is closed"


def test_what_does_not_come_up_within_the_time_is_told_in_one_line_with_code_2(services: Any) -> None:
    refuse = 'raise MysqlUnavailable("MySQL at db:3306 does not answer.", "Start it.")'
    code, _, other = services(refuse, STARTUP_WAIT_S="0").ended()
    assert code == 2
    assert other == ["twinsheet sample could not run: MySQL at db:3306 does not answer. Start it."]


def test_while_it_runs_it_waits_for_ever_and_builds_itself_anew(services: Any) -> None:
    service = services(
        "def run():\n"
        '    if rounds < 3: raise KafkaUnavailable("Kafka does not answer.")\n'
        "    while not service.stop.wait(0.02): (world / 'running').touch()\n"
        "if rounds == 2: raise KafkaUnavailable('still away')\n"
        "return run",
        STARTUP_WAIT_S="0",
    )
    service.wait_for("running")
    assert (service.world / "closed_build1").exists()
    service.process.terminate()
    assert service.ended()[0] == 0


@pytest.mark.parametrize(
    ("error", "system"), [("KafkaUnavailable", "kafka"), ("MysqlUnavailable", "mysql"), ("QuotaExhausted", "quota")]
)
def test_what_is_waited_for_is_counted_and_told_in_the_log_and_in_the_note(
    services: Any, error: str, system: str
) -> None:
    service = services(f"(world / 'tried').touch()\nraise {error}('It does not answer.')", STARTUP_WAIT_S="600")
    service.wait_for("tried")
    deadline = time.monotonic() + 20
    while service.failures(system) < 2:
        assert time.monotonic() < deadline, "the failures are not counted"
    service.process.terminate()
    code, logged, _ = service.ended()
    assert code == 0
    assert [line["reason"] for line in logged if line["event"] == "waiting"] == ["It does not answer."]


def test_asked_to_stop_while_it_waits_it_ends_at_once(services: Any) -> None:
    service = services("(world / 'tried').touch()\nraise KafkaUnavailable('away')", STARTUP_WAIT_S="600")
    service.wait_for("tried")
    service.process.terminate()
    assert service.ended(5)[0] == 0


def test_a_wrong_setting_is_told_in_one_line_with_code_2(services: Any) -> None:
    code, logged, other = services(UNTIL_STOPPED, KAFKA="nonsense").ended()
    assert (code, logged) == (2, [])
    assert len(other) == 1
    assert "TWINSHEET_KAFKA" in other[0]


def test_a_refusal_is_not_tried_again(services: Any) -> None:
    code, _, other = services('raise MysqlRefused("The binlog is off.", "SET PERSIST log_bin = ON;")').ended()
    assert code == 2
    assert other == ["twinsheet sample could not run: The binlog is off. SET PERSIST log_bin = ON;"]


@pytest.mark.parametrize(
    ("raised", "event"),
    [("RuntimeError('a pipe burst')", "failed"), ("Fenced('taken over')", "fenced"), ("Stalled('deaf')", "stalled")],
)
def test_one_that_fails_or_is_fenced_off_ends_with_code_1_and_is_started_again_by_its_supervisor(
    services: Any, raised: str, event: str
) -> None:
    code, logged, other = services(f"def run(): raise {raised}\nreturn run").ended()
    assert (code, other) == (1, [])
    assert event in [line["event"] for line in logged]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_failed_is_logged_without_the_values_of_variables(services: Any, log_format: str) -> None:
    failing = "def run():\n    password = 'hunter' + '22'\n    raise RuntimeError('a pipe burst')\nreturn run"
    service = services(failing, LOG_FORMAT=log_format)
    _out, told = service.process.communicate(timeout=20)
    assert "a pipe burst" in told
    assert "hunter22" not in told


def test_one_that_cannot_stop_is_ended_within_five_seconds(services: Any) -> None:
    service = services("def run():\n    (world / 'running').touch()\n    time.sleep(600)\nreturn run")
    service.wait_for("running")
    service.process.terminate()
    code, logged, _ = service.ended(8)
    assert code == 1
    assert "stop_took_too_long" in [line["event"] for line in logged]


def test_a_second_signal_ends_it_at_once(services: Any) -> None:
    service = services(
        "def run():\n    (world / 'running').touch()\n    service.stop.wait()\n    (world / 'stopping').touch()\n"
        "    time.sleep(600)\nreturn run"
    )
    service.wait_for("running")
    service.process.terminate()
    service.wait_for("stopping")
    service.process.terminate()
    assert service.ended(4)[0] == 1


def test_a_terminal_gets_readable_logs(tmp_path: Path) -> None:
    service = Process(tmp_path, UNTIL_STOPPED, LOG_FORMAT="console")
    service.wait_for("running")
    service.process.terminate()
    code, logged, other = service.ended()
    assert (code, logged) == (0, [])
    assert any("started" in line for line in other)
