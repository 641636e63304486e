"""What the main of every process shares: settings, logs, signals, waiting for the others, metrics, heartbeat.

def build(service: Service) -> Callable[[], None]:
    store = service.closing(MysqlStore(service.settings))
    worker = Worker(store, ...)
    def run() -> None:
        while not service.stop.is_set():
            worker.step(timeout_s=0.5)
            service.beat()
    return run

if __name__ == "__main__":
    run_service("table_writer", build)
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from types import FrameType
from typing import Any, NoReturn, Protocol, TypeVar

import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_any,
    stop_when_event_set,
    wait_random_exponential,
)

from adapters.mysql_connection import parse_url
from app.collector import spare_collector
from app.logs import configure_logs
from app.metrics import WAITING, count_failure
from app.notes import NOTE_INTERVAL_S, Notebook, sweep
from config.settings import SERVICE_NEEDS, Settings, load_settings
from core.errors import Fenced, Stalled, TwinsheetError, Unavailable

EXIT_GOOD = 0
EXIT_FAILED = 1
EXIT_COULD_NOT_RUN = 2
STOP_WITHIN_S = 4.5

log = structlog.get_logger("service")


class Closable(Protocol):
    """Anything that is let go of at the end."""

    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


class Service:
    """What a process is given to build itself with.

    Args:
        name: of the service, e.g. ``table_writer``.
        settings: read and checked.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.stop = threading.Event()
        """Set when the process is asked to end; every wait and loop watches it."""
        self.notebook: Notebook | None = None
        self._closers = ExitStack()

    def closing(self, thing: C) -> C:
        """Close ``thing`` when the service ends or is built anew; returns it."""
        self._closers.callback(thing.close)
        return thing

    def beat(self, trouble: str = "") -> None:
        """Tell that the main loop came round, and that nothing is waited for.

        Args:
            trouble: what does not get through meanwhile, e.g. to Google.
        """
        self.waiting_for("")
        if self.notebook:
            self.notebook.round_at = time.time()
            self.notebook.trouble = trouble
            self.notebook.standing_by = False

    def stand_by(self) -> None:
        """Tell that the main loop came round, and that another process of the kind does the work."""
        self.beat()
        if self.notebook:
            self.notebook.standing_by = True

    def waiting_for(self, what: str) -> None:
        """Tell what the service waits for; empty when it works."""
        WAITING.set(bool(what))
        if self.notebook:
            self.notebook.waiting_for = what

    def doing(self, what: str) -> None:
        """Tell what the service is in the middle of, when it takes long; empty otherwise."""
        if self.notebook:
            self.notebook.doing = what

    def retrying(self, within_s: float | None = None) -> Retrying:
        """Retry while something is Unavailable, with jitter, until the service is asked to stop.

        Args:
            within_s: give up (and raise) after this long; ``None`` for never.
        """
        asked = stop_when_event_set(self.stop)
        return Retrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            stop=asked if within_s is None else stop_any(asked, stop_after_delay(within_s)),
            sleep=sleep_using_event(self.stop),
            before_sleep=self._tell_wait,
            reraise=True,
        )

    def close(self) -> None:
        """Let go of everything built, last first; what cannot be closed any more is only told."""
        try:
            self._closers.close()
        except Exception:
            log.exception("not_closed")

    def _tell_wait(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self.waiting_for(str(error))
        if error is not None:
            count_failure(error)
        if state.attempt_number in (1, 5) or state.attempt_number % 20 == 0:
            log.warning("waiting", reason=str(error), attempt=state.attempt_number)


Build = Callable[[Service], Callable[[], None]]
"""Builds a service: connects, checks, and returns what runs until ``service.stop`` is set."""


def run_service(name: str, build: Build, *, needs: Collection[str] = SERVICE_NEEDS) -> NoReturn:
    """Run a service as this process's whole life, and exit with its code.

    ``build`` and what it returns may raise Unavailable: at the start they are tried again for
    ``TWINSHEET_STARTUP_WAIT_S``, later for ever. Any other error on purpose ends the process with one message
    and exit code 2; a fenced-off, stalled or failed one exits 1 and is brought back by its supervisor.

    Args:
        name: of the service.
        build: see :data:`Build`.
        needs: settings that may not be missing.
    """
    try:
        settings = load_settings(needs)
        mysql_url = settings.mysql_url.get_secret_value()
        writes_as = parse_url(mysql_url).user if mysql_url else ""
    except TwinsheetError as error:
        sys.exit(_refuse(name, error))
    configure_logs(settings.log_format, settings.log_level, service=name, pid=os.getpid())
    spare_collector()
    service = Service(name, settings)
    _obey_signals(service)
    notes = _start_notes(service, writes_as)
    code = _live(service, build)
    service.stop.set()
    notes.join()
    log.info("stopped", code=code)
    sys.exit(code)


def serve_http(service: Service, server: Any, trouble: Callable[[], str] = lambda: "") -> Callable[[], None]:
    """What runs a waitress server until the service is asked to stop; requests under way are answered.

    Args:
        service: whose life it shares.
        server: from :func:`app.http_server.make_server`, listening.
        trouble: what does not get through; see :meth:`Service.beat`.
    """

    def turn() -> None:
        server.asyncore.loop(timeout=0.5, map=server._map, use_poll=True, count=1)

    def run() -> None:
        try:
            while not service.stop.is_set():
                turn()
                service.beat(trouble())
            server.task_dispatcher.shutdown(cancel_pending=True, timeout=3)
            for _ in range(3):  # what was answered last leaves the buffers
                server.asyncore.loop(timeout=0.02, map=server._map, use_poll=True, count=1)
        finally:
            server.asyncore.close_all(server._map)

    return run


def _live(service: Service, build: Build) -> int:
    """Build and run, again and again while something outside is away; the exit code."""
    try:
        run = service.retrying(service.settings.startup_wait_s)(_build_whole, service, build)
        log.info("started")
        while not service.stop.is_set():
            service.waiting_for("")
            try:
                run()
            except Unavailable as error:
                count_failure(error)
                log.warning("interrupted", reason=str(error))
                service.close()
                run = service.retrying()(_build_whole, service, build)
            else:
                break
    except Unavailable as error:
        return EXIT_GOOD if service.stop.is_set() else _refuse(service.name, error)
    except (Fenced, Stalled) as error:
        log.warning(error.kind.lower(), reason=str(error))
        return EXIT_FAILED
    except TwinsheetError as error:
        return _refuse(service.name, error)
    except Exception:
        log.exception("failed")
        return EXIT_FAILED
    finally:
        service.close()
    return EXIT_GOOD


def _build_whole(service: Service, build: Build) -> Callable[[], None]:
    try:
        return build(service)
    except BaseException:
        service.close()  # what was connected before the failure
        raise


def _refuse(name: str, error: TwinsheetError) -> int:
    sys.stderr.write(f"twinsheet {name} could not run: {error}\n")
    return EXIT_COULD_NOT_RUN


def _obey_signals(service: Service) -> None:
    """End gracefully on SIGTERM and SIGINT; at once on the second, or when ending takes too long."""

    def asked(number: int, _frame: FrameType | None) -> None:
        if service.stop.is_set():
            os._exit(EXIT_FAILED)
        service.stop.set()
        late = threading.Timer(STOP_WITHIN_S, _end_now, (number,))
        late.daemon = True
        late.start()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)


def _end_now(number: int) -> None:
    """Nothing is lost: what is not committed was not promised, and is delivered again."""
    log.warning("stop_took_too_long", signal=number, limit_s=STOP_WITHIN_S)
    os._exit(EXIT_FAILED)


def _start_notes(service: Service, mysql_user: str) -> threading.Thread:
    """Serve metrics on a free port and keep this process's note in the run folder until it stops."""
    from prometheus_client import start_http_server

    settings = service.settings
    server, _thread = start_http_server(0, addr=settings.metrics_host)
    service.notebook = Notebook(
        settings.run_dir, service.name, settings.metrics_host, server.server_port, mysql_user=mysql_user
    )
    sweep(settings.run_dir, time.time())
    thread = threading.Thread(target=_keep_notes, args=(service.notebook, service.stop), name="notes", daemon=True)
    thread.start()
    return thread


def _keep_notes(notebook: Notebook, stop: threading.Event) -> None:
    asked = False
    while not asked:
        try:
            notebook.write()
        except OSError as error:  # the service goes on without being seen; a full disk shows elsewhere too
            log.warning("note_not_written", reason=str(error))
        asked = stop.wait(NOTE_INTERVAL_S)
    notebook.remove()
