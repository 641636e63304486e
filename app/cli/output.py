"""How commands speak: JSON for programs, tables for people, one message for a failure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

EXIT_GOOD = 0
EXIT_FOUND = 1
EXIT_COULD_NOT_RUN = 2

NO_LINKS = "There are no links yet; make one: twinsheet link add --help"

_WIDTH_ELSEWHERE = 240

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """Give a command ``--json``; its function gets ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def print_error(kind: str, message: str, hint: str, *, as_json: bool) -> None:
    """A failure: JSON on standard output, or one message on standard error."""
    if as_json:
        print_json({"error": {"kind": kind, "message": message, "hint": hint}})
    else:
        click.secho(f"Error: {message}", fg="red", err=True)
        if hint:
            click.echo(hint, err=True)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """A table for people; ``empty`` is said where there are no rows."""
    if not rows:
        click.echo(empty)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, header in enumerate(headers):
        table.add_column(header, overflow="fold", no_wrap=number == 0, min_width=len(header))
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_ELSEWHERE  # nobody's window: let nothing be folded
    console.print(table)


def ago(seconds: float) -> str:
    """A length of time as people say it."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def agreed() -> bool:
    """Ask whether to go on with what was shown.

    Raises:
        click.UsageError: nobody is there to answer.
    """
    try:
        return click.confirm("Go on?", default=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise  # Ctrl-C
        raise click.UsageError("Nobody answered, and nothing was done. To do it without a question: --yes") from None
