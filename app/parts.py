"""Builds the adapters that commands and services use, out of the settings; nothing here needs Kafka."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from adapters.google_sign_in import identity
from adapters.mysql_connection import MysqlSession, ThreadSessions, parse_url
from adapters.mysql_links import linked_columns
from adapters.mysql_quota import MysqlQuota
from adapters.mysql_schema import describe_table
from adapters.quota import CommandMeter, Payer, QuotaGate
from adapters.sheets_client import SheetsClient
from app.metrics import QuotaMetrics
from config.links import Links
from config.rules import load_user_rule
from config.settings import Settings
from core.errors import NotLinked, SettingsError
from core.model import Link
from core.rules import rule_faults
from core.values.catalog import codec_for


def sheets_client(settings: Settings) -> SheetsClient:
    """A connection to Google Sheets, or to the sandbox, for a person's command: its calls wait for their turn."""
    return SheetsClient(
        credentials=settings.google_credentials,
        subject=settings.google_subject,
        endpoint=settings.sheets_endpoint or "",
        meter=CommandMeter(quota_gate(settings)),
    )


def quota_gate(settings: Settings) -> QuotaGate:
    """Tokens for calls to Google, which all processes share."""
    project, user = identity(settings.google_credentials, settings.google_subject)
    per_minute = {"read": settings.sheets_reads_per_minute, "write": settings.sheets_writes_per_minute}
    payer = Payer(project, user, per_minute, settings.sheets_project_per_minute)
    return QuotaGate(MysqlQuota(parse_url(settings.mysql_url.get_secret_value())), payer, QuotaMetrics())


def links_for(path: Path, session: MysqlSession | ThreadSessions, *, tries_rules: bool = False) -> Links:
    """The links of a file, resolved against the tables of a server."""
    describe, linked_as = partial(describe_table, session), partial(linked_columns, session)
    if not tries_rules:
        return Links(path, describe, codec_for, linked_as=linked_as)
    return Links(
        path, describe, codec_for, linked_as=linked_as, rule_faults=partial(rule_faults, load=load_user_rule)
    )


def asked_links(path: Path, session: MysqlSession, name: str | None) -> list[Link]:
    """Links that a person asks about, as of now.

    Args:
        path: of links.yaml.
        session: reads tables and what is known of links.
        name: of one link; ``None`` for all.

    Raises:
        SettingsError: an entry that is asked for cannot be followed.
        NotLinked: there is no link of that name.
    """
    followed = links_for(path, session)
    links = followed.current()
    found = [one for one in links if name in (None, one.name)]
    told = followed.unresolved.get(name or "")
    if told is None and followed.faults and (name is None or not found):
        told = "; ".join(followed.faults)
    if told is not None:
        raise SettingsError(told, f"Mend {path} or the table; the other links go on meanwhile.")
    if name is not None and not found:
        raise NotLinked.among(name, (one.name for one in links))
    return found
