"""The state in MySQL: transactions over the twinsheet schema and the users' tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from adapters.mysql_bases import Bases
from adapters.mysql_conflicts import Conflicts
from adapters.mysql_connection import (
    MysqlAddress,
    MysqlSession,
    is_collision,
    is_lost,
    parse_url,
    translated,
)
from adapters.mysql_cursor import Cursor
from adapters.mysql_inserts import Inserts
from adapters.mysql_kept_ids import KeptIds
from adapters.mysql_links import Links
from adapters.mysql_marks import Marks
from adapters.mysql_migrations import DEFAULT_SCHEMA, migrate
from adapters.mysql_offsets import Offsets
from adapters.mysql_rows import stream_keys, stream_rows
from adapters.mysql_statements import Statements
from adapters.mysql_steps import Steps
from adapters.mysql_undo import Undos
from adapters.mysql_waiting import Waitings
from core.model import Key, Link
from core.ports import TableRow

if TYPE_CHECKING:
    from mysql.connector.connection_cext import CMySQLConnection

T = TypeVar("T")

ATTEMPTS = 8
WAIT_MAX_S = 0.5
PRUNE_ROWS_MAX = 5_000


class MysqlTransaction(Links, Bases, KeptIds, Inserts, Waitings, Conflicts, Steps, Undos, Marks, Offsets):
    """One MySQL transaction; see :class:`core.ports.Transaction` for what each call promises."""


def open_store(url: str, schema: str = DEFAULT_SCHEMA) -> MysqlStore:
    """The store of a server, its schema brought to this program's version.

    Args:
        url: ``mysql://user:password@host:port/``.
        schema: where Twinsheet keeps its state.

    Raises:
        SettingsError, MysqlUnavailable, MysqlRefused
    """
    address = parse_url(url)
    migrate(address, schema)
    return MysqlStore(address, schema)


class MysqlStore:
    """Opens transactions on one connection, which it opens when first needed and again after a loss.

    One thread, one transaction at a time.

    Args:
        address: from :func:`adapters.mysql_connection.parse_url`.
        schema: the schema that :func:`adapters.mysql_migrations.migrate` has prepared.
    """

    def __init__(self, address: MysqlAddress, schema: str = DEFAULT_SCHEMA) -> None:
        self._address = address
        self._schema = schema
        self._session = MysqlSession(address, schema=schema)
        self._busy = False
        self._committing = False

    @contextmanager
    def begin(self) -> Iterator[MysqlTransaction]:
        """Commit at the end of the block, roll back when it raises.

        Raises:
            MysqlUnavailable: no server; another transaction was in the way; or the connection was lost, at the
                commit possibly after it took effect.
            MysqlRefused: rights or settings do not allow a statement.
        """
        if self._busy:
            raise RuntimeError("a transaction is open already")
        self._committing = False
        connection = self._session.connection()
        self._busy = True
        try:
            transaction = MysqlTransaction(connection, self._address)
            yield transaction
            transaction.write_record()
            self._committing = True
            with translated(self._address):
                connection.commit()
        except BaseException:
            self._roll_back(connection)
            raise
        finally:
            self._busy = False

    def run(self, work: Callable[[MysqlTransaction], T]) -> T:
        """Run ``work`` in a transaction, and again from its start when another transaction was in its way
        (deadlock, lock wait) or the connection was lost before the commit; at most ATTEMPTS times.

        A connection lost during the commit is not tried again, because nobody knows whether it took effect: the
        caller goes back to what is stored, as after a crash.

        Args:
            work: decides only by what it reads in the transaction it is given.
        """
        again = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.01, max=WAIT_MAX_S),
            retry=retry_if_exception(self._may_run_again),
            reraise=True,
        )
        answer: T = again(self._run_once, work)
        return answer

    def _run_once(self, work: Callable[[MysqlTransaction], T]) -> T:
        with self.begin() as transaction:
            return work(transaction)

    def _may_run_again(self, error: BaseException) -> bool:
        return is_collision(error) or (is_lost(error) and not self._committing)

    def _roll_back(self, connection: CMySQLConnection) -> None:
        """Whatever happened, the next transaction starts clean; the server rolls back what a dead connection held."""
        try:
            connection.rollback()
        except Exception:  # noqa: BLE001  (the error that brought us here is on its way; this one only says the same)
            self._session.drop()

    def read_rows(self, link: Link) -> Iterator[tuple[Key, TableRow]]:
        """The whole linked table as of one moment, by key, without locks and without holding it in memory.

        Reads on a connection of its own, so transactions may run meanwhile.
        """
        yield from self._streamed(stream_rows, link)

    def read_keys(self, link: Link) -> Iterator[Key]:
        """The keys of the whole linked table, as :meth:`read_rows` reads its rows."""
        yield from self._streamed(stream_keys, link)

    def look_at_rows(self, link: Link, keys: Collection[Key]) -> dict[Key, TableRow]:
        """These rows of the linked table as of one moment, by key, without locks."""
        return self.run(lambda transaction: transaction.look_at_rows(link, keys))

    def _streamed(self, stream: Callable[[Link, Any], Iterator[T]], link: Link) -> Iterator[T]:
        session = MysqlSession(self._address)
        try:
            with translated(self._address):
                yield from stream(link, Cursor(session.connection()))
        finally:
            session.drop()  # also with rows unread, when the caller has seen enough

    def prune(self, older_than_s: float) -> int:
        """Delete some messages that were published long ago; return how many. Cheap; call it now and then.

        Args:
            older_than_s: longer than the change feed can ever lag behind.
        """

        def delete(transaction: Statements) -> int:
            return transaction._run(
                "DELETE FROM outbox WHERE at < CURRENT_TIMESTAMP(6) - INTERVAL %s SECOND ORDER BY at LIMIT %s",
                (int(older_than_s), PRUNE_ROWS_MAX),
            ).rows

        return self.run(delete)

    def close(self) -> None:
        """Let go of the connection; what is not committed is rolled back."""
        self._session.drop()
