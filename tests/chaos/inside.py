"""A network, disks and a clock of the run's own, where this machine lets us have them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
