"""The settings of Kafka that belong together, and what becomes of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.kafka_address import KafkaAddress, kafka_address, kafka_of
from config.settings import load_settings
from core.errors import SettingsError


def given(monkeypatch: pytest.MonkeyPatch, **settings: str) -> KafkaAddress:
    for name, value in {"KAFKA": "a:9092, b:9092", **settings}.items():
        monkeypatch.setenv(f"TWINSHEET_{name}", value)
    return kafka_of(load_settings(("kafka",), env_file=None))


def refused(monkeypatch: pytest.MonkeyPatch, **settings: str) -> str:
    with pytest.raises(SettingsError) as told:
        given(monkeypatch, **settings)
    return str(told.value)


@pytest.fixture
def pem(tmp_path: Path) -> dict[str, str]:
    kinds = {"CA": "CERTIFICATE", "CERT": "CERTIFICATE", "KEY": "PRIVATE KEY"}
    for name, kind in kinds.items():
        (tmp_path / name).write_text(f"-----BEGIN {kind}-----\n")
    return {f"KAFKA_SSL_{name}": str(tmp_path / name) for name in kinds}


def test_servers_alone_are_a_kafka_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch).arguments == {"bootstrap_servers": ["a:9092", "b:9092"]}
    assert kafka_address("a:9092,b:9092") == kafka_address(["a:9092", "b:9092"]) == given(monkeypatch)


def test_all_settings_become_the_arguments_of_every_client(
    monkeypatch: pytest.MonkeyPatch, pem: dict[str, str]
) -> None:
    address = given(monkeypatch, KAFKA_SECURITY="SASL_SSL", KAFKA_USER="ann", KAFKA_PASSWORD="hunter22", **pem)
    assert address.arguments == {
        "bootstrap_servers": ["a:9092", "b:9092"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ann",
        "sasl_plain_password": "hunter22",
        "ssl_cafile": pem["KAFKA_SSL_CA"],
        "ssl_certfile": pem["KAFKA_SSL_CERT"],
        "ssl_keyfile": pem["KAFKA_SSL_KEY"],
    }
    assert "hunter22" not in f"{address} {address!r}"


def test_a_user_and_a_password_belong_to_sasl_and_sasl_needs_both(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refused(monkeypatch, KAFKA_SECURITY="sasl_ssl")
    assert "TWINSHEET_KAFKA_USER is not set" in told
    assert "TWINSHEET_KAFKA_PASSWORD is not set" in told
    told = refused(monkeypatch, KAFKA_SECURITY="ssl", KAFKA_USER="ann", KAFKA_PASSWORD="hunter22")
    assert "TWINSHEET_KAFKA_USER is of use" in told
    assert "hunter22" not in told


def test_files_belong_to_tls_and_a_certificate_to_its_key(
    monkeypatch: pytest.MonkeyPatch, pem: dict[str, str], tmp_path: Path
) -> None:
    told = refused(monkeypatch, KAFKA_SSL_CA=pem["KAFKA_SSL_CA"], KAFKA_SSL_CERT=pem["KAFKA_SSL_CERT"])
    assert "TWINSHEET_KAFKA_SSL_CA is of use" in told
    assert "need one another" in told
    told = refused(monkeypatch, KAFKA_SECURITY="ssl", KAFKA_SSL_CA=str(tmp_path / "gone"), KAFKA_SSL_CERT="")
    assert "No such file" in told


def test_a_password_among_the_servers_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refused(monkeypatch, KAFKA="ann:hunter22@a:9092")
    assert "TWINSHEET_KAFKA_PASSWORD" in told
    assert "hunter22" not in told


def test_an_unknown_way_in_is_told_with_those_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refused(monkeypatch, KAFKA_SECURITY="tls", KAFKA_SASL_MECHANISM="md5")
    assert "TWINSHEET_KAFKA_SECURITY" in told
    assert "sasl_ssl" in told
    assert "TWINSHEET_KAFKA_SASL_MECHANISM" in told


def test_no_client_says_by_itself_where_kafka_is_or_how_to_get_in() -> None:
    root = Path(__file__).resolve().parents[2]
    folders = ("adapters", "app", "consumers", "producers")
    sources = {path: path.read_text() for folder in folders for path in (root / folder).rglob("*.py")}
    assert sum(len(re.findall(r"\*\*(self\._)?address\.arguments", text)) for text in sources.values()) == 4
    assert [str(path) for path, text in sources.items() if "bootstrap_servers=" in text] == []
    past = [str(path) for path, text in sources.items() if re.search(r"settings\.kafka(_servers)?\b", text)]
    assert past == [str(root / "adapters" / "kafka_address.py")], (
        "kafka_of(settings) is the address with its security"
    )
