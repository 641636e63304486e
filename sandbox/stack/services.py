"""What runs in a local stack: each process with its command, its readiness and its place in the order."""

import os
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from config.settings import QUOTAS, Settings
from core.errors import StackError
from sandbox.stack import commands, datafolders, programs, servers
from sandbox.stack.downloads import Downloads, downloads_dir
from sandbox.stack.runfolder import RunFolder

SERVERS = "servers"
"""Group of MySQL, Kafka and the sandbox: the last to stop."""
SERVICES = "services"
"""Group of our own processes: the first to stop."""

STACK_MARK = "TWINSHEET_STACK"
"""Variable that every process of a stack carries: the run folder that it belongs to."""

_MODULES = {
    "webhook": "app.webhook",
    "console": "app.console",
    "table_writer": "consumers.table_writer",
    "sheet_writer": "consumers.sheet_writer",
    "sheet_scanner": "producers.sheet_scanner",
    "binlog": "producers.binlog",
}
KINDS = tuple(_MODULES)


@dataclass(frozen=True)
class Service:
    """One process under the supervisor.

    Args:
        name: as in `stack.json`.
        command: program and arguments.
        group: `SERVERS` or `SERVICES`.
        stop_s: how long it may take to stop before it is killed.
        ready: whether the process with this id answers; None where running is all that can be asked.
        prepare: what must be done before its first start.
    """

    name: str
    command: tuple[str, ...]
    group: str = SERVICES
    stop_s: int = 6
    ready: Callable[[int], bool] | None = None
    prepare: Callable[[], None] | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that a stack consists of.

    Args:
        services: the processes.
        environment: variables for all of them, on top of our own.
        ports: who listens where, by the name of the setting.
        stack: what `stack.json` says, but for the process ids.
    """

    services: tuple[Service, ...]
    environment: dict[str, str]
    ports: dict[str, int]
    stack: dict[str, str | None]
    mysql_client: tuple[str, ...] | None = None


def plan_stack(settings: Settings, folder: RunFolder, *, links: Path, scale: dict[str, int]) -> Plan:
    """Decide what to start: whatever the settings name is somebody else's and is not started.

    Args:
        settings: the settings, read while no stack was running in the folder.
        folder: the run folder.
        links: the links file that the services follow.
        scale: how many processes of a kind, where not one.
    """
    downloads = Downloads(downloads_dir())
    started: list[Service] = []
    ports: dict[str, int] = {}
    mysql_url = services_url = settings.mysql_url.get_secret_value()
    client = None
    if not mysql_url:
        program = programs.find_mysql(downloads, _no_progress)
        place = _mysql_place(settings, folder)
        started.append(_mysql(program, place))
        ports["TWINSHEET_MYSQL_PORT"] = place.port
        mysql_url, services_url, client = place.url, place.services_url, program.client
    kafka = settings.kafka
    if not kafka:
        kafka_place = _kafka_place(settings, folder)
        started.append(_kafka(downloads, kafka_place))
        ports["TWINSHEET_KAFKA_PORT"] = kafka_place.port
        kafka = kafka_place.bootstrap
    endpoint = settings.sheets_endpoint
    if not endpoint and not settings.google_credentials:
        started.append(_http(settings.sandbox_port, "sandbox", "sandbox.serve", "/faults", SERVERS))
        ports["TWINSHEET_SANDBOX_PORT"] = settings.sandbox_port
        endpoint = f"http://127.0.0.1:{settings.sandbox_port}"
    started += _our_services(settings, folder, scale)
    ports |= {"TWINSHEET_WEBHOOK_PORT": settings.webhook_port, "TWINSHEET_CONSOLE_PORT": settings.console_port}
    stack = {
        "mysql_url": mysql_url,
        "kafka": kafka,
        "sheets_endpoint": endpoint,
        "webhook_url": settings.public_webhook_url,
        "console_url": f"http://127.0.0.1:{settings.console_port}",
        "links_file": str(links.resolve()),
        **{name: str(value) for name in QUOTAS if (value := getattr(settings, name)) is not None},
    }
    environment = _environment(settings, folder, stack | {"mysql_url": services_url})
    return Plan(tuple(started), environment, ports, stack, client)


def _mysql_place(settings: Settings, folder: RunFolder) -> commands.MysqlPlace:
    return commands.MysqlPlace(
        folder.mysql, settings.mysql_port, folder.secret("mysql_password"), folder.secret("mysql_root_password")
    )


def _mysql(program: programs.MysqlProgram, place: commands.MysqlPlace) -> Service:
    return Service(
        "mysql",
        tuple(commands.mysql_command(program, place)),
        SERVERS,
        stop_s=8,
        ready=lambda _: servers.mysql_answers(place),
        prepare=lambda: datafolders.prepare_mysql(program, place),
    )


def _kafka_place(settings: Settings, folder: RunFolder) -> commands.KafkaPlace:
    taken = {
        settings.kafka_port,
        settings.mysql_port,
        settings.sandbox_port,
        settings.webhook_port,
        settings.console_port,
    }
    return commands.KafkaPlace(folder.kafka, settings.kafka_port, controller_port(settings.kafka_port, taken))


def controller_port(kafka_port: int, taken: Collection[int]) -> int:
    """A free port below those that outgoing connections use, so that a restart finds it free again.

    Args:
        kafka_port: of the broker; two stacks look from different places.
        taken: ports that the stack is about to use, free as they still are.
    """
    first = 20_000 + kafka_port % 10_000
    return next(port for port in range(first, first + 500) if port not in taken and servers.port_is_free(port))


def _kafka(downloads: Downloads, place: commands.KafkaPlace) -> Service:
    java, jars = programs.find_java(), programs.find_kafka(downloads, _no_progress)
    return Service(
        "kafka",
        tuple(commands.kafka_command(java, jars, place)),
        SERVERS,
        stop_s=8,
        ready=lambda _: servers.kafka_answers(place),
        prepare=lambda: datafolders.prepare_kafka(java, jars, place),
    )


def _http(port: int, name: str, module: str, path: str, group: str = SERVICES) -> Service:
    return Service(name, _python(module), group, ready=lambda _: servers.http_answers(port, path))


def _our_services(settings: Settings, folder: RunFolder, scale: dict[str, int]) -> list[Service]:
    unknown = sorted(set(scale) - set(KINDS) | {kind for kind in ("webhook", "console") if kind in scale})
    if unknown:
        able = ", ".join(kind for kind in KINDS if kind not in ("webhook", "console"))
        raise StackError(f"Cannot start more than one of {', '.join(unknown)}.", f"More can be started of: {able}.")
    services = [
        _http(settings.webhook_port, "webhook", _MODULES["webhook"], "/healthz"),
        _http(settings.console_port, "console", _MODULES["console"], "/healthz"),
    ]
    for kind in KINDS[2:]:
        for number in range(1, scale.get(kind, 1) + 1):
            name = kind if number == 1 else f"{kind}.{number}"
            services.append(Service(name, _python(_MODULES[kind]), ready=lambda pid: _works(folder, pid)))
    return services


def _works(folder: RunFolder, pid: int) -> bool:
    """Whether a process says of itself that its main loop comes round and waits for nothing."""
    from app.notes import read_notes

    return any(
        note.pid == pid and note.round_at is not None and note.working(time.time())
        for note in read_notes(folder.path)
    )


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module)


def _environment(settings: Settings, folder: RunFolder, stack: dict[str, str | None]) -> dict[str, str]:
    """What the services read; explicit, so that none of them depends on a file of the run folder."""
    variables = {
        STACK_MARK: str(folder.path),
        "TWINSHEET_RUN_DIR": str(folder.path),
        "TWINSHEET_MYSQL_URL": stack["mysql_url"],
        "TWINSHEET_KAFKA": stack["kafka"],
        "TWINSHEET_SHEETS_ENDPOINT": stack["sheets_endpoint"],
        "TWINSHEET_LINKS": stack["links_file"],
        "TWINSHEET_WEBHOOK_URL": stack["webhook_url"],
        "TWINSHEET_WEBHOOK_SECRET": folder.secret("webhook_secret", settings.webhook_secret.get_secret_value()),
        "TWINSHEET_CONSOLE_TOKEN": settings.console_token.get_secret_value(),
        "TWINSHEET_WEBHOOK_PORT": str(settings.webhook_port),
        "TWINSHEET_CONSOLE_PORT": str(settings.console_port),
        "TWINSHEET_SANDBOX_PORT": str(settings.sandbox_port),
        "TWINSHEET_DOWNLOADS_DIR": str(downloads_dir()),
        "PYTHONUNBUFFERED": "1",
    }
    return os.environ | {name: value for name, value in variables.items() if value}


def _no_progress(*_: object) -> None:
    """The installer has shown its progress already; here everything is expected to be found."""
