"""Settings: all faults at once, secrets masked, stack.json under the environment."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings, load_settings
from core.errors import SettingsError

GOOD = {
    "TWINSHEET_MYSQL_URL": "mysql://root:hunter22@127.0.0.1:3316/",
    "TWINSHEET_KAFKA": "127.0.0.1:9192",
    "TWINSHEET_WEBHOOK_SECRET": "a-master-secret-of-some-length",
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [n for n in os.environ if n.startswith("TWINSHEET_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def set_all(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def write_stack(folder: Path, **values: Any) -> None:
    folder.mkdir(exist_ok=True)
    stack = {
        "mysql_url": "mysql://stack:pw@127.0.0.1:1111/",
        "kafka": "127.0.0.1:2222",
        "sheets_endpoint": "http://127.0.0.1:3333",
        "webhook_url": "http://127.0.0.1:4444",
        "console_url": "http://127.0.0.1:5555",
        "links_file": str(folder / "links.yaml"),
        "pids": {},
    }
    (folder / "stack.json").write_text(json.dumps(stack | values))


def test_good_settings_load_with_their_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, **GOOD)
    settings = load_settings()
    assert settings.webhook_port == 8000
    assert settings.kafka_servers == ["127.0.0.1:9192"]
    assert settings.public_webhook_url == "http://127.0.0.1:8000"
    assert settings.scan_interval_s == 60


def test_every_fault_is_named_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(
        monkeypatch,
        TWINSHEET_KAFKA="nonsense",
        TWINSHEET_WEBHOOK_PORT="eighty",
        TWINSHEET_CONSOLE_PORT="70000",
        TWINSHEET_WEBHOOK_SECRET="short",
        TWINSHEET_SHEETS_ENDPOINT="ftp://example.com",
        TWINSHEET_GOOGLE_CREDENTIALS="/no/such/file.json",
        TWINSHEET_LOG_FORMAT="xml",
    )
    with pytest.raises(SettingsError) as caught:
        load_settings()
    for name in ["MYSQL_URL", "KAFKA", "WEBHOOK_PORT", "CONSOLE_PORT", "WEBHOOK_SECRET", "SHEETS_ENDPOINT"]:
        assert f"TWINSHEET_{name}" in caught.value.message
    assert "TWINSHEET_GOOGLE_CREDENTIALS" in caught.value.message
    assert "TWINSHEET_LOG_FORMAT" in caught.value.message
    assert "8 faults" in caught.value.message


@pytest.mark.parametrize("address", ["http://127.0.0.1:99999", "http://127.0.0.1:0", "http://[::1", "http://"])
def test_an_address_that_cannot_be_one_is_a_fault_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("TWINSHEET_SHEETS_ENDPOINT", address)
    with pytest.raises(SettingsError, match="TWINSHEET_SHEETS_ENDPOINT"):
        load_settings((), env_file=None)


@pytest.mark.parametrize("url", ["postgres://u:hunter22@h/", "mysql://:hunter22@h", "mysql://u:hunter22@h:port/"])
def test_a_wrong_mysql_url_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    set_all(monkeypatch, **GOOD | {"TWINSHEET_MYSQL_URL": url})
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "TWINSHEET_MYSQL_URL" in str(caught.value)
    assert "hunter22" not in str(caught.value)


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, **GOOD, TWINSHEET_CONSOLE_TOKEN="console-token", TWINSHEET_NGROK_AUTHTOKEN="ngrok-token")
    settings = load_settings()
    shown = repr(settings) + str(settings) + settings.model_dump_json()
    for secret in ("hunter22", "a-master-secret", "console-token", "ngrok-token"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"URL": "ftp://hooks.example.com/T0/secret"}, "TWINSHEET_ALERT_URL: is not an http:// or https:// address"),
        ({"SECRET": "correct-horse"}, "TWINSHEET_ALERT_SECRET: is not whsec_ and base64"),
        ({"SECRET": "whsec_c2hvcnQ="}, "16 bytes or more"),
        ({"SECRET": ""}, "TWINSHEET_ALERT_SECRET is not set, and signs what goes to TWINSHEET_ALERT_URL"),
        ({"FORMAT": "teams"}, "TWINSHEET_ALERT_FORMAT"),
    ],
)
def test_a_webhook_for_alerts_is_checked_before_the_first_alert_and_its_address_is_a_secret(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], told: str
) -> None:
    good = {"URL": "https://hooks.example.com/T0/secret", "SECRET": "whsec_dGhpcyBpcyBhIHNlY3JldCBmb3I="}
    for name, value in (good | changes).items():
        monkeypatch.setenv(f"TWINSHEET_ALERT_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings((), env_file=None)
    assert told in str(caught.value)
    assert "T0/secret" not in str(caught.value)
    monkeypatch.setenv("TWINSHEET_ALERT_FORMAT", "slack")
    monkeypatch.setenv("TWINSHEET_ALERT_URL", good["URL"])
    monkeypatch.setenv("TWINSHEET_ALERT_SECRET", "")
    assert "T0/secret" not in repr(load_settings((), env_file=None))


def test_two_secrets_rotate_newest_first_and_a_third_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = "n" * 20, "o" * 20
    set_all(monkeypatch, **GOOD | {"TWINSHEET_WEBHOOK_SECRET": f"{new}, {old}"})
    assert load_settings().master_secrets == (new.encode(), old.encode())
    monkeypatch.setenv("TWINSHEET_WEBHOOK_SECRET", f"{new},{old},{old}")
    with pytest.raises(SettingsError, match="more than two"):
        load_settings()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"type": "service_account"}, ""),
        ({"type": "authorized_user"}, ""),
        ({"installed": {"client_id": "x"}}, "twinsheet google-login --client"),
        ({"type": "external_account"}, "not a Google key file"),
        ([], "not a Google key file"),
    ],
)
def test_google_credentials_are_a_key_or_a_sign_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: Any, told: str
) -> None:
    path = tmp_path / "google.json"
    path.write_text(json.dumps(content))
    monkeypatch.setenv("TWINSHEET_GOOGLE_CREDENTIALS", str(path))
    if not told:
        assert load_settings(("sheets",)).google_credentials == path
        return
    with pytest.raises(SettingsError, match=told):
        load_settings(("sheets",))


def test_whom_the_service_account_acts_as_is_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(()).google_subject == ""
    monkeypatch.setenv("TWINSHEET_GOOGLE_SUBJECT", "ann@example.com")
    assert load_settings(()).google_subject == "ann@example.com"
    monkeypatch.setenv("TWINSHEET_GOOGLE_SUBJECT", "Ann")
    with pytest.raises(SettingsError, match="TWINSHEET_GOOGLE_SUBJECT"):
        load_settings(())


def test_only_what_a_program_needs_may_not_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(needs=()).kafka == ""
    with pytest.raises(SettingsError, match="TWINSHEET_WEBHOOK_SECRET is not set"):
        load_settings(needs=("webhook_secret",))
    with pytest.raises(SettingsError, match="TWINSHEET_GOOGLE_CREDENTIALS"):
        load_settings(needs=("sheets",))
    monkeypatch.setenv("TWINSHEET_SHEETS_ENDPOINT", "http://127.0.0.1:8090/")
    assert load_settings(needs=("sheets",)).sheets_endpoint == "http://127.0.0.1:8090"


def test_where_the_stack_of_the_folder_is_stopped_it_is_said_how_to_start_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TWINSHEET_RUN_DIR", str(tmp_path))
    with pytest.raises(SettingsError) as never_started:
        load_settings(needs=("mysql_url",), env_file=None)
    (tmp_path / "logs").mkdir()
    with pytest.raises(SettingsError) as stopped:
        load_settings(needs=("mysql_url",), env_file=None)
    assert "make demo" in stopped.value.hint
    assert "make demo" not in never_started.value.hint
    assert ".env.example" in stopped.value.hint


def test_the_run_folder_alone_attaches_to_a_running_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_stack(tmp_path / "run", sheets_reads_per_minute="600", sheets_project_reads_per_minute="900")
    (tmp_path / "run" / "webhook_secret").write_text("s" * 32 + "\n")
    monkeypatch.setenv("TWINSHEET_RUN_DIR", str(tmp_path / "run"))
    settings = load_settings(needs=("mysql_url", "kafka", "sheets", "webhook_secret"))
    assert settings.mysql_url.get_secret_value() == "mysql://stack:pw@127.0.0.1:1111/"
    assert (settings.webhook_port, settings.console_port) == (4444, 5555)
    assert settings.links == tmp_path / "run" / "links.yaml"
    assert settings.master_secrets == (b"s" * 32,)
    assert (settings.sheets_reads_per_minute, settings.sheets_writes_per_minute) == (600, 60)
    assert settings.sheets_project_per_minute == {"read": 900, "write": 300}


def test_set_variables_win_over_stack_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_stack(tmp_path / "run")
    set_all(monkeypatch, TWINSHEET_RUN_DIR=str(tmp_path / "run"), TWINSHEET_KAFKA="10.0.0.1:9092")
    assert load_settings().kafka == "10.0.0.1:9092"


def test_a_named_run_folder_outranks_the_env_file_and_else_the_env_file_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TWINSHEET_KAFKA=env-file:1\nTWINSHEET_MYSQL_URL=mysql://u:p@env/\n")
    write_stack(tmp_path / ".twinsheet")
    assert load_settings().kafka == "env-file:1"
    monkeypatch.setenv("TWINSHEET_RUN_DIR", str(tmp_path / ".twinsheet"))
    assert load_settings().kafka == "127.0.0.1:2222"


def test_a_broken_stack_json_is_told_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{")
    monkeypatch.setenv("TWINSHEET_RUN_DIR", str(tmp_path))
    with pytest.raises(SettingsError, match=r"stack\.json cannot be read"):
        load_settings()


def test_empty_variables_count_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, **GOOD, TWINSHEET_GOOGLE_CREDENTIALS="", TWINSHEET_WEBHOOK_PORT="")
    assert load_settings().google_credentials is None


def test_the_example_names_every_setting_and_nothing_else() -> None:
    text = (Path(__file__).parents[2] / ".env.example").read_text()
    named = {m.lower() for m in re.findall(r"^TWINSHEET_([A-Z_]+)=", text, re.MULTILINE)}
    assert named == set(Settings.model_fields)


def test_the_example_loads_once_its_secret_is_filled_in(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / ".env.example").read_text()
    filled = text.replace("TWINSHEET_WEBHOOK_SECRET=", "TWINSHEET_WEBHOOK_SECRET=" + "x" * 32)
    (tmp_path / "filled.env").write_text(filled)
    settings = load_settings(needs=("mysql_url", "kafka", "webhook_secret"), env_file=tmp_path / "filled.env")
    defaults = Settings.model_fields
    for name in ("scan_interval_s", "webhook_port", "kafka_partitions", "log_level", "run_dir", "startup_wait_s"):
        assert getattr(settings, name) == defaults[name].default
