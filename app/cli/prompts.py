"""What ``twinsheet link add`` shows and asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
_DIFFERENCES_SHOWN_MAX = 20


def _policy(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from config.rules import check_rule_name

    try:
        check_rule_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


def policy_option(command: F) -> F:
    """``--conflicts``, checked."""
    return click.option(
        "--conflicts",
        default="last_write_wins",
        show_default=True,
        metavar="POLICY",
        callback=_policy,
        help="last_write_wins, sheet_wins, table_wins, manual, max, min, append_text, or your module:function.",
    )(command)


def confirm_plan(report: Mapping[str, Any]) -> bool:
    """Show the plan and ask."""
    show_plan(report["plan"])
    return click.confirm("Go on?", default=True)


def show_plan(plan: Mapping[str, Any]) -> None:
    """What would be written where."""
    click.echo(f"To be written into the sheet: {plan['sheet_writes']}, into the table: {plan['table_writes']}.")
    differences = plan["differences"]
    if isinstance(differences, int):
        click.echo(f"Cells that differ: {differences}.")
        return
    if differences:
        click.echo(f"Cells that differ: {len(differences)}.")
    for one in differences[:_DIFFERENCES_SHOWN_MAX]:
        where = one.get("key") or one.get("row_id")
        click.echo(f"  {where} {one.get('column')}: sheet {one.get('sheet')!r}, table {one.get('table')!r}")
    if len(differences) > _DIFFERENCES_SHOWN_MAX:
        click.echo(f"  and {len(differences) - _DIFFERENCES_SHOWN_MAX} more (--json shows all)")


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
        click.echo("The sheet is connected with this code:\n")
    else:
        click.echo("Paste this code once into the sheet, menu Twinsheet → Connect:\n")
    click.echo(code)


def show_column(report: Mapping[str, Any]) -> None:
    """The outcome of one more column, or the plan with what is to be decided."""
    if report["added"]:
        click.secho(f"{report['link']}: {report['column']} is linked to the header {report['header']}.", fg="green")
    else:
        _show_undecided(report["plan"])


def _show_undecided(plan: Mapping[str, Any]) -> None:
    if plan["differences"]:
        show_plan(plan)
        click.echo("Nothing was written. Say whose values to take: --prefer sheet or --prefer table.")
    else:
        click.echo("Nothing was written.")
