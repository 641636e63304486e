"""The rights that Twinsheet's own MySQL user needs: the one list of them, and what of it an account lacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

STATE_SCHEMA = "twinsheet"
TABLE_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_SERVER_RIGHTS = ("REPLICATION SLAVE", "REPLICATION CLIENT")
_STATE_RIGHTS = (*TABLE_RIGHTS, "CREATE", "ALTER", "DROP", "INDEX")

_ALIASES = {"BINLOG MONITOR": "REPLICATION CLIENT", "REPLICATION REPLICA": "REPLICATION SLAVE"}
_NAME = r"`(?:[^`]|``)+`"
_RIGHT = rf"[A-Z_ ]+?(?: ?\({_NAME}(?:, ?{_NAME})*\))?"
_SHOWN = re.compile(rf"(GRANT|REVOKE) ({_RIGHT}(?:, {_RIGHT})*) ON (\*|{_NAME})\.(\*|{_NAME}) (?:TO|FROM) ")


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights on the whole server, on a schema, or on one table.

    Args:
        rights: as MySQL names them.
        schema: literal name; empty for the whole server.
        table: empty for all tables of the schema.
    """

    rights: tuple[str, ...]
    schema: str = ""
    table: str = ""

    @property
    def place(self) -> str:
        """As in a GRANT statement, e.g. ```shop`.`orders` ``."""
        if not self.schema:
            return "*.*"
        return f"{quoted(self.schema)}.{quoted(self.table) if self.table else '*'}"

    def statement(self, account: str) -> str:
        """The statement that gives the rights.

        Args:
            account: ``user@host``, as CURRENT_USER() tells it.
        """
        user, _, host = account.rpartition("@")
        return f"GRANT {', '.join(self.rights)} ON {self.place} TO {quoted(user)}@{quoted(host)};"


def needed_grants(tables: Iterable[tuple[str, str]] = ()) -> list[Grant]:
    """The least that the services and the command line work with.

    Args:
        tables: linked tables, as (schema, table).
    """
    linked = [Grant(TABLE_RIGHTS, schema, table) for schema, table in tables]
    return [Grant(_SERVER_RIGHTS), Grant(_STATE_RIGHTS, STATE_SCHEMA), *linked]


def missing_grants(shown: Sequence[str], needed: Iterable[Grant], *, folds_names: bool = False) -> list[Grant]:
    """What an account lacks; of each grant only the rights that are missing.

    Rights that are granted for single columns count as missing.

    Args:
        shown: the lines of SHOW GRANTS, roles in use included, as both servers tell them.
        needed: from :func:`needed_grants`.
        folds_names: whether the server compares names without regard to case.
    """
    fold = str.lower if folds_names else str
    held = [found for line in shown if (found := _read(line))]
    missing = []
    for grant in needed:
        lacking = tuple(right for right in grant.rights if not _holds(held, right, grant, fold))
        if lacking:
            missing.append(Grant(lacking, grant.schema, grant.table))
    return missing


@dataclass(frozen=True, slots=True)
class _Shown:
    is_revoke: bool
    rights: frozenset[str]
    schema: str
    """Between its backticks a pattern; ``*`` for the whole server."""
    table: str


def _read(line: str) -> _Shown | None:
    found = _SHOWN.match(line)
    if not found:  # a role, a default role, or the right to a routine
        return None
    named = (right.strip() for right in re.findall(rf"{_RIGHT}(?=, |$)", found[2]))
    rights = frozenset(_ALIASES.get(right, right) for right in named if "(" not in right)
    return _Shown(found[1] == "REVOKE", rights, _bare(found[3]), _bare(found[4]))


def _holds(held: Sequence[_Shown], right: str, grant: Grant, fold: Callable[[str], str]) -> bool:
    able = [one for one in held if right in one.rights or "ALL PRIVILEGES" in one.rights]
    covering = [one for one in able if _covers(one, grant, fold)]
    everywhere = any(not one.is_revoke and one.schema == "*" for one in covering)
    taken = any(one.is_revoke for one in covering)
    return (everywhere and not taken) or any(not one.is_revoke and one.schema != "*" for one in covering)


def _covers(one: _Shown, grant: Grant, fold: Callable[[str], str]) -> bool:
    if one.schema == "*":
        return True
    if not grant.schema or not _like(fold(grant.schema), fold(one.schema), literal=one.table != "*" or one.is_revoke):
        return False
    return one.table == "*" or fold(one.table) == fold(grant.table)


def _like(name: str, pattern: str, *, literal: bool) -> bool:
    """Whether a schema is meant. In a grant on a whole schema ``_`` and ``%`` stand for any characters."""
    if literal or name == pattern:
        return name == pattern
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"_": ".", "%": ".*"}
    return re.fullmatch("".join(wild.get(p, re.escape(p[-1])) for p in parts), name, re.DOTALL) is not None


def quoted(name: str) -> str:
    """A name between backticks, for statements that people run."""
    return "`" + name.replace("`", "``") + "`"


def _bare(name: str) -> str:
    return name if name == "*" else name[1:-1].replace("``", "`")


__all__ = ["STATE_SCHEMA", "TABLE_RIGHTS", "Grant", "missing_grants", "needed_grants", "quoted"]
