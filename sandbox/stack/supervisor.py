"""The supervisor: PyPI's supervisord, its configuration and the calls that we make to it."""

import getpass
import os
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from core.errors import StackError
from sandbox.stack.runfolder import RunFolder
from sandbox.stack.servers import end_with_parent, wait_until
from sandbox.stack.services import SERVERS, SERVICES, Service

_NEVER_GIVE_UP = 1_000_000_000
_LOG_BYTES_MAX = 10 * 1024 * 1024
_START_TIMEOUT_S = 20.0

RUNNING = "RUNNING"
BACKOFF = "BACKOFF"


@dataclass(frozen=True)
class State:
    """What the supervisor says of one process: its state, and its process id or 0."""

    state: str
    pid: int


def configuration(services: Sequence[Service], folder: RunFolder) -> str:
    """The supervisor's configuration file.

    Processes are brought back at once, and for ever; they stop in two steps, ours before the
    servers that ours need.
    """
    head = [
        "[unix_http_server]",
        f"file={_literal(str(folder.supervisor_socket))}",
        "chmod=0600",
        "[supervisord]",
        f"logfile={_literal(str(folder.logs / 'supervisord.log'))}",
        f"pidfile={_literal(str(folder.path / 'supervisord.pid'))}",
        f"logfile_maxbytes={_LOG_BYTES_MAX}",
        "logfile_backups=1",
        "nodaemon=true",
        f"user={getpass.getuser()}" if os.geteuid() == 0 else "",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
    ]
    groups = []
    for priority, group in enumerate((SERVERS, SERVICES), start=1):
        members = [_program_name(service.name) for service in services if service.group == group]
        if members:
            groups += [f"[group:{group}]", f"programs={','.join(members)}", f"priority={priority}"]
    sections = [line for service in services for line in _program(service, folder)]
    return "\n".join([*filter(None, head), *sections, *groups, ""])


def _program(service: Service, folder: RunFolder) -> list[str]:
    log = folder.logs / f"{service.name}.log"
    return [
        f"[program:{_program_name(service.name)}]",
        f"command={_literal(shlex.join(service.command))}",
        "autostart=false",
        "autorestart=true",
        "startsecs=1",
        f"startretries={_NEVER_GIVE_UP}",
        "stopsignal=TERM",
        f"stopwaitsecs={service.stop_s}",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_literal(str(log))}",
        f"stdout_logfile_maxbytes={_LOG_BYTES_MAX}",
        "stdout_logfile_backups=2",
    ]


def _literal(text: str) -> str:
    return text.replace("%", "%%")  # supervisord expands %(name)s


def _program_name(name: str) -> str:
    return name.replace(".", "_")  # a dot is no part of a program's name there


class Supervisor:
    """A running supervisord, and its processes by our names.

    Args:
        services: the processes.
        folder: the run folder.
        environment: the variables of every process.
    """

    def __init__(self, services: Sequence[Service], folder: RunFolder, environment: dict[str, str]) -> None:
        self.services = services
        self.folder = folder
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        self._full_names = {s.name: f"{s.group}:{_program_name(s.name)}" for s in services}

    def start(self) -> None:
        """Start supervisord and wait until it listens; it starts nothing by itself."""
        self.folder.supervisor_conf.write_text(configuration(self.services, self.folder))
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self.folder.supervisor_conf)]
        with (self.folder.logs / "supervisord.out").open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter
                end_with_parent(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment,
                start_new_session=True,  # Ctrl-C is for us; we stop it in order
            )
        wait_until(lambda: self.gone() or self._listens(), "The supervisor's start", _START_TIMEOUT_S)
        if self.gone():
            told = (self.folder.logs / "supervisord.out").read_text(errors="replace").strip().splitlines()
            raise StackError(f"The supervisor ended while starting: {' | '.join(told[-3:])}")

    @property
    def pid(self) -> int:
        """Process id of supervisord."""
        return self.process.pid if self.process else 0

    def gone(self) -> bool:
        """Whether supervisord has ended."""
        return self.process is None or self.process.poll() is not None

    def start_process(self, name: str) -> None:
        """Start a process of ours without waiting for it."""
        self._call("startProcess", self._full_names[name], False)

    def stop_process(self, name: str) -> None:
        """Stop a process of ours, which is not brought back, and wait until it has ended."""
        self._call("stopProcess", self._full_names[name], True)

    def start_again(self, name: str) -> None:
        """Start a process anew that waits too long between two tries."""
        self.stop_process(name)
        self.start_process(name)

    def states(self) -> dict[str, State]:
        """All processes by name.

        Raises:
            StackError: supervisord does not answer.
        """
        told = {f"{info['group']}:{info['name']}": info for info in self._call("getAllProcessInfo")}
        return {
            name: State(told[full]["statename"], told[full]["pid"])
            for name, full in self._full_names.items()
            if full in told
        }

    def stop(self, timeout_s: float) -> None:
        """Stop all processes in order, and supervisord itself."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _listens(self) -> bool:
        try:
            self._call("getState")
        except StackError:
            return False
        return True

    def _call(self, method: str, *arguments: Any) -> Any:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self.folder.supervisor_socket}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, HTTPException, xmlrpc.client.Error) as error:
            raise StackError(f"The supervisor did not {method}: {error}") from error
        finally:
            transport.close()
