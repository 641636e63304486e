"""What scripts keep survives the death of the process; how events tell values."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.script.execution import told
from sandbox.script.state import InstalledTrigger, PropertiesFull, ScriptState

WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from sandbox.script.state import InstalledTrigger, ScriptState
state = ScriptState(Path(sys.argv[1]))
state.set_properties("document/x/", {"a": "1", "b": "2"}, replace_all=False)
state.delete_property("document/x/", "b")
state.install(InstalledTrigger("7", "x", "ON_EDIT", "handleEdit", "ann@example.com"))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_properties_and_triggers_survive_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "scripts.sqlite3"
    died = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, str(path)], check=False, env=os.environ)
    assert died.returncode == -signal.SIGKILL
    state = ScriptState(path)
    assert state.properties("document/x/") == {"a": "1"}
    assert state.triggers("x") == [InstalledTrigger("7", "x", "ON_EDIT", "handleEdit", "ann@example.com")]
    state.close()


def test_of_properties_set_together_all_are_kept_or_none(tmp_path: Path) -> None:
    state = ScriptState(tmp_path / "scripts.sqlite3")
    state.set_properties("s", {"a": "1"}, replace_all=False)
    with pytest.raises(PropertiesFull):
        state.set_properties("s", {"a": "2", "big": "x" * 10_000}, replace_all=False)
    assert state.properties("s") == {"a": "1"}
    state.set_properties("s", {"b": "2"}, replace_all=True)
    assert state.properties("s") == {"b": "2"}
    state.close()


def test_a_removed_trigger_is_gone_and_removing_it_twice_is_no_harm(tmp_path: Path) -> None:
    state = ScriptState(tmp_path / "scripts.sqlite3")
    state.install(InstalledTrigger("7", "x", "ON_EDIT", "handleEdit", "ann@example.com"))
    state.uninstall("7")
    state.uninstall("7")
    assert state.triggers("x") == []
    state.close()


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, None), ("", ""), ("05", "05"), (True, "TRUE"), (False, "FALSE"), (5.0, "5"), (0.1, "0.1"), (0, "0")],
)
def test_events_tell_values_as_text(value: str | float | bool | None, text: str | None) -> None:
    assert told(value) == text
