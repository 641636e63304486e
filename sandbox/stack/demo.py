"""The commands `twinsheet demo`, `twinsheet up` and `twinsheet sql`: a whole stack on this machine."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import click
from rich.console import Console

from config.settings import Settings, load_settings
from core.errors import StackError
from sandbox.stack import install, programs, sample
from sandbox.stack.downloads import Downloads, downloads_dir
from sandbox.stack.runfolder import RunFolder
from sandbox.stack.sample_setup import ensure_sample, verify_sample
from sandbox.stack.services import KINDS, Plan, plan_stack
from sandbox.stack.sheet_client import SheetClient
from sandbox.stack.supervise import Stack, end_leftovers, stopped_by_signals

_VERIFY_WAIT_S = 30


class _Scale(click.ParamType[tuple[str, int]]):
    name = "service=number"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int]:
        kind, _, number = str(value).partition("=")
        if kind not in KINDS or not number.isdigit() or int(number) < 1:
            self.fail(f"{value!r} is not like table_writer=2", param, ctx)
        return kind, int(number)


_scale_option = click.option(
    "--scale", type=_Scale(), multiple=True, help="Run several of a service, such as table_writer=2."
)


@click.command("demo")
@click.option("--fresh", is_flag=True, help="Start over: forget all data of this run folder.")
@click.option("--no-sample", is_flag=True, help="Start without the sample sheet and table.")
@click.option("--check", is_flag=True, help="Take the tour alone, tell each step's delay, and stop.")
@click.option("--json", "as_json", is_flag=True, help="With --check: print the tour as JSON.")
@_scale_option
def demo_command(fresh: bool, no_sample: bool, check: bool, as_json: bool, scale: tuple[tuple[str, int], ...]) -> int:
    """Start everything on this machine, with a sample sheet linked to a table."""
    if check and no_sample:
        raise click.UsageError("The tour needs the sample: give --check or --no-sample, not both.")
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    folder = RunFolder(load_settings(needs=()).run_dir)
    if check and not fresh and folder.is_locked():
        return _tour(_running(folder), folder, console, as_json)

    def make_sample(plan: Plan) -> None:
        if not no_sample:
            ensure_sample(
                folder,
                sheets_endpoint=str(plan.stack["sheets_endpoint"]),
                mysql_url=str(plan.stack["mysql_url"]),
                console=console,
                environment=plan.environment,
            )

    running = running_stack(folder, console, scale=dict(scale), demo=True, fresh=fresh, before_ready=make_sample)
    with _told_when_stopped(console), running as (stack, plan):
        if check:
            return _tour(plan.stack, folder, console, as_json)
        tell(plan.stack, console, with_sample=not no_sample)
        stack.wait()
    return 1 if check else 0  # a tour that was stopped has shown nothing


@click.command("sql", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sql_command(arguments: tuple[str, ...]) -> None:
    """Open a SQL prompt on the running stack's database; ARGUMENTS go to the client."""
    settings = load_settings(needs=("mysql_url",))
    parts = urlsplit(settings.mysql_url.get_secret_value())
    command = [
        *_mysql_client(),
        f"--host={parts.hostname}",
        f"--port={parts.port or 3306}",
        f"--user={unquote(parts.username or '')}",
        "--protocol=TCP",
        "--default-character-set=utf8mb4",
        *arguments,
    ]
    # In the environment, where other users of the machine cannot read it, as they can a command line.
    environment = os.environ | {"MYSQL_PWD": unquote(parts.password or "")}
    os.execvpe(command[0], command, environment)  # noqa: S606 - a client found on PATH or in the download folder


def _mysql_client() -> tuple[str, ...]:
    program = programs.find_mysql(Downloads(downloads_dir()), lambda text: click.echo(text, err=True))
    if program.client:
        return program.client
    client = shutil.which("mysql") or shutil.which("mariadb")
    if not client:
        raise StackError("There is no mysql client on this machine.", "Install one, such as mysql-client.")
    return (client,)


@contextmanager
def running_stack(
    folder: RunFolder,
    console: Console,
    *,
    scale: dict[str, int] | None = None,
    demo: bool = False,
    fresh: bool = False,
    before_ready: Callable[[Plan], None] = lambda _: None,
) -> Iterator[tuple[Stack, Plan]]:
    """A stack that is ready; stopped at the end, or by Ctrl-C, which ends the block with KeyboardInterrupt.

    Args:
        folder: its run folder.
        console: told how far it is.
        scale: how many processes of a kind, where not one.
        demo: against the sandbox, whatever the settings say of Google.
        fresh: forget first what earlier stacks made in the folder.
        before_ready: done with everything running, before stack.json says that all is ready.

    Raises:
        StackError: it cannot be installed or started.
        SettingsError: a setting is wrong.
    """
    with folder.locked():
        end_leftovers(folder)
        folder.stack_file.unlink(missing_ok=True)  # of a stack that was killed; settings would attach to it
        if fresh:
            folder.forget()
        settings = load_settings(needs=())
        if demo:
            settings = settings.model_copy(update={"google_credentials": None, "sheets_endpoint": None})
        install.install(_components(settings), Downloads(downloads_dir()), console)
        links = folder.links_file if demo and "links" not in settings.model_fields_set else settings.links
        plan = plan_stack(settings, folder, links=links, scale=scale or {})
        with console.status("Starting") as status:
            waiting = {service.name for service in plan.services}

            def came_up(name: str) -> None:
                waiting.discard(name)
                status.update(f"Starting {', '.join(sorted(waiting))}")

            def last_step() -> None:
                status.stop()
                before_ready(plan)

            stack = Stack(plan, folder, came_up, last_step)
            with stopped_by_signals(stack), stack:
                yield stack, plan


@contextmanager
def _told_when_stopped(console: Console) -> Iterator[None]:
    """Around all of it: a stack may be stopped while it starts, too."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("Stopped. The data stays; start again to go on.")


def _components(settings: Settings) -> tuple[install.Component, ...]:
    """What has to be on this machine; not what the settings have elsewhere."""
    wanted = list(install.FOR_DEMO)
    if settings.mysql_url.get_secret_value():
        wanted.remove(install.MYSQL)
    if settings.kafka:
        wanted.remove(install.KAFKA)
    return tuple(wanted)


def _running(folder: RunFolder) -> dict[str, Any]:
    stack = folder.read_stack()
    if stack is None:
        raise StackError(f"The stack in {folder.path} is still starting.", "Wait until it is ready.")
    return stack


def tell(stack: Mapping[str, Any], console: Console, *, with_sample: bool) -> None:
    """Print the addresses of a running stack, and what to try with the sample."""
    server = urlsplit(stack["mysql_url"])
    console.print()
    console.print("[bold green]Twinsheet runs.[/]")
    console.print(f"  Sheet    {stack['sheets_endpoint']}/")
    console.print(f"  Console  {stack['console_url']}/")
    console.print(f"  Webhook  {stack['webhook_url']}/hooks/sheets/")
    console.print(f"  MySQL    {server.hostname}:{server.port}, user {server.username}  (make sql opens a prompt)")
    if with_sample:
        console.print()
        console.print("Three things to try:")
        console.print("  1. Open the sheet, type into a cell of Orders, and see the table beside it change.")
        console.print("  2. [bold]make sql[/], then see the cell change:")
        console.print(f"     UPDATE {sample.TABLE} SET status = 'shipped' WHERE order_no = {sample.FIRST_ORDER_NO};")  # noqa: S608 - shown, not run
        console.print("  3. Type a new order below the last one, without its number: the table gives it one.")
    console.print()
    console.print("Ctrl-C stops everything; the data stays.")


def _tour(stack: dict[str, Any], folder: RunFolder, console: Console, as_json: bool) -> int:
    """Take the tour; prints each step as it ends. Returns the exit code."""
    from sandbox.stack.tour import Sheet, Step, Table, take_tour

    note = folder.path / "sample.json"
    if not note.is_file():
        raise StackError("This stack runs without the sample.", "Start it without --no-sample.")
    sheet = Sheet(SheetClient(str(stack["sheets_endpoint"])), json.loads(note.read_text())["spreadsheet"])
    table = Table(str(stack["mysql_url"]))
    steps: list[Step] = []
    try:
        for step in take_tour(sheet, table, lambda: verify_sample(folder, _VERIFY_WAIT_S).returncode == 0):
            steps.append(step)
            mark = "[green]✓[/]" if step.good else "[red]✗[/]"
            console.print(f"{mark} {step.delay_s * 1000:8.0f} ms  {step.name}  {step.reason}".rstrip())
    finally:
        table.close()
    good = all(step.good for step in steps)
    memory = _memory(folder)
    console.print("memory, MB: " + ", ".join(f"{name} {rss_mb}" for name, rss_mb in memory.items()))
    console.print("[green]All steps good.[/]" if good else "[red]Some steps failed.[/]")
    if as_json:
        told = [{"step": s.name, "delay_s": round(s.delay_s, 4), "good": s.good, "reason": s.reason} for s in steps]
        click.echo(json.dumps({"good": good, "steps": told, "memory_mb": memory}, ensure_ascii=False))
    return 0 if good else 1


def _memory(folder: RunFolder) -> dict[str, int]:
    import psutil

    pids: dict[str, int] = (folder.read_stack() or {}).get("pids", {})
    found = {}
    for name, pid in pids.items():
        try:
            found[name] = round(psutil.Process(pid).memory_info().rss / 1e6)
        except psutil.NoSuchProcess:  # on its way back
            continue
    return found


@click.command("up")
@_scale_option
def up_command(scale: tuple[tuple[str, int], ...]) -> None:
    """Start the services, and whatever of MySQL, Kafka and the sandbox the settings do not name."""
    console = Console(highlight=False, soft_wrap=True)
    folder = RunFolder(load_settings(needs=()).run_dir)
    with _told_when_stopped(console), running_stack(folder, console, scale=dict(scale)) as (stack, plan):
        tell(plan.stack, console, with_sample=False)
        stack.wait()
