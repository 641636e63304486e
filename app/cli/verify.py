"""``twinsheet verify``: the words of the command; the work is done in app.verify."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import click

from app.cli.output import EXIT_FOUND, EXIT_GOOD, NO_LINKS, json_option, print_json, print_table
from app.said import count, exception, key_shown


def _number(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    if math.isnan(value):  # is in every range
        raise click.BadParameter("nan is no number of seconds.")
    return value


@click.command()
@click.argument("link", required=False)
@click.option(
    "--wait", "wait_s", type=click.FloatRange(min=0), default=0.0, metavar="S", callback=_number,
    help="Wait until both sides rest, at most S seconds.",
)  # fmt: skip
@json_option
def verify(link: str | None, wait_s: float, as_json: bool) -> int:
    """Compare every linked cell of the sheet with the table, of LINK or of all links.

    Exit code 0: identical (cells that wait with a known reason are listed apart). 1: there are differences.
    """
    from app.verify import verify as compare
    from config.settings import load_settings

    report = compare(load_settings(("mysql_url", "kafka", "sheets")), link, wait_s)
    if as_json:
        print_json(report)
    else:
        _show(report)
    return EXIT_GOOD if report["identical"] else EXIT_FOUND


def _show(report: Mapping[str, Any]) -> None:
    for one in report["links"]:
        said, colour = _said(one)
        click.secho(f"{one['link']} ({one['state']}): {said}, {one['rows']} rows.", fg=colour)
        rows = [[d["row_id"], key_shown(d["key"]), d["column"], d["sheet"], d["table"]] for d in one["differences"]]
        if rows:
            print_table(["row id", "key", "column", "sheet", "table"], rows, empty="")
        pending = [
            [p["row"], key_shown(p["key"]), p["row_id"], p["column"], p["reason"]] for p in one.get("pending", [])
        ]
        if pending:
            click.echo("Waiting, with a known reason:")
            print_table(["row", "key", "row id", "column", "reason"], pending, empty="")
    if not report["links"]:
        click.echo(NO_LINKS)


def _said(one: Mapping[str, Any]) -> tuple[str, str]:
    """What a link is, and its colour."""
    differing, waiting = len(one["differences"]), len(one.get("pending", []))
    if one["identical"] and not waiting:
        return "identical", "green"
    if one["identical"]:
        return f"identical, {exception(waiting)}", "yellow"
    return f"{'at least ' if one['more_differences'] else ''}{count(differing, 'difference')}", "red"
