"""A network, disks and a clock of the run's own, where this machine lets us have them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

_MARK = "TWINSHEET_CHAOS_INSIDE"
_CLOCK = "TWINSHEET_CHAOS_CLOCK"
_DISK_MB = {"mysql": 900, "kafka": 500}

IS_ALONE = bool(os.environ.get(_MARK))
"""Whether this process has a network and mounts of its own."""
DISKS = IS_ALONE
CLOCK_FILE = Path(os.environ[_CLOCK]) if os.environ.get(_CLOCK) else None
"""By how much MySQL's clock is off, where that can be set."""
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


def own_clock(folder: Path, library: Path, server: list[str]) -> str:
    """Make a `mysqld` whose clock a file sets; the folder to have first on PATH.

    Args:
        folder: where to make it.
        library: libfaketime.
        server: the command of the real one.
    """
    global CLOCK_FILE  # noqa: PLW0603 -- known only once the run has a folder
    CLOCK_FILE = folder / "clock"
    CLOCK_FILE.write_text("+0\n")
    program = folder / "mysqld"
    variables = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(CLOCK_FILE),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    assigned = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    program.write_text(f'#!/bin/sh\nexec env {assigned} {shlex.join(server)} "$@"\n')
    program.chmod(0o755)
    return str(folder)
