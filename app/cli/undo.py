"""``twinsheet undo``: the words of the command; the work is done in app.undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from app.cli.moment import Moment
from app.cli.output import EXIT_FOUND, EXIT_GOOD, agreed, json_option, print_json, print_table
from app.cli.records import ask_records, show_records
from app.said import key_shown

_SHOWN = 20
_SAID = {"change": "Cells that get their values back", "back": "Rows that come back", "away": "Rows that go"}


@click.command()
@click.argument("link", required=False)
@click.option("--entry", type=click.IntRange(min=1), metavar="ID", help="One entry of twinsheet history.")
@click.option(
    "--event", metavar="EVENT", help="An event of the history: a paste, a transaction of the table, an undo."
)
@click.option("--whole", is_flag=True, help="With --entry: all of its event, which --event would name.")
@click.option("--by", "actor", metavar="PERSON", help="What this person did, since a time.")
@click.option("--since", type=Moment(), metavar="TIME", help="With --by: from then on.")
@click.option("--until", type=Moment(), metavar="TIME", help="With --by: up to then.")
@click.option("--as-of", type=Moment(), metavar="TIME", help="Everything after it: the link as it was then.")
@click.option(
    "--over", is_flag=True, help="Also take back what others have changed since in the same cells and rows."
)
@click.option("--open", "list_open", is_flag=True, help="Show what was asked to be taken back and waits.")
@click.option("--withdraw", metavar="EVENT", help="Give up an undo that waits; what of it is done stays done.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option(
    "--wait", "wait_s", type=click.FloatRange(min=0), default=10.0, show_default=True, metavar="S",
    help="Wait until it is done, at most S seconds.",
)  # fmt: skip
@json_option
def undo(  # noqa: PLR0917 -- click gives each option by its name
    link: str | None,
    entry: int | None,
    event: str | None,
    whole: bool,
    actor: str | None,
    since: datetime | None,
    until: datetime | None,
    as_of: datetime | None,
    over: bool,
    list_open: bool,
    withdraw: str | None,
    yes: bool,
    wait_s: float,
    as_json: bool,
) -> int:
    """Take back what somebody did, on both sides. Shows the plan and asks; nothing is written before the yes.

    Cells and rows that others have changed since are listed and left alone, unless --over says otherwise. An undo
    is an event like any other: twinsheet undo --event EVENT has everything again. LINK may be left out where an
    entry or an event tells it.

    Exit code 0: taken back. 1: nobody said yes, something was left alone, or it is queued. 2: refused.
    """
    from app.undo import undo as do
    from app.undo import whole_of
    from config.settings import load_settings
    from core.undo import Selection, check_selection

    wanted = Selection(entry, event, actor, since, until, as_of)
    if whole and entry is None:
        raise click.UsageError("--whole goes with --entry.")
    if list_open or withdraw is not None:
        if wanted != Selection() or (withdraw is not None and (list_open or link is not None)):
            raise click.UsageError("--open stands alone or with a LINK, --withdraw EVENT alone.")
        return _list_open(link, as_json) if withdraw is None else _withdraw(withdraw, as_json)
    settings = load_settings(("mysql_url",))
    if whole and entry is not None:
        check_selection(wanted, datetime.now(UTC))
        found, wanted = whole_of(settings, entry)
        link = link or found
    ask = None if yes else (lambda _report: False) if as_json else _confirm
    report = do(settings, wanted, link, over=over, wait_s=wait_s, confirm=ask)
    if as_json:
        print_json(report)
    else:
        if yes:  # who was asked has seen them
            _show_notes(report)
        _show(report)
    return EXIT_GOOD if report["state"] == "done" and not report["left"] else EXIT_FOUND


def _list_open(link: str | None, as_json: bool) -> int:
    items = ask_records(link, lambda status: status.reports.open_undos(link))
    show_records(items, ["at", "link", "event", "actor", "open", "rows"], as_json, empty="No undo waits.")
    if items and not as_json:
        click.echo("\nTo give one up: twinsheet undo --withdraw EVENT")
    return EXIT_FOUND if items else EXIT_GOOD


def _withdraw(event: str, as_json: bool) -> int:
    from app.orders import this_person
    from app.withdraw import withdraw
    from config.settings import load_settings

    report = withdraw(load_settings(("mysql_url",)), event, this_person())
    if as_json:
        print_json(report)
        return EXIT_GOOD
    click.secho(f"Withdrawn: {_rows(report['withdrawn'])} of {report['link']} will not be taken back.", fg="green")
    if report["rows"]:
        click.echo(f"Taken back before, and stays so: {_rows(len(report['rows']))}.")
        _show_rows(report["rows"])
        click.echo(f"To have that again: twinsheet undo --event {event}")
    return EXIT_GOOD


def _rows(number: int) -> str:
    return f"{number} row{'' if number == 1 else 's'}"


def _confirm(report: Mapping[str, Any]) -> bool:
    _show_rows(report["rows"])
    _show_left(report["left"])
    _show_notes(report)
    return agreed()


def _show_notes(report: Mapping[str, Any]) -> None:
    for note in report["notes"]:
        click.secho(note, fg="yellow")


def _show(report: Mapping[str, Any]) -> None:
    if report["state"] == "asked":
        click.echo("Nothing was written.")
        return
    written, waits = len(report["rows"]), report["state"] == "queued"
    if written or not waits:
        click.secho(f"Taken back in {_rows(written)}.", fg="green" if written else None)
    _show_left(report["left"])
    for row in report["rows"]:
        if row["old_key"]:
            click.echo(f"The row of key {key_shown(row['old_key'])} has come back as {key_shown(row['key'])}.")
    if written:
        click.echo(f"To have it again: twinsheet undo --event {report['event']}")
    if waits:
        are = "is" if report["rows_open"] == 1 else "are"
        later = f"{_rows(report['rows_open'])} {are} kept and taken back later, because {report['reason']}"
        click.secho(later, fg="yellow")
        click.echo(f"To give up what waits: twinsheet undo --withdraw {report['event']}")


def _show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    for kind, said in _SAID.items():
        found = [row for row in rows if row["kind"] == kind]
        if not found:
            continue
        lines = [[key_shown(row["key"]), c["column"], c["now"], c["then"]] for row in found for c in row["cells"]]
        click.secho(f"{said}: {len(lines) if kind == 'change' else len(found)}", bold=True)
        print_table(["key", "column", "now", "then"], lines[:_SHOWN], empty="")
        if len(lines) > _SHOWN:
            click.echo(f"and {len(lines) - _SHOWN} more lines; all of them: --json")
        for row in found:
            if row["old_key"]:
                click.secho(f"The key {key_shown(row['old_key'])} is taken: the row gets a new one.", fg="yellow")


def _show_left(left: Sequence[Mapping[str, Any]]) -> None:
    if not left:
        return
    click.secho(f"Left alone: {len(left)}", fg="yellow", bold=True)
    lines = [[key_shown(one["key"]), one["column"], one["now"], one["then"], one["reason"]] for one in left]
    print_table(["key", "column", "now", "then", "why"], lines[:_SHOWN], empty="")
    if len(left) > _SHOWN:
        click.echo(f"and {len(left) - _SHOWN} more; all of them: --json")
