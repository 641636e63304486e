"""Makes the sample once: its spreadsheet, its table, and the link between them, as a person would make it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from core.errors import StackError
from sandbox.stack import sample
from sandbox.stack.runfolder import RunFolder
from sandbox.stack.sheet_client import SheetClient

_LINK_TIMEOUT_S = 180
_COPY_WAIT_S = 60


def ensure_sample(
    folder: RunFolder,
    *,
    sheets_endpoint: str,
    mysql_url: str,
    console: Console,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Make the sample once: its spreadsheet, its table and the link between them.

    Args:
        folder: of the stack.
        sheets_endpoint: of the sandbox.
        mysql_url: of the server.
        console: told how far it is.
        environment: variables of a stack that is not told to be ready yet; without them its folder tells.

    Raises:
        StackError: it could not be linked.
    """
    note = folder.path / "sample.json"
    made: dict[str, Any] = json.loads(note.read_text()) if note.is_file() else {}
    if made.get("linked"):
        return
    with console.status("Making the sample"):
        if "spreadsheet" not in made:
            made["spreadsheet"] = sample.make_spreadsheet(SheetClient(sheets_endpoint))
            note.write_text(json.dumps(made))
        _make_table(mysql_url)
        _link(made["spreadsheet"], folder, environment)
        _wait_until_copied(folder, environment)
        note.write_text(json.dumps(made | {"linked": True}))


def _make_table(mysql_url: str) -> None:
    from sandbox.stack.tour import connect

    connection = connect(mysql_url)
    try:
        for statement in sample.TABLE_SQL:
            connection.cursor().execute(statement)
    finally:
        connection.close()


def _link(spreadsheet: str, folder: RunFolder, environment: Mapping[str, str] | None) -> None:
    place = ("--spreadsheet", spreadsheet, "--tab", sample.TAB, "--table", sample.TABLE)
    command = ("link", "add", sample.LINK, *place, "--yes", "--json")
    done = _twinsheet(folder, *command, timeout_s=_LINK_TIMEOUT_S, environment=environment)
    if done.returncode:
        told = done.stderr.strip() or done.stdout.strip()
        raise StackError(f"The sample could not be linked: {told[-600:]}", "Start over: make demo ARGS=--fresh")


def _wait_until_copied(folder: RunFolder, environment: Mapping[str, str] | None) -> None:
    done = verify_sample(folder, _COPY_WAIT_S, environment)
    if done.returncode:
        told = done.stderr.strip() or done.stdout.strip()
        raise StackError(f"The sample was not copied whole: {told[-600:]}", "Start over: make demo ARGS=--fresh")


def _twinsheet(
    folder: RunFolder, *arguments: str, timeout_s: float, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run one of our own commands as a person would, attached to the stack by its folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWINSHEET_")}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "app.cli", *arguments],
        env=environment or clean | {"TWINSHEET_RUN_DIR": str(folder.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def verify_sample(
    folder: RunFolder, wait_s: int, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Compare both sides of the sample once they rest; exit code 0 where they are identical."""
    command = ("verify", sample.LINK, "--wait", str(wait_s), "--json")
    return _twinsheet(folder, *command, timeout_s=wait_s + 60, environment=environment)
