"""The console as a process: ``python -m app.console``."""

from __future__ import annotations

from collections.abc import Callable

from app.alerts import AlertThread
from app.console.app import make_console_server
from app.console.watch import Watch
from app.service import Service, run_service, serve_http
from app.status import Status


def build(service: Service) -> Callable[[], None]:
    """Listen at once; what cannot be reached is what the console is there to tell."""
    status = service.closing(Status(service.settings))
    if service.settings.alert_url.get_secret_value():
        service.closing(AlertThread(service.settings, status))
    watch = service.closing(Watch(status))
    server = make_console_server(status, service.settings, watch)
    watch.start()
    return serve_http(service, server)


if __name__ == "__main__":
    run_service("console", build)
