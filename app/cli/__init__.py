"""The command line: ``twinsheet COMMAND``. Commands are imported when they are called, so that help comes fast."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from app.cli.output import EXIT_COULD_NOT_RUN, print_error
from app.collector import spare_collector
from core.errors import TwinsheetError

_COMMANDS = {
    "demo": ("sandbox.stack.demo:demo_command", "Start everything on this machine, with a sample."),
    "sql": ("sandbox.stack.demo:sql_command", "Open a SQL prompt on the running stack's database."),
    "up": ("app.cli.up:up", "Run all services against the settings."),
    "google-login": ("app.cli.google_login:google_login", "Sign in to Google as yourself, without a key file."),
    "link": ("app.cli.link:link", "Tie a tab to a table: add, list, remove."),
    "plan": ("app.cli.plan:plan", "Show what would be written to each side now."),
    "verify": ("app.cli.verify:verify", "Compare sheet and table, cell by cell."),
    "status": ("app.cli.status:status", "Show links, their state and lag, and the processes."),
    "doctor": ("app.cli.doctor:doctor", "Check the whole set-up; name what mends each fault."),
    "conflicts": ("app.cli.conflicts:conflicts", "Show where both sides moved, and who won; settle."),
    "rejections": ("app.cli.records:rejections", "Show sheet values that the table cannot hold."),
    "alerts": ("app.cli.alerts:alerts", "Show what a person was called for; try the webhook for alerts."),
    "history": ("app.cli.history:history", "Search every value that was carried over."),
    "undo": ("app.cli.undo:undo", "Take back what somebody did, on both sides."),
    "approve": ("app.cli.operate:approve", "Let through what a guard has stopped."),
    "restore": ("app.cli.operate:restore", "Undo what a guard has stopped."),
    "pause": ("app.cli.operate:pause", "Stop a link for a while."),
    "resume": ("app.cli.operate:resume", "Let a paused link go on."),
}
"""Name to where the command is and what the list of commands says of it."""


class Program(click.Group):
    """Loads commands when they are called, and ends with 0 (good), 1 (found something) or 2 (could not run)."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """All names, in the order in which a newcomer meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (click's)
        """Import the command."""
        if cmd_name not in _COMMANDS:
            return None
        _send_logs_to_standard_error()
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's)
        """The list of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in _COMMANDS.items()])

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]  # click's own signature is an overload of this
        """Run a command; every failure becomes one message and an exit code, never a traceback."""
        words = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in words
        if not extra.pop("standalone_mode", True):
            return super().main(words, standalone_mode=False, **extra)
        spare_collector()
        sys.exit(_ended(self, words, as_json, extra))


def _ended(program: Program, words: list[str], as_json: bool, extra: dict[str, Any]) -> int:
    try:
        code = click.Group.main(program, words, standalone_mode=False, **extra)
    except TwinsheetError as error:
        print_error(error.kind, error.message, error.hint, as_json=as_json)
    except click.ClickException as error:
        _show_misuse(error, as_json)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 130
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115,PTH123  (the reader left; nothing more can be said)
    except Exception as error:
        if os.environ.get("TWINSHEET_LOG_LEVEL", "").lower() == "debug":
            raise
        hint = "This is a fault of Twinsheet: run it again with TWINSHEET_LOG_LEVEL=debug and report what it shows."
        print_error("Unexpected", f"{type(error).__name__}: {error}", hint, as_json=as_json)
    else:
        return code if isinstance(code, int) else 0
    return EXIT_COULD_NOT_RUN


def _send_logs_to_standard_error() -> None:
    """Standard output is for answers alone; people are told of what they asked, not of how it went inside."""
    from app.logs import configure_logs

    level = os.environ.get("TWINSHEET_LOG_LEVEL", "").lower()
    if level in ("debug", "info"):
        configure_logs("auto", level)
        return
    configure_logs("auto", "error")
    for handler in logging.getLogger().handlers:  # a broker that cannot be reached is told once, by us
        handler.addFilter(lambda record: not record.name.startswith("kafka"))


def _show_misuse(error: click.ClickException, as_json: bool) -> None:
    if as_json:
        context = getattr(error, "ctx", None)
        hint = f"{context.command_path} --help explains it." if context else ""
        print_error("Usage", error.format_message(), hint, as_json=True)
    else:
        error.show()


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="twinsheet", prog_name="twinsheet", message="%(prog)s %(version)s")
def main() -> None:
    """Keep a tab of a Google Sheet and a MySQL table identical, in both directions.

    Settings come from the environment (see .env.example); TWINSHEET_RUN_DIR alone attaches to a running demo.

    Exit codes: 0 good, 1 found something (differences, conflicts), 2 could not run.
    """
