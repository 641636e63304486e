"""Triggers as Google runs them: two deep, lost, late, tried again; and what survives a restart."""

import threading
from pathlib import Path

from sandbox.google.events import Changed, ChangeType
from sandbox.google.store import Store
from sandbox.script.runtime import ScriptRuntime
from tests.contract.script.script_bench import ANN, APPS_SCRIPT, Bench


def test_of_a_burst_of_edits_two_are_queued_and_the_rest_is_dropped(connected: Bench) -> None:
    answered = threading.Event()
    connected.receiver.before_answer = answered.wait  # type: ignore[assignment]  # its result is of no use
    for row in range(2, 12):
        connected.type(f"B{row}", f"customer {row}", rest=False)
    answered.set()
    connected.rest()
    assert connected.receiver.values("customer") == {2: "customer 2", 3: "customer 3"}
    connected.type("B12", "after the burst")
    assert connected.receiver.values("customer")[12] == "after the burst"


def test_lost_triggers_run_nothing(connected: Bench) -> None:
    connected.faults.trigger_loss = 1.0
    connected.type("B2", "Ann")
    connected.change(ChangeType.INSERT_ROW)
    assert connected.receiver.bodies == []
    connected.faults.trigger_loss = 0.0
    connected.type("B2", "Bob")
    assert len(connected.receiver.bodies) == 1


def test_a_late_trigger_tells_what_the_sheet_holds_when_it_runs(connected: Bench) -> None:
    connected.faults.trigger_delay_s = 0.1
    connected.type("B2", "Ann", rest=False)
    assert connected.receiver.bodies == []
    connected.rest()
    assert connected.receiver.values("customer") == {2: "Ann"}


def test_a_passing_fault_is_tried_again_under_the_same_id(connected: Bench) -> None:
    connected.receiver.answers = [503, 429]
    connected.type("B2", "Ann")
    assert len(connected.receiver.ids) == 3
    assert len(set(connected.receiver.ids)) == 1
    assert connected.receiver.values("customer") == {2: "Ann"}


def test_a_refusal_for_good_is_not_tried_again(connected: Bench) -> None:
    connected.receiver.answers = [401]
    connected.type("B2", "Ann")
    assert len(connected.receiver.ids) == 1
    (ran,) = (r for r in connected.runtime.executions(connected.document.id) if r["function"] == "handleEdit")
    assert "401" in ran["log"][-1]


def test_the_lock_is_free_while_the_script_sends(connected: Bench) -> None:
    """A slow webhook must not hold up the triggers of other edits."""
    reached, answered = threading.Event(), threading.Event()

    def wait() -> None:
        if not reached.is_set():
            reached.set()
            answered.wait()

    connected.receiver.before_answer = wait
    connected.type("B2", "Ann", rest=False)
    assert reached.wait(10)
    connected.runtime.notify(_structure(connected))
    while not any(body["kind"] == "structure" for body in connected.receiver.bodies):
        assert connected.runtime.executions(connected.document.id)
    answered.set()
    connected.rest()
    assert {body["stamp"]["q"] for body in connected.receiver.bodies} == {1, 2}


def test_two_edits_at_once_never_share_a_q(connected: Bench) -> None:
    for number in range(20):
        connected.type("B2", str(number), rest=False)
        connected.runtime.notify(_structure(connected))
    connected.rest()
    stamps = [body["stamp"]["q"] for body in connected.receiver.bodies]
    assert len(stamps) == len(set(stamps)) >= 20
    assert connected.failures() == []


def test_a_missing_counter_row_fails_with_what_to_do(connected: Bench) -> None:
    with connected.document.change("program"):
        connected.counters.set_value(1, 0, None)
    connected.type("B2", "Ann")
    assert "twinsheet link add" in connected.failures()[0]


def test_connection_and_triggers_survive_a_restart(bench: Bench, tmp_path: Path) -> None:
    bench.connect()
    bench.runtime.close()
    bench.store.close()
    bench.store = Store(tmp_path / "sheets.sqlite3")
    bench.runtime = ScriptRuntime(bench.store, tmp_path, APPS_SCRIPT)
    bench.document = bench.store.open(bench.document.id)
    bench.type("B2", "Ann")
    assert bench.receiver.values("customer") == {2: "Ann"}


def test_scripts_of_different_spreadsheets_know_nothing_of_each_other(connected: Bench) -> None:
    other = connected.store.create("Other")
    text = connected.runtime.menu(other.id, "Status", ANN).messages[0]
    assert "No link is connected" in text
    assert connected.runtime.triggers(other.id) == []


def test_a_script_that_runs_too_long_is_stopped_and_the_next_one_runs(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "endless"
    folder.mkdir()
    (folder / "Code.gs").write_text(
        "function endless() { while (true) {} }\nfunction nap() { Utilities.sleep(60000); }"
    )
    runtime = ScriptRuntime(bench.store, folder, folder, time_limit_s=0.2)
    for function in ("endless", "nap"):
        ran = runtime.run(bench.document.id, function, ANN)
        assert (ran["status"], ran["error"]) == ("timed_out", "Exceeded maximum execution time")
    runtime.close()
    assert bench.connect().ok


def test_many_executions_do_not_pile_up_in_memory(connected: Bench) -> None:
    for _ in range(20):
        connected.runtime.menu(connected.document.id, "Status", ANN)
    before = _resident_bytes()
    for _ in range(150):
        connected.runtime.menu(connected.document.id, "Status", ANN)
    assert _resident_bytes() - before < 20 * 1024 * 1024


def _structure(bench: Bench) -> Changed:
    return Changed(bench.document.id, ChangeType.OTHER, ANN, bench.tab.sheet_id)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
