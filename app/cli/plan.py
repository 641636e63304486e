"""``twinsheet plan``: the words of the command; the work is done in app.plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from app.cli.new_link import NEW_LINK, entry_of, new_link_options
from app.cli.output import EXIT_FOUND, EXIT_GOOD, NO_LINKS, json_option, print_json
from app.cli.prompts import prefer_option

_NAMELESS = "plan"
"""Stands for the name of a link that is not made yet."""


@click.command()
@click.argument("link", required=False)
@new_link_options(required=False)
@prefer_option
@json_option
def plan(*, link: str | None, prefer: str | None, as_json: bool, **asked: Any) -> int:
    """Show what would be written to each side now, of LINK, of all links, or of a link that is to be made.

    One that is to be made is named by the options, as twinsheet link add takes them.

    Nothing is written. Exit code 0: both sides hold the same. 1: something differs, or waits for somebody.
    """
    from app.plan import plan_links, plan_new_link
    from config.settings import load_settings

    if link is None and None not in (asked["spreadsheet"], asked["tab"], asked["table"]):
        entry = entry_of(_NAMELESS, asked)
        report = plan_new_link(load_settings(("mysql_url", "sheets")), entry, prefer)
    elif not any(map(_is_given, (*NEW_LINK, "prefer"))):
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
