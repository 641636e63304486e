"""The grid library, served out of the jar that it comes in: no copy of it, and nothing from another host."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from sandbox.stack import programs
from sandbox.stack.downloads import Downloads, downloads_dir

_DIST = f"META-INF/resources/webjars/tabulator-tables/{programs.TABULATOR_VERSION}/dist/"
FILES = {
    "tabulator.mjs": ("js/tabulator_esm.min.mjs", "text/javascript"),
    "tabulator.css": ("css/tabulator_simple.min.css", "text/css"),
}
"""Name on the page: place in the jar and type."""


def downloaded_jar() -> Path:
    """The jar in the download folder, downloaded if it is missing. Raises StackError."""
    return programs.find_tabulator(Downloads(downloads_dir()), lambda _done, _total: None)


class Library:
    """Reads each file of the jar once.

    Args:
        find_jar: answers with the jar.
    """

    def __init__(self, find_jar: Callable[[], Path] = downloaded_jar) -> None:
        self._find_jar = find_jar
        self._lock = Lock()
        self._read: dict[str, bytes] = {}

    def file(self, name: str) -> tuple[bytes, str]:
        """Content and type of a file.

        Raises:
            KeyError: no such file.
            StackError: the jar cannot be had.
        """
        place, kind = FILES[name]
        with self._lock:
            if name not in self._read:
                with zipfile.ZipFile(self._find_jar()) as jar:
                    self._read[name] = _without_map(jar.read(_DIST + place))
            return self._read[name], kind


def _without_map(content: bytes) -> bytes:
    """Drop the pointer to the source map, which a browser's tools would ask for in vain."""
    return content.rsplit(b"//# sourceMappingURL=", 1)[0].rsplit(b"/*# sourceMappingURL=", 1)[0]
