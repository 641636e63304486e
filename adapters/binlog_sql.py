"""Statements in the binlog that concern whole tables, read conservatively.

A statement that names a watched table and is not known to be harmless is taken for a change of it: one compare
too many costs little, one too few is a difference that nobody looks for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from adapters.binlog_events import Table, TableChange

What = Literal["truncate", "drop", "alter", "unread"]
Boundary = Literal["begin", "end", "inside", "xa commit", "xa rollback"]
Token = tuple[str, str]
"""``name`` (quoted), ``word`` (bare), ``dot`` or ``other``, and the text."""

_TOKEN = re.compile(
    r"`(?P<name>(?:[^`]|``)+)`"
    r"|\"(?P<ansi>(?:[^\"\\]|\\.|\"\")*)\""  # a name under ANSI_QUOTES, a text otherwise: taken for a name
    r"|'(?:[^'\\]|\\.|'')*'"
    r"|/\*(?![!M]).*?\*/|/\*M?!\d*|\*/|--[ \t][^\n]*|\#[^\n]*"  # what stands in /*! … */ is executed
    r"|(?P<word>[0-9A-Za-z_$\u0080-\uffff]+)|(?P<dot>\.)|(?P<other>\S)",
    re.DOTALL,
)

_BEGIN = ("BEGIN", "XA START", "XA BEGIN", "START TRANSACTION")
_END = ("COMMIT", "ROLLBACK")
_INSIDE = ("SAVEPOINT", "ROLLBACK TO", "RELEASE SAVEPOINT", "XA END")
_HARMLESS = (
    "GRANT", "REVOKE", "CREATE USER", "ALTER USER", "DROP USER", "RENAME USER", "SET", "FLUSH", "ANALYZE", "USE",
    "CREATE INDEX", "DROP INDEX", "CREATE UNIQUE INDEX", "CREATE VIEW", "DROP VIEW", "CREATE TRIGGER",
    "DROP TRIGGER", "CREATE PROCEDURE", "CREATE FUNCTION", "DROP PROCEDURE", "DROP FUNCTION", "OPTIMIZE",
    "CREATE DATABASE", "CREATE SCHEMA", "ALTER DATABASE", "ALTER SCHEMA", "REPAIR",
    "CREATE TEMPORARY", "DROP TEMPORARY",
)  # fmt: skip
_NOT_THE_TABLE = ("COLUMN", "INDEX", "KEY")
_HEAD_WORDS = 6


def boundary(query: str) -> Boundary | None:
    """Whether a statement begins or ends a transaction, or belongs to one; ``None`` for any other."""
    head = " ".join(query[:40].upper().split())
    if _starts(head, _INSIDE):
        return "inside"
    if _starts(head, _BEGIN):
        return "begin"
    if _starts(head, _END):
        return "end"
    if _starts(head, ("XA COMMIT",)):
        return "xa commit"
    return "xa rollback" if _starts(head, ("XA ROLLBACK",)) else None


def table_changes(query: str, default_schema: str, watched: Collection[Table]) -> list[TableChange]:
    """What a statement does to watched tables.

    Args:
        query: as the binlog has it.
        default_schema: of the session that ran it.
        watched: (schema, table), spelled as the server spells them.
    """
    tokens = _statement(query)
    head = " ".join(text.upper() for _, text in tokens[:_HEAD_WORDS])
    if _starts(head, _HARMLESS):
        return []
    if _starts(head, ("DROP DATABASE", "DROP SCHEMA")):
        gone = {name for _, name in _tables(tokens, "")}
        return [TableChange(*table, "drop") for table in sorted(watched) if table[0] in gone]
    named = set(_tables(tokens, default_schema))
    found = [table for table in sorted(watched) if table in named]
    return [_change(table, head, tokens, default_schema) for table in found]


def _change(table: Table, head: str, tokens: Sequence[Token], default_schema: str) -> TableChange:
    if head.startswith("TRUNCATE"):
        return TableChange(*table, "truncate")
    if head.startswith("DROP"):
        return TableChange(*table, "drop")
    if head.startswith(("ALTER", "RENAME", "CREATE")):
        if table not in _renamed_away(tokens, default_schema):
            return TableChange(*table, "alter")
        return TableChange(*table, "drop", _new_name(table, tokens, default_schema))
    return TableChange(*table, "unread", f"a statement instead of rows: {head}")


def _new_name(table: Table, tokens: Sequence[Token], default_schema: str) -> str:
    """The whole name that a table has now; empty where it cannot be told."""
    for cut in _cuts(tokens):
        before = list(_tables(tokens[:cut], default_schema))
        target = next(_tables(tokens[cut + 1 :], default_schema), None)
        if target and table in before[-1 if tokens[0][1].upper() == "RENAME" else 0 :]:
            return ".".join(target)
    return ""


def _cuts(tokens: Sequence[Token]) -> list[int]:
    """Before each of them stands a table's name, behind it the one that it gets."""
    words = [text.upper() if kind == "word" else "" for kind, text in tokens]
    if words[0] == "RENAME":
        return [i for i, word in enumerate(words) if word == "TO"]
    cuts = [i for i, word in enumerate(words[:-1]) if word == "RENAME" and words[i + 1] not in _NOT_THE_TABLE]
    return [i + 1 if words[i + 1] in ("TO", "AS") or tokens[i + 1][1] == "=" else i for i in cuts]


def _renamed_away(tokens: Sequence[Token], default_schema: str) -> set[Table]:
    """Tables that have another name now, without those that another table took the name of (an online swap)."""
    targets: set[Table] = set()
    for cut in _cuts(tokens):
        target = next(_tables(tokens[cut + 1 :], default_schema), None)
        if target:
            targets.add(target)
    return set(_tables(tokens, default_schema)) - targets if targets else set()


def _statement(query: str) -> list[Token]:
    """Tokens, without MariaDB's ``SET STATEMENT … FOR`` in front."""
    tokens = list(_tokens(query))
    words = [text.upper() for _, text in tokens]
    if words[:2] == ["SET", "STATEMENT"] and "FOR" in words:
        tokens = tokens[words.index("FOR") + 1 :]
    return tokens or [("other", "")]


def _tokens(query: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(query):
        kind = found.lastgroup
        if kind == "name":
            yield "name", found["name"].replace("``", "`")
        elif kind == "ansi":
            yield "name", found["ansi"].replace('""', '"')
        elif kind is not None:
            yield kind, found[kind]


def _tables(tokens: Sequence[Token], default_schema: str) -> Iterator[Table]:
    """Everything that can be a table's name, with the schema that it would have; in order."""
    held: str | None = None
    dotted = False
    for kind, text in tokens:
        if kind == "dot":
            dotted = True
            continue
        if kind == "other":
            if held is not None:
                yield default_schema, held
            held = None
        elif dotted and held is not None:
            yield held, text
            held = None
        else:
            if held is not None:
                yield default_schema, held
            held = text
        dotted = False
    if held is not None:
        yield default_schema, held


def _starts(head: str, heads: Collection[str]) -> bool:
    return any(head == h or head.startswith((h + " ", h + ";")) for h in heads)
