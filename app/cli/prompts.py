"""What ``twinsheet link add`` shows and asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from app.cli.output import agreed

F = TypeVar("F", bound=Callable[..., Any])


def prefer_option(command: F) -> F:
    """``--prefer``."""
    return click.option(
        "--prefer",
        type=click.Choice(["sheet", "table", "conflicts"]),
        help="Whose values to take where both sides are filled and differ; conflicts keeps both, cell by cell,"
        " until somebody chooses.",
    )(command)


def confirm_plan(report: Mapping[str, Any]) -> bool:
    """Show the plan and ask."""
    from app.cli.plan_view import show_plan, show_start

    show_start(report)
    show_plan(report["plan"])
    return agreed()


def confirm_column(report: Mapping[str, Any]) -> bool:
    """Show what linking one more column would write, and ask."""
    from app.cli.plan_view import show_column_plan

    show_column_plan(report["plan"])
    return agreed()


def announce(report: Mapping[str, Any]) -> bool:
    """Show what is made, and go on without a question."""
    from app.cli.plan_view import show_start

    show_start(report)
    return True


def show_linked(report: Mapping[str, Any]) -> None:
    """The outcome: linked with its connection code, or the plan with what is to be decided."""
    for fault in report.get("rule_faults", ()):
        click.secho(fault, fg="yellow", err=True)
    code = report.get("connection_code")
    if not code:
        _show_undecided(report["plan"])
        return
    click.secho(f"{report['link']} is linked: {report['tab']} and {report['table']}.", fg="green")
    if report.get("connected"):
        where = "The sheet is connected already. To connect it again, choose Twinsheet → Connect"
    else:
        click.echo("Where the sheet has no menu Twinsheet yet, paste the script first: docs/google-setup.md, 4.")
        where = "Reload the spreadsheet, choose Twinsheet → Connect, grant the permissions,"
    click.echo(f"{where} and paste this connection code:\n")
    click.echo(code)
    if not report.get("copied"):
        click.echo("\nThe services copy what one side lacks; how far they have come: twinsheet status")


def show_column(report: Mapping[str, Any]) -> None:
    """The outcome of one more column, or the plan with what is to be decided."""
    from app.cli.plan_view import show_column_plan

    if report["added"]:
        click.secho(f"{report['link']}: {report['column']} is linked to the header {report['header']}.", fg="green")
        return
    if report["plan"]["differences"]:
        show_column_plan(report["plan"])
        click.echo("Say whose values to take: --prefer sheet or --prefer table.")
    click.echo("Nothing was written.")


def _show_undecided(plan: Mapping[str, Any]) -> None:
    from app.cli.plan_view import show_plan

    if plan["differences"]:
        show_plan(plan)
        click.echo("Nothing was written. Say whose values to take: --prefer sheet or --prefer table;")
        click.echo("or --prefer conflicts, to keep both and choose for each cell (twinsheet conflicts take).")
    else:
        click.echo("Nothing was written.")
