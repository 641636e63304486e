"""Where the MySQL server is: from the URL in the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from core.errors import SettingsError

_TLS_OPTIONS = {
    "ssl_ca": "ssl_ca",
    "ssl_cert": "ssl_cert",
    "ssl_key": "ssl_key",
    "ssl_verify_cert": "ssl_verify_cert",
    "ssl_verify_identity": "ssl_verify_identity",
    "ssl_disabled": "ssl_disabled",
}
_SHAPE = "Write it as mysql://user:password@host:port/, with @ : / in the password percent-encoded."


@dataclass(frozen=True, slots=True)
class MysqlAddress:
    """Where the server is and who we are to it; the password never shows in a text form."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: tuple[tuple[str, str | bool], ...] = ()

    def __str__(self) -> str:
        return f"mysql://{self.user}:***@{self.host}:{self.port}/"


def parse_url(url: str) -> MysqlAddress:
    """Take ``mysql://user:password@host:port/?ssl_ca=…`` apart.

    Args:
        url: user and password percent-encoded; query parameters ``ssl_ca``, ``ssl_cert``, ``ssl_key``,
            ``ssl_verify_cert``, ``ssl_verify_identity``, ``ssl_disabled``.

    Raises:
        SettingsError: not such a URL; the message does not repeat the password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 3306
    except ValueError:
        raise SettingsError("The MySQL URL cannot be read.", _SHAPE) from None
    if parts.scheme != "mysql" or not parts.hostname or not parts.username:
        raise SettingsError("The MySQL URL needs the scheme mysql, a user and a host.", _SHAPE)
    return MysqlAddress(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        tls=_tls_options(parts.query),
    )


def _tls_options(query: str) -> tuple[tuple[str, str | bool], ...]:
    options: list[tuple[str, str | bool]] = []
    for name, value in parse_qsl(query):
        if name not in _TLS_OPTIONS:
            known = ", ".join(_TLS_OPTIONS)
            raise SettingsError(f"The MySQL URL has an unknown option {name!r}.", f"Known options: {known}.")
        flag = {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
        options.append((_TLS_OPTIONS[name], value if flag is None else flag))
    return tuple(options)
