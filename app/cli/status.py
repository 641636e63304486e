"""``twinsheet status``: links and processes at a glance."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import click

from app.cli.output import EXIT_GOOD, NO_LINKS, ago, json_option, print_json, print_table


@click.command()
@json_option
def status(as_json: bool) -> int:
    """Show every link with its state and lag, and every process."""
    from app.status import Status
    from app.status import as_json as plain
    from config.settings import load_settings

    with closing(Status(load_settings())) as reader:
        report = plain({"links": reader.links(), "processes": reader.processes()})
    if as_json:
        print_json(report)
    else:
        _show(report)
    return EXIT_GOOD


def _show(report: dict[str, Any]) -> None:
    rows = [
        [
            one["link"],
            one["state"],
            _agreement(one),
            ago(one["lag_s"]["sheet_to_table"]),
            ago(one["lag_s"]["table_to_sheet"]),
            one["conflicts"],
            one["rejections"],
            one["pending"],
            one["reason"] or "",
        ]
        for one in report["links"]
    ]
    headers = [
        "link",
        "state",
        "identical",
        "sheet → table",
        "table → sheet",
        "conflicts",
        "rejections",
        "waiting",
        "reason",
    ]
    print_table(headers, rows, empty=NO_LINKS)
    for link in report["links"]:
        for offer in link["offers"]:
            click.echo(f"{link['link']}: {offer['what']}. To link it: {offer['way_on']}")
    click.echo()
    processes = [
        [
            one["name"],
            one["pid"],
            ago(one["up_s"]),
            one["waiting_for"] or (one["doing"] if one["working"] else "stuck"),
        ]
        for one in report["processes"]
    ]
    print_table(["process", "pid", "up", "waits for"], processes, empty="No service runs; start them: twinsheet up")


def _agreement(one: dict[str, Any]) -> str:
    """Since when both sides are known to be equal, or how many cells differ that no event explains."""
    if one["differing"]:
        return f"{one['differing']} differ"
    if one["identical_as_of"] is None:
        return "not known yet"
    since = datetime.now(UTC) - datetime.fromisoformat(one["identical_as_of"])
    return f"{ago(max(0.0, since.total_seconds()))} ago"
