"""The examination: settings first, then the servers, then every link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from adapters.mysql_connection import MysqlSession, parse_url
from adapters.mysql_store import open_store
from app.doctor import servers
from app.doctor.finding import Finding, looked
from app.doctor.links import LinkDoctor, links_file
from app.parts import sheets_client
from config.links_file import load_links
from config.settings import Settings, load_settings
from core.errors import SettingsError, TwinsheetError

NEEDS = ("mysql_url", "kafka", "sheets", "webhook_secret")


def examine(*, trial: bool = True) -> Iterator[Finding]:
    """Look at everything; findings come as they are made.

    Args:
        trial: also try a swap write on each link's scratch (three writes).
    """
    try:
        settings = load_settings(NEEDS)
    except SettingsError as error:
        yield Finding("settings", False, error.message, error.hint)
        return
    yield Finding("settings", True, "complete")
    yield from looked("links", partial(links_file, settings))
    yield from _servers(settings)
    yield from _links(settings, trial)


def _servers(settings: Settings) -> Iterator[Finding]:
    session = MysqlSession(parse_url(settings.mysql_url.get_secret_value()), autocommit=True)
    try:
        reached = list(looked("mysql", partial(servers.mysql, session), mend="Check TWINSHEET_MYSQL_URL."))
        yield from reached
        if any(finding.ok for finding in reached):
            yield from looked("clock", partial(servers.mysql_clock, session))
    finally:
        session.drop()
    yield from servers.google_clock(settings)
    if settings.google_credentials:
        mend = "Check this machine's way to the internet."
        yield from looked("google", partial(servers.google, settings), mend=mend)
    yield from looked("kafka", partial(servers.kafka, settings), mend="Check TWINSHEET_KAFKA.")
    yield from servers.webhook(settings)
    yield from servers.processes(settings)


def _links(settings: Settings, trial: bool) -> Iterator[Finding]:
    with ExitStack() as stack:
        try:
            entries = load_links(settings.links).entries
            store = open_store(settings.mysql_url.get_secret_value())
            stack.callback(store.close)
            states = {state.name: state for state in store.run(lambda tx: tx.link_states())}
            client = sheets_client(settings)
            stack.callback(client.close)
        except TwinsheetError as error:
            yield Finding("links", False, f"cannot be looked at: {error.message}", error.hint)
            return
        session = MysqlSession(parse_url(settings.mysql_url.get_secret_value()), autocommit=True)
        stack.callback(session.drop)
        doctor = LinkDoctor(settings, session, client, states, trial=trial)
        for entry in entries:
            yield from doctor.examine(entry)
