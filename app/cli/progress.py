"""A bar for a long copy, where there is a terminal to show it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def copy_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """What moves the bar by the rows that are done and the rows there are; ``None`` where nobody looks at one."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=console, transient=True)
    task = progress.add_task(title, total=None)

    def move(done: int, total: int) -> None:
        progress.start()  # not before: until then somebody may be asked a question
        progress.update(task, completed=done, total=total)

    try:
        yield move
    finally:
        progress.stop()
