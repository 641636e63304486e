"""HTML of the script: what can be shown, and what a page in the sidebar can call."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.google.area import Area
from sandbox.google.document import Document
from sandbox.google.events import Selection
from sandbox.google.store import Store
from sandbox.script.execution import HtmlDialog, Sidebar
from sandbox.script.outcomes import Called, Clicked
from sandbox.script.runtime import ScriptRuntime

ANN = "ann@example.com"
MENU = "function onOpen() { SpreadsheetApp.getUi().createMenu('M').addItem('Show', 'show').addToUi(); }\n"


@dataclass
class Place:
    """A spreadsheet whose script the test writes."""

    runtime: ScriptRuntime
    document: Document
    folder: Path

    def write(self, code: str, name: str = "Code.gs") -> None:
        (self.folder / name).write_text(code, "utf-8")

    def show(self, code: str) -> Clicked:
        """What a click on an item shows that runs this code."""
        self.write(MENU + f"function show() {{ {code} }}")
        return self.runtime.menu(self.document.id, "Show", ANN)

    def call(self, function: str, *arguments: object, selection: Selection | None = None) -> Called:
        return self.runtime.call(self.document.id, function, arguments, ANN, selection)

    def gives(self, expression: str, *arguments: object) -> object:
        """What comes back to a page from a function that returns this expression."""
        self.write(f"function give(a, b) {{ return {expression}; }}")
        called = self.call("give", *arguments)
        assert called.ok, called.error
        return called.value


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "apps_script"
    folder.mkdir()
    store = Store(tmp_path / "sheets.sqlite3")
    runtime = ScriptRuntime(store, tmp_path, folder)
    yield Place(runtime, store.create("Shop"), folder)
    runtime.close()
    store.close()


def test_a_menu_function_shows_a_file_of_the_script_in_the_sidebar(place: Place) -> None:
    place.write("<p>Grüße 😀</p>", "Page.html")
    code = "SpreadsheetApp.getUi().showSidebar(HtmlService.createHtmlOutputFromFile('Page').setTitle('Hello'));"
    assert place.show(code).sidebar == Sidebar("Hello", "<p>Grüße 😀</p>")
    place.write("<p>changed</p>", "Page.html")
    assert place.show(code).sidebar == Sidebar("Hello", "<p>changed</p>")


def test_a_file_that_the_script_does_not_have_is_named_as_google_names_it(place: Place) -> None:
    clicked = place.show("HtmlService.createHtmlOutputFromFile('Nowhere');")
    assert not clicked.ok
    assert "Exception: No HTML file named Nowhere was found." in clicked.error


def test_a_dialog_has_a_title_and_the_size_that_the_script_wishes(place: Place) -> None:
    shown = place.show(
        "const page = HtmlService.createHtmlOutput('<b>a</b>').setWidth(320.7).setHeight(200).append('<i>b</i>');"
        "SpreadsheetApp.getUi().showModalDialog(page, 'Size');"
    )
    assert shown.ok, shown.error
    assert shown.dialog == HtmlDialog("Size", "<b>a</b><i>b</i>", 320, 200)
    assert shown.sidebar is None


def test_an_output_tells_what_was_set(place: Place) -> None:
    told = place.gives(
        "[HtmlService.createHtmlOutput('x')].map((page) => [page.getTitle(), page.getWidth(), page.getHeight(),"
        " page.setTitle('T').setWidth(1).setHeight(2).append('y').getContent(), page.getTitle(), page.getWidth(),"
        " page.getHeight()])[0]"
    )
    assert told == ["", None, None, "xy", "T", 1, 2]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("HtmlService.createTemplateFromFile('a')", "HtmlService.createTemplateFromFile is not a function"),
        ("HtmlService.createHtmlOutput('a').setSandboxMode()", "HtmlOutput.setSandboxMode is not a function"),
        ("HtmlService.createHtmlOutput(7)", "don't match the method signature for HtmlService.createHtmlOutput"),
        ("HtmlService.createHtmlOutput('a').setWidth('wide')", "don't match the method signature"),
        ("SpreadsheetApp.getUi().showSidebar('<p>')", "don't match the method signature for Ui.showSidebar"),
        (
            "SpreadsheetApp.getUi().showModalDialog(HtmlService.createHtmlOutput('a'))",
            "don't match the method signature for Ui.showModalDialog",
        ),
    ],
)
def test_what_is_not_to_be_had_or_shown_throws(place: Place, code: str, message: str) -> None:
    clicked = place.show(code)
    assert not clicked.ok
    assert message in clicked.error


def test_a_page_calls_a_function_and_gets_what_it_gives(place: Place) -> None:
    assert place.gives("a + b", 1, 2) == 3
    assert place.gives("[a.name, a.list[1], b, 'ö😀']", {"name": "né😀", "list": [1, None]}, True) == [
        "né😀",
        None,
        True,
        "ö😀",
    ]
    assert place.gives("undefined") is None
    assert place.gives("({ a: undefined, b: [undefined], c: null })") == {"b": [None], "c": None}


@pytest.mark.parametrize(
    "expression",
    ["new Date(0)", "[{ at: new Date(0) }]", "() => 1", "({ f() {} })", "new Map()", "SpreadsheetApp.getActive()"],
)
def test_a_value_that_holds_what_google_does_not_let_through_arrives_as_null(place: Place, expression: str) -> None:
    assert place.gives(expression) is None


def test_a_value_that_holds_itself_arrives_as_null_and_one_that_is_there_twice_arrives(place: Place) -> None:
    assert place.gives("(() => { const all = []; all.push(all); return all; })()") is None
    assert place.gives("(() => { const one = [1]; return [one, one]; })()") == [[1], [1]]


@pytest.mark.parametrize("name", ["hidden_", "absent", "toString", "eval", "SpreadsheetApp", "__run", "notOne", ""])
def test_only_public_functions_of_the_script_can_be_called(place: Place, name: str) -> None:
    place.write("function hidden_() { return 1; }\nvar notOne = 1;")
    called = place.call(name)
    assert not called.ok
    assert called.error == f"Error: Script function not found: {name}"


def test_what_a_function_throws_arrives_with_its_kind_and_without_its_place(place: Place) -> None:
    place.write(
        "function own() { throw new Error('so not'); }\n"
        "function type() { null.x; }\n"
        "function google() { SpreadsheetApp.openById('none'); }\n"
        "function text() { throw 'plain'; }\n"
    )
    assert place.call("own").error == "Error: so not"
    assert place.call("type").error.startswith("TypeError: Cannot read")
    assert place.call("google").error.startswith("Exception: ")
    assert place.call("text").error == "plain"
    listed = place.runtime.executions(place.document.id)[-1]
    assert (listed["function"], listed["kind"], listed["status"], listed["user"]) == ("own", "sidebar", "failed", ANN)
    assert listed["error"].startswith("Error: so not\n    at own (Code.gs:1")


def test_a_called_function_sees_the_person_and_what_they_have_selected(place: Place) -> None:
    place.write(
        "function where() { return [Session.getActiveUser().getEmail(),"
        " SpreadsheetApp.getCurrentCell().getA1Notation(), SpreadsheetApp.getActiveRange().getA1Notation()]; }"
    )
    sheet_id = place.document.sheets[0].sheet_id
    called = place.call("where", selection=Selection(sheet_id, Area(2, 1, 3, 2)))
    assert called.value == [ANN, "B3", "B3:C5"]


def test_a_called_function_shows_dialogs_and_another_sidebar(place: Place) -> None:
    place.write(
        "function next() { const ui = SpreadsheetApp.getUi(); ui.alert('Done'); "
        "ui.showSidebar(HtmlService.createHtmlOutput('<p>next</p>')); }"
    )
    called = place.call("next")
    assert called.messages == ("Done",)
    assert called.sidebar == Sidebar("", "<p>next</p>")


def test_a_script_that_cannot_be_read_is_told_to_the_page(place: Place) -> None:
    place.write("function broken( {")
    called = place.call("broken")
    assert not called.ok
    assert "SyntaxError" in called.error


def test_a_page_of_no_spreadsheet_calls_nothing(place: Place) -> None:
    with pytest.raises(KeyError):
        place.runtime.call("none", "f", [], ANN)
