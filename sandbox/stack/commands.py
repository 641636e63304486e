"""The command lines and configuration of the servers: pure, apart from the two files Kafka reads."""

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from adapters.mysql_grants import TABLE_RIGHTS, Grant, needed_grants
from sandbox.stack.programs import MysqlProgram

_BINLOG_KEPT_S = 7 * 24 * 3600
_TABLE_LOCK_WAIT_S = 60  # who alters or drops a table waits for those who use it, by default for a year
_SOCKET_PATH_BYTES_MAX = 100  # the kernel takes 107, and the server appends `.lock`
_MESSAGE_BYTES_MAX = 4 * 1024 * 1024  # a webhook body of 1 MiB has to fit, with what we add

ACCOUNT = "twinsheet"
"""The account of people and of programs beside ours: it may make schemas and tables."""
SERVICES_ACCOUNT = "twinsheet_services"
"""The account of our own services."""
# What the person at the SQL prompt needs; nothing that administers the server.
_GRANTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE TEMPORARY TABLES, "
    "LOCK TABLES, CREATE VIEW, SHOW VIEW, TRIGGER, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, EVENT, "
    "SHOW DATABASES, PROCESS, REPLICATION SLAVE, REPLICATION CLIENT"
)


@dataclass(frozen=True)
class MysqlPlace:
    """Where one MySQL or MariaDB keeps its data and listens.

    Args:
        folder: holds the data folder, the socket and the account file.
        port: TCP port on 127.0.0.1.
        password: of the accounts `twinsheet` and `twinsheet_services`.
        root_password: of `root`, which can log in through the socket only.
    """

    folder: Path
    port: int
    password: str
    root_password: str

    @property
    def data(self) -> Path:
        """The server's data folder."""
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        """The server's Unix socket; elsewhere where the folder's path is too long for one."""
        socket = self.folder / "mysql.sock"
        if len(os.fsencode(socket)) <= _SOCKET_PATH_BYTES_MAX:
            return socket
        return Path("/tmp") / f"twinsheet-mysql-{self.port}.sock"  # noqa: S108 - 0600 by its owner, and short

    @property
    def accounts(self) -> Path:
        """The SQL that the server runs at each start."""
        return self.folder / "accounts.sql"

    @property
    def url(self) -> str:
        """The address for people and programs, account included."""
        return f"mysql://{ACCOUNT}:{self.password}@127.0.0.1:{self.port}/"

    @property
    def services_url(self) -> str:
        """The address for our own services, account included."""
        return f"mysql://{SERVICES_ACCOUNT}:{self.password}@127.0.0.1:{self.port}/"


def mysql_command(program: MysqlProgram, place: MysqlPlace) -> list[str]:
    """The command that runs the server in the foreground, with the settings the product needs."""
    common = [
        *program.server,
        *_run_as_root(),
        f"--datadir={place.data}",
        f"--port={place.port}",
        "--bind-address=127.0.0.1",
        f"--socket={place.socket}",
        f"--pid-file={place.folder / 'mysql.pid'}",
        f"--init-file={place.accounts}",
        "--skip-name-resolve",
        "--server-id=1",
        "--log-bin=binlog",
        "--binlog-format=ROW",
        "--binlog-row-image=FULL",
        "--binlog-row-metadata=FULL",
        f"--binlog-expire-logs-seconds={_BINLOG_KEPT_S}",
        "--sync-binlog=1",
        "--innodb-flush-log-at-trx-commit=1",
        "--innodb-buffer-pool-size=64M",
        f"--lock-wait-timeout={_TABLE_LOCK_WAIT_S}",
        "--performance-schema=OFF",
        "--character-set-server=utf8mb4",
        "--default-time-zone=+00:00",
        "--max-connections=300",
        "--max-allowed-packet=64M",
        "--secure-file-priv=NULL" if program.flavour == "mysql" else f"--secure-file-priv={place.folder}",
    ]
    if program.flavour == "mysql":
        return [*common, "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--mysqlx=OFF", "--partial-revokes=ON"]
    return [*common, "--log-bin-compress=OFF"]


def initialise_command(program: MysqlProgram, place: MysqlPlace) -> list[str]:
    """The command that makes a new data folder, once."""
    common = [*program.server, *_run_as_root(), f"--datadir={place.data}"]
    if program.flavour == "mysql":
        return [*common, "--initialize-insecure", "--character-set-server=utf8mb4"]
    return [*common, "--bootstrap", "--skip-log-bin", "--character-set-server=utf8mb4"]


def bootstrap_sql(program: MysqlProgram) -> str:
    """What MariaDB reads while it makes its data folder; empty for MySQL, which brings its own."""
    if program.flavour == "mysql":
        return ""
    # Without this the system tables are made with a root that has no password to set.
    head = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\nSET @skip_auth_anonymous=1;\n"
    tables = "".join(file.read_text(encoding="utf-8") for file in program.system_tables)
    # It also makes a root for each name of this machine, none of which would ever get a password.
    return head + tables + "\nDELETE FROM global_priv WHERE User='root' AND Host<>'localhost';\n"


def accounts_sql(place: MysqlPlace, flavour: str) -> str:
    """The SQL that each start runs, one statement a line, without a trace in the binlog."""
    return "\n".join(
        [
            "SET SESSION sql_log_bin=0;",
            *_account(ACCOUNT, place.password),
            f"GRANT {_GRANTS} ON *.* TO `{ACCOUNT}`@`%`;",
            *_account(SERVICES_ACCOUNT, place.password),
            *services_grants(flavour),
            f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{place.root_password}';",
            "",
        ]
    )


def services_grants(flavour: str) -> list[str]:
    """The rights of our services: the least, and on every table that a person may think of linking.

    MySQL takes its own schema out again; MariaDB cannot.
    """
    account = f"{SERVICES_ACCOUNT}@%"
    statements = [grant.statement(account) for grant in (*needed_grants(), Grant(TABLE_RIGHTS))]
    if flavour == "mysql":
        statements.append(f"REVOKE {', '.join(TABLE_RIGHTS)} ON `mysql`.* FROM `{SERVICES_ACCOUNT}`@`%`;")
    return statements


def _account(name: str, password: str) -> list[str]:
    return [
        f"{verb} `{name}`@`%` IDENTIFIED BY '{password}';" for verb in ("CREATE USER IF NOT EXISTS", "ALTER USER")
    ]


def _run_as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


@dataclass(frozen=True)
class KafkaPlace:
    """Where one Kafka node keeps its data and listens.

    Args:
        folder: holds the data folder and the configuration.
        port: TCP port on 127.0.0.1 for clients.
        controller_port: TCP port on 127.0.0.1 that the node talks to itself on.
    """

    folder: Path
    port: int
    controller_port: int

    @property
    def data(self) -> Path:
        """The folder of Kafka's logs."""
        return self.folder / "data"

    @property
    def properties(self) -> Path:
        """The node's configuration file."""
        return self.folder / "server.properties"

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"


def kafka_properties(place: KafkaPlace, partitions: int = 6) -> str:
    """The configuration of a node that is broker and controller in one, with no replicas.

    Args:
        place: where it lives.
        partitions: of a topic that somebody uses before it is created.
    """
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{place.controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{place.port},CONTROLLER://127.0.0.1:{place.controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{place.port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": place.data,
        "num.partitions": partitions,
        "message.max.bytes": _MESSAGE_BYTES_MAX,
        "replica.fetch.max.bytes": _MESSAGE_BYTES_MAX,
        # One node cannot keep more than one copy of anything.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 3,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 3,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        # A broker that was killed may come back when its old session is over: after 3 s, not 9.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        # Nobody else is about to join: a consumer that starts gets its partitions at once.
        "group.initial.rebalance.delay.ms": 0,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


LOG4J = """\
status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
"""


def java_command(java: str, jars: Path, place: KafkaPlace, *arguments: str) -> list[str]:
    """A Java command with Kafka's jars on its class path, small and quick to start."""
    return [
        java,
        "-Xms64m",
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={place.folder / 'log4j2.properties'}",
        "-cp",
        f"{jars}/*",
        *arguments,
    ]


def kafka_command(java: str, jars: Path, place: KafkaPlace) -> list[str]:
    """The command that runs the node in the foreground."""
    return java_command(java, jars, place, "kafka.Kafka", str(place.properties))


def kafka_format_command(java: str, jars: Path, place: KafkaPlace) -> list[str]:
    """The command that makes a new data folder, once."""
    cluster = str(uuid.uuid4())
    return java_command(
        java, jars, place, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(place.properties)
    )
