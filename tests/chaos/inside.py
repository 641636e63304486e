"""A network, disks and a clock of the run's own, where this machine lets us have them."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

from core.errors import StackError
from sandbox.stack import apt
from sandbox.stack.downloads import Downloads, downloads_dir
from sandbox.stack.programs import find_mysql

_MARK = "TWINSHEET_CHAOS_INSIDE"
_DISK_MB = {"mysql": 900, "kafka": 500}

IS_ALONE = bool(os.environ.get(_MARK))
"""Whether this process has a network and mounts of its own."""
DISKS = IS_ALONE
PERSON_ADDRESS = "127.0.0.2" if IS_ALONE else ""
"""Where people call from: what is cut off is never they from their sheet."""

_BEGIN = f"""
ip link set lo up
ip rule add pref 40 from {PERSON_ADDRESS or "127.0.0.2"} lookup local
ip rule add pref 41 to {PERSON_ADDRESS or "127.0.0.2"} lookup local
ip rule add pref 100 lookup local
ip rule del pref 0
exec "$@"
"""


def go_inside(module: str, arguments: list[str]) -> None:
    """Run this program again with a network and mounts of its own; returns where that cannot be had."""
    if IS_ALONE:
        return
    unshare = ["unshare", "--net", "--mount", "--propagation", "private"]
    if os.geteuid() != 0:
        unshare.append("--map-root-user")
    tried = subprocess.run([*unshare, "sh", "-ec", _BEGIN, "sh", "true"], capture_output=True, check=False)
    if tried.returncode == 0:
        command = [*unshare, "sh", "-ec", _BEGIN, "sh", sys.executable, "-m", module, *arguments]
        os.execvpe(command[0], command, os.environ | {_MARK: "1"})  # noqa: S606 -- our own program


def mount_disks(run_folder: Path) -> None:
    """Give MySQL and Kafka file systems of their own, small enough to be filled."""
    for name, size_mb in _DISK_MB.items():
        folder = run_folder / name
        folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "twinsheet", str(folder)], check=True)


def libfaketime() -> Path | None:
    """The library that gives a program a clock of its own, fetched where apt has it; None where it cannot be had."""
    if not apt.apt_is_here():
        return None

    def fetch(folder: Path) -> None:  # from the suite of the MySQL that it is loaded into
        apt.fetch(folder, ["libfaketime"], apt.debian_source("unstable"), _quiet, alone=True)

    try:
        folder = Downloads(downloads_dir()).provide(f"libfaketime-{platform.machine()}", fetch)
    except StackError:
        return None
    return next(folder.rglob("libfaketime.so.1"), None)


def own_clock(folder: Path, library: Path) -> Path:
    """Have the `mysqld` that is found first on PATH go by a clock that a file sets; that file.

    Args:
        folder: where to make it.
        library: libfaketime.
    """
    folder.mkdir(parents=True)
    clock = folder / "clock"
    clock.write_text("+0\n")
    server = [word for word in find_mysql(Downloads(downloads_dir()), _quiet).server if word != "--no-defaults"]
    at = next(n for n, word in enumerate(server) if word.endswith("/mysqld")) + 1  # its own options come after it
    variables = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    assigned = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    command = shlex.join(server[:at]), shlex.join(server[at:])
    program = folder / "mysqld"
    program.write_text(
        '#!/bin/sh\n[ "$1" = --no-defaults ] && shift\n'
        f'exec env {assigned} {command[0]} --no-defaults {command[1]} "$@"\n'
    )
    program.chmod(0o755)
    os.environ["PATH"] = f"{folder}:{os.environ.get('PATH', '')}"
    return clock


def _quiet(*_: object) -> None:
    """Nobody watches these downloads."""
