"""Brings the twinsheet schema to the version that this program knows: numbered SQL files, applied once each.

Safe when many processes start at once (one server-wide lock) and when one dies halfway: every statement's end is
noted, and the next start goes on behind it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.mysql_connection import MysqlAddress, connect, errno, quote, translated
from adapters.mysql_cursor import Cursor
from adapters.mysql_grants import STATE_SCHEMA
from core.errors import MysqlRefused, MysqlUnavailable

SQL_FOLDER = Path(__file__).resolve().parent.parent / "config" / "sql"
DEFAULT_SCHEMA = STATE_SCHEMA
LOCK_WAIT_S = 50  # less than the connection's read timeout

# What a statement answers that had taken effect before its process died: table, column or key is there (1050,
# 1060, 1061, 1068, 1826) or gone already (1051, 1091).
_ALREADY_DONE = frozenset({1050, 1051, 1060, 1061, 1068, 1091, 1826})


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    statements: tuple[str, ...]

    @property
    def checksum(self) -> str:
        """SHA-256 of what the file does; comments and layout may change."""
        return hashlib.sha256("\n".join(" ".join(s.split()) for s in self.statements).encode()).hexdigest()


def read_migrations(folder: Path = SQL_FOLDER) -> list[Migration]:
    """The files ``NNN_name.sql`` of a folder, in order.

    A statement ends with ``;`` at the end of a line; a comment has a line of its own, begun with ``--``.

    Raises:
        ValueError: the numbers do not run 1, 2, 3, …
    """
    migrations = [_read(path) for path in sorted(folder.glob("[0-9][0-9][0-9]_*.sql"))]
    if not migrations or [m.version for m in migrations] != list(range(1, len(migrations) + 1)):
        raise ValueError(f"the SQL files in {folder} are not numbered 001, 002, …")
    return migrations


def _read(path: Path) -> Migration:
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("--")]
    statements = [s.strip() for s in re.split(r";[ \t]*(?:\n|$)", "\n".join(lines))]
    return Migration(int(path.name[:3]), path.stem[4:], tuple(s for s in statements if s))


def migrate(address: MysqlAddress, schema: str = DEFAULT_SCHEMA, folder: Path = SQL_FOLDER) -> int:
    """Create the schema if need be and apply what is missing; return the version it now has.

    Args:
        address: the server.
        schema: name of the schema that holds Twinsheet's state.
        folder: where the numbered files are.

    Raises:
        MysqlRefused: the schema is newer than this program, or an applied file was changed, or rights are missing.
        MysqlUnavailable: no server, or another process holds the lock for too long.
    """
    migrations = read_migrations(folder)
    connection = connect(address, autocommit=True)
    try:
        with translated(address):
            cursor = Cursor(connection)
            with _lock(cursor, schema):
                _prepare(cursor, schema)
                _apply_missing(cursor, schema, migrations)
    finally:
        connection.close()
    return migrations[-1].version


@contextmanager
def _lock(cursor: Cursor, schema: str) -> Iterator[None]:
    name = f"{schema[:40]}.migrations"
    if cursor.query("SELECT GET_LOCK(%s, %s)", (name, LOCK_WAIT_S))[0][0] != 1:
        raise MysqlUnavailable(
            f"Another process has been changing the schema {schema} for more than {LOCK_WAIT_S} s.",
            "Wait for it, or look for it with SHOW PROCESSLIST.",
        )
    try:
        yield
    finally:
        cursor.query("SELECT RELEASE_LOCK(%s)", (name,))


def _prepare(cursor: Cursor, schema: str) -> None:
    """Looks before it creates, so that a user without the right to create may run what exists."""
    if not cursor.query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", (schema,)):
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)} DEFAULT CHARACTER SET utf8mb4")
    cursor.execute(f"USE {quote(schema)}")
    if not cursor.query("SHOW TABLES LIKE 'schema\\_version'"):
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS schema_version ("
            " version INT NOT NULL PRIMARY KEY,"
            " name VARCHAR(200) NOT NULL,"
            " checksum CHAR(64) NOT NULL,"
            " statements INT NOT NULL DEFAULT 0 COMMENT 'how many of the file have run',"
            " complete BOOLEAN NOT NULL DEFAULT FALSE,"
            " applied_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"
            ") DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin"
        )


def _apply_missing(cursor: Cursor, schema: str, migrations: list[Migration]) -> None:
    known = cursor.query("SELECT version, name, checksum, statements, complete FROM schema_version ORDER BY version")
    applied = {row[0]: row for row in known}
    _refuse_newer(schema, max(applied, default=0), migrations[-1].version)
    for migration in migrations:
        row = applied.get(migration.version)
        if row and row[2] != migration.checksum:
            raise MysqlRefused(
                f"The schema {schema} was made by another form of {migration.version:03}_{row[1]}.sql.",
                "Run the release that made it, or let a new schema be made: demo --fresh, or DROP SCHEMA by hand.",
            )
        if not row or not row[4]:
            _apply(cursor, migration, done=row[3] if row else None)


def _refuse_newer(schema: str, found: int, known: int) -> None:
    if found > known:
        raise MysqlRefused(
            f"The schema {schema} has version {found}; this program knows only version {known}.",
            "A newer Twinsheet has been here: run that release, or a later one.",
        )


def _apply(cursor: Cursor, migration: Migration, done: int | None) -> None:
    if done is None:
        cursor.execute(
            "INSERT INTO schema_version (version, name, checksum) VALUES (%s, %s, %s)",
            (migration.version, migration.name, migration.checksum),
        )
    for number, statement in enumerate(migration.statements, start=1):
        if number <= (done or 0):
            continue
        _run(cursor, statement, may_be_done=done is not None and number == done + 1)
        cursor.execute(
            "UPDATE schema_version SET statements = %s, complete = %s WHERE version = %s",
            (number, number == len(migration.statements), migration.version),
        )


def _run(cursor: Cursor, statement: str, *, may_be_done: bool) -> None:
    """DDL commits by itself: of the one statement whose end was not noted, nobody knows whether it ran."""
    try:
        cursor.execute(statement)
    except Exception as error:
        if not may_be_done or errno(error) not in _ALREADY_DONE:
            raise
