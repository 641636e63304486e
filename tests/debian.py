"""Single files out of Debian's packages, which some tests need and nothing else does."""

from __future__ import annotations

import platform
from pathlib import Path

from core.errors import StackError
from sandbox.stack import apt
from sandbox.stack.downloads import Downloads, downloads_dir


def debian_file(package: str, file: str) -> Path | None:
    """A file of a package of this machine's own suite, fetched without what the package needs.

    Args:
        package: its name.
        file: the name of the file in it.

    Returns:
        Where it is; ``None`` where it cannot be had.
    """
    if not apt.apt_is_here():
        return None

    def fetch(folder: Path) -> None:
        apt.fetch(folder, [package], None, _quiet, alone=True)

    release = platform.freedesktop_os_release()
    name = f"{package}-{release.get('ID')}-{release.get('VERSION_ID', 'rolling')}-{platform.machine()}"
    try:
        folder = Downloads(downloads_dir()).provide(name, fetch)
    except StackError:
        return None
    return next(folder.rglob(file), None)


def _quiet(*_: object) -> None:
    """Nobody watches this download."""
