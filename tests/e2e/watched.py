"""A page in a real browser, at the end of which nothing went wrong in it and nothing left the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from playwright.sync_api import Browser, Frame, Page

from sandbox.script.typecheck import install_packages

SERIOUS = ("serious", "critical")


class Watched:
    """What went wrong on a page, and what it asked of others.

    Args:
        page: of a browser.
        url: of the server that it belongs to.
    """

    made_here: ClassVar[tuple[str, ...]] = ("data:",)
    """How addresses begin that ask nobody."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.faults: list[str] = []
        self.left: list[str] = []
        own = (url, *self.made_here)
        page.on("console", lambda m: self.faults.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith(own) else self.left.append(r.url))


def faults_for_others(shown: Page | Frame) -> list[str]:
    """What keeps people with other eyes or hands out, as axe-core finds it."""
    axe = install_packages() / "node_modules" / "axe-core" / "axe.min.js"
    shown.evaluate(axe.read_text())
    found = shown.evaluate("axe.run(document)")["violations"]
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:200]}"
        for fault in found
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


W = TypeVar("W", bound=Watched)


@contextmanager
def watching(
    browser: Browser, made: Callable[[Page, str], W], url: str, size: dict[str, int], **options: Any
) -> Iterator[W]:
    """A browser window of its own.

    Args:
        browser: a running one.
        made: the kind of page.
        url: of the server.
        size: of the window.
        options: Playwright's own.
    """
    context = browser.new_context(viewport=size, **options)  # type: ignore[arg-type]  # a ViewportSize
    page = made(context.new_page(), url)
    try:
        yield page
        assert not page.faults, page.faults
        assert not page.left, page.left
    finally:
        context.close()
