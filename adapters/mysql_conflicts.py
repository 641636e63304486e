"""Part of a transaction: how conflicts end, and what people have chosen to end them with."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from adapters.compact_json import dump, load
from adapters.mysql_record import Record
from adapters.mysql_statements import Row, cut, of_cells
from core.conflicts import Choice, ConflictOutcome, KnownConflict, choice_from_json, choice_to_json

RULE_CHARS_MAX = 200

_SELECT = (
    "SELECT link, id, row_id, column_name, sheet_value, table_value, winner, rule, settled, choice FROM conflict"
)


class Conflicts(Record):
    """The table ``conflict``, after its rows were written."""

    def settle_conflicts(self, link: str, outcomes: Iterable[ConflictOutcome]) -> None:
        """End the open conflicts of these cells; those that this transaction adds are not meant."""
        ends: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for one in outcomes:
            ends.setdefault((one.winner, cut(one.rule, RULE_CHARS_MAX)), []).append((one.row_id, one.column))
        self._tell_open("conflict", "settled = FALSE", link, [cell for cells in ends.values() for cell in cells])
        settle = "UPDATE conflict SET winner = %s, rule = %s, settled = TRUE WHERE settled = FALSE AND link = %s"
        for (winner, rule), cells in ends.items():
            self._postpone((sql, (winner, rule, *params)) for sql, params in of_cells(settle, link, cells))

    def conflict(self, number: int) -> tuple[str, KnownConflict] | None:
        """Locked; a conflict with the name of its link."""
        rows = self._select(f"{_SELECT} WHERE id = %s FOR UPDATE", (number,))
        return (rows[0][0], _known(rows[0])) if rows else None

    def conflicts_of(self, link: str, row_ids: Collection[str]) -> list[KnownConflict]:
        """Locked; in their order, those that are open or that a person has chosen for."""
        self.write_record()  # what this transaction has recorded and settled counts
        sql = f"{_SELECT} WHERE link = %s AND row_id IN ({{}}) AND (settled = FALSE OR choice IS NOT NULL) FOR UPDATE"
        return sorted((_known(row) for row in self._select_in(sql, (link,), set(row_ids))), key=lambda c: c.number)

    def put_choice(self, link: str, number: int, choice: Choice) -> None:
        """Keep what a person has chosen; a settled conflict is open again until that is carried out."""
        self._run(
            "UPDATE conflict SET choice = %s, settled = FALSE WHERE link = %s AND id = %s",
            (dump(choice_to_json(choice)), link, number),
        )

    def drop_choice(self, link: str, number: int, outcome: ConflictOutcome, *, settled: bool) -> None:
        """What was chosen cannot be carried out; winner and rule of the conflict are these from now on."""
        self._run(
            "UPDATE conflict SET choice = NULL, settled = %s, winner = %s, rule = %s WHERE link = %s AND id = %s",
            (settled, outcome.winner, cut(outcome.rule, RULE_CHARS_MAX), link, number),
        )
        self._tell(link, [outcome.row_id])

    def chosen_rows(self, link: str) -> list[str]:
        """Row ids of open conflicts that a person has chosen for."""
        sql = (
            "SELECT DISTINCT row_id FROM conflict WHERE link = %s AND settled = FALSE AND choice IS NOT NULL"
            " ORDER BY row_id"
        )
        return [row[0] for row in self._select(sql, (link,))]


def _known(row: Row) -> KnownConflict:
    _, number, row_id, column, sheet, table, winner, rule, settled, choice = row
    return KnownConflict(
        number=number,
        row_id=row_id,
        column=column,
        sheet=sheet,
        table=table,
        winner=winner,
        rule=rule,
        settled=bool(settled),
        choice=choice_from_json(load(choice)) if choice is not None else None,
    )
