"""The sample that the demo starts with: a spreadsheet "Shop", its tab "Orders", and an empty table for it."""

import datetime
import random
from collections.abc import Sequence
from typing import Any

from sandbox.stack.sheet_client import SheetClient

LINK = "orders"
SPREADSHEET = "Shop"
TAB = "Orders"
TABLE = "shop.orders"
ROWS = 200
FIRST_ORDER_NO = 1001
COLUMNS = {
    "Order no.": "order_no",
    "Customer": "customer",
    "Item": "item",
    "Quantity": "quantity",
    "Price": "price",
    "Ordered on": "ordered_on",
    "Paid": "paid",
    "Status": "status",
    "Notes": "notes",
}
STATUSES = ("new", "packed", "shipped", "returned")
TABLE_SQL = (
    "CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4",
    f"""CREATE TABLE IF NOT EXISTS {TABLE} (
        order_no INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
        customer VARCHAR(80) NOT NULL,
        item VARCHAR(80) NOT NULL,
        quantity INT NOT NULL,
        price DECIMAL(10,2) NOT NULL,
        ordered_on DATE NULL,
        paid BOOLEAN NOT NULL DEFAULT FALSE,
        status ENUM{STATUSES} NOT NULL DEFAULT 'new',
        notes TEXT NULL
    ) CHARACTER SET utf8mb4""",
)

_FIRST_NAMES = ("Ada", "Ben", "Chloé", "Dmitri", "Emeka", "Fatma", "Grace", "Hiro", "Inés", "Jörg", "Kiran", "Lena")
_LAST_NAMES = ("Okafor", "Müller", "Tanaka", "Silva", "Novák", "O'Neill", "Kaya", "Larsen", "Dubois", "Patel")
_ITEMS = (
    ("Desk lamp", "34.90"),
    ("Notebook A5", "4.20"),
    ("Fountain pen", "27.50"),
    ("Standing desk", "489.00"),
    ("Coffee beans 1 kg", "18.75"),
    ("Teapot", "39.00"),
    ("Wall clock", "22.40"),
    ("Bookshelf", "129.99"),
    ("Desk plant 🌱", "12.00"),
)
_NOTES = ("", "", "", "gift wrap", "leave at the door", "invoice by post", "call before delivery")


def orders() -> list[list[Any]]:
    """The sample's rows as a person would type them, the same at each call."""
    chance = random.Random(7)  # noqa: S311 - sample data
    first_day = datetime.date(2026, 1, 5)
    rows: list[list[Any]] = []
    for number in range(FIRST_ORDER_NO, FIRST_ORDER_NO + ROWS):
        item, price = chance.choice(_ITEMS)
        day = first_day + datetime.timedelta(days=(number - FIRST_ORDER_NO) // 2)
        rows.append(
            [
                number,
                f"{chance.choice(_FIRST_NAMES)} {chance.choice(_LAST_NAMES)}",
                item,
                chance.randint(1, 12),
                float(price),
                day.isoformat(),
                chance.random() < 0.7,
                chance.choice(STATUSES),
                chance.choice(_NOTES),
            ]
        )
    return rows


def make_spreadsheet(sheets: SheetClient) -> str:
    """Create the sample spreadsheet through the Sheets API; returns its id."""
    created = sheets.call(
        "POST",
        "/v4/spreadsheets",
        {
            "properties": {"title": SPREADSHEET, "locale": "en_US", "timeZone": "Etc/UTC"},
            "sheets": [{"properties": {"title": TAB, "gridProperties": {"rowCount": 1000, "columnCount": 15}}}],
        },
    )
    spreadsheet = str(created["spreadsheetId"])
    values: Sequence[Sequence[Any]] = [list(COLUMNS), *orders()]
    # As typed, so that the dates are dates; a person's own sheet comes to be in no other way.
    sheets.call(
        "PUT",
        f"/v4/spreadsheets/{spreadsheet}/values/{TAB}!A1?valueInputOption=USER_ENTERED",
        {"range": f"{TAB}!A1", "majorDimension": "ROWS", "values": values},
    )
    return spreadsheet
