"""The one installer of programs: MySQL, MariaDB, Kafka and the page's grid library, in parallel.

    python -m sandbox.stack.install [--tests | --grid]

Downloads go to `TWINSHEET_DOWNLOADS_DIR` (default `.downloads/`) and are kept between runs.
"""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from core.errors import TwinsheetError
from sandbox.stack import programs
from sandbox.stack.downloads import Downloads, downloads_dir

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Component:
    """Something to install: its name for a person, and what finds or downloads it."""

    name: str
    find: Callable[[Downloads, Report], object]


MYSQL = Component("MySQL", lambda downloads, report: programs.find_mysql(downloads, lambda text: report(text, 0, 0)))
MARIADB = Component(
    "MariaDB", lambda downloads, report: programs.find_mariadb(downloads, lambda text: report(text, 0, 0))
)
KAFKA = Component(
    "Kafka",
    lambda downloads, report: (
        programs.find_java(),
        programs.find_kafka(downloads, lambda done, total: report("downloading", done, total)),
    ),
)
GRID = Component(
    "grid library",
    lambda downloads, report: programs.find_tabulator(
        downloads, lambda done, total: report("downloading", done, total)
    ),
)
CHROMIUM = Component(
    "Chromium",
    lambda downloads, report: programs.find_chromium(downloads, lambda text: report(text, 0, 0)),
)
FOR_DEMO = (MYSQL, KAFKA, GRID)
FOR_TESTS = (*FOR_DEMO, MARIADB, CHROMIUM)


def install(components: tuple[Component, ...], downloads: Downloads, console: Console) -> None:
    """Find or download all components at once, showing how far each one is.

    Raises:
        TwinsheetError: the first failure, after the other components have ended.
    """
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.fields[name]:<14}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(len(components)) as pool:
        futures: dict[Future[object], int] = {}
        for component in components:
            task = progress.add_task("looking", total=None, name=component.name)
            futures[pool.submit(component.find, downloads, _reporter(progress, task))] = task
        failures = []
        for future in as_completed(futures):
            error = future.exception()
            there = not error and future.result() is not None
            outcome = "[red]failed" if error else "ready" if there else "not to be had; what needs it is skipped"
            progress.update(futures[future], total=1, completed=0 if error else 1, description=outcome)  # type: ignore[arg-type]  # as above
            failures += [error] if error else []
    if failures:
        raise failures[0]


def _reporter(progress: Progress, task: int) -> Report:
    def report(text: str, done: int, total: int) -> None:
        progress.update(task, description=text, completed=done, total=total or None)  # type: ignore[arg-type]  # rich's TaskID is an int

    return report


def main(arguments: list[str]) -> int:
    """Install what the demo needs; with `--tests` what the tests need besides; with `--grid` the page's library."""
    console = Console(stderr=True)
    components = FOR_TESTS if "--tests" in arguments else (GRID,) if "--grid" in arguments else FOR_DEMO
    try:
        install(components, Downloads(downloads_dir()), console)
    except TwinsheetError as error:
        console.print(f"[red]{error.message}[/] {error.hint}", highlight=False)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
