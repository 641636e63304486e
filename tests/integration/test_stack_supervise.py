"""A local stack of stand-in processes: brought back, guarded, stopped, and never left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import StackError
from sandbox.stack.runfolder import RunFolder
from sandbox.stack.servers import end_with_parent, free_port, http_answers
from sandbox.stack.services import STACK_MARK, Plan, Service
from sandbox.stack.supervise import Stack, _processes_of, check_ports, end_leftovers

_WEB = "import http.server as h; h.HTTPServer(('127.0.0.1', {port}), h.SimpleHTTPRequestHandler).serve_forever()"
_WAIT = "import signal; signal.pause()"
_TIMEOUT_S = 40.0

# A whole stack in a process of its own, as `twinsheet demo` is, so that it can be killed.
_GUARDIAN = """
import sys
from pathlib import Path
from tests.integration.test_stack_supervise import plan_of
from sandbox.stack.runfolder import RunFolder
from sandbox.stack.supervise import Stack, end_leftovers, stopped_by_signals
folder = RunFolder(Path(sys.argv[1]))
with folder.locked():
    end_leftovers(folder)
    stack = Stack(plan_of(folder, int(sys.argv[2])), folder, lambda name: None)
    try:
        with stopped_by_signals(stack), stack:
            stack.wait()
    except KeyboardInterrupt:
        pass
"""


def plan_of(folder: RunFolder, port: int) -> Plan:
    """A server and two services that do nothing."""
    python = sys.executable
    services = (
        Service(
            "sandbox", (python, "-c", _WEB.format(port=port)), "servers", ready=lambda _: http_answers(port, "/")
        ),
        Service("table_writer", (python, "-c", _WAIT)),
        Service("table_writer.2", (python, "-c", _WAIT)),
    )
    environment = os.environ | {STACK_MARK: str(folder.path)}
    return Plan(services, environment, {"TWINSHEET_SANDBOX_PORT": port}, {"kafka": "127.0.0.1:1"})


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@contextmanager
def _guardian(folder: RunFolder, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A stack in a process of its own, ready; whatever is left of it is ended."""
    process = subprocess.Popen([sys.executable, "-c", _GUARDIAN, str(folder.path), str(port)])
    try:
        _wait_for(lambda: folder.stack_file.exists() or process.poll() is not None)
        assert process.poll() is None
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_TIMEOUT_S)
        end_leftovers(folder)


def _pids(folder: RunFolder) -> dict[str, int]:
    stack: dict[str, Any] = json.loads(folder.stack_file.read_text())
    pids: dict[str, int] = stack["pids"]
    return pids


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run folder with a path too long for a Unix socket, and with a space in it."""
    return RunFolder(tmp_path / ("run folder " + "x" * 60))


def test_every_process_is_named_with_its_id_and_the_contract_fields(folder: RunFolder) -> None:
    with _guardian(folder, free_port()):
        assert set(_pids(folder)) == {"supervisor", "sandbox", "table_writer", "table_writer.2"}
        assert all(psutil.pid_exists(pid) for pid in _pids(folder).values())
        assert json.loads(folder.stack_file.read_text())["kafka"] == "127.0.0.1:1"
        assert folder.stack_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["sandbox", "table_writer", "table_writer.2"])
def test_a_killed_process_comes_back_and_the_file_tells_its_new_id(folder: RunFolder, name: str) -> None:
    with _guardian(folder, free_port()):
        before = _pids(folder)
        os.kill(before[name], signal.SIGKILL)
        _wait_for(lambda: _pids(folder)[name] != before[name])
        after = _pids(folder)
        assert psutil.pid_exists(after[name])
        assert {k: v for k, v in after.items() if k != name} == {k: v for k, v in before.items() if k != name}


def test_a_server_is_told_to_be_back_only_when_it_answers(folder: RunFolder) -> None:
    port = free_port()
    with _guardian(folder, port):
        before = _pids(folder)["sandbox"]
        os.kill(before, signal.SIGKILL)
        _wait_for(lambda: _pids(folder)["sandbox"] != before)
        assert http_answers(port, "/")


def test_a_killed_supervisor_comes_back_with_all_its_processes_and_no_twins(folder: RunFolder) -> None:
    with _guardian(folder, free_port()):
        before = _pids(folder)
        os.kill(before["supervisor"], signal.SIGKILL)
        _wait_for(lambda: not set(_pids(folder).values()) & set(before.values()))
        assert {p.pid for p in _processes_of(folder)} == set(_pids(folder).values())


@pytest.mark.skipif(not shutil.which("setpriv"), reason="without it the next start ends what is left")
def test_the_kernel_ends_a_child_whose_parent_is_killed() -> None:
    child = end_with_parent([sys.executable, "-c", _WAIT])
    start = f"import subprocess; print(subprocess.Popen({child!r}).pid, flush=True); {_WAIT}"
    with subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        _wait_for(lambda: psutil.Process(pid).cmdline()[:1] == [sys.executable])  # setpriv has turned into it
        parent.kill()
    _wait_for(lambda: not psutil.pid_exists(pid))


def test_a_killed_guardian_leaves_nothing_that_blocks_the_next_start(folder: RunFolder) -> None:
    port = free_port()
    with _guardian(folder, port) as process:
        process.kill()
        process.wait()
        with _guardian(folder, port):
            assert {p.pid for p in _processes_of(folder)} == set(_pids(folder).values())
    assert not list(_processes_of(folder))


def test_a_stop_ends_every_process_and_takes_the_file_away(folder: RunFolder) -> None:
    with _guardian(folder, free_port()) as process:
        pids = _pids(folder)
        process.terminate()
        assert process.wait(_TIMEOUT_S) == 0
        assert not folder.stack_file.exists()
        assert not any(psutil.pid_exists(pid) for pid in pids.values())


def test_a_process_that_cannot_live_is_tried_again_and_again(folder: RunFolder) -> None:
    """A service may fail for as long as what it needs is away; it comes up when that is back."""
    needed = folder.path / "needed"
    code = (
        f"import pathlib, signal, sys; sys.exit(2) if not pathlib.Path({str(needed)!r}).exists() else signal.pause()"
    )
    service = Service("binlog", (sys.executable, "-c", code), ready=lambda _: True)
    plan = Plan((service,), os.environ | {STACK_MARK: str(folder.path)}, {}, {})
    with folder.locked(), Stack(plan, folder, lambda name: None) as stack:
        seen: list[str] = []

        def backed_off_for_long() -> bool:
            stack.look_after()
            seen.append(stack.supervisor.states()["binlog"].state)
            return seen.count("BACKOFF") > 40

        _wait_for(backed_off_for_long)
        assert "FATAL" not in seen
        needed.touch()

        def runs() -> bool:
            stack.look_after()
            return "binlog" in _pids(folder)

        _wait_for(runs)


def test_a_second_stack_in_the_same_folder_is_refused(folder: RunFolder) -> None:
    with folder.locked(), pytest.raises(StackError, match="already running"), folder.locked():
        pass


def test_two_stacks_with_folders_and_ports_of_their_own_run_side_by_side(tmp_path: Path) -> None:
    first, second = RunFolder(tmp_path / "first"), RunFolder(tmp_path / "second")
    with _guardian(first, free_port()), _guardian(second, free_port()):
        assert not set(_pids(first).values()) & set(_pids(second).values())


def test_a_port_in_use_is_told_with_the_setting_that_moves_it(folder: RunFolder) -> None:
    port = free_port()
    with _guardian(folder, port), pytest.raises(StackError, match="TWINSHEET_SANDBOX_PORT") as caught:
        check_ports({"TWINSHEET_SANDBOX_PORT": port, "TWINSHEET_KAFKA_PORT": free_port()})
    assert "TWINSHEET_KAFKA_PORT" not in caught.value.message
