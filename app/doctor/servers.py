"""MySQL, Kafka, clocks, the webhook's address and our own processes."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from adapters.kafka_log import end_offsets, kafka_of
from adapters.mysql_connection import MysqlSession
from adapters.mysql_server import server_facts, server_faults
from adapters.sheets_client import SheetsClient
from app.doctor.finding import Finding
from app.notes import read_notes
from app.said import count
from app.status import SERVICES
from config.settings import Settings

SKEW_MAX_S = 2.0
GOOGLE_SKEW_MAX_S = 5.0
HTTP_TIMEOUT_S = 5.0
GOOGLE = "https://sheets.googleapis.com"
_CLOCK_MEND = "Let this machine set its clock from the network: timedatectl set-ntp true"
_START = "Start the services: twinsheet up"


def mysql(session: MysqlSession) -> Iterator[Finding]:
    """Reachable, new enough, its binlog as needed, our grants."""
    facts = server_facts(session)
    faults = server_faults(facts)
    name = "MariaDB" if facts.flavor == "mariadb" else "MySQL"
    if not faults:
        yield Finding("mysql", True, f"{name} {facts.version}, binlog and grants of {facts.user} as needed")
    for fault in faults:
        yield Finding("mysql", False, fault.what, fault.mend)


def mysql_clock(session: MysqlSession) -> Iterator[Finding]:
    """The server's clock and ours: *last write wins* compares times of both."""
    before = time.time()
    theirs = float(session.query("SELECT UNIX_TIMESTAMP(NOW(6))")[0][0])
    skew_s = theirs - (before + time.time()) / 2
    good = abs(skew_s) <= SKEW_MAX_S
    yield Finding("clock", good, f"MySQL's clock is {skew_s:+.3f} s from ours", "" if good else _CLOCK_MEND)


def google_clock(settings: Settings) -> Iterator[Finding]:
    """Google's clock and ours: signatures and edit times rest on it."""
    address = settings.sheets_endpoint or GOOGLE
    before = time.time()
    headers = _headers(address)
    if headers is None:
        mend = "Check this machine's way to the internet." if not settings.sheets_endpoint else "Start the sandbox."
        yield Finding("clock", False, f"{address} does not answer", mend)
        return
    if not headers.get("date"):
        yield Finding("clock", True, f"{address} does not tell its time")
        return
    skew_s = parsedate_to_datetime(headers["date"]).timestamp() + 0.5 - (before + time.time()) / 2
    good = abs(skew_s) <= GOOGLE_SKEW_MAX_S
    detail = f"the clock of {urlsplit(address).hostname} is {skew_s:+.0f} s from ours"
    yield Finding("clock", good, detail, "" if good else _CLOCK_MEND)


def google(settings: Settings) -> Iterator[Finding]:
    """Whether Google lets us sign in, and whom spreadsheets have to be shared with."""
    client = SheetsClient(
        credentials=settings.google_credentials, subject=settings.google_subject, timeout_s=HTTP_TIMEOUT_S
    )
    with closing(client):
        who = client.sign_in().shared_with
    yield Finding("google", True, f"lets us sign in; each spreadsheet has to be shared with {who} as an editor")


def kafka(settings: Settings) -> Iterator[Finding]:
    """Reachable, and the topics are there."""
    partitions: dict[str, int] = {}
    for topic, _partition in end_offsets(kafka_of(settings)):
        partitions[topic] = partitions.get(topic, 0) + 1
    if not partitions:
        yield Finding("kafka", False, "the topics are not there yet", _START)
        return
    told = ", ".join(f"{topic} with {count(number, 'partition')}" for topic, number in sorted(partitions.items()))
    yield Finding("kafka", True, told)


def webhook(settings: Settings) -> Iterator[Finding]:
    """Whether the webhook answers here, and at the address in the connection codes."""
    local = f"http://127.0.0.1:{settings.webhook_port}"
    public = settings.public_webhook_url
    elsewhere = _runs_on_another_machine(settings, "webhook")
    for address in dict.fromkeys((public,) if elsewhere else (local, public)):
        answers = _headers(f"{address}/healthz", method="GET") is not None
        mend = _START if address == local else "Set TWINSHEET_WEBHOOK_URL to the address that leads to the webhook."
        yield Finding(
            "webhook", answers, f"{address} {'answers' if answers else 'does not answer'}", "" if answers else mend
        )
    if not settings.sheets_endpoint and not public.startswith("https://"):
        mend = "Give it one: twinsheet up --tunnel, or your own domain as TWINSHEET_WEBHOOK_URL."
        yield Finding("webhook", False, f"Google cannot reach {public}: it needs a public https:// address", mend)


def _runs_on_another_machine(settings: Settings, name: str) -> bool:
    """Whether a service runs, and not here but, say, in a container of its own."""
    now = time.time()
    found = [n for n in read_notes(settings.run_dir) if n.alive(now) and n.name.partition(".")[0] == name]
    return bool(found) and all(note.machine != socket.gethostname() for note in found)


def processes(settings: Settings) -> Iterator[Finding]:
    """Whether every service is there and works."""
    now = time.time()
    notes = [note for note in read_notes(settings.run_dir) if note.alive(now)]
    for name in SERVICES:
        mine = [note for note in notes if note.name.partition(".")[0] == name]
        waits = next((note for note in mine if not note.working(now)), None)
        if not mine:
            yield Finding("services", False, f"{name} does not run", _START)
        elif waits:
            why = waits.waiting_for or "its main loop does not come round"
            yield Finding("services", False, f"{name} (pid {waits.pid}): {why}", f"See its log, or: kill {waits.pid}")
    if all(any(note.name.partition(".")[0] == name for note in notes) for name in SERVICES):
        yield Finding("services", True, f"{len(notes)} processes run")


def _headers(address: str, method: str = "HEAD") -> dict[str, str] | None:
    """Headers of any answer below 500, names in lower case; ``None`` when nobody answers."""
    request = urllib.request.Request(address, method=method)  # noqa: S310  (http or https, checked by the settings)
    try:
        with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_S) as answer:  # noqa: S310  (as above)
            return {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return {name.lower(): value for name, value in error.headers.items()} if error.code < 500 else None
    except (OSError, ValueError):
        return None
