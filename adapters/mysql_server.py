"""What the server is and how it is set up; for each fault the one statement that mends it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.mysql_cascades import silent_cascades
from adapters.mysql_connection import errno
from adapters.mysql_grants import TABLE_RIGHTS, Grant, missing_grants, needed_grants
from adapters.mysql_query import Query
from core.errors import MysqlRefused

MYSQL_MIN = (8, 4)
MARIADB_MIN = (10, 11)
_VARIABLES = (
    "log_bin",
    "server_id",
    "server_uuid",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_metadata",
    "binlog_transaction_compression",
    "log_bin_compress",
    "lower_case_table_names",
)
_NO_SUCH_STATEMENT = 1064


@dataclass(frozen=True, slots=True)
class BinlogPosition:
    """Where the server's binlog ends now."""

    file: str
    position: int
    gtid_set: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the server's set-up that Twinsheet cannot work with."""

    what: str
    mend: str
    """The statement or setting that mends it."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The server as it is."""

    version: str
    """As the server says it, e.g. ``9.7.1`` or ``10.11.19-MariaDB``."""
    flavor: str
    """``mysql`` or ``mariadb``."""
    server_uuid: str
    """Tells this server from another; MariaDB, which has none, is known by its GTIDs instead."""
    server_id: int
    variables: Mapping[str, str]
    grants: tuple[str, ...]
    user: str

    @property
    def number(self) -> tuple[int, int]:
        """Major and minor version."""
        found = re.match(r"(?:5\.5\.5-)?(\d+)\.(\d+)", self.version)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def server_facts(session: Query) -> ServerFacts:
    """Ask the server.

    Raises:
        MysqlUnavailable, MysqlRefused
    """
    version = str(session.query("SELECT VERSION()")[0][0])
    names = ", ".join(f"'{name}'" for name in _VARIABLES)
    rows = session.query(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})")
    variables = {str(name).lower(): _text(value) for name, value in rows}
    flavor = "mariadb" if "mariadb" in version.lower() else "mysql"
    return ServerFacts(
        version=version,
        flavor=flavor,
        server_uuid=variables.get("server_uuid") or f"{flavor}-{variables.get('server_id', '0')}",
        server_id=int(variables.get("server_id", "0")),
        variables=variables,
        grants=tuple(_text(row[0]) for row in session.query("SHOW GRANTS")),
        user=str(session.query("SELECT CURRENT_USER()")[0][0]),
    )


def binlog_position(session: Query) -> BinlogPosition:
    """Where the binlog ends now.

    Raises:
        MysqlRefused: there is no binlog, or the right REPLICATION CLIENT (BINLOG MONITOR) is missing.
        MysqlUnavailable
    """
    try:
        rows = session.query("SHOW BINARY LOG STATUS")  # MySQL from 8.2 on, MariaDB from 10.5.2 as BINLOG STATUS
    except MysqlRefused as error:
        if errno(error) != _NO_SUCH_STATEMENT:
            raise
        rows = session.query("SHOW MASTER STATUS")
    if not rows:
        raise MysqlRefused("The server writes no binlog.", "Start it with --log-bin --server-id=1.")
    gtids = _text(rows[0][4]) if len(rows[0]) > 4 else _text(session.query("SELECT @@GLOBAL.gtid_binlog_pos")[0][0])
    return BinlogPosition(_text(rows[0][0]), int(rows[0][1]), gtids.replace("\n", ""))


def server_faults(facts: ServerFacts) -> list[Fault]:
    """What has to be mended before Twinsheet can rely on this server; empty when it is fit."""
    return [*_version_faults(facts), *_binlog_faults(facts), *grant_faults(facts, needed_grants())]


def _version_faults(facts: ServerFacts) -> list[Fault]:
    least, name = (MARIADB_MIN, "MariaDB") if facts.flavor == "mariadb" else (MYSQL_MIN, "MySQL")
    if facts.number >= least:
        return []
    return [Fault(f"{name} {facts.version} is too old.", f"Use {name} {least[0]}.{least[1]} or later.")]


def _binlog_faults(facts: ServerFacts) -> list[Fault]:
    have = facts.variables
    if have.get("log_bin", "").upper() not in ("ON", "1"):
        return [Fault("The server writes no binlog (log_bin is off).", "Start it with --log-bin --server-id=1.")]
    faults = []
    if facts.server_id == 0:
        faults.append(Fault("server_id is 0, so nobody can read the binlog.", _set(facts, "server_id", "1")))
    for name, wanted in (("binlog_format", "ROW"), ("binlog_row_image", "FULL"), ("binlog_row_metadata", "FULL")):
        if name in have and have[name].upper() != wanted:
            faults.append(Fault(f"{name} is {have[name]}, not {wanted}.", _set(facts, name, f"'{wanted}'")))
    for name in ("binlog_transaction_compression", "log_bin_compress"):
        if have.get(name, "OFF").upper() not in ("OFF", "0"):
            what = f"{name} is on; the reader of the binlog would miss rows."
            faults.append(Fault(what, _set(facts, name, "OFF")))
    return faults


def _set(facts: ServerFacts, name: str, value: str) -> str:
    if facts.flavor == "mysql":
        return f"SET PERSIST {name} = {value};"
    return (
        f"SET GLOBAL {name} = {value}; -- and {name} = {value.strip(chr(39))} below [mariadbd] in its settings file"
    )


def grant_faults(facts: ServerFacts, needed: Iterable[Grant]) -> list[Fault]:
    """For each grant that the session's account lacks, wholly or in part, the statement that gives it.

    Args:
        facts: from :func:`server_facts`.
        needed: from :func:`adapters.mysql_grants.needed_grants`.
    """
    folds_names = facts.variables.get("lower_case_table_names", "0") != "0"
    return [
        Fault(f"The user {facts.user} lacks {', '.join(one.rights)} on {one.place}.", one.statement(facts.user))
        for one in missing_grants(facts.grants, needed, folds_names=folds_names)
    ]


def link_faults(session: Query, schema: str, table: str) -> list[Fault]:
    """The rights that a link to this table needs and the session's account lacks.

    Besides the table itself these are the tables above it whose deletions reach it silently: their own foreign
    keys have to be seen.

    Raises:
        MysqlUnavailable, MysqlRefused
    """
    reaching = silent_cascades(session, [(schema, table)]).get((schema, table), ())
    above = [Grant(("SELECT",), *parent) for parent in sorted({one.parent for one in reaching} - {(schema, table)})]
    return grant_faults(server_facts(session), [Grant(TABLE_RIGHTS, schema, table), *above])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes | bytearray) else str(value if value is not None else "")
