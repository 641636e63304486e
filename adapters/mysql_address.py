"""Where the MySQL server is: from the URL in the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from config.mysql_tls import tls_options
from core.errors import MysqlRefused, SettingsError

_SHAPE = "Write it as mysql://user:password@host:port/, with @ : / in the password percent-encoded."
_TLS_ONLY = 3159
_TLS = "docs/security.md tells the options for TLS."


@dataclass(frozen=True, slots=True)
class MysqlAddress:
    """Where the server is and who we are to it; the password never shows in a text form."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: tuple[tuple[str, str | bool], ...] = ()
    """Arguments that both client libraries know."""

    def __str__(self) -> str:
        return f"mysql://{self.user}:***@{self.host}:{self.port}/"


def parse_url(url: str) -> MysqlAddress:
    """Take ``mysql://user:password@host:port/?ssl_ca=…`` apart.

    Args:
        url: user and password percent-encoded; TLS as :func:`config.mysql_tls.tls_options` takes it.

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
    tls, faults = tls_options(parts)
    if faults:
        raise SettingsError(f"The MySQL URL {'; '.join(faults)}.", _TLS)
    return MysqlAddress(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        tls=tuple(tls.items()),
    )


def tls_refusal(where: str, number: int, text: str) -> MysqlRefused | None:
    """Our error where TLS is what keeps us from the server, and trying again helps nobody; ``None`` elsewhere.

    Args:
        where: ``host:port``.
        number: the server's or the library's error number.
        text: what it says.
    """
    said = text.lower()
    if number == _TLS_ONLY or "secure connection" in said:
        return MysqlRefused(
            f"MySQL at {where} takes encrypted connections only ({text}).",
            "Take ssl_disabled out of TWINSHEET_MYSQL_URL, or give the server a certificate.",
        )
    if "certificate" in said and "verif" in said:
        return MysqlRefused(
            f"MySQL at {where} shows a certificate that ssl_ca does not vouch for ({text}).",
            "Set ssl_ca in TWINSHEET_MYSQL_URL to the authority that signed it, and name the server by the host in"
            " its certificate; ssl_verify_identity=false leaves the host out.",
        )
    if "ssl" in said and "support" in said:
        return MysqlRefused(
            f"MySQL at {where} offers no TLS, and ssl_ca asks for it ({text}).",
            "Give the server a certificate, or take ssl_ca out of TWINSHEET_MYSQL_URL.",
        )
    return None
