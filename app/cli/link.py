"""``twinsheet link``: the words of the command; the work is done in app.linking."""

from __future__ import annotations

from typing import Any

import click

from app.cli.new_link import entry_of, new_link_options
from app.cli.output import EXIT_FOUND, EXIT_GOOD, json_option, print_json, print_table
from app.cli.prompts import prefer_option


@click.group()
def link() -> None:
    """Tie a tab of a spreadsheet to a table, show what is tied, and untie."""


@link.command("add")
@click.argument("name")
@new_link_options(required=True)
@prefer_option
@click.option("--create-table", is_flag=True, help="Make the table from the tab, where there is none.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@json_option
def add(*, name: str, prefer: str | None, create_table: bool, yes: bool, as_json: bool, **asked: Any) -> int:
    """Link a tab to a table under NAME (a-z, 0-9, _ and -).

    Checks both sides, shows the plan, asks, prepares the tab, and copies what one side lacks. Prints a connection
    code that you paste once into the sheet's own menu, Twinsheet → Connect. Headers are tied to the columns of the
    same name, with case, blanks and marks left aside; --column ties others. Where both sides hold different values
    it writes nothing until you say --prefer. A tab that is not there or blank is made from the table; a table that
    is not there is made from the tab, when you say yes to the statement, or --create-table.
    """
    from app.cli.progress import copy_bar
    from app.cli.prompts import announce, confirm_plan, show_linked
    from app.linking.add import add_link
    from config.settings import load_settings

    entry = entry_of(name, asked)
    settings = load_settings(("mysql_url", "kafka", "sheets", "webhook_secret"))
    asks = not (yes or as_json)
    with copy_bar(f"Copying {name}") as watcher:
        report = add_link(
            settings,
            entry,
            prefer=prefer,
            create_table=create_table or asks,
            confirm=confirm_plan if asks else None if as_json else announce,
            watcher=None if as_json else watcher,
        )
    if as_json:
        print_json(report)
    else:
        show_linked(report)
    return EXIT_GOOD if report.get("connection_code") else EXIT_FOUND


@link.command("add-column")
@click.argument("name")
@click.argument("column")
@click.option("--header", help="Header of the tab; the one of that name, or a new one, where it is left out.")
@click.option(
    "--prefer", type=click.Choice(["sheet", "table"]), help="Whose value to take where both sides fill a cell."
)
@click.option("--yes", is_flag=True, help="Do it without asking.")
@json_option
def add_column(*, name: str, column: str, header: str | None, prefer: str | None, yes: bool, as_json: bool) -> int:
    """Link one more COLUMN of the table in the link NAME, which goes on meanwhile.

    Takes the tab's header of that name or adds it, and names it in links.yaml. A header whose column was renamed in
    the table is tied to it again by --header.
    """
    from app.cli.prompts import confirm_column, show_column
    from app.linking.columns import add_column as do
    from config.settings import load_settings

    ask = None if yes or as_json else confirm_column
    settings = load_settings(("mysql_url", "sheets"))
    report = do(settings, name, column, header=header, prefer=prefer, confirm=ask)
    if as_json:
        print_json(report)
    else:
        show_column(report)
    return EXIT_GOOD if report["added"] else EXIT_FOUND


@link.command("list")
@json_option
def list_(as_json: bool) -> int:
    """Show all links."""
    from app.linking.manage import list_links
    from config.settings import load_settings

    links = list_links(load_settings(("mysql_url",)))
    if as_json:
        print_json({"links": links})
        return EXIT_GOOD
    rows = [[one["link"], one.get("state"), one["tab"], one["table"], one["spreadsheet"]] for one in links]
    print_table(
        ["link", "state", "tab", "table", "spreadsheet"], rows, empty="No links; make one: twinsheet link add"
    )
    return EXIT_GOOD


@link.command("code")
@click.argument("name")
@json_option
def code(name: str, as_json: bool) -> int:
    """Print the connection code of the link NAME again, made with the newest master secret."""
    from app.linking.manage import code_of
    from config.settings import load_settings

    text = code_of(load_settings(("webhook_secret",)), name)
    if as_json:
        print_json({"link": name, "connection_code": text})
    else:
        click.echo(text)
    return EXIT_GOOD


@link.command("remove")
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> int:
    """Untie the link NAME; sheet and table keep their data."""
    from app.linking.manage import remove_link
    from config.settings import load_settings

    report = remove_link(load_settings(("mysql_url",)), name)
    if as_json:
        print_json(report or {"link": name, "removed": True})
    else:
        click.echo(f"{name} is linked no longer. Sheet and table keep their data.")
        if report and report.get("hint"):
            click.echo(report["hint"])
    return EXIT_GOOD
