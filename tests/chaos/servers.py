"""What is done to the servers' own state: binlogs, data, disks, clocks and the ways to them."""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

from sandbox.stack import datafolders, programs
from sandbox.stack.commands import KafkaPlace
from sandbox.stack.downloads import Downloads, downloads_dir
from sandbox.stack.servers import http_answers
from tests.chaos.arena import Arena, Skipped
from tests.chaos.inside import DISKS, IS_ALONE
from tests.e2e.main_job_world import wait_for

CLOCK_OFF_S = 120
LARGE_ROWS = 10_000
EQUAL_WITHIN_S = 300
"""Far more than it takes: how long it took is reported."""
OTHER_SERVER_ID = 77


def binlog_purged(arena: Arena) -> None:
    """While nobody reads the binlog, what was not read yet is purged."""
    _behind_the_reader(arena, "the binlog purged", ["FLUSH BINARY LOGS", "FLUSH BINARY LOGS"], purge=True)


def binlog_reset(arena: Arena) -> None:
    """While nobody reads the binlog, it begins anew, with the same file names and numbers."""
    _behind_the_reader(arena, "the binlog reset", ["RESET BINARY LOGS AND GTIDS"])


def large_purge(arena: Arena) -> None:
    """The binlog is purged behind a link of 10,000 rows, of which a program has changed each tenth."""
    orders = arena.job.orders()
    for first in range(0, LARGE_ROWS, 1000):
        orders.sql(
            "INSERT INTO {table} (customer, item, quantity) WITH RECURSIVE numbers AS"
            " (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)"
            " SELECT CONCAT('Customer ', n + %s), 'Teapot', n FROM numbers",
            first,
        )
    orders.verify(wait_s=EQUAL_WITHIN_S)
    with arena.stopped("binlog"):
        orders.sql("UPDATE {table} SET notes = 'unseen' WHERE MOD(order_no, 10) = 0")
        for statement in ("FLUSH BINARY LOGS", "FLUSH BINARY LOGS"):
            arena.job.as_root(statement)
        arena.job.as_root(f"PURGE BINARY LOGS TO '{arena.job.sql('SHOW BINARY LOGS')[-1][0]}'")
        arena.rest()  # verify waits until nothing is on its way on any link
        began = time.monotonic()
    orders.verify(wait_s=EQUAL_WITHIN_S)
    arena.timeline.tell("equal again", rows=LARGE_ROWS, within_s=round(time.monotonic() - began, 2))
    arena.go_on()
    orders.remove()


def _behind_the_reader(arena: Arena, what: str, statements: list[str], *, purge: bool = False) -> None:
    with arena.stopped("binlog"):
        arena.pause(2, 4)
        for statement in statements:
            arena.job.as_root(statement)
        if purge:
            last = arena.job.sql("SHOW BINARY LOGS")[-1][0]
            arena.job.as_root(f"PURGE BINARY LOGS TO '{last}'")
        arena.timeline.tell(what)
        heard = arena.listen("binlog")
        began = time.monotonic()
    arena.noticed(heard, "binlog_started_over", what)
    arena.recovered(what, began)


def server_replaced(arena: Arena) -> None:
    """The server gives way to a copy with another server id, another UUID and other binlog files."""
    folder = arena.job.folder.mysql
    for keeps_binlogs in (True, False):
        with arena.stopped("mysql"):
            began = time.monotonic()
            aside = arena.job.folder.path / "mysql-copy"
            shutil.copytree(folder / "data", aside)
            shutil.rmtree(folder / "data")
            (aside / "auto.cnf").unlink()  # holds the server's UUID
            logs = sorted(p for p in aside.glob("binlog.*") if p.suffix != ".index")
            for number, log in enumerate(logs, start=501):
                if keeps_binlogs:
                    log.rename(aside / f"binlog.{number:06}")
                else:
                    log.unlink()
            names = [f"./binlog.{n:06}\n" for n, _ in enumerate(logs, start=501)]
            (aside / "binlog.index").write_text("".join(names) if keeps_binlogs else "")
            shutil.copytree(aside, folder / "data")
            shutil.rmtree(aside)
            with (folder / "accounts.sql").open("a") as accounts:  # what the server runs at each start
                accounts.write(f"SET GLOBAL server_id={OTHER_SERVER_ID + keeps_binlogs};\n")
        arena.recovered(f"the server replaced by a copy {'with' if keeps_binlogs else 'without'} binlogs", began)


def kafka_lost(arena: Arena) -> None:
    """All of Kafka's data is gone, offsets and topics included."""
    folder = arena.job.folder.kafka
    heard = arena.listen("sheet_writer")
    with arena.stopped("kafka"):
        began = time.monotonic()
        shutil.rmtree(folder / "data")
        lines = dict(line.split("=", 1) for line in (folder / "server.properties").read_text().splitlines())
        port = urlsplit("//" + str(arena.job.stack["kafka"])).port or 0
        controller = int(lines["controller.quorum.voters"].rpartition(":")[2])
        jars = programs.find_kafka(Downloads(downloads_dir()), lambda *_: None)
        datafolders.prepare_kafka(programs.find_java(), jars, KafkaPlace(folder, port, controller))
        arena.timeline.tell("Kafka's data gone")
    arena.noticed(heard, "events_lost", "Kafka's data gone")
    arena.recovered("Kafka's data gone", began)


def disk_full_mysql(arena: Arena) -> None:
    """MySQL has no room for another byte, for a while."""
    _disk_full(arena, "mysql")


def disk_full_kafka(arena: Arena) -> None:
    """Kafka has no room for another byte, for a while."""
    _disk_full(arena, "kafka")


def _disk_full(arena: Arena, name: str) -> None:
    if not DISKS:
        raise Skipped("no file system of its own may be mounted here")
    ballast = arena.fill_disk(arena.job.folder.path / name)
    try:
        arena.pause(8, 20)
    finally:
        ballast.unlink()
        arena.timeline.tell("disk free")
    arena.recovered(f"{name}'s disk full")


def clock_off(arena: Arena) -> None:
    """The sheet's side is two minutes ahead, then two minutes behind, then right again."""
    library = arena.clock_library
    if library is None:
        raise Skipped("libfaketime is not to be had here")
    port = urlsplit(str(arena.job.stack["sheets_endpoint"])).port or 0
    for off_s in (CLOCK_OFF_S, -CLOCK_OFF_S):
        clock = {"LD_PRELOAD": str(library), "FAKETIME": f"{off_s:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        environment = arena.environment_of("sandbox") | clock
        with arena.stopped("sandbox"), arena.program("sandbox", "sandbox.serve", environment):
            wait_for(lambda: http_answers(port, "/faults"), "the sandbox with another clock")
            arena.job.lift_quota()
            arena.timeline.tell("the sheet's clock off", by_s=off_s)
            arena.pause(5, 10)
            arena.recovered(f"the sheet's clock {off_s:+d} s")
    arena.job.lift_quota()
    arena.recovered("the sheet's clock right again")


def cut_off(arena: Arena) -> None:
    """The sheet's side and the table's cannot reach each other; then nobody reaches Kafka, then MySQL."""
    if not IS_ALONE:
        raise Skipped("no network namespace of its own may be made here")
    stack = arena.job.stack
    webhook, sheets = (urlsplit(str(stack[name])).port or 0 for name in ("webhook_url", "sheets_endpoint"))
    kafka, mysql = urlsplit("//" + str(stack["kafka"])).port or 0, urlsplit(str(stack["mysql_url"])).port or 0
    for what, ports in (("the two sides", (webhook, sheets)), ("Kafka", (kafka,)), ("MySQL", (mysql,))):
        with ExitStack() as cuts:
            for port in ports:
                cuts.enter_context(arena.cut_off(port))
            arena.pause(8, 20)
        arena.recovered(f"{what} cut off")
