"""Google's services as a person's own small script meets them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.google.cells import Cell
from sandbox.google.store import Store
from sandbox.script.runtime import ScriptRuntime
from tests.contract.script.script_bench import ANN, Bench, Receiver


class OwnScript:
    """A spreadsheet with a script that a test writes itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "own"
        self.folder.mkdir()
        (self.folder / "appsscript.json").write_text(json.dumps({"timeZone": "America/New_York"}))
        self.store = Store(folder / "own.sqlite3")
        self.document = self.store.create("Own", time_zone="Europe/Berlin")
        self.runtime = ScriptRuntime(self.store, folder, self.folder)

    def run(self, text: str, user: str = ANN) -> Any:
        """Run statements; what they return is given back as JSON would hold it."""
        (self.folder / "Own.gs").write_text(
            f"function own() {{ Logger.log(JSON.stringify((() => {{ {text} }})())); }}"
        )
        ran = self.runtime.run(self.document.id, "own", user)
        if ran["status"] != "completed":
            raise AssertionError(ran["error"])
        last = ran["log"][-1].removeprefix("INFO ")
        return None if last == "undefined" else json.loads(last)

    def error(self, text: str) -> str:
        """The first line of what the statements throw."""
        with pytest.raises(AssertionError) as caught:
            self.run(text)
        return str(caught.value).splitlines()[0]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnScript]:
    made = OwnScript(tmp_path)
    yield made
    made.runtime.close()
    made.store.close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SpreadsheetApp.getActive().getSheetByNam('x')", "Spreadsheet.getSheetByNam is not a function"),
        ("SpreadsheetApp.getActiveSheet().getRange('A1').getFont()", "Range.getFont is not a function"),
        ("Utilities.zip([])", "Utilities.zip is not a function"),
        ("SpreadsheetApp.getActive().title", "Spreadsheet.title is not a function"),
        ("ScriptApp.newTrigger('x').timeBased()", "TriggerBuilder.timeBased is not a function"),
        ("SpreadsheetApp.Dimension.CELLS", "Dimension.CELLS is not a function"),
    ],
)
def test_a_member_that_a_service_lacks_throws_a_type_error_that_names_it(
    own: OwnScript, text: str, told: str
) -> None:
    assert own.error(text) == f"TypeError: {told}"


def test_a_service_that_is_not_there_is_a_reference_error(own: OwnScript) -> None:
    assert own.error("DriveApp.getFiles()") == "ReferenceError: DriveApp is not defined"


def test_ranges_count_from_one_and_hold_two_dimensional_arrays(own: OwnScript) -> None:
    assert own.run(
        """
        const sheet = SpreadsheetApp.getActiveSheet();
        sheet.getRange(2, 3, 2, 2).setValues([[1, 'two'], [true, '']]);
        const range = sheet.getRange('C2:D3');
        return [range.getValues(), range.getRow(), range.getColumn(), range.getNumRows(), range.getNumColumns(),
                range.getA1Notation(), sheet.getLastRow(), sheet.getLastColumn(), range.getCell(1, 2).getValue(),
                range.offset(1, 0, 1, 1).getA1Notation(), sheet.getRange(9, 9).isBlank()];
        """
    ) == [[[1, "two"], [True, ""]], 2, 3, 2, 2, "C2:D3", 3, 4, "two", "C3", True]  # fmt: skip


def test_texts_are_read_as_typed_and_formulas_computed(own: OwnScript) -> None:
    assert own.run(
        """
        const range = SpreadsheetApp.getActiveSheet().getRange('A1:C1');
        range.setValues([['5', '=A1*2', "'007"]]);
        SpreadsheetApp.flush();
        return [range.getValues(), range.getFormulas(), range.getDisplayValues()];
        """
    ) == [[[5, 10, "007"]], [["", "=A1*2", ""]], [["5", "10", "007"]]]


def test_dates_come_as_dates_of_the_spreadsheets_time_zone_and_go_back_unchanged(own: OwnScript) -> None:
    with own.document.change(ANN):
        own.document.sheets[0].type_in(0, 0, "2024-07-01 12:30:00")
        own.document.sheets[0].type_in(1, 0, "2024-01-01")
    assert own.run(
        """
        const sheet = SpreadsheetApp.getActiveSheet();
        const dates = sheet.getRange('A1:A2').getValues();
        const copies = sheet.getRange('B1:B2').setValues(dates).getValues();
        return [dates.map(([d]) => d instanceof Date), dates.map(([d]) => d.toISOString()), copies];
        """
    ) == [
        [True, True],
        ["2024-07-01T10:30:00.000Z", "2023-12-31T23:00:00.000Z"],
        [["2024-07-01T10:30:00.000Z"], ["2023-12-31T23:00:00.000Z"]],
    ]
    sheet = own.document.sheets[0]
    assert [sheet.cell(r, 1).value for r in (0, 1)] == [sheet.cell(r, 0).value for r in (0, 1)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("getRange(0, 1)", "The starting row of the range is too small."),
        ("getRange(1, 0)", "The starting column of the range is too small."),
        ("getRange(1, 1, 0, 1)", "The number of rows in the range must be at least 1."),
        ("getRange(1, 27)", "The coordinates of the range are outside the dimensions of the sheet."),
        ("getRange('A0')", "Range not found: A0"),
        (
            "getRange('x', 1)",
            "The parameters (string,number) don't match the method signature for SpreadsheetApp.Sheet.getRange.",
        ),
        (
            "getRange(1, 1).setValues([[1], [2]])",
            "The number of rows in the data does not match the number of rows in the range. "
            "The data has 2 but the range has 1.",
        ),
        (
            "getRange(1, 1).setValues([[1, 2]])",
            "The number of columns in the data does not match the number of columns in the range. "
            "The data has 2 but the range has 1.",
        ),
    ],
)  # fmt: skip
def test_a_range_that_does_not_exist_or_fit_is_refused_in_googles_words(own: OwnScript, text: str, told: str) -> None:
    assert told in own.error(f"SpreadsheetApp.getActiveSheet().{text}")


def test_rows_columns_tabs_and_notes_are_changed(own: OwnScript) -> None:
    assert own.run(
        """
        const book = SpreadsheetApp.getActiveSpreadsheet();
        const sheet = book.insertSheet('Extra');
        sheet.appendRow(['a', 1]).appendRow(['b', 2]);
        sheet.insertRowBefore(2);
        sheet.deleteRow(1);
        sheet.insertColumnAfter(1);
        sheet.getRange('A2').setNote('look');
        sheet.hideColumns(2);
        book.getSheetByName('Sheet1').setName('First');
        return [sheet.getDataRange().getValues(), sheet.getRange('A2').getNote(), sheet.isColumnHiddenByUser(2),
                book.getSheets().map((s) => s.getName()), book.getSheetByName('none')];
        """
    ) == [[["", "", ""], ["b", "", 2]], "look", True, ["First", "Extra"], None]


def test_developer_metadata_is_found_by_key_and_follows_its_column(own: OwnScript) -> None:
    assert own.run(
        """
        const sheet = SpreadsheetApp.getActiveSheet();
        sheet.getRange('B:B').addDeveloperMetadata('mine', 'b');
        sheet.insertColumnBefore(1);
        const [found] = sheet.createDeveloperMetadataFinder().withKey('mine').find();
        const place = found.getLocation();
        return [found.getValue(), place.getColumn().getColumn(), place.getRow(), String(place.getLocationType()),
                place.getLocationType() === SpreadsheetApp.DeveloperMetadataLocationType.COLUMN,
                sheet.createDeveloperMetadataFinder().withKey('other').find().length];
        """
    ) == ["b", 3, None, "COLUMN", True, 0]


def test_what_a_script_writes_fires_no_trigger(own: OwnScript) -> None:
    (own.folder / "Other.gs").write_text("function listen(e) { throw new Error('heard'); }")
    own.run("ScriptApp.newTrigger('listen').forSpreadsheet(SpreadsheetApp.getActive()).onEdit().create()")
    own.run("SpreadsheetApp.getActiveSheet().getRange('A1').setValue('x')")
    assert own.runtime.rest(5)
    assert [ran["function"] for ran in own.runtime.executions(own.document.id)] == ["own", "own"]


def test_properties_keep_texts_apart_by_scope_and_user(own: OwnScript) -> None:
    own.run("PropertiesService.getUserProperties().setProperty('k', 5)")
    own.run("PropertiesService.getScriptProperties().setProperty('k', 's')")
    stores = ("getUserProperties", "getScriptProperties")
    read = "return [" + ", ".join(f"PropertiesService.{store}().getProperty('k')" for store in stores) + "]"
    assert own.run(read) == ["5", "s"]
    assert own.run(read, user="bob@example.com") == [None, "s"]


def test_a_property_of_more_than_9_kb_or_a_store_of_more_than_500_is_refused(own: OwnScript) -> None:
    assert own.run("PropertiesService.getScriptProperties().setProperty('k', 'x'.repeat(9 * 1024))") is None
    assert "Argument too large: value" in own.error(
        "PropertiesService.getScriptProperties().setProperty('k', 'ü'.repeat(5 * 1024))"
    )
    assert "property storage quota" in own.error(
        "const all = {}; for (let i = 0; i < 57; i++) all['k' + i] = 'x'.repeat(9 * 1024);"
        "PropertiesService.getScriptProperties().setProperties(all)"
    )
    assert own.run("return PropertiesService.getScriptProperties().getKeys()") == ["k"]


def test_a_lock_that_another_execution_holds_is_waited_for_and_refused(own: OwnScript) -> None:
    name = f"document/{own.document.id}/"
    assert own.runtime.locks.take(name, "another", 0)
    assert own.run("return LockService.getDocumentLock().tryLock(10)") is False
    assert "Lock timeout" in own.error("LockService.getDocumentLock().waitLock(10)")
    assert own.run("return LockService.getScriptLock().tryLock(10)") is True
    own.runtime.locks.release(name, "another")
    taken = "const lock = LockService.getDocumentLock(); lock.waitLock(10); return [lock.tryLock(0), lock.hasLock()]"
    assert own.run(taken) == [True, True]
    assert own.run(taken) == [True, True], "a lock is given back when its execution ends"


def test_globals_do_not_outlive_an_execution(own: OwnScript) -> None:
    count = "globalThis.count = (globalThis.count || 0) + 1; return globalThis.count"
    assert [own.run(count), own.run(count)] == [1, 1]


def test_hmac_and_base64_are_those_of_the_standard(own: OwnScript) -> None:
    key, text = bytes(range(200, 232)), "Zoë 😀 \x00"
    expected = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    signed_key = json.dumps([byte - 256 if byte > 127 else byte for byte in key])
    made = own.run(
        f"""
        const text = Utilities.newBlob({json.dumps(text)}).getBytes();
        const bytes = Utilities.computeHmacSha256Signature(text, {signed_key});
        return [Utilities.base64Encode(bytes), Math.min(...bytes) < 0, bytes.length];
        """
    )
    assert made == [expected, True, 32]


def test_an_hmac_of_texts_loses_letters_unless_the_charset_is_named(own: OwnScript) -> None:
    def digest(text: bytes) -> str:
        return base64.b64encode(hmac.new(b"key", text, hashlib.sha256).digest()).decode()

    text = "Utilities.base64Encode(Utilities.computeHmacSha256Signature('ü', 'key'%s))"
    assert own.run("return " + text % "") == digest(b"?")
    assert own.run("return " + text % ", Utilities.Charset.UTF_8") == digest("ü".encode())
    assert "don't match the method signature" in own.error("Utilities.computeHmacSha256Signature('a', [1])")


def test_base64_goes_both_ways_web_safe_too(own: OwnScript) -> None:
    assert own.run(
        """
        const bytes = [-1, -2, 0, 127];
        return [Utilities.base64Encode(bytes), Utilities.base64EncodeWebSafe(bytes),
                Utilities.base64Decode('//4Afw=='), Utilities.base64DecodeWebSafe('__4Afw=='),
                Utilities.newBlob(Utilities.base64Decode('w7w=')).getDataAsString()];
        """
    ) == ["//4Afw==", "__4Afw==", [-1, -2, 0, 127], [-1, -2, 0, 127], "ü"]
    assert "Could not decode string." in own.error("Utilities.base64Decode('%%')")


def test_format_date_knows_zones_summer_time_and_quoted_letters(own: OwnScript) -> None:
    assert own.run(
        """
        const at = new Date(Date.UTC(2024, 6, 1, 22, 5, 6, 7));
        return [Utilities.formatDate(at, 'Europe/Berlin', "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"),
                Utilities.formatDate(at, 'GMT', 'd MMM yy h:mm a EEE Z'), Utilities.formatDate(at, 'GMT+2', 'H')];
        """
    ) == ["2024-07-02T00:05:06.007+02:00", "1 Jul 24 10:05 PM Mon +0000", "0"]
    assert "Nowhere/Land" in own.error("Utilities.formatDate(new Date(), 'Nowhere/Land', 'H')")


def test_fetch_gives_the_answer_or_throws_unless_muted(own: OwnScript, receiver: Receiver) -> None:
    url = f"http://127.0.0.1:{receiver.port}/hooks/sheets/orders"
    post = f"UrlFetchApp.fetch('{url}', {{ method: 'post', payload: 'x'%s }})"
    assert own.run("return " + post % ", muteHttpExceptions: true" + ".getResponseCode()") == 401
    assert f"Request failed for http://127.0.0.1:{receiver.port} returned code 401." in own.error(post % "")
    assert "Address unavailable: http://127.0.0.1:9/" in own.error("UrlFetchApp.fetch('http://127.0.0.1:9/')")
    assert "invalid value: url" in own.error("UrlFetchApp.fetch('file:///etc/passwd')")
    assert "invalid value: mute" in own.error(f"UrlFetchApp.fetch('{url}', {{ mute: true }})")


def test_the_script_has_its_own_time_zone_and_people_their_names(own: OwnScript) -> None:
    assert own.run(
        """
        const book = SpreadsheetApp.getActive();
        return [Session.getScriptTimeZone(), book.getSpreadsheetTimeZone(), Session.getActiveUser().getEmail()];
        """,
        user="bob@example.com",
    ) == ["America/New_York", "Europe/Berlin", "bob@example.com"]


def test_dialogs_cannot_be_shown_where_nobody_sits(own: OwnScript) -> None:
    assert own.error("SpreadsheetApp.getUi()") == "Error: Cannot call SpreadsheetApp.getUi() from this context."


def test_another_spreadsheet_is_opened_by_its_id(own: OwnScript) -> None:
    other = own.store.create("Other")
    with other.change(ANN):
        other.sheets[0].set_cell(0, 0, Cell(value="there"))
    assert own.run(f"return SpreadsheetApp.openById('{other.id}').getRange('A1').getValue()") == "there"
    assert "openById" in own.error("SpreadsheetApp.openById('nowhere')")


def test_a_file_that_cannot_be_read_fails_with_its_name(own: OwnScript) -> None:
    (own.folder / "Broken.gs").write_text("function (")
    assert "Broken.gs" in own.error("return 1")


def test_letters_beyond_16_bits_survive_in_the_script_itself(own: OwnScript) -> None:
    assert own.run("return ['😀'.length, '😀', '\\ud83d\\ude00' === '😀']") == [2, "😀", True]


def test_the_real_script_is_read_again_when_its_file_changes(own: OwnScript) -> None:
    assert [own.run("return 1"), own.run("return 2")] == [1, 2]


def test_what_the_edit_event_tells_is_text_and_missing_for_several_cells(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "listening"
    folder.mkdir()
    (folder / "Code.gs").write_text(
        """
        function install() {
          ScriptApp.newTrigger('listen').forSpreadsheet(SpreadsheetApp.getActive()).onEdit().create();
        }
        function listen(e) {
          Logger.log(JSON.stringify([e.value, e.oldValue, e.range.getA1Notation(), 'value' in e, e.user.getEmail(),
            e.source.getId() === SpreadsheetApp.getActive().getId(), e.range.rowStart, e.range.columnEnd]));
        }
        """
    )
    bench.runtime.close()
    bench.runtime = ScriptRuntime(bench.store, folder, folder)
    bench.runtime.run(bench.document.id, "install", ANN)
    bench.type("B2", "7", user="bob@example.com")
    bench.type("B2", "TRUE", user="bob@example.com")
    bench.type("B2", "", user="bob@example.com")
    bench.paste("B2", [["1", "2"]], user="bob@example.com")
    told = [
        json.loads(ran["log"][0].removeprefix("INFO ")) for ran in bench.runtime.executions(bench.document.id)[:4]
    ]
    bob = "bob@example.com"
    assert told[::-1] == [
        ["7", None, "B2", True, bob, True, 2, 2],
        ["TRUE", "7", "B2", True, bob, True, 2, 2],
        [None, "TRUE", "B2", False, bob, True, 2, 2],
        [None, None, "B2:C2", False, bob, True, 2, 3],
    ]
