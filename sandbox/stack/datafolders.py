"""New data folders of MySQL, MariaDB and Kafka: made aside, renamed when whole, never made twice."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.errors import StackError
from sandbox.stack import commands
from sandbox.stack.commands import KafkaPlace, MysqlPlace
from sandbox.stack.programs import MysqlProgram


def prepare_mysql(program: MysqlProgram, place: MysqlPlace) -> None:
    """Make the data folder unless it is there, and write the accounts that each start sets.

    Raises:
        StackError: the server could not make its data folder.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    place.accounts.touch(mode=0o600)
    place.accounts.write_text(commands.accounts_sql(place, program.flavour))
    made_by = place.folder / "made_by"
    if place.data.is_dir():
        _assert_same_maker(place, made_by.read_text(), program.flavour)
        return
    made_by.write_text(program.flavour)
    making = replace(place, folder=place.folder / "new")
    with _made_whole(making.folder, making.data, place.data):
        making.data.mkdir()
        _run_once(
            commands.initialise_command(program, making), "MySQL's data folder", commands.bootstrap_sql(program)
        )


def _assert_same_maker(place: MysqlPlace, made_by: str, flavour: str) -> None:
    if made_by != flavour:
        raise StackError(
            f"The data in {place.data} was made by {made_by}, and what is found now is {flavour}.",
            f"Put {made_by} back, or start over: make demo ARGS=--fresh",
        )


def prepare_kafka(java: str, jars: Path, place: KafkaPlace) -> None:
    """Write the configuration and make the data folder unless it is there.

    Raises:
        StackError: Kafka could not make its data folder.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    _write_kafka_files(place)
    if place.data.is_dir():
        return
    making = KafkaPlace(place.folder / "new", place.port, place.controller_port)
    with _made_whole(making.folder, making.data, place.data):
        _write_kafka_files(making)
        _run_once(commands.kafka_format_command(java, jars, making), "Kafka's data folder")


def _write_kafka_files(place: KafkaPlace) -> None:
    place.properties.write_text(commands.kafka_properties(place))
    (place.folder / "log4j2.properties").write_text(commands.LOG4J)


@contextmanager
def _made_whole(scratch: Path, made: Path, final: Path) -> Iterator[None]:
    """Let a data folder be made aside and rename it: one cut short is never taken for whole."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    yield
    made.rename(final)
    shutil.rmtree(scratch, ignore_errors=True)


def _run_once(command: list[str], what: str, stdin: str = "") -> None:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise StackError(f"{what} could not be made: {' | '.join(lines[-3:])}")
