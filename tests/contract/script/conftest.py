"""A spreadsheet with a linked tab, its script running, and a real webhook that checks every signature."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.google.store import Store
from sandbox.script.runtime import ScriptRuntime
from tests.contract.script.script_bench import APPS_SCRIPT, Bench, Faults, Receiver, linked


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            take = made.answer if self.path.endswith("/ask") else made.take
            try:
                status, content = take(self.headers, data)
            except Exception as error:  # noqa: BLE001  # whatever is wrong with the request is for the test to see
                made.bodies.append({"refused": repr(error), "cells": []})
                status, content = 401, b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bench(tmp_path: Path, receiver: Receiver) -> Iterator[Bench]:
    store = Store(tmp_path / "sheets.sqlite3")
    document = store.create("Shop", time_zone="Europe/Berlin")
    linked(document)
    faults = Faults()
    runtime = ScriptRuntime(store, tmp_path, APPS_SCRIPT, faults)
    yield Bench(store, runtime, document, receiver, faults)
    runtime.close()
    store.close()


@pytest.fixture
def connected(bench: Bench) -> Bench:
    assert bench.connect().ok
    return bench
