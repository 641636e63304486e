"""Files of certificates and keys, looked at before anybody connects with them."""

from __future__ import annotations

from pathlib import Path


def pem_fault(path: Path, *, is_key: bool) -> str:
    """What is wrong with a PEM file, to follow its name; empty where it can be used.

    Args:
        path: the file.
        is_key: whether it has to hold a private key, not certificates.
    """
    try:
        text = path.read_text("ascii", "replace")
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if is_key:
        return "" if "PRIVATE KEY-----" in text else "holds no PEM key"
    return "" if "BEGIN CERTIFICATE-----" in text else "holds no PEM certificate"
