"""``twinsheet approve``, ``restore``, ``pause`` and ``resume``: the words of the commands; the work is done in
app.operate and app.restore."""

from __future__ import annotations

import click

from app.cli.output import EXIT_FOUND, EXIT_GOOD, json_option, print_json


@click.command()
@click.argument("link")
@json_option
def approve(link: str, as_json: bool) -> int:
    """Let through what a guard has stopped on LINK: it was meant."""
    from app.operate import approve as do
    from app.orders import this_person
    from config.settings import load_settings

    report = do(load_settings(("mysql_url",)), link, this_person())
    if as_json:
        print_json(report)
    else:
        click.echo(f"{link} goes on. Let through: {report['approved']}")
    return EXIT_GOOD


@click.command()
@click.argument("link")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@json_option
def restore(link: str, yes: bool, as_json: bool) -> int:
    """Undo what a guard has stopped on LINK: it was not meant.

    Damage in the sheet is written again from the table, damage in the table from the sheet and what both last
    shared. Shows the plan and asks; nothing is written before the yes.
    """
    from app.cli.restore import confirm_restore, show_restored
    from app.orders import this_person
    from app.restore import restore as do
    from config.settings import load_settings

    ask = None if yes else (lambda _report: False) if as_json else confirm_restore
    report = do(load_settings(("mysql_url", "sheets")), link, ask, this_person())
    if as_json:
        print_json(report)
    else:
        show_restored(report)
    return EXIT_GOOD if report["restored"] else EXIT_FOUND


@click.command()
@click.argument("link")
@json_option
def pause(link: str, as_json: bool) -> int:
    """Stop LINK for a while: nothing is written to either side, and nothing that comes in is lost."""
    from app.operate import pause as do
    from app.orders import this_person
    from config.settings import load_settings

    report = do(load_settings(("mysql_url",)), link, this_person())
    if as_json:
        print_json(report)
    else:
        click.echo(f"{link} is paused. Go on with: twinsheet resume {link}")
    return EXIT_GOOD


@click.command()
@click.argument("link")
@json_option
def resume(link: str, as_json: bool) -> int:
    """Let a paused LINK go on, from the state found on both sides."""
    from app.operate import resume as do
    from app.orders import this_person
    from config.settings import load_settings

    report = do(load_settings(("mysql_url",)), link, this_person())
    if as_json:
        print_json(report)
    else:
        click.echo(f"{link} goes on.")
    return EXIT_GOOD
