"""``make pages``: the console with a million entries of history, 200 links and 1,000 open conflicts.

How long the server takes for each answer that a page needs, and what the process costs while nobody looks and while
somebody does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from adapters.mysql_store import MysqlStore, open_store
from benchmarks.figures import Figure, of_samples
from benchmarks.history import LINKS, fill_history, history_server, let_rest
from core.ports import ConflictEntry, LinkState
from sandbox.stack.servers import free_port, http_answers, wait_until

Json = dict[str, Any]
ENTRIES = 1_000_000
CONFLICTS = 1_000
LINK = "link_1"
SAMPLES = 25
BAR_MS = 300.0
IDLE_S = 60.0
VALUES: Json = {
    "beat.data": 1,
    "link-here.data": {"link": LINK, "section": "", "names": {"": "Now"}},
    "which.data": "open",
    "history-asked.data": {},
    "live-seen.data": "",
}
"""What a browser would send along."""


class Pages:
    """Asks as the pages do.

    Args:
        url: of the console.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: list[Json] = json.loads(self.get("/_dash-dependencies"))

    def get(self, path: str) -> bytes:
        """An answer."""
        with urllib.request.urlopen(self._url + path, timeout=60) as answer:  # noqa: S310 -- our own console
            return bytes(answer.read())

    def ask(self, output: str, changed: str, **more: Any) -> Json | None:
        """What a callback answers; ``None`` where nothing has changed.

        Args:
            output: one of the properties that it sets.
            changed: the property that sets it off.
            more: values besides VALUES, with ``__`` for the dot.
        """
        values = VALUES | {name.replace("__", "."): value for name, value in more.items()}
        found = next(one for one in self._known if output in one["output"].strip(".").split("..."))
        sets = [part.rpartition(".") for part in found["output"].strip(".").split("...")]
        body = {
            "output": found["output"],
            "outputs": [{"id": name, "property": what} for name, _, what in sets],
            "changedPropIds": [changed],
            **{
                kind: [{**one, "value": values.get(f"{one['id']}.{one['property']}")} for one in found[kind]]
                for kind in ("inputs", "state")
            },
        }
        request = urllib.request.Request(  # noqa: S310 -- our own console
            f"{self._url}/_dash-update-component", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- our own console
            text = answer.read()
        return json.loads(text)["response"] if text else None


def main() -> int:
    """Fill, ask, and print; 1 where an answer takes longer than it may."""
    parser = argparse.ArgumentParser(prog="make pages", description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    asked = parser.parse_args()
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="twinsheet-pages-") as name, console.status("Starting") as status:
        folder = Path(name)
        server = history_server(folder / "mysql", "mysql")
        server.start()
        try:
            with closing(open_store(server.url)) as store:
                for done in fill_history(server.url, asked.entries):
                    status.update(f"{done:,} of {asked.entries:,} entries")
                _fill_links(folder, store)
            let_rest(server)
            status.update("Asking")
            figures, costs = _measure(folder, server.url)
        finally:
            server.stop()
    return _print(console, figures, costs, asked.entries)


def _fill_links(folder: Path, store: MysqlStore) -> None:
    names = [f"link_{number}" for number in range(LINKS)]
    lines = [f"  - {{name: {n}, spreadsheet: 1AbC, tab: {n}, table: shop.{n}}}" for n in names]
    (folder / "links.yaml").write_text("\n".join(["links:", *lines]) + "\n")
    conflicts = [
        ConflictEntry(f"r_{n}", (str(n),), "price", "1", f"{n}.10", f"{n}.20", "none", "manual", settled=False)
        for n in range(CONFLICTS)
    ]
    with store.begin() as tx:
        for number, name in enumerate(names):
            tx.put_link(LinkState(name, "1AbC", number, name, "shop", name, "live", None, 1, 1))
            tx.note_check(name, datetime.now(UTC), 0)
        tx.add_conflicts(LINK, conflicts)


def _measure(folder: Path, mysql_url: str) -> tuple[list[Figure], dict[str, str]]:
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TWINSHEET_")}
    ours = {"RUN_DIR": folder, "MYSQL_URL": mysql_url, "KAFKA": "127.0.0.1:1", "LINKS": folder / "links.yaml",
            "CONSOLE_PORT": port}  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "app.console"],
        env=kept | {f"TWINSHEET_{name}": str(value) for name, value in ours.items()},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: http_answers(port, "/healthz"), "the console answers", 60)
        seen = psutil.Process(process.pid)
        costs = {"memory at the start": _memory(seen)}
        costs["processor at rest"] = _busy(seen, lambda: time.sleep(IDLE_S))
        pages = Pages(f"http://127.0.0.1:{port}")
        figures = list(_ask(pages))
        costs["processor with one page open"] = _busy(seen, lambda: _look_on(pages, IDLE_S / 2))
        costs["memory afterwards"] = _memory(seen)
        return figures, costs
    finally:
        process.kill()
        process.wait()


def _ask(pages: Pages) -> Iterator[Figure]:
    wait_until(lambda: len(_rows(pages)) == LINKS, "the links are known", 60)
    seen = (pages.ask("links.rowData", "beat.data") or {})["links-seen"]["data"]
    minute = datetime.now(UTC) - timedelta(days=3)
    questions = {
        "the page itself": lambda: pages.get("/"),
        "its layout": lambda: pages.get("/_dash-layout"),
        "its callbacks": lambda: pages.get("/_dash-dependencies"),
        "overview, 200 links": lambda: pages.ask("links.rowData", "beat.data"),
        "overview, nothing new": lambda: pages.ask("links.rowData", "beat.data", **{"links-seen__data": seen}),
        "a link's page, with what passed": lambda: pages.ask(
            "main.children", "url.pathname", url__pathname=f"/links/{LINK}"
        ),
        "conflicts, 1,000": lambda: pages.ask("conflicts.rowData", "beat.data"),
        "rejections and waiting": lambda: pages.ask("rejections.rowData", "beat.data"),
        "history, newest": lambda: _history(pages),
        "history of a person": lambda: _history(pages, actor="person_7@example.com"),
        "history of a row": lambda: _history(pages, row="r_1_7"),
        "history of a minute": lambda: _history(
            pages, since=minute.isoformat(), until=(minute + timedelta(minutes=1)).isoformat()
        ),
        "plots": lambda: pages.ask("plotted.data", "beat.data"),
    }
    for what, question in questions.items():
        yield of_samples(what, [_took_s(question) for _ in range(SAMPLES)])


def _rows(pages: Pages) -> list[Json]:
    told = pages.ask("links.rowData", "beat.data") or {}
    return list(told["links"].get("rowData", []))


def _history(pages: Pages, **asked: str) -> Json | None:
    return pages.ask("history.rowData", "history-asked.data", **{"history-asked__data": asked})


def _took_s(question: Any) -> float:
    began = time.perf_counter()
    question()
    return time.perf_counter() - began


def _look_on(pages: Pages, seconds: float) -> None:
    """The overview, open and at rest: what its beat asks."""
    until, seen = time.monotonic() + seconds, None
    while time.monotonic() < until:
        told = pages.ask("links.rowData", "beat.data", **{"links-seen__data": seen}) or {}
        seen = told.get("links-seen", {}).get("data", seen)
        pages.ask("verdict.children", "beat.data")
        time.sleep(2)


def _memory(process: psutil.Process) -> str:
    return f"{process.memory_info().rss / 2**20:.0f} MB"


def _busy(process: psutil.Process, work: Any) -> str:
    """Share of one processor that the process takes meanwhile."""
    before, began = process.cpu_times(), time.perf_counter()
    work()
    after, took_s = process.cpu_times(), time.perf_counter() - began
    used_s = after.user + after.system - before.user - before.system
    return f"{100 * used_s / took_s:.1f} % of one"


def _print(console: Console, figures: list[Figure], costs: dict[str, str], entries: int) -> int:
    table = Table("", "p50 ms", "p99 ms", "times", title=f"{entries:,} entries of history, {LINKS} links")
    for figure in figures:
        table.add_row(figure.what, f"{figure.p50_ms:.1f}", f"{figure.p99_ms:.1f}", str(figure.count))
    console.print(table)
    for what, cost in costs.items():
        console.print(f"{what}: {cost}")
    slow = [figure.what for figure in figures if figure.p99_ms > BAR_MS]
    if slow:
        console.print(f"Slower than {BAR_MS:.0f} ms: {', '.join(slow)}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
