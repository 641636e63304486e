"""How a plan is shown to people, by ``twinsheet plan`` and before ``twinsheet link add`` asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from app.cli.output import ago, print_table
from app.said import key_shown
from core.preview_tally import FIRST_SHOWN

_SAID = {
    ("table", "insert"): "New rows of the table",
    ("table", "cell"): "Cells of the table that get the sheet's value",
    ("table", "delete"): "Rows that leave the table",
    ("sheet", "insert"): "New rows of the sheet",
    ("sheet", "cell"): "Cells of the sheet that get the table's value",
    ("sheet", "delete"): "Rows that leave the sheet",
    ("sheet", "id"): "Rows of the sheet that get a row id",
    ("sheet", "key"): "Keys that the table gives to rows of the sheet",
    ("neither", "undecided"): "Cells that differ; nothing is written until you say whose stay",
    ("neither", "conflict"): "Conflicts that wait for a person",
    ("neither", "settled"): "Conflicts, and who wins",
    ("neither", "unfit"): "Values that do not fit; each stays where it is, with its reason beside it",
    ("neither", "incomplete"): "Rows of the sheet that wait, because something is missing",
    ("neither", "formula"): "Formulas that the table's change does not overwrite",
    ("neither", "waits"): "Cells that are being carried over",
}
_COUNTED = ("to_table", "to_sheet", "undecided", "conflict", "settled", "unfit")
_VALUE_CHARS_MAX = 40
_VALUES_SHOWN_MAX = 6


def show_start(report: Mapping[str, Any]) -> None:
    """What is made before the two sides of a new link are tied, and which columns stay out."""
    if report.get("create_table"):
        click.echo(f"The table {report['table']} is made by this statement:\n\n{report['create_table']};\n")
    for one in report.get("mixed", ()):
        said = f"Column {one['column']} will be plain text, though it holds numbers: {one['reason']}."
        click.secho(said, fg="yellow")
    for one in report.get("looks", ()):
        said = f"Column {one['column']} is text in the table, and takes numbers without their look: {one['reason']}."
        click.secho(said, fg="yellow")
    for statement in report.get("lacks", ()):
        click.secho(f"Our MySQL user may not do that; it lacks: {statement}", fg="yellow")
    if report.get("creates_tab"):
        there = ", ".join(report["other_tabs"])
        click.secho(f"The spreadsheet has no tab named {report['tab']}; it has: {there}.", fg="yellow")
    if report.get("starts_from") == "table":
        done = "is made" if report["creates_tab"] else "is blank and gets headers"
        click.echo(f"The tab {report['tab']} {done}: {', '.join(report['columns'])}.")
    for header in report.get("adds_headers", ()):
        click.echo(f"The tab {report['tab']} gets the column {header}, for the keys that the table gives.")
    if report.get("total_row"):
        said = f"Row {report['total_row']} looks like a total of the rows above it, and would be a row of the table."
        click.secho(f"{said} A total belongs into another tab.", fg="yellow")
    for one in report.get("left_out", ()):
        click.echo(f"Column {one['column']} stays out: {one['reason']}.")
    if report.get("headerless"):
        click.secho(f"{report['headerless']}: what stands there is not linked.", fg="yellow")


def show_plan(plan: Mapping[str, Any]) -> None:
    """What would be written where, the first of each kind, and what needs an eye."""
    click.echo(f"To be written into the sheet: {plan['sheet_writes']}, into the table: {plan['table_writes']}.")
    if plan["guard"] is not None:
        click.secho(f"The link would be held: {plan['guard']['reason']}", fg="yellow")
    for kind in plan["kinds"]:
        _show_kind(kind)
    _show_columns(plan["columns"])
    for line in _faults(plan):
        click.secho(line, fg="yellow")
    for one in plan["care"]:
        click.echo(f"Column {one['column']} ({_short(one['type'])}): {one['what']}.")
    cost = plan["cost"]
    if cost["requests"]:
        count = f"{cost['requests']} request{'' if cost['requests'] == 1 else 's'}"
        click.echo(
            f"The sheet takes about {count} ({cost['bytes'] / 1e6:.1f} MB), about {ago(cost['seconds'])}"
            f" at {cost['writes_per_minute']} writes a minute."
        )


def show_column_plan(plan: Mapping[str, Any]) -> None:
    """What linking one more column would write where, and the first cells that both sides fill differently."""
    click.echo(f"To be written into the sheet: {plan['sheet_writes']}, into the table: {plan['table_writes']}.")
    differences = plan["differences"]
    if differences:
        click.echo(f"Cells that differ: {len(differences)}")
    for one in differences[:FIRST_SHOWN]:
        click.echo(f"  {_line(one)}")
    if len(differences) > FIRST_SHOWN:
        click.echo(f"  and {len(differences) - FIRST_SHOWN} more")


def _show_kind(kind: Mapping[str, Any]) -> None:
    click.echo(f"{_SAID[kind['side'], kind['kind']]}: {kind['count']}")
    if kind["kind"] == "id":
        return
    for one in kind["first"]:
        click.echo(f"  {_line(one)}")
    if kind["count"] > len(kind["first"]):
        click.echo(f"  and {kind['count'] - len(kind['first'])} more")


def _line(one: Mapping[str, Any]) -> str:
    where = key_shown(one["key"]) if one.get("key") else f"row {one['row']}" if "row" in one else ""
    if "values" in one:
        return f"{where}: {_values(one['values'])}" if where else _values(one["values"])
    told = f"{where} {one['column']}" if one.get("column") else where
    if "sheet" in one:
        told += f": sheet {_quoted(one['sheet'])}, table {_quoted(one['table'])}"
    return f"{told}: {one['reason']}" if one.get("reason") else told


def _values(values: Mapping[str, str]) -> str:
    shown = [f"{name}={_short(value)}" for name, value in list(values.items())[:_VALUES_SHOWN_MAX]]
    return ", ".join([*shown, "…"] if len(values) > len(shown) else shown)


def _quoted(value: str | None) -> str:
    return "nothing" if value is None else f"'{_short(value)}'"


def _short(value: str) -> str:
    line = value.replace("\r", "⏎").replace("\n", "⏎")
    return line if len(line) <= _VALUE_CHARS_MAX else line[: _VALUE_CHARS_MAX - 1] + "…"


def _show_columns(columns: Sequence[Mapping[str, Any]]) -> None:
    counted = [name for name in _COUNTED if any(one.get(name) for one in columns)]
    if not counted:
        return
    rows = [[one["column"], _short(one["type"]), *(one.get(name, 0) for name in counted)] for one in columns]
    print_table(["column", "type", *(name.replace("_", " ") for name in counted)], rows, empty="")


def _faults(plan: Mapping[str, Any]) -> Iterator[str]:
    repeated, blank = plan["repeated_keys"], plan["blank_keys"]
    if repeated["count"]:
        yield f"Keys that stand in more than one row of the sheet: {repeated['count']}"
    for one in repeated["first"]:
        yield f"  {key_shown(one['key'])} in rows {', '.join(map(str, one['rows']))}"
    if blank["count"]:
        yield f"Rows of the sheet without a key: {blank['count']} (row {', '.join(map(str, blank['rows']))})"
