"""What ``twinsheet restore`` shows and asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from app.cli.output import agreed
from app.restore_report import plan_lines


def confirm_restore(report: Mapping[str, Any]) -> bool:
    """Show the plan and ask."""
    click.echo(report["reason"])
    show_plan(report["plan"])
    return agreed()


def show_plan(plan: Mapping[str, Any]) -> None:
    """What would be written where, the first of each kind, and what cannot be brought back."""
    for line in plan_lines(plan):
        click.echo(line)
    for said in plan["cannot"]:
        click.secho(f"Not brought back: {said}", fg="yellow")


def show_restored(report: Mapping[str, Any]) -> None:
    """The outcome."""
    if not report["restored"]:
        click.echo("Nothing was written.")
        return
    link, plan = report["link"], report["plan"]
    click.secho(f"{link} goes on.", fg="green")
    if plan["sheet_writes"]:
        click.echo(f"The sheet is being written; see: twinsheet verify {link} --wait 60")
