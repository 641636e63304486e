"""TLS and SASL to Kafka: which of its settings belong together, and everything that is half set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.pem import pem_fault

_FILES = ("kafka_ssl_ca", "kafka_ssl_cert", "kafka_ssl_key")
_SIGN_IN = ("kafka_user", "kafka_password")


def kafka_faults(values: Mapping[str, Any]) -> list[str]:
    """What is wrong between the settings of Kafka, each fault for a person.

    Args:
        values: settings as they were given, by field; those that are not given are left out.
    """
    security = str(values.get("kafka_security") or "plaintext").lower()
    given = {name: values[name] for name in (*_FILES, *_SIGN_IN) if values.get(name)}
    return [*_sign_in_faults(security, given), *_file_faults(security, given)]


def _sign_in_faults(security: str, given: Mapping[str, Any]) -> Iterator[str]:
    for name in _SIGN_IN:
        if security.startswith("sasl") and name not in given:
            yield f"{_variable(name)} is not set, and TWINSHEET_KAFKA_SECURITY={security} needs it"
        elif not security.startswith("sasl") and name in given:
            yield f"{_variable(name)} is of use with TWINSHEET_KAFKA_SECURITY=sasl_ssl or sasl_plaintext only"


def _file_faults(security: str, given: Mapping[str, Any]) -> Iterator[str]:
    for name in _FILES:
        if name not in given:
            continue
        fault = pem_fault(Path(given[name]), is_key=name.endswith("key"))
        if fault:
            yield f"{_variable(name)}: the file {given[name]} {fault}"
        if not security.endswith("ssl"):
            yield f"{_variable(name)} is of use with TWINSHEET_KAFKA_SECURITY=ssl or sasl_ssl only"
    certificate, key = (name in given for name in _FILES[1:])
    if certificate != key:
        yield f"{_variable(_FILES[1])} and {_variable(_FILES[2])} need one another"


def _variable(name: str) -> str:
    return f"TWINSHEET_{name.upper()}"
