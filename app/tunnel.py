"""A public address for the webhook by ngrok: opened for one port alone, watched, closed at stop."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import structlog
from tenacity import (
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_random_exponential,
)

from config.settings import Settings
from core.errors import SettingsError, StackError

log = structlog.get_logger(__name__)

START_TIMEOUT_S = 10
WATCH_INTERVAL_S = 1.0
_DOWNLOAD = "Install it from https://ngrok.com/download, or name it with TWINSHEET_NGROK_PATH."
_TOKEN = "Copy yours from https://dashboard.ngrok.com/get-started/your-authtoken into TWINSHEET_NGROK_AUTHTOKEN."  # noqa: S105  (an address)
_API_VERSIONS = ("2", "3")
"""ngrok's API for tunnels, then the one for endpoints that newer agents have beside it."""


class Tunnel:
    """An ngrok tunnel to the webhook's port. Use as a context: it is closed on the way out.

    Args:
        settings: with the token, perhaps a domain and the program's path.
        moved: called with the new address when ngrok had to be started again and got another one.

    Raises:
        SettingsError: the token or the program is missing.
        StackError: ngrok does not open the tunnel.
    """

    def __init__(self, settings: Settings, *, moved: Callable[[str], None] = lambda _url: None) -> None:
        self._settings = settings
        self._moved = moved
        self._program = find_ngrok(settings)
        self._token = settings.ngrok_authtoken.get_secret_value()
        if not self._token:
            raise SettingsError("A tunnel needs your ngrok token.", _TOKEN)
        self._folder = settings.run_dir.resolve()
        self._config_path = self._folder / "ngrok.yml"
        self._note = self._folder / "tunnel.json"
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="tunnel", daemon=True)
        self._open: tuple[Any, Any] | None = None
        self.url = ""
        """Public address, ``https://…``."""

    def __enter__(self) -> Tunnel:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._end_leftover()
        self._write_config()
        try:
            self._connect()
        except BaseException:
            self.close()
            raise
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the tunnel and end the program."""
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join()
        self._disconnect()
        for path in (self._note, self._config_path):
            path.unlink(missing_ok=True)

    def _connect(self) -> None:
        """Start the program and open the tunnel, by the API that it has."""
        from pyngrok.exception import PyngrokError

        for version in _API_VERSIONS:
            try:
                with self._patience():
                    self._open = self._connect_by(version)
            except PyngrokError as error:
                self._kill(self._pyngrok_config(version))
                reason = getattr(error, "ngrok_error", None)
                if reason or version == _API_VERSIONS[-1]:
                    raise _refused(reason or str(error)) from error
            else:
                self.url = str(self._open[0].public_url).replace("http://", "https://", 1)
                return

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """pyngrok waits for ever for the next line of a program that says nothing more: such a one is ended, whenever
        it was started."""
        answered = threading.Event()

        def lose() -> None:
            wait_s: float = START_TIMEOUT_S
            while not answered.wait(wait_s):
                wait_s = WATCH_INTERVAL_S
                self._kill_children()

        patience = threading.Thread(target=lose, name="patience", daemon=True)
        patience.start()
        try:
            yield
        finally:
            answered.set()
            patience.join()

    def _connect_by(self, version: str) -> tuple[Any, Any]:
        from pyngrok import ngrok

        config = self._pyngrok_config(version)
        options: dict[str, Any] = {"domain": self._settings.ngrok_domain} if self._settings.ngrok_domain else {}
        if version == "2":
            options |= {"schemes": ["https"], "inspect": False}
        address = f"127.0.0.1:{self._settings.webhook_port}"
        tunnel = ngrok.connect(address, "http", name="twinsheet", pyngrok_config=config, **options)
        process = ngrok.get_ngrok_process(config).proc
        self._note.write_text(json.dumps({"pid": process.pid, "url": tunnel.public_url}))
        return tunnel, process

    def _pyngrok_config(self, version: str) -> Any:
        from pyngrok.conf import PyngrokConfig

        config = PyngrokConfig(
            ngrok_path=str(self._program),
            config_path=str(self._config_path),
            startup_timeout=START_TIMEOUT_S,
            start_new_session=True,  # Ctrl-C is ours: the tunnel closes last
            config_version=version,
        )
        config.auth_token = None  # it stands in the configuration file, where other users cannot read it
        return config

    def _write_config(self) -> None:
        """ngrok's configuration with the token, for our eyes only."""
        text = f"version: 2\nauthtoken: {json.dumps(self._token)}\nlog_level: info\nlog_format: term\n"
        self._config_path.unlink(missing_ok=True)
        descriptor = os.open(self._config_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)

    def _watch(self) -> None:
        """Open the tunnel again when the program has ended."""
        while not self._stop.wait(WATCH_INTERVAL_S):
            if self._open is None or self._open[1].poll() is None:
                continue
            log.warning("tunnel_lost", code=self._open[1].returncode)
            before = self.url
            self._open = None
            self._reconnect()
            if self.url != before and not self._stop.is_set():
                self._moved(self.url)

    def _reconnect(self) -> None:
        retrying = Retrying(
            retry=retry_if_exception_type(StackError),
            wait=wait_random_exponential(multiplier=1, max=30),
            stop=stop_when_event_set(self._stop),
            sleep=sleep_using_event(self._stop),
            retry_error_callback=lambda _state: None,  # asked to stop: nothing to open
        )
        retrying(self._connect)

    def _disconnect(self) -> None:
        from pyngrok import ngrok
        from pyngrok.exception import PyngrokError

        tunnel, self._open = self._open, None
        if tunnel is None:
            return
        try:
            ngrok.disconnect(tunnel[0].public_url, tunnel[0].pyngrok_config)
        except (PyngrokError, OSError) as error:
            log.info("tunnel_already_closed", reason=str(error))
        self._kill(tunnel[0].pyngrok_config)

    @staticmethod
    def _kill(config: Any) -> None:
        from pyngrok import ngrok

        ngrok.kill(config)

    def _kill_children(self) -> None:
        for child in psutil.Process().children():
            if _runs(child, self._config_path):
                with suppress(psutil.NoSuchProcess):  # ended by itself
                    child.kill()

    def _end_leftover(self) -> None:
        """End the ngrok of a run that was killed; its tunnel would stay open and take the domain."""
        if not self._note.is_file():
            return
        try:
            process = psutil.Process(int(json.loads(self._note.read_text())["pid"]))
            if _runs(process, self._config_path):
                process.kill()
                process.wait(timeout=5)
        except (psutil.Error, ValueError, KeyError):
            log.debug("no_leftover_tunnel")
        self._note.unlink(missing_ok=True)


def _runs(process: psutil.Process, config_path: Path) -> bool:
    """Whether it is our ngrok: no other program is started with that configuration."""
    try:
        return str(config_path) in process.cmdline()
    except psutil.Error:
        return False


def find_ngrok(settings: Settings) -> Path:
    """The ngrok program that the settings name or that is on PATH; nothing is ever downloaded.

    Raises:
        SettingsError: there is none.
    """
    named = settings.ngrok_path
    found = shutil.which(str(named)) if named else shutil.which("ngrok")
    if found is None:
        where = f"{named} is not a program" if named else "The ngrok program is not on this machine"
        raise SettingsError(f"{where}.", _DOWNLOAD)
    return Path(found).resolve()


def _refused(reason: str) -> StackError:
    text = " ".join(reason.split())
    hint = _TOKEN if "auth" in text.lower() else "See https://ngrok.com/docs/errors for what it says."
    return StackError(f"ngrok does not open the tunnel: {text}", hint)
