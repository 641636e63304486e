"""Running statements within one transaction: few round trips, packets of a bounded size, errors of our own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from adapters.mysql_connection import SERVER_ERRORS, MysqlAddress, errno, translate, translated
from adapters.mysql_cursor import Cursor
from adapters.mysql_faults import is_cut, unfit
from core.errors import Unfit

if TYPE_CHECKING:
    from mysql.connector.connection_cext import CMySQLConnection

ROWS_MAX = 500
"""Rows, or keys, of one statement."""
PACKET_BYTES_MAX = 4 << 20
"""Parameters of one packet; MariaDB takes 16 MiB by default, MySQL 64."""

_SIZED = (str, bytes)
"""A tuple, which is asked of each parameter a third faster than a union."""

_AS_THEY_ARE = frozenset({int, bool, bytes, type(None)})
"""Types of parameters that every connection takes."""

Params = Sequence[Any]
Row = tuple[Any, ...]
Statement = tuple[str, Params]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a statement did."""

    rows: int
    """Rows that it found (UPDATE, DELETE) or inserted."""
    last_id: int
    """The key it generated, or what it gave to LAST_INSERT_ID; 0 for none."""


class Statements:
    """Base of the parts of a transaction.

    Args:
        connection: with autocommit off; nobody else uses it meanwhile.
        address: for messages.
    """

    def __init__(self, connection: CMySQLConnection, address: MysqlAddress) -> None:
        self._connection = connection
        self._address = address
        self._cursor = Cursor(connection)
        self._postponed: list[Statement] = []

    def _select(self, sql: str, params: Params = ()) -> list[Row]:
        with translated(self._address):
            return self._cursor.query(sql, _bound(params))

    def _each(self, sql: str, params: Params = ()) -> Iterator[Row]:
        """As :meth:`_select`, a piece at a time; nothing else may be run before the last row was taken."""
        with translated(self._address):
            self._cursor.execute(sql, _bound(params))
            while rows := self._cursor.fetchmany(ROWS_MAX):
                yield from rows

    def _select_in(self, sql: str, before: Params, values: Collection[Any], after: Params = ()) -> Iterator[Row]:
        """Run ``sql`` once per ROWS_MAX values; ``{}`` in it stands for their placeholders."""
        for some in chunks(sorted(values)):
            yield from self._select(sql.format(marks(len(some))), (*before, *some, *after))

    def _run(self, sql: str, params: Params = ()) -> Ran:
        with translated(self._address):
            self._cursor.execute(sql, _bound(params))
            return Ran(self._cursor.rowcount, self._cursor.lastrowid)

    def _run_rows(self, head: str, one: str, rows: Iterable[Params], tail: str = "") -> None:
        """Run what :func:`of_rows` answers."""
        for statement in of_rows(head, one, rows, tail):
            self._run(*statement)

    def _postpone(self, statements: Iterable[Statement]) -> None:
        """Run them at the transaction's end, in order, many per round trip.

        Whoever reads before what they write runs them first.
        """
        self._postponed.extend((sql, _bound(params)) for sql, params in statements)

    def _run_postponed(self) -> None:
        statements, self._postponed = self._postponed, []
        while statements:
            packet = _packet(statements, 0)
            statements = statements[len(packet) :]
            with translated(self._address):
                self._cursor.execute(
                    ";".join(sql for sql, _ in packet), [value for _, params in packet for value in params]
                )
                while self._cursor.nextset():
                    pass

    def _run_each(self, statements: Sequence[Statement | Unfit]) -> list[Ran | Unfit]:
        """Run statements in order, many per round trip; one that does not fit leaves its neighbours.

        Each stands behind a savepoint of its own. A statement that fails undoes itself; one that succeeds but
        had a value cut or rounded is undone to its savepoint: both answer Unfit. An Unfit among the statements
        answers itself.
        """
        answers: list[Ran | Unfit] = []
        sendable = [_checked(s) for s in statements]
        while len(answers) < len(statements):
            head = sendable[len(answers)]
            if isinstance(head, Unfit):
                answers.append(head)
                continue
            answers.extend(self._run_packet(_packet(sendable, len(answers))))
        return answers

    def _run_whole(self, sql: str, params: Params) -> Ran | None:
        """Run a statement that writes many rows; ``None`` where the server refuses or cuts a value of one of them:
        nothing of it is done then. :meth:`_undo_whole` takes it back."""
        try:
            self._cursor.execute(f"SAVEPOINT whole;{sql}", params)
            self._cursor.nextset()  # past the savepoint's own result
            ran, warnings = Ran(self._cursor.rowcount, self._cursor.lastrowid), self._connection.warning_count
            self._cursor.nextset()
        except SERVER_ERRORS as error:
            self._refusal(error)
            return None
        if warnings and self._may_have_cut(warnings):
            self._undo_whole()
            return None
        return ran

    def _undo_whole(self) -> None:
        self._run("ROLLBACK TO SAVEPOINT whole")

    def _may_have_cut(self, warnings: int) -> bool:
        """Whether the last statement stored a value differently from what was given; the server tells of some
        warnings only."""
        told = self._select("SHOW WARNINGS")
        return len(told) < warnings or any(is_cut(int(number)) for _, number, _ in told)

    def _run_packet(self, packet: list[Statement]) -> list[Ran | Unfit]:
        """Answers of the first statements, up to and including the first that fails."""
        sql = ";".join(f"SAVEPOINT write_{i};{text}" for i, (text, _) in enumerate(packet))
        ran: list[Ran | Unfit] = []
        warned: int | None = None
        try:
            self._cursor.execute(sql, [value for _, params in packet for value in params])
            for _ in packet:
                self._cursor.nextset()  # past the savepoint's own result
                if self._connection.warning_count and warned is None:
                    warned = len(ran)
                ran.append(Ran(self._cursor.rowcount, self._cursor.lastrowid))
                self._cursor.nextset()
        except SERVER_ERRORS as error:
            ran.append(self._refusal(error))
        if warned is None:
            return ran
        self._run(f"ROLLBACK TO SAVEPOINT write_{warned}")
        return [*ran[:warned], self._run_warned(packet[warned])]

    def _run_warned(self, statement: Statement) -> Ran | Unfit:
        """Run a statement that is known to warn by itself, to see what about."""
        self._run("SAVEPOINT warned")
        try:
            self._cursor.execute(*statement)
            ran = Ran(self._cursor.rowcount, self._cursor.lastrowid)
        except SERVER_ERRORS as error:
            return self._refusal(error)
        for _, number, text in self._select("SHOW WARNINGS"):
            if is_cut(int(number)):
                self._run("ROLLBACK TO SAVEPOINT warned")
                return unfit(int(number), text) or Unfit(text)
        return ran

    def _refusal(self, error: Exception) -> Unfit:
        """The reason for a value; raises for anything that is not about a value."""
        text = getattr(error, "msg", None) or str(error)
        reason = unfit(errno(error), text, getattr(error, "sqlstate", None) or "")
        if reason is None:
            raise translate(error, self._address) from error
        return reason


def of_rows(head: str, one: str, rows: Iterable[Params], tail: str = "") -> Iterator[Statement]:
    """``head VALUES one, one, … tail`` with the parameters of all rows, in as few statements as fit."""
    for some in packets(list(rows)):
        values = ", ".join([one] * len(some))
        yield f"{head} VALUES {values} {tail}", [value for row in some for value in row]


def of_cells(sql: str, link: str, cells: Iterable[tuple[str, str]]) -> Iterator[Statement]:
    """A statement that ends in ``WHERE link = %s`` for these (row id, column), by the index they share: one for many
    rows of which the same columns are meant."""
    columns: dict[str, tuple[str, ...]] = {}
    for row_id, column in sorted(set(cells)):
        columns[row_id] = (*columns.get(row_id, ()), column)
    alike: dict[tuple[str, ...], list[str]] = {}
    for row_id, names in columns.items():
        alike.setdefault(names, []).append(row_id)
    for names, row_ids in alike.items():
        for some in chunks(row_ids):
            places = f"row_id IN ({marks(len(some))}) AND column_name IN ({marks(len(names))})"
            yield f"{sql} AND {places}", (link, *some, *names)


def marks(count: int) -> str:
    """``%s, %s, …``"""
    return ", ".join(["%s"] * count)


def chunks(values: Sequence[Any], size: int = ROWS_MAX) -> Iterator[Sequence[Any]]:
    """Pieces of at most ``size``."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def packets(rows: Sequence[Params]) -> Iterator[list[Params]]:
    """Rows in pieces of at most ROWS_MAX rows and about PACKET_BYTES_MAX."""
    piece: list[Params] = []
    held_bytes = 0
    for row in rows:
        row_bytes = _size_bytes(row)
        if piece and (len(piece) == ROWS_MAX or held_bytes + row_bytes > PACKET_BYTES_MAX):
            yield piece
            piece, held_bytes = [], 0
        piece.append(row)
        held_bytes += row_bytes
    if piece:
        yield piece


def _packet(statements: Sequence[Statement | Unfit], start: int) -> list[Statement]:
    """The statements from ``start`` on that one packet takes; at least one."""
    found: list[Statement] = []
    held_bytes = 0
    for statement in statements[start : start + ROWS_MAX]:
        if isinstance(statement, Unfit):
            break
        held_bytes += len(statement[0]) + _size_bytes(statement[1])
        if found and held_bytes > PACKET_BYTES_MAX:
            break
        found.append(statement)
    return found


def _size_bytes(params: Params) -> int:
    return sum([len(v) * 2 if isinstance(v, _SIZED) else 16 for v in params])


def _checked(statement: Statement | Unfit) -> Statement | Unfit:
    if isinstance(statement, Unfit):
        return statement
    try:
        check_text(statement[1])
    except Unfit as reason:
        return reason
    return statement


def check_text(params: Params) -> None:
    """Refuse text that no character set can carry, before it spoils its neighbours' packet; raise Unfit."""
    if not all(_is_text(value) for value in params if isinstance(value, str)):
        raise Unfit("the text holds half a character (a lone surrogate), which no table can store")


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bound(params: Params) -> list[Any]:
    """Parameters of Twinsheet's own record: half characters become U+FFFD, times UTC."""
    return [v if type(v) in _AS_THEY_ARE or (type(v) is str and v.isascii()) else _bind(v) for v in params]


def _bind(value: Any) -> Any:
    if isinstance(value, str):
        return value if _is_text(value) else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, datetime):
        return naive_utc(value)
    return value


def naive_utc(at: datetime) -> datetime:
    """As MySQL's DATETIME columns hold it here."""
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def utc(at: datetime | None) -> datetime | None:
    """What a DATETIME column of ours holds, with its time zone."""
    return at.replace(tzinfo=UTC) if at is not None else None


def cut(text: str, chars_max: int) -> str:
    """A text for a column of bounded length that only people read (an actor, a rule's fault)."""
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"
