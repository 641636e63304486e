"""The newcomer's first minutes: `make demo`, the tour, a stop, a second start, a kill in the middle.

One demo is started for all of these tests, from an empty run folder, on ports of its own.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.stack.runfolder import RunFolder
from sandbox.stack.servers import end_with_parent, free_port
from sandbox.stack.supervise import _processes_of, end_leftovers

_PORTS = ("WEBHOOK", "CONSOLE", "SANDBOX", "MYSQL", "KAFKA")
_START_TIMEOUT_S = 180.0
_BACK_TIMEOUT_S = 60.0
_TOUR_TIMEOUT_S = 300
_TWINSHEET = (sys.executable, "-m", "app.cli")


class Demo:
    """A demo in a folder of its own.

    Args:
        folder: its run folder.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        ours = {name for name in os.environ if name.startswith("TWINSHEET_")} - {"TWINSHEET_DOWNLOADS_DIR"}
        self.attached = {k: v for k, v in os.environ.items() if k not in ours}
        self.attached["TWINSHEET_RUN_DIR"] = str(folder.path)
        self.ports = {f"TWINSHEET_{name}_PORT": str(free_port()) for name in _PORTS}
        self.process: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> None:
        """Start it and wait until it says that it is ready."""
        self.output = (self.folder.path.parent / "demo.out").open("w+")
        self.process = subprocess.Popen(
            end_with_parent([*_TWINSHEET, "demo", *options]),
            env=self.attached | self.ports,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        _wait_for(lambda: "Ctrl-C" in self.said() or self.ended(), _START_TIMEOUT_S)
        assert not self.ended(), self.said()

    def said(self) -> str:
        """Everything that it printed so far."""
        return Path(self.output.name).read_text()

    def ended(self) -> bool:
        """Whether it runs no longer."""
        return self.process is None or self.process.poll() is not None

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of ours that knows nothing but the run folder."""
        return subprocess.run(
            [*_TWINSHEET, *arguments],
            env=self.attached,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TOUR_TIMEOUT_S,
            check=False,
        )

    def pids(self) -> dict[str, int]:
        """Process ids by name, as `stack.json` tells them."""
        stack: dict[str, Any] = json.loads(self.folder.stack_file.read_text())
        pids: dict[str, int] = stack["pids"]
        return pids

    def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def clean(self) -> None:
        """Leave nothing behind, however the test ended."""
        if not self.ended():
            self.stop()
        end_leftovers(self.folder)


def _wait_for(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running demo with its sample."""
    running = Demo(RunFolder(tmp_path_factory.mktemp("demo") / "run"))
    try:
        running.start()
        yield running
    finally:
        running.clean()


def _tour(demo: Demo) -> dict[str, Any]:
    done = demo.run("demo", "--check", "--json")
    assert done.returncode in (0, 1), done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["good"], told
    return told


def test_the_screen_names_four_addresses_and_three_things_to_try(demo: Demo) -> None:
    said = demo.said()
    for port in ("SANDBOX", "CONSOLE", "WEBHOOK", "MYSQL"):
        assert f"127.0.0.1:{demo.ports[f'TWINSHEET_{port}_PORT']}" in said
    assert all(f"  {number}. " in said for number in (1, 2, 3))
    assert "password" not in said


def test_every_process_of_the_contract_is_running_under_its_name(demo: Demo) -> None:
    servers = {"supervisor", "mysql", "kafka", "sandbox"}
    services = {"webhook", "console", "table_writer", "sheet_writer", "sheet_scanner", "binlog"}
    assert set(demo.pids()) == servers | services
    assert all(psutil.pid_exists(pid) for pid in demo.pids().values())


def test_the_tour_through_every_kind_of_change_ends_with_both_sides_identical(demo: Demo) -> None:
    told = _tour(demo)
    assert len(told["steps"]) == 7
    python = {name: mb for name, mb in told["memory_mb"].items() if name not in ("mysql", "kafka")}
    assert max(python.values()) <= 150, python


def test_a_sql_prompt_opens_on_the_demos_database(demo: Demo) -> None:
    done = demo.run("sql", "-N", "-e", "SELECT COUNT(*) FROM shop.orders")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "200"


@pytest.mark.parametrize("name", ["webhook", "table_writer", "sheet_writer", "sheet_scanner", "binlog", "sandbox"])
def test_a_killed_process_comes_back_and_nothing_is_lost(demo: Demo, name: str) -> None:
    before = demo.pids()[name]
    os.kill(before, signal.SIGKILL)
    demo.run("sql", "-e", "UPDATE shop.orders SET quantity = quantity + 1 WHERE order_no = 1005")
    _wait_for(lambda: demo.pids()[name] != before, _BACK_TIMEOUT_S)
    done = demo.run("verify", "--wait", "60", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["mysql", "kafka"])
def test_a_killed_server_comes_back_with_its_data(demo: Demo, name: str) -> None:
    before = demo.pids()[name]
    os.kill(before, signal.SIGKILL)
    _wait_for(lambda: demo.pids()[name] != before, _BACK_TIMEOUT_S)
    done = demo.run("verify", "--wait", "60", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_services_work_under_an_account_with_the_least_rights(demo: Demo) -> None:
    asked = (
        "SELECT DISTINCT user FROM information_schema.PROCESSLIST WHERE command = 'Binlog Dump' OR db = 'twinsheet'"
    )
    done = demo.run("sql", "-N", "-e", asked)
    assert done.stdout.split() == ["twinsheet_services"], done.stdout + done.stderr


def test_no_secret_of_the_stack_is_in_a_log_or_a_command_line(demo: Demo) -> None:
    files = ("mysql_password", "mysql_root_password", "webhook_secret")
    secrets = {name: (demo.folder.path / name).read_text().strip() for name in files}
    told = {path.name: path.read_text(errors="replace") for path in demo.folder.logs.iterdir()}
    told |= {name: " ".join(psutil.Process(pid).cmdline()) for name, pid in demo.pids().items()}
    told |= {"configuration": demo.folder.supervisor_conf.read_text(), "screen": demo.said()}
    assert [(name, where) for where, text in told.items() for name, secret in secrets.items() if secret in text] == []


def test_a_second_demo_on_the_same_ports_is_refused_with_the_setting_to_change(demo: Demo, tmp_path: Path) -> None:
    second = subprocess.run(
        [*_TWINSHEET, "demo", "--no-sample"],
        env=demo.attached | demo.ports | {"TWINSHEET_RUN_DIR": str(tmp_path / "second")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert second.returncode == 2
    assert "TWINSHEET_WEBHOOK_PORT" in second.stdout + second.stderr
    assert "Traceback" not in second.stdout + second.stderr


def test_a_stop_leaves_nothing_running_and_a_second_start_goes_on_with_the_data(demo: Demo) -> None:
    demo.run("sql", "-e", "UPDATE shop.orders SET notes = 'kept over the stop' WHERE order_no = 1001")
    assert demo.run("verify", "--wait", "60").returncode == 0
    assert demo.stop() == 0
    assert not demo.folder.stack_file.exists()
    assert not list(_processes_of(demo.folder))
    demo.start()
    kept = demo.run("sql", "-N", "-e", "SELECT notes FROM shop.orders WHERE order_no = 1001")
    assert kept.stdout.strip() == "kept over the stop"
    assert demo.run("verify", "--wait", "60").returncode == 0


def test_a_killed_demo_does_not_block_the_next_start_which_may_start_over(demo: Demo) -> None:
    assert demo.process is not None
    demo.process.kill()
    demo.process.wait()
    demo.start("--fresh")
    fresh = demo.run("sql", "-N", "-e", "SELECT COUNT(*), SUM(notes LIKE '%kept%') FROM shop.orders")
    assert fresh.stdout.split()[0] == "200"
    assert fresh.stdout.split()[1] == "0"
