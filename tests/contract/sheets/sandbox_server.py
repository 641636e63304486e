"""A sandbox in a process of its own, for tests that speak to it over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

from sandbox.stack.servers import free_port


class SandboxServer:
    """A sandbox in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "sandbox.log"
        port = free_port()
        settings = {"TWINSHEET_SANDBOX_PORT": str(port), "TWINSHEET_RUN_DIR": str(folder)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sandbox.serve"], env={**os.environ, **settings}, stderr=log, stdout=log
            )
        self.url = f"http://127.0.0.1:{port}"
        self._wait()

    def _wait(self) -> None:
        """Until it listens."""
        while "serves on" not in self._log.read_text():
            if self._process.poll() is not None:
                pytest.fail(f"the sandbox ended: {self._log.read_text()}")
            time.sleep(0.05)

    def post(self, path: str, body: Any = None, method: str = "POST", token: str = "") -> Any:
        """One JSON request."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        answer = urllib3.request(method, self.url + path, body=data, headers=headers, timeout=30, retries=False)
        assert answer.status == 200, answer.data
        return json.loads(answer.data or b"null")

    def faults(self, **settings: Any) -> None:
        """Set faults; the quota never is one of them here."""
        self.post("/faults", {"quotas": {"reads_per_minute": 10**6, "writes_per_minute": 10**6}, **settings})

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(15)


@contextmanager
def served(folder: Path) -> Iterator[SandboxServer]:
    """A sandbox with its state in the folder, its quota lifted."""
    server = SandboxServer(folder)
    try:
        server.faults()
        yield server
    finally:
        server.stop()
