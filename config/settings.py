"""Settings from the environment: read once by an entry point, checked whole, secrets masked.

Every setting is a variable ``TWINSHEET_<FIELD>``. Where a variable is not set, a running stack's ``stack.json``
in the run folder is asked (so that ``TWINSHEET_RUN_DIR`` alone attaches to it), then ``.env``, then the default.
Without ``TWINSHEET_RUN_DIR`` in the environment, ``.env`` comes before ``stack.json``.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from config.kafka_security import kafka_faults
from config.mysql_tls import tls_options
from core.errors import SettingsError
from core.secrets import SECRET_PREFIX

PREFIX = "TWINSHEET_"
RUN_DIR = ".twinsheet"
SERVICE_NEEDS = ("mysql_url", "kafka")
"""What every service needs; ``sheets`` and ``webhook_secret`` come on top where they are used."""

SECRET_BYTES_MIN = 16
QUOTAS = (
    "sheets_reads_per_minute",
    "sheets_writes_per_minute",
    "sheets_project_reads_per_minute",
    "sheets_project_writes_per_minute",
)
"""Every process that uses the same quota has to know it alike, a command that is attached to a stack too."""
GOOGLE_CREDENTIALS = ("service_account", "authorized_user")
"""Types of files that ``google_credentials`` may be."""
USERS_PER_PROJECT = 5
"""Google's quota for a project is that of so many users."""

Port = Annotated[int, Field(ge=1, le=65535)]
PerMinute = Annotated[int, Field(ge=1, le=6000)]


class Settings(BaseSettings):
    """Everything that can be set. Build it with :func:`load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    mysql_url: SecretStr = SecretStr("")
    """``mysql://user:password@host:3306/``; the server that holds the linked tables and the schema ``twinsheet``.
    TLS follows as ``?ssl_ca=…``: see :mod:`config.mysql_tls`."""
    kafka: str = ""
    """Bootstrap servers, ``host:port``, comma-separated."""
    kafka_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    """What the servers speak: TLS with ``ssl``, a user and password with ``sasl``."""
    kafka_sasl_mechanism: Literal["plain", "scram-sha-256", "scram-sha-512"] = "scram-sha-512"
    kafka_user: str = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_ssl_ca: Path | None = None
    """PEM file of the authority that signed the servers' certificates; the system's authorities when not set."""
    kafka_ssl_cert: Path | None = None
    """Our own certificate, where Kafka asks for one; with its key."""
    kafka_ssl_key: Path | None = None
    kafka_partitions: Annotated[int, Field(ge=1, le=1000)] = 6
    """Partitions of both topics when they are created; the most consumers of a kind that can share the work."""
    kafka_ack_timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long the webhook waits for Kafka's acknowledgement before it answers 503."""

    sheets_endpoint: str | None = None
    """Where the Sheets API answers; Google itself when not set."""
    google_credentials: Path | None = None
    """File of whoever the spreadsheets are shared with: a service account's JSON key, or a person's sign-in as
    ``twinsheet google-login`` makes it."""
    google_subject: str = ""
    """Address of the person as whom the service account acts, where its domain lets it."""
    sheets_reads_per_minute: PerMinute = 60
    sheets_writes_per_minute: PerMinute = 60
    sheets_project_reads_per_minute: Annotated[int, Field(ge=1, le=30_000)] | None = None
    """What Google allows the project as a whole; five times what it allows a user when not set, as Google does."""
    sheets_project_writes_per_minute: Annotated[int, Field(ge=1, le=30_000)] | None = None
    scan_interval_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    """A tab is read whole at least this often."""
    scan_delay_s: Annotated[float, Field(ge=0, le=3600)] = 3.0
    """A tab is read this long after the last edit of a burst."""

    history_kept_months: Annotated[int, Field(ge=2, le=1200)] = 24
    """Whole months before this one whose history is kept; older ones are dropped."""

    links: Path = Path("links.yaml")
    """The links file."""
    webhook_secret: SecretStr = SecretStr("")
    """Master secret of the webhook; while rotating two, comma-separated, newest first."""
    webhook_url: str = ""
    """Public address of the webhook, put into connection codes; ``http://127.0.0.1:<port>`` when not set."""
    console_url: str = ""
    """Where people open the console; the script in the sheet leads there. ``http://127.0.0.1:<port>`` when not
    set."""
    console_token: SecretStr = SecretStr("")
    """Token of the console; needed where it listens on anything but loopback."""
    alert_url: SecretStr = SecretStr("")
    """Webhook of the user's that is told of alerts; nobody is told when not set."""
    alert_format: Literal["standard", "slack"] = "standard"
    """``standard``: Standard Webhooks, signed; ``slack``: what a webhook of Slack takes."""
    alert_secret: SecretStr = SecretStr("")
    """Signs alerts: ``whsec_`` and base64."""
    alert_lag_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    """A change that has waited so long for the other side is an alert."""
    alert_rejections_per_hour: Annotated[int, Field(ge=0)] = 100
    """More values of a link's sheet refused in an hour are an alert."""
    webhook_host: str = "127.0.0.1"
    console_host: str = "127.0.0.1"
    sandbox_host: str = "127.0.0.1"

    run_dir: Path = Path(RUN_DIR)
    """Data, logs and ``stack.json`` of the local stack, and what processes note of themselves."""
    webhook_port: Port = 8000
    console_port: Port = 8001
    sandbox_port: Port = 8090
    mysql_port: Port = 3316
    kafka_port: Port = 9192

    metrics_host: str = "127.0.0.1"
    """Where each service serves its metrics, on a free port that its note in the run folder names."""
    startup_wait_s: Annotated[float, Field(ge=0, le=3600)] = 60.0
    """How long a service waits at its start for MySQL and Kafka to come up."""
    log_format: Literal["auto", "json", "console"] = "auto"
    """``auto``: coloured on a terminal, JSON elsewhere."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    ngrok_authtoken: SecretStr = SecretStr("")
    """Your ngrok token, for ``twinsheet up --tunnel``."""
    ngrok_domain: str = ""
    """A domain reserved at ngrok; a random one when not set."""
    ngrok_path: Path | None = None
    """The ngrok program; looked for on PATH when not set."""

    @field_validator("mysql_url")
    @classmethod
    def _mysql_url_names_a_server(cls, value: SecretStr) -> SecretStr:
        _check_mysql_url(value.get_secret_value())
        return value

    @field_validator("kafka")
    @classmethod
    def _kafka_names_servers(cls, value: str) -> str:
        if "@" in value:
            raise ValueError("names a user; that belongs into TWINSHEET_KAFKA_USER and TWINSHEET_KAFKA_PASSWORD")
        for server in value.split(",") if value else []:
            host, _, port = server.strip().rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                raise ValueError(f"'{server.strip()}' is not host:port, for example 127.0.0.1:9192")
        return value

    @field_validator("sheets_endpoint", "webhook_url", "console_url")
    @classmethod
    def _address_is_http(cls, value: str | None) -> str | None:
        if not value:
            return value
        if not _is_http(urlsplit(value)):
            raise ValueError(f"'{value}' is not an http:// or https:// address")
        return value.rstrip("/")

    @field_validator("alert_url")
    @classmethod
    def _alerts_go_to_http(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and not _is_http(parts):
            raise ValueError("is not an http:// or https:// address")
        return value

    @field_validator("alert_secret")
    @classmethod
    def _alerts_can_be_signed(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            _check_alert_secret(value.get_secret_value())
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _secrets_are_long_enough(cls, value: SecretStr) -> SecretStr:
        parts = [p.strip() for p in value.get_secret_value().split(",")] if value.get_secret_value() else []
        if len(parts) > 2:
            raise ValueError("holds more than two secrets; while rotating, the newest and the one before")
        if any(len(p.encode()) < SECRET_BYTES_MIN for p in parts):
            raise ValueError(
                f"each secret has at least {SECRET_BYTES_MIN} characters; make one: openssl rand -hex 32"
            )
        return value

    @field_validator("google_credentials")
    @classmethod
    def _credentials_are_a_key_file(cls, value: Path | None) -> Path | None:
        if value is not None:
            _check_credentials(value)
        return value

    @field_validator("google_subject")
    @classmethod
    def _subject_is_an_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
            raise ValueError(f"'{value}' is not the address of a person, for example ann@example.com")
        return value

    @field_validator(
        "alert_format", "log_format", "log_level", "kafka_security", "kafka_sasl_mechanism", mode="before"
    )
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults_together(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        values = dict(data)
        needs: Collection[str] = values.pop("needs", ())
        missing = _missing(values, needs)
        faults = [*missing]
        try:
            settings = handler(values)
        except ValidationError as error:
            faults += [_plain(fault["loc"], fault["msg"]) for fault in error.errors(include_input=False)]
        faults += [*kafka_faults(values), *_alert_faults(values)]
        if faults:
            stopped = _stopped_stack(Path(values.get("run_dir") or RUN_DIR)) if missing else ""
            raise SettingsError(_message(faults), f"{stopped}The variables are explained in .env.example.")
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the library's signature)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first; ``stack.json`` before ``.env`` where the environment names the run folder."""
        run_dir = os.environ.get(PREFIX + "RUN_DIR")
        folder = Path(run_dir or _dotenv_run_dir(dotenv_settings) or RUN_DIR)
        stack = InitSettingsSource(settings_cls, init_kwargs=stack_values(folder))
        files = (stack, dotenv_settings) if run_dir else (dotenv_settings, stack)
        return (init_settings, env_settings, *files)

    @property
    def kafka_servers(self) -> list[str]:
        """Bootstrap servers, one each."""
        return [s.strip() for s in self.kafka.split(",") if s.strip()]

    @property
    def master_secrets(self) -> tuple[bytes, ...]:
        """The live master secrets of the webhook, newest first; empty when none is set."""
        return tuple(p.strip().encode() for p in self.webhook_secret.get_secret_value().split(",") if p.strip())

    @property
    def public_webhook_url(self) -> str:
        """Where the script in the sheet finds the webhook, without a trailing slash."""
        return self.webhook_url or f"http://127.0.0.1:{self.webhook_port}"

    @property
    def public_console_url(self) -> str:
        """Where a person finds the console, without a trailing slash."""
        return self.console_url or f"http://127.0.0.1:{self.console_port}"

    @property
    def sheets_project_per_minute(self) -> dict[str, int]:
        """What Google allows the project as a whole, by ``read`` and ``write``."""
        return {
            "read": self.sheets_project_reads_per_minute or USERS_PER_PROJECT * self.sheets_reads_per_minute,
            "write": self.sheets_project_writes_per_minute or USERS_PER_PROJECT * self.sheets_writes_per_minute,
        }

    @property
    def stack_file(self) -> Path:
        """``stack.json`` of the run folder."""
        return self.run_dir / "stack.json"


def load_settings(needs: Collection[str] = SERVICE_NEEDS, *, env_file: Path | None = Path(".env")) -> Settings:
    """Read and check all settings.

    Args:
        needs: fields that may not be missing, ``sheets`` for a way to reach Google Sheets.
        env_file: file with further variables; ``None`` for none.

    Raises:
        SettingsError: naming every fault at once, without the secrets.
    """
    arguments: dict[str, Any] = {"_env_file": env_file, "needs": tuple(needs)}
    return Settings(**arguments)


def stack_values(run_dir: Path) -> dict[str, Any]:
    """What a running stack's ``stack.json`` says, as settings; empty when there is none.

    Raises:
        SettingsError: the file is there and cannot be read.
    """
    path = run_dir / "stack.json"
    try:
        stack = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.", "Stop the stack and start it again.") from error
    same = ("mysql_url", "kafka", "sheets_endpoint", "webhook_url", "webhook_secret", "console_token", *QUOTAS)
    values = {name: stack[name] for name in same if stack.get(name)}
    if stack.get("links_file"):
        values["links"] = stack["links_file"]
    for name in ("webhook", "console"):
        address = urlsplit(stack.get(f"{name}_url") or "")
        if address.port and address.hostname == "127.0.0.1":  # of a tunnel or a proxy the port says nothing
            values[f"{name}_port"] = address.port
    return values | _secret_files(run_dir, values)


def _stopped_stack(run_dir: Path) -> str:
    """What to do where nothing is set because the stack of this folder does not run; empty where there was none."""
    if (run_dir / "stack.json").exists() or not (run_dir / "logs").is_dir():
        return ""
    return f"The stack in {run_dir} is not running; start it again: make demo, or twinsheet up. "


def stack_pids(run_dir: Path) -> dict[str, int]:
    """Process ids by name as a running stack's ``stack.json`` has them; empty when there is none."""
    try:
        stack = json.loads((run_dir / "stack.json").read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): int(pid) for name, pid in stack.get("pids", {}).items()}


def _secret_files(run_dir: Path, known: dict[str, Any]) -> dict[str, str]:
    """Secrets that the stack keeps in files of its run folder, readable by their owner alone."""
    found = {}
    for name in ("webhook_secret", "console_token"):
        path = run_dir / name
        if name not in known and path.is_file():
            found[name] = path.read_text().strip()
    return found


def _dotenv_run_dir(source: PydanticBaseSettingsSource) -> str | None:
    if not isinstance(source, DotEnvSettingsSource):
        return None
    return source.env_vars.get((PREFIX + "RUN_DIR").lower())


def _check_mysql_url(url: str) -> None:
    if not url:
        return
    example = "for example mysql://twinsheet:password@127.0.0.1:3306/"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"is not an address, {example}") from None
    if parts.scheme != "mysql":
        raise ValueError(f"does not begin with mysql://, {example}")
    if not parts.hostname or not parts.username:
        raise ValueError(f"names no user or no server, {example}")
    _, faults = tls_options(parts)
    if faults:
        raise ValueError("; ".join(faults))


def _is_http(parts: SplitResult) -> bool:
    return parts.scheme in ("http", "https") and bool(parts.hostname) and _has_port(parts)


def _has_port(parts: SplitResult) -> bool:
    """Whether the port can be one; none is the scheme's own."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _check_alert_secret(text: str) -> None:
    made = 'make one: echo "whsec_$(openssl rand -base64 32)"'
    try:
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        raise ValueError(f"is not {SECRET_PREFIX} and base64; {made}") from None
    if not text.startswith(SECRET_PREFIX) or len(secret) < SECRET_BYTES_MIN:
        raise ValueError(f"is not {SECRET_PREFIX} and {SECRET_BYTES_MIN} bytes or more in base64; {made}")


def _alert_faults(values: dict[str, Any]) -> list[str]:
    unsigned = values.get("alert_url") and not values.get("alert_secret")
    if unsigned and str(values.get("alert_format") or "standard").lower() == "standard":
        return [f"{PREFIX}ALERT_SECRET is not set, and signs what goes to {PREFIX}ALERT_URL; Slack needs none"]
    return []


def _check_credentials(path: Path) -> None:
    wanted = "download the service account's key as JSON, or sign in: twinsheet google-login"
    try:
        key = json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"the file {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ValueError(f"the file {path} is not JSON; {wanted}") from None
    if isinstance(key, dict) and "installed" in key:
        raise ValueError(f"the file {path} names an app; sign in with it: twinsheet google-login --client {path}")
    if not isinstance(key, dict) or key.get("type") not in GOOGLE_CREDENTIALS:
        raise ValueError(f"the file {path} is not a Google key file; {wanted}")


def _missing(values: dict[str, Any], needs: Collection[str]) -> list[str]:
    faults = [f"{PREFIX}{name.upper()} is not set" for name in needs if name != "sheets" and not values.get(name)]
    if "sheets" in needs and not values.get("sheets_endpoint") and not values.get("google_credentials"):
        faults.append(f"{PREFIX}GOOGLE_CREDENTIALS is not set (or {PREFIX}SHEETS_ENDPOINT for the sandbox)")
    return faults


def _plain(location: tuple[int | str, ...], message: str) -> str:
    name = PREFIX + str(location[0]).upper() if location else PREFIX.rstrip("_")
    return f"{name}: {message.removeprefix('Value error, ')}"


def _message(faults: list[str]) -> str:
    if len(faults) == 1:
        return f"The settings have a fault: {faults[0]}."
    return f"The settings have {len(faults)} faults: " + "; ".join(faults) + "."
