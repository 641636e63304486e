"""The check of the script files against Google's own type definitions."""

from pathlib import Path

from sandbox.script.typecheck import check
from tests.contract.script.script_bench import APPS_SCRIPT


def test_the_script_uses_nothing_that_google_does_not_have() -> None:
    assert check(APPS_SCRIPT) == []


def test_a_call_that_google_does_not_have_is_found_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "Bad.gs").write_text("function bad() {\n  SpreadsheetApp.getActive().getSheetByNam('x');\n}\n")
    (found,) = check(tmp_path)
    assert found.startswith("Bad.gs(2,30): error")
    assert "getSheetByNam" in found
