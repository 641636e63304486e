"""``twinsheet google-login``: the words of the command; the work is done in adapters.google_login."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.output import EXIT_GOOD, json_option, print_json


@click.command("google-login")
@click.option(
    "--client", type=click.Path(path_type=Path), required=True, metavar="CLIENT_SECRETS.json",
    help="What Google Cloud gives for an OAuth client of the type Desktop app.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("google-user.json"), show_default=True, metavar="FILE",
    help="Where the sign-in is kept, readable by you alone.",
)  # fmt: skip
@click.option("--account", default="", metavar="ADDRESS", help="Who is going to sign in: told where it is of use.")
@json_option
def google_login(client: Path, out: Path, account: str, as_json: bool) -> int:
    """Sign in to Google as yourself, instead of with a service account's key.

    Opens Google's page in your browser, and keeps what it answers in FILE for TWINSHEET_GOOGLE_CREDENTIALS.
    """
    from adapters.google_login import google_login as do

    do(client, out, account)
    kept = out.resolve()
    if as_json:
        print_json({"credentials": str(kept)})
    else:
        click.echo(f"Signed in. Set TWINSHEET_GOOGLE_CREDENTIALS={kept}")
    return EXIT_GOOD
