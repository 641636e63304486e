"""What the options for TLS in the MySQL URL mean, and that half of a choice is refused with everything else."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from config.mysql_tls import TlsOptions, tls_options
from config.settings import load_settings
from core.errors import SettingsError


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    kinds = {"ssl_ca": "CERTIFICATE", "ssl_cert": "CERTIFICATE", "ssl_key": "PRIVATE KEY"}
    for name, kind in kinds.items():
        (tmp_path / name).write_text(f"-----BEGIN {kind}-----\n")
    return {name: str(tmp_path / name) for name in kinds}


def read(**options: str) -> tuple[TlsOptions, list[str]]:
    return tls_options(urlsplit(f"mysql://u:p@h/?{urlencode(options)}"))


def test_an_authority_asks_for_its_certificate_and_for_the_very_host(files: dict[str, str]) -> None:
    verified = {"ssl_ca": files["ssl_ca"], "ssl_verify_cert": True, "ssl_verify_identity": True}
    assert read(ssl_ca=files["ssl_ca"]) == (verified, [])
    by_name, faults = read(ssl_ca=files["ssl_ca"], ssl_verify_identity="false")
    assert (by_name["ssl_verify_cert"], by_name["ssl_verify_identity"], faults) == (True, False, [])
    assert read(**files) == (files | verified, [])


def test_nothing_said_is_encrypted_where_the_server_can_and_off_has_to_be_said() -> None:
    assert read() == ({}, [])
    assert read(ssl_disabled="false") == ({}, [])
    assert read(ssl_disabled="TRUE") == ({"ssl_disabled": True}, [])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("ssl_ca", "ssl_cert"), "without the other"),
        (("ssl_ca", "ssl_key"), "without the other"),
        (("ssl_cert", "ssl_key"), "without ssl_ca"),
    ],
)
def test_half_a_choice_is_refused(files: dict[str, str], given: tuple[str, ...], told: str) -> None:
    (fault,) = read(**{name: files[name] for name in given})[1]
    assert told in fault


def test_every_fault_is_told_at_once_with_those_of_the_other_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("")
    query = f"ssl_cert={tmp_path}/gone&ssl_key={tmp_path}/empty&ssl_verify_identity=perhaps&ssl_mode=x&ssl_disabled=1"
    monkeypatch.setenv("TWINSHEET_MYSQL_URL", f"mysql://u:hunter22@h/?{query}")
    monkeypatch.setenv("TWINSHEET_KAFKA", "nowhere")
    with pytest.raises(SettingsError) as told:
        load_settings(env_file=None)
    for said in ("No such file", "no PEM key", "neither true nor false", "ssl_mode", "without ssl_ca", "ssl_disabled",
                 "TWINSHEET_KAFKA"):  # fmt: skip
        assert said in str(told.value)
    assert "hunter22" not in str(told.value)
