"""The script files and the services they see: read once, read again when a file changed."""

import json
from pathlib import Path
from threading import Lock
from typing import Any

from sandbox.script.isolate import HOST_NAME, Source

_SERVICES = Path(__file__).parent / "services"
_SERVICE_FILES = ("base.js", "spreadsheet.js", "ui.js", "platform.js", "web.js", "run.js")


class Scripts:
    """The files of a folder, as Google would hold them for one script project.

    Args:
        folder: holds ``*.gs`` and ``appsscript.json``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._seen: tuple[tuple[str, int], ...] = ()
        self._sources: tuple[Source, ...] = ()
        self._services = "\n".join((_SERVICES / name).read_text("utf-8") for name in _SERVICE_FILES)

    def sources(self) -> tuple[Source, ...]:
        """The project's files as they are now."""
        paths = sorted(self._folder.glob("*.gs"))
        seen = tuple((path.name, path.stat().st_mtime_ns) for path in paths)
        with self._lock:
            if seen != self._seen:
                self._sources = tuple(Source(path.name, path.read_text("utf-8")) for path in paths)
                self._seen = seen
            return self._sources

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
