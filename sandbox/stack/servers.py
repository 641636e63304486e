"""One MySQL or MariaDB and one Kafka: prepare, start, wait, stop, kill; by process id, in given folders."""

import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from core.errors import StackError
from sandbox.stack import commands, datafolders
from sandbox.stack.commands import KafkaPlace, MysqlPlace
from sandbox.stack.programs import MysqlProgram

_POLL_S = 0.05
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0
_ANSWER_TIMEOUT_S = 300
"""A server that has not answered after this, seconds, is taken for gone."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody uses at this moment.

    It lies below those that the kernel gives to outgoing connections: a client that tries again
    and again to reach a server that is down would sooner or later be given that very port, connect
    to itself, and keep the server from coming back.
    """
    while True:
        port = 10_000 + secrets.randbelow(10_000)
        if port_is_free(port):
            return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do after a restart
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def port_answers(port: int) -> bool:
    """Whether something listens on this port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def http_answers(port: int, path: str) -> bool:
    """Whether a web server of ours answers 200 on this port of 127.0.0.1."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float) -> None:
    """Wait until a condition holds.

    Raises:
        StackError: it did not within the time; `what` says what was waited for.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"{what} did not happen within {timeout_s:.0f} s.")
        time.sleep(_POLL_S)


def end_with_parent(command: Sequence[str]) -> list[str]:
    """The command, to be started so that the kernel ends it when its parent dies.

    The program that asks the kernel for this turns into the command's own. Python could ask by itself between fork
    and exec, but in a process with threads the child may then wait for ever for what another thread held. Where
    there is no such program, as on other systems than Linux, the command is left as it is.
    """
    setpriv = shutil.which("setpriv")
    return [*((setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()), *command]


class Server:
    """A server process of ours: its command, its log, and its end."""

    name = "server"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where the server's output goes."""
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self.process is None:
            raise StackError(f"{self.name} is not running.")
        return self.process.pid

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._prepare()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                end_with_parent(self._command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C at the terminal is for us, and we stop the server
            )
        self.wait_ready()

    def wait_ready(self, timeout_s: float = _START_TIMEOUT_S) -> None:
        """Wait until the server answers.

        Raises:
            StackError: it ended, or did not answer in time; with the last lines of its log.
        """
        try:
            wait_until(self._ready_or_ended, f"{self.name}'s start", timeout_s)
        except StackError as error:
            raise StackError(f"{error.message} {self._last_words()}") from error
        if self.process is None or self.process.poll() is not None:
            raise StackError(f"{self.name} ended while starting. {self._last_words()}")

    def stop(self, timeout_s: float = _STOP_TIMEOUT_S) -> None:
        """Stop the server as its makers ask for; kill it if it does not listen."""
        self._end(signal.SIGTERM, timeout_s)

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._end(signal.SIGKILL, _STOP_TIMEOUT_S)

    def _end(self, how: signal.Signals, timeout_s: float) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _ready_or_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None or self._answers()

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.is_file() else []
        return f"The end of {self.log}: " + " | ".join(lines[-5:])

    def _prepare(self) -> None:
        raise NotImplementedError

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError


class MysqlServer(Server):
    """A MySQL or MariaDB on 127.0.0.1 whose data survives stop, start and kill.

    Args:
        program: which one.
        place: its folder, port and passwords.
    """

    name = "mysql"
    host = "127.0.0.1"
    user = commands.ACCOUNT

    def __init__(self, program: MysqlProgram, place: MysqlPlace) -> None:
        super().__init__(place.folder)
        self.program = program
        self.place = place

    @property
    def flavour(self) -> str:
        """`mysql` or `mariadb`."""
        return self.program.flavour

    @property
    def port(self) -> int:
        """TCP port."""
        return self.place.port

    @property
    def password(self) -> str:
        """Password of the account `twinsheet`."""
        return self.place.password

    @property
    def url(self) -> str:
        """`mysql://user:password@host:port/`, of the account that may make schemas."""
        return self.place.url

    @property
    def services_url(self) -> str:
        """The same of the account with no more rights than our services need."""
        return self.place.services_url

    def connect(self, database: str | None = None, **options: Any) -> Any:
        """A connection of mysql-connector as `twinsheet`."""
        from mysql.connector import connect

        place = {"host": self.host, "port": self.port, "user": self.user, "password": self.password}
        return connect(**place, database=database, read_timeout=_ANSWER_TIMEOUT_S, **options)

    def connect_as_root(self) -> Any:
        """A connection of mysql-connector as `root`, through the socket."""
        from mysql.connector import connect

        socket = str(self.place.socket)
        return connect(
            unix_socket=socket, user="root", password=self.place.root_password, read_timeout=_ANSWER_TIMEOUT_S
        )

    def _prepare(self) -> None:
        datafolders.prepare_mysql(self.program, self.place)

    def _command(self) -> list[str]:
        return commands.mysql_command(self.program, self.place)

    def _answers(self) -> bool:
        return mysql_answers(self.place)


def mysql_answers(place: MysqlPlace) -> bool:
    """Whether the server lets the account in (its accounts are set after its port opens)."""
    if not port_answers(place.port):
        return False
    from mysql.connector import Error, connect

    try:
        connect(
            host="127.0.0.1",
            port=place.port,
            user=commands.ACCOUNT,
            password=place.password,
            connection_timeout=5,
            read_timeout=5,
        ).close()
    except Error:
        return False
    return True


class KafkaServer(Server):
    """A Kafka node on 127.0.0.1 whose data survives stop, start and kill.

    Args:
        java: the Java program.
        jars: the folder of Kafka's jars.
        place: its folder and ports.
    """

    name = "kafka"
    host = "127.0.0.1"

    def __init__(self, java: str, jars: Path, place: KafkaPlace) -> None:
        super().__init__(place.folder)
        self.java = java
        self.jars = jars
        self.place = place

    @property
    def port(self) -> int:
        """TCP port for clients."""
        return self.place.port

    @property
    def bootstrap(self) -> str:
        """`host:port`, as clients take it."""
        return self.place.bootstrap

    def _prepare(self) -> None:
        datafolders.prepare_kafka(self.java, self.jars, self.place)

    def _command(self) -> list[str]:
        return commands.kafka_command(self.java, self.jars, self.place)

    def _answers(self) -> bool:
        return kafka_answers(self.place)


def kafka_answers(place: KafkaPlace) -> bool:
    """Whether the broker takes part in its cluster (it does a moment after its port opens)."""
    if not port_answers(place.port):
        return False
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        admin = KafkaAdminClient(bootstrap_servers=place.bootstrap, request_timeout_ms=5000)
    except (KafkaError, OSError):
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        admin.close()
