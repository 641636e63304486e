"""``twinsheet up``: all services against the settings, and on demand a public address for the webhook."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from sandbox.stack.demo import up_command


@click.command(params=list(up_command.params))
@click.option("--tunnel", is_flag=True, help="Give the webhook a public address by ngrok, for this run.")
@click.pass_context
def up(context: click.Context, /, tunnel: bool, **arguments: Any) -> int | None:
    """Run all services against the settings, until Ctrl-C.

    What the settings do not name (MySQL, Kafka, a way to Google) is started on this machine. --tunnel needs
    TWINSHEET_NGROK_AUTHTOKEN and the ngrok program; with a domain of your own at ngrok (TWINSHEET_NGROK_DOMAIN)
    the connection codes stay good over restarts.
    """
    with _public_address(tunnel):
        code: int | None = context.invoke(up_command, **arguments)
    return code


@contextmanager
def _public_address(wanted: bool) -> Iterator[None]:
    """Open the tunnel, and let everything that starts within know its address."""
    if not wanted:
        yield
        return
    from app.tunnel import Tunnel
    from config.settings import load_settings
    from core.errors import StackError
    from sandbox.stack.runfolder import RunFolder

    settings = load_settings(needs=())
    if RunFolder(settings.run_dir).is_locked():
        raise StackError(
            f"Twinsheet runs already in {settings.run_dir}.", "Stop it first, or set another TWINSHEET_RUN_DIR."
        )
    with Tunnel(settings, moved=_tell_moved) as tunnel:
        os.environ["TWINSHEET_WEBHOOK_URL"] = tunnel.url
        click.echo(f"Tunnel: {tunnel.url} leads to the webhook on port {settings.webhook_port}.")
        if not settings.ngrok_domain:
            click.echo("The address is new at every start: with TWINSHEET_NGROK_DOMAIN connection codes stay good.")
        yield


def _tell_moved(url: str) -> None:
    click.secho(
        f"The tunnel was lost and has a new address: {url}. Connect the sheets again (twinsheet doctor shows the"
        " codes), or set TWINSHEET_NGROK_DOMAIN.",
        fg="yellow",
        err=True,
    )
