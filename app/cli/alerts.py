"""``twinsheet alerts``: the words of the command; the work is done in app.alerts."""

from __future__ import annotations

import click

from app.cli.output import EXIT_FOUND, EXIT_GOOD, json_option, print_json, print_table


@click.command()
@click.option("--limit", default=20, show_default=True, help="So many of the newest.")
@click.option("--test", "is_test", is_flag=True, help="Send a test to TWINSHEET_ALERT_URL now.")
@json_option
def alerts(*, limit: int, is_test: bool, as_json: bool) -> int:
    """Show what a person was called for: holds, changes that wait, refused values, unexplained differences.

    Exit code 1 where one stands. The webhook TWINSHEET_ALERT_URL is told when an alert begins and when it ends.
    """
    from app.alerts import known_alerts, send_test
    from app.status import as_json as told
    from config.settings import load_settings

    settings = load_settings(("mysql_url",))
    if is_test:
        send_test(settings)
        print_json({"sent": True}) if as_json else click.echo("The webhook for alerts has taken a test.")
        return EXIT_GOOD
    found = known_alerts(settings, limit)
    if as_json:
        print_json({"items": told(found)})
    else:
        rows = [[one["began_at"], one["ended_at"] or "stands", one["message"]] for one in found]
        is_on = bool(settings.alert_url.get_secret_value())
        off = "Nobody is called: TWINSHEET_ALERT_URL names no webhook. What is held or waits: twinsheet status."
        print_table(["began", "ended", "alert"], rows, empty="No alert so far." if is_on else off)
    return EXIT_FOUND if any(one["ended_at"] is None for one in found) else EXIT_GOOD
