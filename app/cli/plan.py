"""``twinsheet plan``: the words of the command; the work is done in app.plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from app.cli.output import EXIT_FOUND, EXIT_GOOD, NO_LINKS, json_option, print_json
from app.cli.prompts import policy_option, prefer_option, spreadsheet_id


@click.command()
@click.argument("link", required=False)
@click.option("--spreadsheet", metavar="ID", help="Of a link that is to be made: as for twinsheet link add.")
@click.option("--tab", help="Name of its tab.")
@click.option("--table", metavar="SCHEMA.TABLE", help="Its table.")
@policy_option
@prefer_option
@json_option
def plan(
    *,
    link: str | None,
    spreadsheet: str | None,
    tab: str | None,
    table: str | None,
    conflicts: str,
    prefer: str | None,
    as_json: bool,
) -> int:
    """Show what would be written to each side now, of LINK, of all links, or of a link that is to be made.

    Nothing is written. Exit code 0: both sides hold the same. 1: something differs, or waits for somebody.
    """
    from app.plan import plan_links, plan_new_link
    from config.settings import load_settings

    if spreadsheet is not None and tab is not None and table is not None and link is None:
        settings = load_settings(("mysql_url", "sheets"))
        report = plan_new_link(
            settings,
            spreadsheet=spreadsheet_id(spreadsheet),
            tab=tab,
            table=table,
            conflicts=conflicts,
            prefer=prefer,
        )
    elif (spreadsheet, tab, table, prefer) == (None, None, None, None) and not _is_given("conflicts"):
        report = plan_links(load_settings(("mysql_url", "sheets")), link)
    else:
        raise click.UsageError("Name a link; or for a new one --spreadsheet, --tab and --table, all three.")
    if as_json:
        print_json(report)
    else:
        _show(report)
    return EXIT_FOUND if report["to_do"] else EXIT_GOOD


def _is_given(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def _show(report: Mapping[str, Any]) -> None:
    from app.cli.plan_view import show_plan, show_start

    for one in report["links"]:
        name = f"{one['link']} ({one['state']})" if "link" in one else f"{one['tab']} and {one['table']}"
        click.secho(name, bold=True)
        if one.get("in_flight"):
            click.echo("A write to the sheet is on its way; what it carries still counts as differing.")
        for fault in one.get("rule_faults", ()):
            click.secho(fault, fg="yellow", err=True)
        show_start(one)
        show_plan(one["plan"])
    if not report["links"]:
        click.echo(NO_LINKS)
