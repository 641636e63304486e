"""Who may call Google, in what order, and how much: the ledger that all processes share."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from core.quota import WINDOW_MS, Ask, Ledger, Limit, ask, borrow, refused, tokens

USER = "robot@example.com"
START_MS = 1_800_000_000_000


@dataclass
class Model:
    """Links that ask for tokens as our processes do: at once, and again when they were told to."""

    per_minute: int = 60
    project: int = 300
    now_ms: int = START_MS
    ledger: Ledger = field(default_factory=Ledger)
    sent: list[tuple[int, str, str]] = field(default_factory=list)
    """(when, user, link) of every call that went out."""

    def ask(self, link: str, *, user: str = USER, spare: bool = False) -> int:
        asked = Ask(user, link, spare)
        self.ledger, wait_ms = ask(self.ledger, asked, Limit(self.per_minute), Limit(self.project), self.now_ms)
        if wait_ms == 0:
            self.sent.append((self.now_ms, user, link))
        return wait_ms

    def tokens(self) -> int:
        return tokens(self.ledger, USER, Limit(self.per_minute), Limit(self.project), self.now_ms)

    def calls(self, link: str) -> list[int]:
        return [at for at, _, name in self.sent if name == link]

    def busiest_minute(self, user: str | None = None) -> int:
        """The most calls of any sixty seconds."""
        times = [at for at, name, _ in self.sent if user in (None, name)]
        return max(sum(1 for at in times if start <= at < start + WINDOW_MS) for start in times)


@dataclass
class Link:
    """One with work at some times; between two calls it works for a while."""

    name: str
    wants: list[int]
    """When there is something to call for, ascending."""
    late_ms: int = 0
    """It comes so much later than it was told to, because its process does something else."""
    spare: bool = False
    user: str = USER
    waited: list[tuple[int, int]] = field(default_factory=list)
    """(when wanted, milliseconds until the call went out)."""
    due_ms: int = 0


def run(model: Model, links: list[Link], until_ms: int) -> None:
    """Let everybody ask at its own times."""
    for link in links:
        link.due_ms = link.wants[0] if link.wants else until_ms
    while (link := min(links, key=lambda one: one.due_ms)).due_ms < until_ms:
        model.now_ms = link.due_ms
        wait_ms = model.ask(link.name, user=link.user, spare=link.spare)
        if wait_ms:
            link.due_ms += wait_ms + link.late_ms
            continue
        wanted = link.wants.pop(0)
        link.waited.append((wanted, model.now_ms - wanted))
        link.due_ms = max(model.now_ms + 30, link.wants[0]) if link.wants else until_ms


def flood(name: str, **options: object) -> Link:
    """A link that always has something to send."""
    return Link(name, [START_MS] * 10_000, **options)  # type: ignore[arg-type]


def test_a_burst_goes_out_at_once_and_then_calls_are_spread_evenly() -> None:
    model = Model()
    run(model, [flood("busy")], START_MS + 10 * WINDOW_MS)
    times = model.calls("busy")
    assert times[19] - times[0] < 1000
    assert max(later - before for before, later in pairwise(times)) < 2000


@pytest.mark.parametrize("per_minute", [1, 2, 7, 60, 300])
def test_no_minute_ever_holds_more_calls_than_google_allows(per_minute: int) -> None:
    model = Model(per_minute, 5 * per_minute)
    run(model, [flood("a"), flood("b", late_ms=70), flood("c", spare=True)], START_MS + 10 * WINDOW_MS)
    assert model.busiest_minute() <= per_minute


def test_a_link_alone_gets_nine_tenths_of_the_quota() -> None:
    model = Model()
    run(model, [flood("busy", late_ms=5)], START_MS + 20 * WINDOW_MS)
    assert len(model.sent) >= 0.91 * 60 * 20


def test_the_users_of_a_project_together_stay_inside_its_quota() -> None:
    model = Model(project=150)
    links = [flood(f"link {i}", user=f"robot{i}@example.com") for i in range(5)]
    run(model, links, START_MS + 5 * WINDOW_MS)
    assert model.busiest_minute() <= 150
    assert all(len(model.calls(link.name)) > 60 for link in links)


def test_users_do_not_share_a_quota() -> None:
    model = Model()
    run(model, [flood("a"), flood("b", user="other@example.com")], START_MS + 3 * WINDOW_MS)
    assert len(model.calls("a")) == len(model.calls("b")) > 100


@pytest.mark.parametrize("seed", range(8))
def test_a_quiet_links_first_change_never_waits_for_a_busy_links_backlog(seed: int) -> None:
    rng = random.Random(seed)
    minutes = 6
    end_ms = START_MS + minutes * WINDOW_MS
    busy = [flood(f"busy {i}", late_ms=rng.choice((0, 40, 1500))) for i in range(rng.randint(1, 4))]
    quiet = [Link(f"quiet {i}", [rng.randint(START_MS, end_ms - 10_000)]) for i in range(minutes * 4)]
    model = Model()
    run(model, [*busy, *quiet, flood("scan", spare=True)], end_ms)
    delays = [link.waited[0][1] for link in quiet]
    assert len(delays) == len(quiet)
    between = [sum(1 for at, _, name in model.sent if w < at < w + d and "quiet" not in name)
               for link in quiet for w, d in link.waited]  # fmt: skip
    assert max(between) <= 1
    assert sorted(delays)[len(delays) // 2] == 0
    assert max(delays) <= 2000


def test_many_quiet_links_at_once_are_served_one_after_the_other_before_the_busy_one() -> None:
    model = Model()
    at = START_MS + 3 * WINDOW_MS
    quiet = [Link(f"quiet {i}", [at]) for i in range(12)]
    run(model, [flood("busy"), *quiet], START_MS + 4 * WINDOW_MS)
    last = max(model.calls(link.name)[0] for link in quiet)
    assert sum(1 for t in model.calls("busy") if at <= t <= last) <= 1
    assert last - at < 15_000


def test_busy_links_leave_a_few_tokens_to_quiet_ones() -> None:
    model = Model()
    run(model, [flood("a"), flood("b")], START_MS + 5 * WINDOW_MS)
    assert [model.ask(f"quiet {i}") for i in range(3)] == [0, 0, 0]


def test_busy_links_take_turns() -> None:
    model = Model()
    links = [flood("early"), *(flood(f"late {i}", late_ms=20 * i) for i in range(4))]
    for link in links[1:]:
        link.wants = [START_MS + 2 * WINDOW_MS] * 1000
    run(model, links, START_MS + 8 * WINDOW_MS)
    served = [sum(1 for t in model.calls(link.name) if t > START_MS + 3 * WINDOW_MS) for link in links]
    assert max(served) - min(served) <= 6


def test_who_does_not_come_back_for_its_turn_holds_nobody_up() -> None:
    model = Model()
    gone = [Link(f"gone {i}", [START_MS], late_ms=10 * WINDOW_MS) for i in range(5)]
    run(model, [flood("busy"), *gone], START_MS + 1)  # they ask once and die
    for link in gone:
        model.ask(link.name)
    run(model, [flood("busy")], START_MS + 5 * WINDOW_MS)
    assert len(model.calls("busy")) > 0.88 * 60 * 5


def test_scans_leave_tokens_to_other_reads_and_are_not_starved_by_them() -> None:
    model = Model()
    scans = [Link(f"scan {i}", [START_MS + 1000 * i for i in range(600)], spare=True) for i in range(3)]
    run(model, scans, START_MS + 3 * WINDOW_MS)
    assert model.tokens() >= 15
    assert model.ask("positions") == 0
    busy = Model()
    scan = Link("scan", [START_MS + WINDOW_MS * i for i in range(9)], spare=True)
    run(busy, [flood("a"), flood("b"), scan], START_MS + 10 * WINDOW_MS)
    assert len(scan.waited) >= 4


def test_asking_when_there_is_none_takes_no_token() -> None:
    model = Model(per_minute=1)
    assert model.ask("orders") == 0
    for _ in range(10):
        assert model.ask("orders") > 0
    model.now_ms += WINDOW_MS + 500
    assert model.ask("orders") == 0


def test_borrowed_calls_count_and_others_wait_for_them() -> None:
    model = Model()
    model.ledger = borrow(model.ledger, USER, "verify", model.now_ms, 59)
    assert model.tokens() == 0
    assert model.ask("orders") > 0
    model.now_ms += WINDOW_MS + 500
    assert model.ask("orders") == 0


def test_a_refusal_ends_all_calls_of_the_user_twice_as_long_each_time_but_not_for_ever() -> None:
    model = Model()
    waits = []
    for _ in range(9):
        model.ledger = refused(model.ledger, USER, model.now_ms, 1.0)
        waits.append(model.ask("orders"))
        assert model.ask("customers") > 0
        assert model.tokens() == 0
        model.now_ms += waits[-1]
    assert [w // 1000 for w in waits] == [1, 2, 4, 8, 16, 32, 64, 64, 64]
    assert model.ask("orders") == 0
    assert model.ask("customers") == 0


def test_a_refusal_does_not_concern_other_users() -> None:
    model = Model()
    model.ledger = refused(model.ledger, USER, model.now_ms, 1.0)
    assert model.ask("orders", user="other@example.com") == 0


def test_refusals_of_calls_that_were_under_way_count_once() -> None:
    model = Model()
    model.ledger = refused(refused(model.ledger, USER, model.now_ms, 1.0), USER, model.now_ms, 1.0)
    assert model.ask("orders") == 1000


def test_a_minute_without_a_refusal_makes_it_forgotten() -> None:
    model = Model()
    model.ledger = refused(model.ledger, USER, model.now_ms, 1.0)
    model.now_ms += WINDOW_MS + 1001
    assert model.ask("orders") == 0
    model.ledger = refused(model.ledger, USER, model.now_ms, 1.0)
    assert model.ask("orders") == 1000


def test_after_a_refusal_nothing_goes_out_in_a_burst() -> None:
    model = Model()
    model.ledger = refused(model.ledger, USER, model.now_ms, 1.0)
    model.now_ms += 1000
    began = model.now_ms
    run(model, [flood("busy")], began + 10_000)
    assert len([at for at in model.calls("busy") if at < began + 10_000]) <= 14


def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_a_minute() -> None:
    model = Model()
    run(model, [flood("busy")], START_MS + WINDOW_MS)
    model.ledger = refused(model.ledger, USER, model.now_ms, 1.0)
    model.now_ms -= 3_600_000
    back = model.now_ms
    while model.ask("orders"):
        model.now_ms += 500
    assert model.now_ms - back <= 64_500


def test_what_a_ledger_holds_is_bounded_by_the_calls_of_a_minute() -> None:
    model = Model()
    links = [Link(f"link {i}", [START_MS + 700 * i], late_ms=WINDOW_MS) for i in range(1000)]
    run(model, links, START_MS + 1000 * 700 + 5 * WINDOW_MS)
    account = model.ledger.at(model.now_ms).users[USER]
    assert len(account.used) <= 60
    assert len(account.waiting) < 1000
