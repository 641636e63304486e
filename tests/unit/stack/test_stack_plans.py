"""What the local stack decides before it touches anything: packages, commands, configurations, the sample."""

import configparser
import shlex
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML

from config.settings import Settings
from core.errors import StackError
from sandbox.stack import apt, commands, programs, sample
from sandbox.stack.commands import KafkaPlace, MysqlPlace
from sandbox.stack.downloads import CHECKOUT, Downloads
from sandbox.stack.programs import MysqlProgram
from sandbox.stack.runfolder import RunFolder
from sandbox.stack.services import KINDS, SERVERS, Service, plan_stack
from sandbox.stack.supervisor import configuration

_URIS = """\
'http://mirror.test/debian-security/dists/bookworm-security/InRelease' a_InRelease 0
'http://mirror.test/debian/dists/bookworm-updates/InRelease' b_InRelease 0
'http://mirror.test/debian/dists/bookworm/InRelease' c_InRelease 0
'http://mirror.test/debian/dists/bookworm/main/binary-amd64/Packages.xz' d_Packages 0
'https://tools.test/apt/dists/cloud-bookworm/InRelease' e_InRelease 0
"""
_PLACE = MysqlPlace(Path("/run/a place"), 3316, "secret", "root-secret")


def test_the_archive_is_the_one_that_the_machines_own_settings_name() -> None:
    assert apt.main_archive(_URIS, "bookworm") == "http://mirror.test/debian"


def test_a_machine_without_a_debian_archive_is_told_what_else_to_do() -> None:
    with pytest.raises(StackError) as caught:
        apt.main_archive("'https://tools.test/apt/dists/cloud-bookworm/InRelease' e 0", "bookworm")
    assert "TWINSHEET_MYSQL_URL" in caught.value.hint


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["mysql-server-core-8.0", "mysql-server-core-8.4", "mysql-server"], "mysql-server-core-8.4"),
        (["mysql-server-core-8.4", "mysql-server-core-8.10"], "mysql-server-core-8.10"),
        (["mysql-server-core", "mysql-server-core-8.0"], "mysql-server-core"),
    ],
)
def test_the_newest_packaged_server_is_taken(names: list[str], expected: str) -> None:
    assert apt.newest(names, r"mysql-server-core(?:-(\d[\d.]*))?") == expected


def test_a_package_that_apt_does_not_know_is_named() -> None:
    with pytest.raises(StackError, match="mysql-server-core"):
        apt.newest(["mysql-client"], "mysql-server-core")


@pytest.mark.parametrize("flavour", ["mysql", "mariadb"])
def test_both_servers_write_whole_named_rows_uncompressed_to_a_binlog(flavour: str) -> None:
    program = MysqlProgram(flavour, ("server",), None, (), "a test")  # type: ignore[arg-type]  # parametrised
    options = commands.mysql_command(program, _PLACE)
    assert {"--binlog-format=ROW", "--binlog-row-image=FULL", "--binlog-row-metadata=FULL"} <= set(options)
    assert ("--gtid-mode=ON" in options) == (flavour == "mysql")
    assert ("--log-bin-compress=OFF" in options) == (flavour == "mariadb")
    assert "--bind-address=127.0.0.1" in options


@pytest.mark.parametrize("flavour", ["mysql", "mariadb"])
def test_the_accounts_are_set_without_a_trace_in_the_binlog(flavour: str) -> None:
    statements = commands.accounts_sql(_PLACE, flavour).splitlines()
    assert statements[0] == "SET SESSION sql_log_bin=0;"
    assert all(statement.endswith(";") for statement in statements)


def test_a_socket_stays_short_enough_for_the_kernel_however_deep_the_folder_is() -> None:
    deep = MysqlPlace(Path("/" + "deep/" * 40), 3316, "p", "r")
    assert len(str(deep.socket)) < 108
    assert len(str(RunFolder(deep.folder).supervisor_socket)) < 108


def test_kafka_keeps_one_copy_of_everything_on_its_only_node() -> None:
    settings = dict(
        line.split("=", 1) for line in commands.kafka_properties(KafkaPlace(Path("/k"), 9192, 29192)).splitlines()
    )
    replicas = [value for name, value in settings.items() if name.endswith(("replication.factor", "min.isr"))]
    assert replicas == ["1"] * 5
    assert settings["num.partitions"] == "6"
    assert int(settings["message.max.bytes"]) > 1024 * 1024


def test_kafka_runs_small_and_quick_to_start() -> None:
    command = commands.kafka_command("java", Path("/jars"), KafkaPlace(Path("/k"), 9192, 29192))
    assert {"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"} <= set(command)


def test_the_supervisor_never_gives_a_process_up_and_stops_ours_before_the_servers(tmp_path: Path) -> None:
    odd = tmp_path / "100% odd"
    services = [
        Service("mysql", (str(odd), "--x=a b"), SERVERS),
        Service("binlog", ("p",)),
        Service("binlog.2", ("p",)),
    ]
    parsed = configparser.RawConfigParser()
    parsed.read_string(configuration(services, RunFolder(odd)))
    mysql = parsed["program:mysql"]
    assert shlex.split(mysql["command"].replace("%%", "%")) == [str(odd), "--x=a b"]
    assert mysql["autorestart"] == "true"
    assert int(mysql["startretries"]) > 10**6
    assert parsed["group:services"]["programs"] == "binlog,binlog_2"
    assert int(parsed["group:servers"]["priority"]) < int(parsed["group:services"]["priority"])


def _settings(**given: Any) -> Settings:
    named: dict[str, Any] = {
        "mysql_url": SecretStr("mysql://u:p@db.test:3306/"),
        "kafka": "kafka.test:9092",
        "sheets_endpoint": "http://sheets.test",
    }
    return Settings.model_construct(**(named | given))


def test_what_the_settings_name_is_used_and_not_started(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    plan = plan_stack(_settings(), folder, links=tmp_path / "links.yaml", scale={})
    assert {service.name for service in plan.services} == set(KINDS)
    assert plan.environment["TWINSHEET_MYSQL_URL"] == "mysql://u:p@db.test:3306/"
    assert plan.stack["kafka"] == "kafka.test:9092"
    assert set(plan.ports) == {"TWINSHEET_WEBHOOK_PORT", "TWINSHEET_CONSOLE_PORT"}


def test_a_command_that_attaches_to_the_stack_knows_googles_quota_as_the_services_do(tmp_path: Path) -> None:
    settings = _settings(sheets_writes_per_minute=300)
    plan = plan_stack(settings, RunFolder(tmp_path), links=tmp_path / "links.yaml", scale={})
    assert plan.stack["sheets_writes_per_minute"] == "300"
    assert plan.stack["sheets_reads_per_minute"] == "60"
    assert "sheets_project_reads_per_minute" not in plan.stack


def test_the_sandbox_stays_off_where_google_is_set(tmp_path: Path) -> None:
    settings = _settings(sheets_endpoint=None, google_credentials=tmp_path / "key.json")
    plan = plan_stack(settings, RunFolder(tmp_path), links=tmp_path / "links.yaml", scale={})
    assert "sandbox" not in {service.name for service in plan.services}
    assert plan.stack["sheets_endpoint"] is None
    assert "TWINSHEET_SHEETS_ENDPOINT" not in plan.environment


def test_more_processes_of_a_kind_are_numbered(tmp_path: Path) -> None:
    plan = plan_stack(_settings(), RunFolder(tmp_path), links=tmp_path / "l", scale={"table_writer": 3})
    names = [service.name for service in plan.services if service.name.startswith("table_writer")]
    assert names == ["table_writer", "table_writer.2", "table_writer.3"]


def test_a_second_webhook_on_the_same_port_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="webhook"):
        plan_stack(_settings(), RunFolder(tmp_path), links=tmp_path / "l", scale={"webhook": 2})


def test_a_server_on_path_comes_before_any_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = tmp_path / "bin/mysqld"
    server.parent.mkdir()
    server.write_text("#!/bin/sh\necho 'mysqld  Ver 8.4.3 for Linux on x86_64 (MySQL Community Server - GPL)'\n")
    server.chmod(0o755)
    monkeypatch.setenv("PATH", f"{server.parent}:/usr/bin:/bin")
    found = programs.find_mysql(Downloads(tmp_path / "downloads"), lambda _: None)
    assert found.flavour == "mysql"
    assert found.server[0] == str(server)
    assert "8.4.3" in found.origin


def test_compose_keeps_the_sandbox_off_by_name_when_google_is_set() -> None:
    yaml = YAML(typ="safe")
    main = yaml.load(CHECKOUT / "docker-compose.yml")
    assert main["include"] == ["sandbox/compose/sandbox${TWINSHEET_GOOGLE_CREDENTIALS:+-off}.yml"]
    on, off = (yaml.load(CHECKOUT / f"sandbox/compose/{name}.yml")["services"] for name in ("sandbox", "sandbox-off"))
    assert set(on) == set(off)
    assert all(service["profiles"] for service in off.values())


def test_every_service_of_compose_has_a_health_check_and_waits_for_what_it_needs() -> None:
    services = YAML(typ="safe").load(CHECKOUT / "docker-compose.yml")["services"]
    assert set(KINDS) < set(services)
    for name in KINDS:
        assert services[name]["healthcheck"]["test"]
        assert {"setup", "mysql", "kafka", "sandbox"} <= set(services[name]["depends_on"])
        assert services[name]["depends_on"]["sandbox"]["required"] is False


def test_the_database_of_compose_grants_what_the_local_one_grants() -> None:
    script = " ".join((CHECKOUT / "sandbox/compose/accounts.sql").read_text().split())
    local = commands.accounts_sql(_PLACE, "mysql").splitlines()
    assert all(grant in script for grant in local if grant.startswith(("GRANT", "REVOKE")))


def test_services_of_compose_use_the_account_with_the_least_rights_and_people_the_other() -> None:
    yaml = YAML(typ="safe")
    main = yaml.load(CHECKOUT / "docker-compose.yml")["services"]
    sandbox = yaml.load(CHECKOUT / "sandbox/compose/sandbox.yml")["services"]
    for name in KINDS:
        assert f"//{commands.SERVICES_ACCOUNT}:" in main[name]["environment"]["TWINSHEET_MYSQL_URL"]
    for service in (main["setup"], sandbox["sample"]):
        assert f"//{commands.ACCOUNT}:" in service["environment"]["TWINSHEET_MYSQL_URL"]


def test_our_services_have_an_account_of_their_own_and_people_may_make_schemas(tmp_path: Path) -> None:
    place = MysqlPlace(tmp_path, 3316, "secret", "root-secret")
    assert place.url == "mysql://twinsheet:secret@127.0.0.1:3316/"
    assert place.services_url == "mysql://twinsheet_services:secret@127.0.0.1:3316/"
    for flavour in ("mysql", "mariadb"):
        granted = " ".join(commands.services_grants(flavour))
        assert "CREATE, ALTER, DROP, INDEX ON `twinsheet`.*" in granted
        assert not any(f"{right} ON *.*" in granted for right in ("CREATE", "DROP", "SUPER", "ALL"))


def test_the_sample_is_the_same_at_each_start_and_fits_its_table() -> None:
    rows = sample.orders()
    assert rows == sample.orders()
    assert len(rows) == sample.ROWS == 200
    assert all(len(row) == len(sample.COLUMNS) for row in rows)
    status = list(sample.COLUMNS).index("Status")
    assert {row[status] for row in rows} <= set(sample.STATUSES)
    assert len({row[0] for row in rows}) == sample.ROWS
