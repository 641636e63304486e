"""TLS to MySQL: what the part behind ``?`` of TWINSHEET_MYSQL_URL says, and everything that is wrong with it.

Without any option a connection is encrypted where the server offers it, and nobody's certificate is looked at.
``ssl_ca`` asks for a certificate that this authority has signed for the very host of the URL.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, parse_qsl

from config.pem import pem_fault

TlsOptions = dict[str, str | bool]

_FILES = ("ssl_ca", "ssl_cert", "ssl_key")
_FLAGS = ("ssl_verify_identity", "ssl_disabled")
_SAID = {"true": True, "1": True, "false": False, "0": False}


def tls_options(url: SplitResult) -> tuple[TlsOptions, list[str]]:
    """Take the query of the URL apart, e.g. ``ssl_ca=/etc/mysql/ca.pem``; the files are looked at.

    Args:
        url: taken apart; where the rest of a password may stand behind ``?`` or ``#``, nothing of it is told.

    Returns:
        Arguments that mysql-connector and PyMySQL both know, and the faults, each for a person.
    """
    if url.fragment or "@" in url.query:
        return {}, ["has a ? or # where none belongs; in a password they are written %3F and %23"]
    given = dict(parse_qsl(url.query, keep_blank_values=True))
    faults = [f"has an unknown option {name} (known: {', '.join(_FILES + _FLAGS)})" for name in _unknown(given)]
    flags: dict[str, bool] = {}
    for name in _FLAGS:
        if name in given and given[name].lower() not in _SAID:
            faults.append(f"has {name}={given[name]}, which is neither true nor false")
        elif name in given:
            flags[name] = _SAID[given[name].lower()]
    files = {name: given[name] for name in _FILES if name in given}
    for name, path in files.items():
        fault = pem_fault(Path(path), is_key=name == "ssl_key")
        faults += [f"has {name}={path}, which {fault}"] if fault else []
    faults += _half_set(files, flags)
    if flags.get("ssl_disabled"):
        return {"ssl_disabled": True}, faults
    if "ssl_ca" not in files:
        return {}, faults
    return {**files, "ssl_verify_cert": True, "ssl_verify_identity": flags.get("ssl_verify_identity", True)}, faults


def _unknown(given: dict[str, str]) -> list[str]:
    return [name for name in given if name not in _FILES + _FLAGS]


def _half_set(files: dict[str, str], flags: dict[str, bool]) -> list[str]:
    faults = []
    if ("ssl_cert" in files) != ("ssl_key" in files):
        faults.append("has ssl_cert or ssl_key without the other; a client certificate needs both")
    if "ssl_ca" not in files and ("ssl_cert" in files or "ssl_key" in files):
        faults.append("has a client certificate without ssl_ca, so anybody's server would be trusted with it")
    if "ssl_ca" not in files and "ssl_verify_identity" in flags:
        faults.append("has ssl_verify_identity without ssl_ca, so there is nothing to verify by")
    if flags.get("ssl_disabled") and (files or "ssl_verify_identity" in flags):
        faults.append("has ssl_disabled=true beside other ssl options; take one of them out")
    return faults
