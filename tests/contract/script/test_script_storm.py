"""Rows slide about while the script looks at them: ids and values stay with their rows."""

import random
import time
from collections import defaultdict

import pytest

from sandbox.google.events import Changed, ChangeType
from tests.contract.script.script_bench import ANN, Bench

ACTIONS = 150


@pytest.mark.parametrize("seed", [1, 2])
def test_in_a_storm_of_inserts_and_moves_no_row_is_mistaken_for_another(connected: Bench, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(ACTIONS):
        _act(connected, dice, number)
        time.sleep(dice.choice([0.0, 0.002, 0.01]))  # a person's pace, so that the script gets its turns
    connected.rest()
    assert connected.failures() == []
    told = defaultdict(set)
    for cell in connected.receiver.cells:
        if cell["column"] == "order_no":
            told[cell["row_id"]].add(cell["value"])
    assert told, "some edits were told"
    assert [values for values in told.values() if len(values) > 1] == []
    held = [row_id for row_id in connected.ids() if row_id]
    assert len(held) == len(set(held))


def _act(bench: Bench, dice: random.Random, number: int) -> None:
    tab, last = bench.tab, max(bench.tab.last_row(), 1)
    choice = dice.random()
    if choice < 0.6 or last < 5:
        bench.type(f"A{last + 1}", f"order {number}", rest=False)
        return
    with bench.document.change(ANN):
        if choice < 0.8:
            tab.insert_rows(dice.randrange(1, last), dice.choice([1, 1, 2, 3]))
        else:
            tab.move_rows(dice.randrange(1, last - 2), 1, dice.randrange(1, last))
    kind = ChangeType.INSERT_ROW if choice < 0.8 else ChangeType.OTHER
    bench.runtime.notify(Changed(bench.document.id, kind, ANN, tab.sheet_id))
