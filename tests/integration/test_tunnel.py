"""The tunnel, against a stand-in for the ngrok program that answers ngrok's local API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.tunnel import Tunnel
from config.settings import Settings, load_settings
from core.errors import SettingsError, StackError
from sandbox.stack.servers import KafkaServer, MysqlServer, free_port

STAND_IN = Path(__file__).with_name("ngrok_stand_in.py")
TOKEN = "2abcTokenOfNgrok"


class Ngrok:
    """The stand-in, installed where the settings name it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = folder / "ngrok"
        self.program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
        self.program.chmod(0o755)
        self._record = folder / "record"
        self._record.touch()
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("NGROK_STAND_IN_RECORD", str(self._record))
        self.set(RUN_DIR=str(folder / "run"), NGROK_PATH=str(self.program), NGROK_AUTHTOKEN=TOKEN)

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(f"TWINSHEET_{name}", value)

    def settings(self) -> Settings:
        return load_settings(needs=(), env_file=None)

    def told(self, what: str) -> list[dict[str, Any]]:
        """What the stand-in was asked."""
        events = [json.loads(line) for line in self._record.read_text().splitlines()]
        return [event for event in events if event["what"] == what]

    def running(self) -> list[int]:
        """Those of its processes that still live."""
        return [event["pid"] for event in self.told("start") if _lives(event["pid"])]


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Callable[[], bool], what: str, within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def ngrok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ngrok:
    for name in [n for n in os.environ if n.startswith(("TWINSHEET_", "NGROK_", "PYNGROK_"))]:
        monkeypatch.delenv(name)
    return Ngrok(tmp_path, monkeypatch)


def test_it_opens_to_the_webhooks_port_alone_and_closes_at_the_end(ngrok: Ngrok) -> None:
    ngrok.set(WEBHOOK_PORT="18000")
    with Tunnel(ngrok.settings()) as tunnel:
        assert tunnel.url.startswith("https://random-")
        assert [event["asked"]["addr"] for event in ngrok.told("open")] == ["127.0.0.1:18000"]
        assert len(ngrok.running()) == 1
    assert len(ngrok.told("close")) == 1
    assert ngrok.running() == []
    assert list(ngrok.settings().run_dir.iterdir()) == []


def test_a_reserved_domain_is_the_address(ngrok: Ngrok) -> None:
    ngrok.set(NGROK_DOMAIN="sheets.example.com")
    with Tunnel(ngrok.settings()) as tunnel:
        assert tunnel.url == "https://sheets.example.com"


@pytest.mark.parametrize("domain", ["", "sheets.example.com"])
def test_an_agent_with_the_newer_api_alone_serves_too(
    ngrok: Ngrok, monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    monkeypatch.setenv("NGROK_STAND_IN_API", "endpoints")
    monkeypatch.setattr("app.tunnel.START_TIMEOUT_S", 4)
    ngrok.set(NGROK_DOMAIN=domain)
    with Tunnel(ngrok.settings()) as tunnel:
        assert tunnel.url.startswith("https://")
        assert domain in tunnel.url
        assert len(ngrok.running()) == 1
    assert ngrok.running() == []


def test_a_program_that_says_nothing_more_is_given_up_however_late_it_was_started(
    ngrok: Ngrok, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NGROK_STAND_IN_API", "neither")
    monkeypatch.setattr("app.tunnel.START_TIMEOUT_S", 2)
    look, looks = psutil.Process.children, iter([True])

    def children(process: psutil.Process) -> list[psutil.Process]:
        return [] if next(looks, False) else look(process)  # the first look comes before it runs

    monkeypatch.setattr(psutil.Process, "children", children)
    with pytest.raises(StackError, match="does not open"), Tunnel(ngrok.settings()):
        pass
    assert ngrok.running() == []


def test_the_token_is_in_a_file_that_only_its_owner_reads_and_in_no_command_line(ngrok: Ngrok) -> None:
    with Tunnel(ngrok.settings()):
        started = ngrok.told("start")[0]
        assert TOKEN in started["config"]
        assert started["mode"] == "0o600"
        assert TOKEN not in json.dumps(started["arguments"])


def test_a_missing_token_or_program_is_told_with_what_to_do_and_nothing_is_downloaded(ngrok: Ngrok) -> None:
    ngrok.set(NGROK_AUTHTOKEN="")
    with pytest.raises(SettingsError, match="token") as caught:
        Tunnel(ngrok.settings())
    assert "TWINSHEET_NGROK_AUTHTOKEN" in caught.value.hint
    ngrok.set(NGROK_AUTHTOKEN=TOKEN, NGROK_PATH="/no/such/ngrok")
    with pytest.raises(SettingsError, match="not a program") as caught:
        Tunnel(ngrok.settings())
    assert "ngrok.com/download" in caught.value.hint
    assert not ngrok.settings().run_dir.exists()


def test_a_refused_token_is_told_in_ngroks_words_and_leaves_nothing(ngrok: Ngrok) -> None:
    ngrok.set(NGROK_AUTHTOKEN="bad")
    with pytest.raises(StackError, match="ERR_NGROK_105") as caught, Tunnel(ngrok.settings()):
        pass
    assert "TWINSHEET_NGROK_AUTHTOKEN" in caught.value.hint
    assert len(ngrok.told("start")) == 1, "a refused token is not tried again"
    assert ngrok.running() == []


def test_a_program_that_dies_is_started_again_and_a_new_address_is_told(ngrok: Ngrok) -> None:
    told: list[str] = []
    with Tunnel(ngrok.settings(), moved=told.append) as tunnel:
        first = tunnel.url
        psutil.Process(ngrok.running()[0]).kill()
        wait_for(lambda: bool(told), "the tunnel did not come back")
        assert told == [tunnel.url]
        assert tunnel.url != first
    assert ngrok.running() == []


def test_the_tunnel_of_a_killed_run_is_ended_by_the_next(ngrok: Ngrok) -> None:
    code = (
        "import time; from app.tunnel import Tunnel; from config.settings import load_settings;\n"
        "with Tunnel(load_settings(needs=(), env_file=None)): print('open', flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=dict(os.environ))
    assert run.stdout is not None
    assert run.stdout.readline() == b"open\n"
    run.kill()
    run.communicate()
    left = ngrok.running()
    assert len(left) == 1
    with Tunnel(ngrok.settings()):
        assert left[0] not in ngrok.running()
    assert ngrok.running() == []


def test_up_says_what_is_missing_for_a_tunnel_and_ends_with_code_2(ngrok: Ngrok) -> None:
    ngrok.set(NGROK_AUTHTOKEN="")
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", "up", "--tunnel"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "TWINSHEET_NGROK_AUTHTOKEN" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ngrok.told("start") == []


def test_up_with_a_tunnel_puts_the_public_address_into_the_running_stack_and_closes_it_at_stop(
    ngrok: Ngrok, mysql_server: MysqlServer, kafka_server: KafkaServer, tmp_path: Path
) -> None:
    ngrok.set(
        MYSQL_URL=mysql_server.services_url,
        KAFKA=kafka_server.bootstrap,
        NGROK_DOMAIN="sheets.example.com",
        LINKS=str(tmp_path / "links.yaml"),
        **{f"{name}_PORT": str(free_port()) for name in ("WEBHOOK", "CONSOLE", "SANDBOX")},
    )
    stack_file = ngrok.settings().stack_file
    run = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "up", "--tunnel"],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(lambda: stack_file.is_file() or run.poll() is not None, "the stack did not come up", within_s=120)
        assert run.poll() is None, run.communicate()[0]
        assert json.loads(stack_file.read_text())["webhook_url"] == "https://sheets.example.com"
        assert load_settings(env_file=None).public_webhook_url == "https://sheets.example.com"
    finally:
        run.terminate()
        told, _ = run.communicate(timeout=60)
    assert "https://sheets.example.com" in told
    assert len(ngrok.told("close")) == 1
    assert ngrok.running() == []
