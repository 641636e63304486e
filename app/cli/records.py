"""``twinsheet rejections``: what was decided, newest first. Conflicts and history are shown alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.cli.output import EXIT_FOUND, EXIT_GOOD, json_option, print_json, print_table

if TYPE_CHECKING:
    from app.status import Status

F = TypeVar("F", bound=Callable[..., Any])
Item = dict[str, Any]


def record_arguments(command: F) -> F:
    """Give a command its LINK, ``--limit`` and ``--json``."""
    for add in (
        json_option,
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N."),
        click.argument("link", required=False),
    ):
        command = add(command)
    return command


@click.command()
@record_arguments
@click.option("--all", "with_mended", is_flag=True, help="Also those that were mended.")
def rejections(link: str | None, limit: int | None, as_json: bool, with_mended: bool) -> int:
    """Show sheet values that the table cannot hold, each with what would fit, of LINK or of all links.

    Exit code 1 where there is one.
    """
    items = ask_records(link, lambda status: status.reports.rejections(link, limit=limit, open_only=not with_mended))
    show_records(items, ["at", "link", "key", "column", "value", "reason"], as_json, empty="No rejections.")
    return EXIT_FOUND if items else EXIT_GOOD


def ask_records(link: str | None, question: Callable[[Status], list[Item]]) -> list[Item]:
    """Answers of the record; a link that does not exist is refused."""
    from app.status import Status
    from config.settings import load_settings

    with closing(Status(load_settings(("mysql_url",)))) as status:
        items = question(status)
        if link is not None and not items:
            status.check_link(link)  # a misspelled name is not the same as nothing to tell
        return items


def show_records(items: Sequence[Item], columns: Sequence[str], as_json: bool, *, empty: str) -> None:
    """Records for a program, or as a table of these columns for a person."""
    from app.status import as_json as plain

    texts = plain(list(items))
    if as_json:
        print_json({"items": texts})
        return
    rows = [[_cell(name, item[name]) for name in columns] for item in texts]
    print_table(columns, rows, empty=empty)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name == "at" or name.endswith("_at"):
        return _moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _moment(text: str) -> str:
    """A time for people, in their own time zone."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
