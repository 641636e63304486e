"""``twinsheet history``: who changed what, when, and how it came over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from app.cli.moment import Moment
from app.cli.output import EXIT_GOOD
from app.cli.records import Item, ask_records, record_arguments, show_records
from core.history import SIDES, HistoryFilter

if TYPE_CHECKING:
    from app.status import Status


@click.command()
@record_arguments
@click.option("--row", "row_id", metavar="ROW_ID", help="Only of this row.")
@click.option(
    "--key", metavar="KEY", multiple=True, help="Only of the row with this key; once per column of the key."
)
@click.option("--column", help="Only of this column, as the table calls it.")
@click.option("--by", "actor", metavar="WHO", help="Only what this person, or this user of MySQL, did.")
@click.option("--side", type=click.Choice(SIDES), help="Only what came from there.")
@click.option("--what", metavar="WORD", help="Only applied, inserted, deleted, copied, overtaken, taken, restored, …")
@click.option("--event", metavar="ID", help="Only of this edit, or of this transaction of the table.")
@click.option("--since", type=Moment(), help="Only from then on: '2026-11-29 14:30', or 90min, 2h, 3d ago.")
@click.option("--until", type=Moment(), help="Only before then.")
def history(link: str | None, limit: int | None, as_json: bool, key: tuple[str, ...], **asked: Any) -> int:
    """Show every value that was carried over, of LINK or of all links, newest first."""
    wanted = HistoryFilter(link=link, key=key or None, **asked)

    def question(status: Status) -> list[Item]:
        if not as_json:
            return [_told(item) for item in status.history.each_told(wanted, status.own_users, limit=limit)]
        items = list(status.history.each(wanted, limit=limit))
        undos = status.history.carries(items, status.own_users)
        return [{**item, "carries": undos.get(item["id"])} for item in items]

    items = ask_records(link, question)
    columns = ["id", "at", "link", "key", "column", "what", "old", "new", "side", "actor", "took"]
    show_records(items, columns, as_json, empty="Nothing yet.")
    return EXIT_GOOD


def _told(item: Item) -> Item:
    """With the time that its way has taken, for people."""
    took_s = sum(stage["delay_s"] for stage in item["way"])
    return {**item, "took": f"{took_s:.3f} s" if len(item["way"]) > 1 else None}
