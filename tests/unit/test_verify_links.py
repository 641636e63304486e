"""Which links `verify` compares: what cannot be compared is never passed over."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import app.verify
from app.verify import Verifier, look_until_equal
from core.errors import NotLinked, QuotaExhausted, SettingsError

FAULTY = """links:
  - name: orders
    spreadsheet: abc
    tab: Orders
    table: shop.orders
    conflicts: nonsense
"""


def verifier(folder: Path, text: str) -> Verifier:
    path = folder / "links.yaml"
    path.write_text(text)
    anything = cast("Any", None)
    settings = cast("Any", SimpleNamespace(links=path))
    made = Verifier.__new__(Verifier)
    made.__dict__.update(_settings=settings, _session=anything)
    return made


@pytest.mark.parametrize("name", [None, "orders"])
@pytest.mark.parametrize("text", [FAULTY, "links: [oops"])
def test_a_faulty_links_file_is_never_called_identical(tmp_path: Path, text: str, name: str | None) -> None:
    with pytest.raises(SettingsError, match="line"):
        verifier(tmp_path, text).links(name)


def test_a_linked_table_that_cannot_be_read_is_never_called_identical(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> object:
        raise SettingsError("The schema shop has no table orders.")

    monkeypatch.setattr(app.parts, "describe_table", gone)
    good = FAULTY.replace("    conflicts: nonsense\n", "")
    with pytest.raises(SettingsError, match="no table orders"):
        verifier(tmp_path, good).links(None)


def test_a_name_that_nobody_linked_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotLinked, match="no link named orders"):
        verifier(tmp_path, "links: []\n").links("orders")


class Looks:
    """Answers looks at links one after the other, and a clock that stands still between them."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers, self.now_s = list(answers), 0.0

    def look(self, _link: object) -> object:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(identical=answer, resting=True)

    def ask_scans(self, _names: list[str]) -> None: ...

    def until(self, wait_s: float) -> dict[str, Any]:
        def sleep(pause_s: float) -> None:
            self.now_s += pause_s

        links = cast("Any", [SimpleNamespace(name="orders")])
        return look_until_equal(cast("Any", self), links, wait_s, now_s=lambda: self.now_s, sleep=sleep)


USED_UP = QuotaExhausted("Google's quota is used up for the moment.")


def test_a_quota_that_is_used_up_is_waited_for_as_long_as_there_is_time() -> None:
    looks = Looks(USED_UP, False, USED_UP, True)
    assert looks.until(60)["orders"].identical
    assert not looks.answers


@pytest.mark.parametrize("wait_s", [0, 3])
def test_a_quota_that_stays_used_up_is_told_when_the_time_is_over(wait_s: float) -> None:
    with pytest.raises(QuotaExhausted):
        Looks(*[USED_UP] * 100).until(wait_s)


def test_what_differs_to_the_end_is_told_as_it_was_seen_last() -> None:
    assert not Looks(*[False] * 100).until(5)["orders"].identical
