"""The sandbox as a process: Google's Sheets and Drive, scripts, people, and a page to look at it.

``python -m sandbox.serve``, with settings from the environment: ``TWINSHEET_SANDBOX_PORT``
(8090), ``TWINSHEET_SANDBOX_HOST`` (127.0.0.1), ``TWINSHEET_RUN_DIR`` (.twinsheet).
"""

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response
from waitress.channel import ClientDisconnected
from waitress.server import create_server
from werkzeug.exceptions import InternalServerError

from sandbox.google.calls import CallCounts
from sandbox.google.drive import blueprint as drive_blueprint
from sandbox.google.faults import Faults
from sandbox.google.person import Person
from sandbox.google.person_routes import control_blueprint, person_blueprint
from sandbox.google.quota import Quota
from sandbox.google.rest.errors import ApiError
from sandbox.google.rest.service import LOSE_REPLY, Service, json_response
from sandbox.google.rest.service import blueprint as sheets_blueprint
from sandbox.google.store import Store
from sandbox.page.blueprint import page
from sandbox.script.runtime import ScriptRuntime

APPS_SCRIPT = Path(__file__).resolve().parent.parent / "apps_script"
THREADS = 16
GARBAGE_OBJECTS = 20_000
"""So many new objects before the next look for garbage. Cells are in no cycles, and with a million of them the looks
would take a third of the time."""
BODY_BYTES_MAX = 64 * 1024 * 1024

log = logging.getLogger("sandbox")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The parts of a running sandbox.

    Args:
        app: the Flask application.
        store: the spreadsheets.
        scripts: the script runtime.
        faults: what goes wrong on purpose.
    """

    app: Flask
    store: Store
    scripts: ScriptRuntime
    faults: Faults

    def close(self) -> None:
        """Stop the scripts and close the files."""
        self.scripts.close(3.0)
        self.store.close()


def create_sandbox(data_dir: Path, apps_script_dir: Path = APPS_SCRIPT) -> Sandbox:
    """Build the sandbox on a data folder."""
    data_dir.mkdir(parents=True, exist_ok=True)
    store = Store(data_dir / "sandbox.sqlite")
    faults, counts = Faults(), CallCounts()
    quota = Quota(lambda: faults.settings.quotas)
    scripts = ScriptRuntime(store, data_dir, apps_script_dir, faults, randomness=faults.random)
    app = Flask("sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.extensions["sandbox"] = {"store": store, "scripts": scripts, "faults": faults, "counts": counts}
    app.register_blueprint(sheets_blueprint(Service(store, faults, counts, quota)))
    app.register_blueprint(drive_blueprint(store))
    app.register_blueprint(person_blueprint(store, Person(store, scripts), scripts))
    app.register_blueprint(control_blueprint(store, counts, faults, quota))
    app.register_blueprint(page)
    app.register_error_handler(InternalServerError, _defect)
    return Sandbox(app, store, scripts, faults)


def _defect(_error: InternalServerError) -> Response:
    """A defect of the sandbox, which Flask has logged, in the shape of Google's errors."""
    return json_response(ApiError(500, "Internal error encountered.").body(), 500)


Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def cutting(app: Wsgi) -> Wsgi:
    """The application with the connection cut wherever a reply is to be lost."""

    def served(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer = app(environ, start_response)
        if environ.get(LOSE_REPLY):
            raise ClientDisconnected  # waitress closes the connection without a word
        return answer

    return served


class Serving:
    """A waitress server that serves in a thread of its own from now on, until it is stopped.

    Args:
        server: listening.
        turn_s: how soon it notices, without a call, that it is to stop.
    """

    def __init__(self, server: Any, turn_s: float = 0.05) -> None:
        self._server = server
        self._turn_s = turn_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # waitress's own run() can only be ended through its wake-up pipe, which the end closes under the caller
        while not self._stopping.is_set():
            self._server.asyncore.loop(timeout=self._turn_s, map=self._server._map, use_poll=True, count=1)
        self._server.asyncore.close_all(self._server._map)

    def stop(self, timeout_s: float = 2.0) -> None:
        """Let the running calls end, then close every connection, in the thread that serves them.

        Raises:
            RuntimeError: it does not stop in time.
        """
        self._server.task_dispatcher.shutdown(timeout=timeout_s)
        self._stopping.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise RuntimeError(f"The sandbox's server did not stop within {timeout_s:.0f} s.")


def serve(host: str, port: int, data_dir: Path) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code."""
    sandbox = create_sandbox(data_dir)
    try:
        server = create_server(
            cutting(sandbox.app), host=host, port=port, threads=THREADS, clear_untrusted_proxy_headers=True
        )
    except OSError as e:
        sandbox.close()
        print(  # noqa: T201  # the process's one word to whoever starts it
            f"The sandbox cannot listen on {host}:{port} ({e.strerror}). Set TWINSHEET_SANDBOX_PORT to a free port.",
            file=sys.stderr,
        )
        return 2
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    serving = Serving(server)
    log.info("sandbox serves on http://%s:%s", host, port)
    asked.wait()
    if "page_streams" in sandbox.app.extensions:
        sandbox.app.extensions["page_streams"].close()  # a page that is open would hold its thread
    serving.stop()
    sandbox.close()
    return 0


def main() -> None:
    """Entry point of ``python -m sandbox.serve``."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("waitress").setLevel(logging.ERROR)  # a reply lost on purpose is no news
    gc.set_threshold(GARBAGE_OBJECTS)
    sys.exit(
        serve(
            os.environ.get("TWINSHEET_SANDBOX_HOST", "127.0.0.1"),
            int(os.environ.get("TWINSHEET_SANDBOX_PORT", "8090")),
            Path(os.environ.get("TWINSHEET_RUN_DIR", ".twinsheet")),
        )
    )


if __name__ == "__main__":
    main()
