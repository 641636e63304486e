"""What ``twinsheet restore`` shows and asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

_SAID = {
    ("sheet", "header"): "The header row is written again",
    ("sheet", "column"): "Columns made again in the tab",
    ("sheet", "row_back"): "Rows that come back into the tab, from the table",
    ("sheet", "cell_back"): "Cells of the tab that get the table's value",
    ("sheet", "row_removed"): "Rows of the older version that leave the tab",
    ("table", "row_back"): "Rows that come back into the table, from what both sides shared",
}


def confirm_restore(report: Mapping[str, Any]) -> bool:
    """Show the plan and ask."""
    click.echo(report["reason"])
    show_plan(report["plan"])
    return click.confirm("Go on?", default=True)


def show_plan(plan: Mapping[str, Any]) -> None:
    """What would be written where, the first of each kind, and what cannot be brought back."""
    if not plan["kinds"]:
        click.echo("Nothing is missing any more; the link only has to go on.")
    for kind in plan["kinds"]:
        click.echo(f"{_SAID[kind['side'], kind['kind']]}: {kind['count']}")
        for one in kind["first"]:
            click.echo(f"  {_line(one)}")
        if kind["count"] > len(kind["first"]):
            click.echo(f"  and {kind['count'] - len(kind['first'])} more")
    for said in plan["cannot"]:
        click.secho(f"Not brought back: {said}", fg="yellow")


def _line(one: Mapping[str, Any]) -> str:
    if "columns" in one:
        return ", ".join(one["columns"])
    if "sheet" in one:
        return f"{'/'.join(one['key'])} {one['column']}: {one['sheet']!r} → {one['table']!r}"
    if "values" in one:
        return ", ".join(f"{name}={value}" for name, value in one["values"].items() if value is not None)
    return "/".join(one["key"]) if "key" in one else str(one.get("column", f"row {one.get('row')}"))


def show_restored(report: Mapping[str, Any]) -> None:
    """The outcome."""
    if not report["restored"]:
        click.echo("Nothing was written.")
        return
    link, plan = report["link"], report["plan"]
    click.secho(f"{link} goes on.", fg="green")
    if plan["sheet_writes"]:
        click.echo(f"The sheet is being written; see: twinsheet verify {link} --wait 60")
