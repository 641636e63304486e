"""``twinsheet conflicts`` and ``conflicts take``: where both sides moved, and how a person ends that."""

from __future__ import annotations

import click

from app.cli.output import EXIT_FOUND, EXIT_GOOD, json_option, print_json
from app.cli.records import Item, ask_records, record_arguments, show_records


class _Listing(click.Group):
    """Lists, unless the first word is the name of a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command in that a person leaves out."""
        known = (*self.commands, *ctx.help_option_names)
        return super().parse_args(ctx, args if args and args[0] in known else ["list", *args])


@click.group(cls=_Listing, invoke_without_command=True)
def conflicts() -> None:
    """Show where both sides moved to different values, and who won; settle what waits for a person.

    twinsheet conflicts [LINK] [--open] is short for twinsheet conflicts list.
    """


@conflicts.command("list")
@record_arguments
@click.option("--open", "open_only", is_flag=True, help="Only those that wait for a person.")
def list_(link: str | None, limit: int | None, as_json: bool, open_only: bool) -> int:
    """Show conflicts of LINK or of all links, newest first.

    Exit code 1 where there is one.
    """
    items = ask_records(
        link, lambda status: _with_way_on(status.reports.conflicts(link, limit=limit, unsettled_only=open_only))
    )
    columns = ["at", "id", "link", "key", "column", "sheet", "sheet_at", "table", "table_at", "winner", "rule"]
    show_records(items, columns, as_json, empty="No conflicts.")
    if not as_json and any(not item["settled"] for item in items):
        click.echo("\nOpen ones wait for you: twinsheet conflicts take ID sheet|table|VALUE")
    return EXIT_FOUND if items else EXIT_GOOD


def _with_way_on(items: list[Item]) -> list[Item]:
    """Each with the command that settles it, or that brings the loser back."""
    return [{**item, "take": f"twinsheet conflicts take {item['id']} sheet|table|VALUE"} for item in items]


@conflicts.command("take", context_settings={"ignore_unknown_options": True})
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@click.argument("choice", metavar="sheet|table|VALUE", required=False)
@click.option("--value", metavar="TEXT", help="Another value, also one spelled 'sheet' or 'table'; '' for none.")
@click.option(
    "--wait", "wait_s", type=click.FloatRange(min=0), default=10.0, show_default=True, metavar="S",
    help="Wait until it is done, at most S seconds.",
)  # fmt: skip
@json_option
def take(number: int, choice: str | None, value: str | None, wait_s: float, as_json: bool) -> int:
    """Settle conflict ID with the sheet's value, the table's value, or another VALUE, on both sides.

    For an open conflict `sheet` and `table` mean what that side holds now; for a settled one the values that were
    in conflict, so that the loser comes back. Exit code 0: done. 1: queued, with the reason. 2: refused.
    """
    from app.orders import this_person
    from app.take import take as do
    from config.settings import load_settings

    if (choice is None) == (value is None):
        raise click.UsageError("Say one of: sheet, table, or a value.")
    side = choice if value is None and choice in ("sheet", "table") else "value"
    wanted = value if value is not None else choice
    report = do(
        load_settings(("mysql_url",)), number, side, wanted if side == "value" else None, wait_s, this_person()
    )
    settled = report["state"] == "settled"
    if as_json:
        print_json(report)
    elif settled:
        click.echo(f"Conflict {number} is settled: both sides get {_chosen(report, wanted)}.")
    else:
        click.echo(f"Conflict {number}: what you chose is kept and carried out later, because {report['reason']}")
    return EXIT_GOOD if settled else EXIT_FOUND


def _chosen(report: Item, value: str | None) -> str:
    return {"sheet": "the sheet's value", "table": "the table's value"}.get(report["take"], f"{value!r}")
