"""``twinsheet conflicts``, ``rejections`` and ``history``: what was decided, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.cli.output import EXIT_FOUND, EXIT_GOOD, json_option, print_json, print_table

if TYPE_CHECKING:
    from adapters.mysql_reports import Reports

F = TypeVar("F", bound=Callable[..., Any])
Item = dict[str, Any]


def _arguments(command: F) -> F:
    for add in (
        json_option,
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N."),
        click.argument("link", required=False),
    ):
        command = add(command)
    return command


@click.command()
@_arguments
@click.option("--open", "open_only", is_flag=True, help="Only those that wait for a person.")
def conflicts(link: str | None, limit: int | None, as_json: bool, open_only: bool) -> int:
    """Show where both sides moved to different values, and who won, of LINK or of all links.

    Exit code 1 where there is one.
    """
    items = _ask(link, lambda reports: reports.conflicts(link, limit=limit, unsettled_only=open_only))
    columns = ["at", "link", "key", "column", "sheet", "table", "winner", "rule"]
    _show(items, columns, as_json, empty="No conflicts.")
    return EXIT_FOUND if items else EXIT_GOOD


@click.command()
@_arguments
@click.option("--all", "with_mended", is_flag=True, help="Also those that were mended.")
def rejections(link: str | None, limit: int | None, as_json: bool, with_mended: bool) -> int:
    """Show sheet values that the table cannot hold, each with what would fit, of LINK or of all links.

    Exit code 1 where there is one.
    """
    items = _ask(link, lambda reports: reports.rejections(link, limit=limit, open_only=not with_mended))
    _show(items, ["at", "link", "key", "column", "value", "reason"], as_json, empty="No rejections.")
    return EXIT_FOUND if items else EXIT_GOOD


@click.command()
@_arguments
def history(link: str | None, limit: int | None, as_json: bool) -> int:
    """Show every value that was carried over, of LINK or of all links."""
    items = _ask(link, lambda reports: reports.history(link, limit=limit))
    _show(
        items, ["at", "link", "key", "column", "what", "old", "new", "side", "actor"], as_json, empty="Nothing yet."
    )
    return EXIT_GOOD


def _ask(link: str | None, question: Callable[[Reports], list[Item]]) -> list[Item]:
    from app.status import Status
    from config.settings import load_settings

    with closing(Status(load_settings(("mysql_url",)))) as status:
        items = question(status.reports)
        if link is not None and not items:
            status.check_link(link)  # a misspelled name is not the same as nothing to tell
        return items


def _show(items: Sequence[Item], columns: Sequence[str], as_json: bool, *, empty: str) -> None:
    from app.status import as_json as plain

    texts = plain(list(items))
    if as_json:
        print_json({"items": texts})
        return
    rows = [[_moment(item["at"]), *(_cell(item[name]) for name in columns[1:])] for item in texts]
    print_table(columns, rows, empty=empty)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _moment(text: str) -> str:
    """A time for people, in their own time zone."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
