"""The sandbox's page in a real browser: a served sandbox, a Chromium, and what a person sees and does."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, expect, sync_playwright
from waitress.server import create_server

from sandbox.serve import APPS_SCRIPT, THREADS, Sandbox, Serving, create_sandbox, cutting
from tests.e2e.watched import Watched, watching

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
PATIENCE_MS = 20_000
"""How long a person would wait here before giving up; the machine that runs the tests may be busy."""

expect.set_options(timeout=PATIENCE_MS)


class Served:
    """A running sandbox as a program sees it."""

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        self.sandbox = sandbox
        self.url = f"http://127.0.0.1:{port}"
        self.stop: Callable[[], None] = lambda: None

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        return requests.post(self.url + path, json=body, headers=headers, timeout=30)

    def ok(self, path: str, body: Any) -> Any:
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def new(self, title: str = "Shop", rows: int = 40, columns: int = 8, tab: str = "Orders") -> "Book":
        grid = {"rowCount": rows, "columnCount": columns}
        sheet = {"properties": {"title": tab, "sheetId": 0, "gridProperties": grid}}
        made = self.ok("/v4/spreadsheets", {"properties": {"title": title}, "sheets": [sheet]})
        return Book(self, str(made["spreadsheetId"]), tab)


class Book:
    """One spreadsheet of it."""

    def __init__(self, served: Served, spreadsheet_id: str, tab: str) -> None:
        self.served, self.id, self.tab = served, spreadsheet_id, tab

    def put(self, place: str, values: list[list[Any]], option: str = "USER_ENTERED") -> None:
        """Write through the interface, as a program does."""
        path = f"{self.served.url}/v4/spreadsheets/{self.id}/values/{self.tab}!{place}"
        answer = requests.put(path, params={"valueInputOption": option}, json={"values": values}, timeout=30)
        assert answer.status_code == 200, answer.text

    def batch(self, *wanted: dict[str, Any]) -> None:
        """Change anything through the interface."""
        self.served.ok(f"/v4/spreadsheets/{self.id}:batchUpdate", {"requests": list(wanted)})

    def state(self) -> dict[str, Any]:
        """The tab as ``/state`` tells it."""
        told: dict[str, Any] = requests.get(f"{self.served.url}/state/{self.id}", timeout=30).json()
        tab: dict[str, Any] = told["tabs"][self.tab]
        return tab

    def cell(self, row: int, column: int) -> Any:
        """A value, counted from 0; None where there is none."""
        values = self.state()["values"]
        return values[row][column] if row < len(values) and column < len(values[row]) else None


class Screen(Watched):
    """The page as a person uses it."""

    def open(self, wait_for_sheet: bool = True) -> "Screen":
        self.page.goto(self.url)
        if wait_for_sheet:
            expect(self.cell(0, 0)).to_be_visible()
        return self

    def cell(self, row: int, column: int, grid: str = "sheet") -> Locator:
        """A cell, counted from 0 among the columns in view."""
        return self.page.locator(f'#{grid}Grid .tabulator-cell[data-r="{row}"][data-c="{column}"]')

    def click(self, row: int, column: int, grid: str = "sheet") -> None:
        self.cell(row, column, grid).click()

    def type(self, row: int, column: int, text: str, key: str = "Enter", grid: str = "sheet") -> None:
        """Select a cell, type over it, leave it."""
        self.click(row, column, grid)
        self.page.keyboard.type(text)
        self.page.keyboard.press(key)

    def menu(self, name: str, item: str) -> None:
        self.page.locator(f"[data-menu={name}]").click()
        self.page.locator("#menu").get_by_role("menuitem", name=re.compile(rf"\b{item}\b")).click()

    def shows(self, selector: str, text: str) -> None:
        expect(self.page.locator(selector)).to_contain_text(text)

    def flashed(self, row: int, column: int, grid: str = "sheet") -> bool:
        """Whether the cell was lit since ``watch_flashes``."""
        return bool(self.page.evaluate(f"window.flashes.includes('{grid}:{row}:{column}')"))

    def watch_flashes(self) -> None:
        """Note which cells light up from now on."""
        self.page.evaluate(_WATCH)


_WATCH = """() => {
  window.flashes = [];
  for (const grid of ['sheet', 'table']) {
    document.getElementById(grid + 'Grid').addEventListener('animationstart', ({ target }) => {
      if (target.dataset.flash) window.flashes.push(`${grid}:${target.dataset.r}:${target.dataset.c}`);
    });
  }
}"""


def until(condition: Callable[[], bool], what: str, timeout_s: float = PATIENCE_MS / 1000) -> None:
    """Wait for something that is not on the screen."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)


@contextmanager
def serving(folder: Path, port: int = 0, apps_script: Path = APPS_SCRIPT) -> Iterator[Served]:
    """A sandbox on that port, or on a free one, whose sheets have the script of that folder."""
    sandbox = create_sandbox(folder, apps_script)
    server: Any = create_server(cutting(sandbox.app), host="127.0.0.1", port=port, threads=THREADS)
    http = Serving(server)
    with ExitStack() as stack:

        def stop() -> None:
            sandbox.app.extensions["page_streams"].close()
            http.stop()
            sandbox.close()

        stack.callback(stop)
        running = Served(sandbox, server.effective_port)
        running.stop = stack.close
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium, one for a file of tests."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        chromium = playwright.chromium.launch(executable_path=program, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without any settings of this machine."""
    for name in ("MYSQL_URL", "KAFKA", "LINKS", "SHEETS_ENDPOINT", "GOOGLE_CREDENTIALS"):
        monkeypatch.delenv(f"TWINSHEET_{name}", raising=False)
    monkeypatch.setenv("TWINSHEET_RUN_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def served(alone: Path) -> Iterator[Served]:
    """A sandbox without MySQL."""
    with serving(alone) as running:
        yield running


@contextmanager
def looking(browser: Browser, url: str, size: dict[str, int], **options: Any) -> Iterator[Screen]:
    """A page of its own."""
    with watching(browser, Screen, url, size, permissions=["clipboard-read", "clipboard-write"], **options) as screen:
        yield screen
