"""The run folder: data, logs, secrets and `stack.json` of one local stack, and the lock that makes it one."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import StackError

_SOCKET_PATH_BYTES_MAX = 100  # the kernel takes 107, and supervisord adds a suffix while it starts

_MADE_HERE = (
    "mysql",
    "mysql_password",
    "mysql_root_password",
    "kafka",
    "sandbox.sqlite*",
    "scripts.sqlite3*",
    "metrics",
    "logs",
    "links.yaml",
    "sample.json",
    "webhook_secret",
    "stack.json",
)


class RunFolder:
    """Where one local stack keeps everything that it makes.

    Args:
        path: `TWINSHEET_RUN_DIR`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    @property
    def logs(self) -> Path:
        """One log file for each process."""
        return self.path / "logs"

    @property
    def mysql(self) -> Path:
        """The database server's data, socket and accounts."""
        return self.path / "mysql"

    @property
    def kafka(self) -> Path:
        """Kafka's data and configuration."""
        return self.path / "kafka"

    @property
    def stack_file(self) -> Path:
        """`stack.json`, there while the stack is ready."""
        return self.path / "stack.json"

    @property
    def links_file(self) -> Path:
        """The links file of the demo."""
        return self.path / "links.yaml"

    @property
    def supervisor_conf(self) -> Path:
        """The supervisor's configuration."""
        return self.path / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        """The supervisor's Unix socket; elsewhere where this folder's path is too long for one."""
        socket = self.path / "supervisor.sock"
        if len(os.fsencode(socket)) <= _SOCKET_PATH_BYTES_MAX:
            return socket
        mark = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"twinsheet-{mark}.sock"

    def secret(self, name: str, given: str = "") -> str:
        """A secret that lasts as long as the folder, in a file that its owner alone can read.

        Args:
            name: the file's name.
            given: the value that the settings give; a random one is made where they give none.
        """
        path = self.path / name
        if not given and path.is_file():
            return path.read_text().strip()
        value = given or secrets.token_hex(24)
        write_private(path, value + "\n")
        return value

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only stack in this folder; the kernel lets go of the lock when the process ends.

        Raises:
            StackError: another stack runs here.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.path / "stack.lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                raise StackError(
                    f"A stack is already running in {self.path} (process {file.read().strip()}).",
                    "Stop it, or set TWINSHEET_RUN_DIR and the ports to run another beside it.",
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def is_locked(self) -> bool:
        """Whether a stack runs, starts or stops in this folder at this moment."""
        lock = self.path / "stack.lock"
        if not lock.is_file():
            return False
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def forget(self) -> None:
        """Delete what stacks made here, and nothing that somebody else may have put beside it."""
        for path in [path for name in _MADE_HERE for path in self.path.glob(name)]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        self.logs.mkdir()

    def write_stack(self, stack: Mapping[str, Any]) -> None:
        """Replace `stack.json` in one step: a reader sees the old one or the new one, whole."""
        write_private(self.stack_file, json.dumps(stack, indent=2) + "\n")

    def read_stack(self) -> dict[str, Any] | None:
        """What `stack.json` says, or None where no stack is ready."""
        try:
            stack: dict[str, Any] = json.loads(self.stack_file.read_text())
        except FileNotFoundError:
            return None
        return stack


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, in one step."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # made with mode 0600
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)
