"""A command that cannot do its work says so in one message, whatever stands in its way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.stack.servers import free_port

COMMANDS = (
    ("verify",),
    ("status",),
    ("pause", "orders"),
    ("resume", "orders"),
    ("approve", "orders"),
    ("restore", "orders"),
    ("conflicts",),
    ("rejections",),
    ("history",),
    ("link", "list"),
    ("link", "add", "orders", "--spreadsheet", "1Ab", "--tab", "Orders", "--table", "shop.orders", "--yes"),
)


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an empty folder."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TWINSHEET_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=ours | {"TWINSHEET_RUN_DIR": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])} | settings,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_without_any_settings_a_command_names_the_one_that_is_missing(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(tmp_path, *words, "--json")
    assert done.returncode == 2, done.stdout + done.stderr
    error = json.loads(done.stdout)["error"]
    assert "TWINSHEET_MYSQL_URL" in error["message"] + error["hint"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("verify",), ("status",), ("pause", "orders"), ("link", "list")], ids=" ".join)
def test_where_mysql_does_not_answer_a_command_says_so_without_the_password(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    port = free_port()
    done = run(
        tmp_path,
        *words,
        TWINSHEET_MYSQL_URL=f"mysql://someone:secret-word@127.0.0.1:{port}/",
        TWINSHEET_KAFKA=f"127.0.0.1:{free_port()}",
        TWINSHEET_SHEETS_ENDPOINT=f"http://127.0.0.1:{free_port()}",
    )
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert str(port) in said
    assert "secret-word" not in said
    assert "Traceback" not in said
