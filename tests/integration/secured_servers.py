"""A MySQL and a Kafka that let nobody in without TLS, and Kafka nobody without a password."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from certificates import Authority
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

from sandbox.stack import programs
from sandbox.stack.commands import KafkaPlace, MysqlPlace
from sandbox.stack.downloads import Downloads, downloads_dir
from sandbox.stack.programs import MysqlProgram
from sandbox.stack.servers import KafkaServer, MysqlServer, free_port

_LISTENERS = """\
listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
ssl.client.auth=requested
"""


class TlsMysql(MysqlServer):
    """A server that lets nobody in without TLS, but for root on its socket.

    Args:
        program: MySQL or MariaDB.
        folder: for its data.
        authority: signs its certificate.
        password: of both accounts.
    """

    def __init__(self, program: MysqlProgram, folder: Path, authority: Authority, password: str) -> None:
        super().__init__(program, MysqlPlace(folder, free_port(), password, "root"))
        self.authority = authority
        self._certificate, self._key = authority.sign("mysql")

    def _command(self) -> list[str]:
        files = (f"--ssl-ca={self.authority.ca}", f"--ssl-cert={self._certificate}", f"--ssl-key={self._key}")
        return [*super()._command(), *files, "--require-secure-transport=ON"]


class SaslKafka(KafkaServer):
    """A node with one listener for those with a password, over TLS, and one for the test itself.

    Args:
        folder: for its data.
        authority: signs its certificate.
        user: the one who may come in.
        password: theirs.
    """

    def __init__(self, folder: Path, authority: Authority, user: str, password: str) -> None:
        jars = programs.find_kafka(Downloads(downloads_dir()), lambda *_: None)
        super().__init__(programs.find_java(), jars, KafkaPlace(folder, free_port(), free_port()))
        self.authority, self._user, self._password = authority, user, password
        self.secure = f"127.0.0.1:{free_port()}"

    def _prepare(self) -> None:
        super()._prepare()
        certificate, key = self.authority.sign("kafka")
        keystore = self.folder / "keystore.pem"
        keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
        text = _LISTENERS.format(
            plain=self.port,
            secure=self.secure.rpartition(":")[2],
            controller=self.place.controller_port,
            user=self._user,
            password=self._password,
            keystore=keystore,
            ca=self.authority.ca,
        )
        with self.place.properties.open("a") as file:
            file.write(text)

    def start(self) -> None:
        """Start it, and make its user known to SCRAM as PLAIN knows it already."""
        super().start()
        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            made = UserScramCredentialUpsertion(self._user, ScramMechanism.SCRAM_SHA_512, self._password, 4096)
            admin.alter_user_scram_credentials([made])
