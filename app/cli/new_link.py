"""The words that name a link that is to be made: the same for ``link add`` and for ``plan``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from config.link_entry import LinkEntry

F = TypeVar("F", bound=Callable[..., Any])
Pair = tuple[str, str]
NEW_LINK = ("spreadsheet", "tab", "header_row", "table", "conflicts", "columns", "rules", "one_way", "where")
"""What the options of :func:`new_link_options` are called; the fields of an entry of links.yaml."""


def _pair(text: str) -> Pair:
    """The last ``=`` parts: headers may hold one, columns and directions hardly do."""
    left, found, right = text.rpartition("=")
    if not found or not left or not right:
        raise click.BadParameter(f"'{text}' has no = between two words")
    return left, right


def _pairs(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    return dict(map(_pair, given))


def _conditions(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> dict[str, Any]:
    from config.link_entry import condition_of

    found = {}
    for text in given:
        column, equals, condition = text.partition("=")
        if not column or not equals:
            raise click.BadParameter(f"'{text}' has no = between a column and what it holds")
        try:
            found[column] = condition_of(condition)
        except ValueError as error:
            raise click.BadParameter(f"'{text}': {error}") from None
    return found


_MAPPING = (
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="HEADER=COLUMN",
        callback=_pairs,
        help="Ties a header to a column of another name; again for each.",
    ),
    click.option(
        "--rule",
        "rules",
        multiple=True,
        metavar="COLUMN=POLICY",
        callback=_pairs,
        help="A policy of one column; again for each.",
    ),
    click.option(
        "--one-way",
        multiple=True,
        metavar="COLUMN=to_sheet|to_table",
        callback=_pairs,
        help="A column that goes one way only; again for each.",
    ),
    click.option(
        "--where",
        multiple=True,
        metavar="COLUMN=VALUE",
        callback=_conditions,
        help="Show only rows of the table with this value, [one, of, these], null, or {not: one}; again for each.",
    ),
    click.option(
        "--conflicts",
        default="last_write_wins",
        show_default=True,
        metavar="POLICY",
        help="last_write_wins, sheet_wins, table_wins, manual, max, min, append_text, or your module:function.",
    ),
)


def new_link_options(*, required: bool) -> Callable[[F], F]:
    """``--spreadsheet``, ``--tab``, ``--table``, and how the columns of the link are tied.

    Args:
        required: whether the first three have to be there.
    """
    what = (
        click.option(
            "--spreadsheet", required=required, metavar="ID", help="In the sheet's address, between /d/ and /edit."
        ),
        click.option("--tab", required=required, help="Name of the tab."),
        click.option(
            "--header-row",
            type=int,
            default=1,
            show_default=True,
            metavar="ROW",
            help="The tab's row with the headers; what stands above it stays as it is.",
        ),
        click.option("--table", required=required, metavar="SCHEMA.TABLE", help="The table; it needs a primary key."),
    )

    def decorate(command: F) -> F:
        for option in reversed((*what, *_MAPPING)):
            command = option(command)
        return command

    return decorate


def entry_of(name: str, given: Mapping[str, Any]) -> LinkEntry:
    """The entry of links.yaml that was asked for.

    Raises:
        LinkRefused: naming every word that cannot be so.
    """
    from config.link_entry import make_entry

    fields = dict(given) | {"spreadsheet": spreadsheet_id(given["spreadsheet"]), "columns": given["columns"] or None}
    return make_entry(name=name, **fields)


def spreadsheet_id(text: str) -> str:
    """The id of a spreadsheet, also out of a whole address that a person pasted."""
    if "/d/" in text:
        return text.partition("/d/")[2].partition("/")[0].partition("?")[0]
    return text
