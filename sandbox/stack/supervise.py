"""One local stack: started in parallel, guarded while it runs, stopped in order.

Two layers watch: supervisord brings back a process that ends; this process keeps `stack.json`
true, and brings back supervisord. Nothing is left behind if this process itself is killed: the
kernel then ends supervisord, which ends the others, and the next start ends what is left.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import psutil

from core.errors import StackError
from sandbox.stack.runfolder import RunFolder
from sandbox.stack.servers import port_is_free
from sandbox.stack.services import SERVERS, SERVICES, STACK_MARK, Plan, Service
from sandbox.stack.supervisor import BACKOFF, RUNNING, State, Supervisor

_POLL_S = 0.25
_READY_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 25.0
_BACKOFF_S_MAX = 3.0
_LEFTOVER_STOP_S = 3.0

Say = Callable[[str], None]


class Stack:
    """A stack in its run folder. Use as a context: it is stopped on the way out.

    Args:
        plan: what it consists of.
        folder: where it lives; locked by the caller.
        say: told of each process that has become ready.
        before_ready: what else has to be done, with everything running, before stack.json says that all is ready.
    """

    def __init__(
        self, plan: Plan, folder: RunFolder, say: Say, before_ready: Callable[[], None] = lambda: None
    ) -> None:
        self.plan = plan
        self._before_ready = before_ready
        self.folder = folder
        self.say = say
        self.supervisor = Supervisor(plan.services, folder, plan.environment)
        self._pids: dict[str, int] = {}
        self._backing_off_since: dict[str, float] = {}
        self._stopping = threading.Event()
        self._guard = threading.Thread(target=self._guard_until_stop, name="guard", daemon=True)
        self._failure: StackError | None = None

    def __enter__(self) -> "Stack":
        check_ports(self.plan.ports)
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._start()
            self._guard.start()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self.supervisor.start()
        # What the others need comes first: started together, they would only wait and take its processor time.
        for group in (SERVERS, SERVICES):
            self._bring_up_together([service for service in self.plan.services if service.group == group])
        self._before_ready()
        self._note_pids()

    def _bring_up_together(self, services: Sequence[Service]) -> None:
        with ThreadPoolExecutor(max(1, len(services))) as pool:
            for ready in [pool.submit(self._bring_up, service) for service in services]:
                ready.result()

    def _bring_up(self, service: Service) -> None:
        if service.prepare:
            service.prepare()
        self.supervisor.start_process(service.name)
        self._wait_ready(service)
        self.say(service.name)

    def _wait_ready(self, service: Service) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while not self._is_ready(service):
            if self._stopping.wait(_POLL_S):
                raise StackError("Stopped while starting.")
            if time.monotonic() > deadline:
                raise StackError(f"{service.name} did not become ready. {self._last_words(service.name)}")

    def _is_ready(self, service: Service) -> bool:
        state = self.supervisor.states().get(service.name)
        if state is None or not state.pid:
            return False
        return service.ready(state.pid) if service.ready else state.state == RUNNING

    def _last_words(self, name: str) -> str:
        log = self.folder.logs / f"{name}.log"
        lines = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
        return f"The end of {log}: " + " | ".join(lines[-5:])

    def wait(self) -> None:
        """Wait until somebody asks for the stop.

        Raises:
            StackError: the supervisor ended and could not be brought back.
        """
        self._stopping.wait()
        if self._failure:
            raise self._failure

    @property
    def stopping(self) -> bool:
        """Whether the stop has been asked for."""
        return self._stopping.is_set()

    def _guard_until_stop(self) -> None:
        while not self._stopping.wait(_POLL_S):
            try:
                self.look_after()
            except StackError as error:
                self._failure = error
                self._stopping.set()

    def request_stop(self) -> None:
        """Let `wait` return; may be called from a signal handler or another thread."""
        self._stopping.set()

    def look_after(self) -> None:
        """Look once: bring back supervisord, hurry processes that wait, keep `stack.json` true."""
        if self.supervisor.gone():
            self._bring_back_supervisor()
        with suppress(StackError):  # supervisord may end between the question and the answer: see above
            self._hurry()
            self._note_pids()

    def _bring_back_supervisor(self) -> None:
        end_leftovers(self.folder)
        self.supervisor.start()
        for service in self.plan.services:
            self.supervisor.start_process(service.name)

    def _hurry(self) -> None:
        """supervisord waits one second longer after each try; a few seconds are enough."""
        now = time.monotonic()
        for name, state in self.supervisor.states().items():
            if state.state != BACKOFF:
                self._backing_off_since.pop(name, None)
            elif now - self._backing_off_since.setdefault(name, now) > _BACKOFF_S_MAX:
                self._backing_off_since.pop(name)
                self.supervisor.start_again(name)

    def _note_pids(self) -> None:
        states = self.supervisor.states()
        back = {s.name for s in self.plan.services if s.name in states and self._is_back(s, states[s.name])}
        # A process on its way back keeps its old id until it has a new one.
        pids = self._pids | {name: states[name].pid for name in back}
        pids["supervisor"] = self.supervisor.pid
        if pids != self._pids or not self.folder.stack_file.exists():
            self._pids = pids
            self.folder.write_stack({**self.plan.stack, "pids": pids})

    def _is_back(self, service: Service, state: State) -> bool:
        """A server is back when it answers: who reads its new id may use it at once."""
        if state.state != RUNNING or not state.pid:
            return False
        known = self._pids.get(service.name) == state.pid
        return known or service.group != SERVERS or service.ready is None or service.ready(state.pid)

    def stop(self) -> None:
        """Stop everything in order, and take `stack.json` away first."""
        self._stopping.set()
        if self._guard.is_alive():
            self._guard.join()
        self.folder.stack_file.unlink(missing_ok=True)
        self.supervisor.stop(_STOP_TIMEOUT_S)
        end_leftovers(self.folder)


def check_ports(ports: dict[str, int]) -> None:
    """Refuse to start on ports that are in use.

    Args:
        ports: by the name of the setting.

    Raises:
        StackError: names every port that is in use, and its setting.
    """
    taken = {name: port for name, port in ports.items() if not port_is_free(port)}
    if taken:
        places = ", ".join(f"{port} ({name})" for name, port in taken.items())
        raise StackError(
            f"Port in use: {places}.", f"Stop what listens there, or set {' and '.join(taken)} to a free port."
        )
    if len(set(ports.values())) < len(ports):
        raise StackError(f"Two of these ports are the same: {ports}.", "Give each a port of its own.")


def end_leftovers(folder: RunFolder) -> None:
    """End the processes of an earlier stack in this folder that was killed.

    They are known by a variable that only processes of this folder's stack carry.
    """
    left = list(_processes_of(folder))
    for process in left:
        _signal(process, signal.SIGTERM)
    _, alive = psutil.wait_procs(left, timeout=_LEFTOVER_STOP_S)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=_LEFTOVER_STOP_S)


def _processes_of(folder: RunFolder) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # ended meanwhile, or another user's
            mine = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
            if mine and process.environ().get(STACK_MARK) == str(folder.path):
                yield process


def _signal(process: psutil.Process, how: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):  # ended by itself
        process.send_signal(how)


@contextmanager
def stopped_by_signals(stack: Stack) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end what runs inside with KeyboardInterrupt, once: a second does not
    disturb the stop that the first began.
    """

    def asked(*_: object) -> None:
        first = not stack.stopping
        stack.request_stop()
        if first:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
