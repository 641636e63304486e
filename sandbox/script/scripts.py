"""The script files and the services they see: read once, read again when a file changed."""

import json
from pathlib import Path
from threading import Lock
from typing import Any

from sandbox.script.isolate import HOST_NAME, Source

_SERVICES = Path(__file__).parent / "services"
_SERVICE_FILES = ("base.js", "spreadsheet.js", "html.js", "ui.js", "platform.js", "web.js", "sidebar.js", "run.js")
_READ = {".gs", ".html"}


class Scripts:
    """The files of a folder, as Google would hold them for one script project.

    Args:
        folder: holds ``*.gs``, ``*.html`` and ``appsscript.json``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._seen: tuple[tuple[str, int], ...] = ()
        self._texts: dict[str, str] = {}
        self._services = "\n".join((_SERVICES / name).read_text("utf-8") for name in _SERVICE_FILES)

    def sources(self) -> tuple[Source, ...]:
        """The project's script files as they are now."""
        return tuple(Source(name, text) for name, text in self._read().items() if name.endswith(".gs"))

    def pages(self) -> dict[str, str]:
        """The project's HTML files as they are now: name without ``.html`` to text."""
        return {name.removesuffix(".html"): text for name, text in self._read().items() if name.endswith(".html")}

    def _read(self) -> dict[str, str]:
        """Name to text of every file."""
        paths = sorted(path for path in self._folder.iterdir() if path.suffix in _READ)
        seen = tuple((path.name, path.stat().st_mtime_ns) for path in paths)
        with self._lock:
            if seen != self._seen:
                self._texts = {path.name: path.read_text("utf-8") for path in paths}
                self._seen = seen
            return self._texts

    def time_zone(self) -> str:
        """The script's own time zone, which differs from the spreadsheet's when someone set it so."""
        manifest = self._folder / "appsscript.json"
        if not manifest.exists():
            return "Etc/GMT"
        return str(json.loads(manifest.read_text("utf-8")).get("timeZone", "Etc/GMT"))

    def services(self, context: dict[str, Any]) -> Source:
        """Google's services for one execution.

        Args:
            context: ``spreadsheetId``, ``activeUser``, ``effectiveUser``, ``timeZone``, ``hasUi``,
                ``selection``.
        """
        opening = f"(() => {{ const host = globalThis.{HOST_NAME}; delete globalThis.{HOST_NAME};"
        return Source("services", f"{opening} const context = {json.dumps(context)};\n{self._services}\n}})();")
