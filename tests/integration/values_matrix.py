"""The whole matrix of column types: what tables hold, what people type, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.integration.values_place import Refusal, Sql

BOTH = ("mysql", "mariadb")
LOST_DIGITS = Refusal("may have lost digits as a number")
LONG = "x" * 50_000
MEMBERS = r"'new', 'it''s', 'say \"no\"', 'a\\b', '00501', '1/2', 'TRUE', '😀', 'Ünï', ' so', 'really?'"
PLANES = "".join(chr(plane << 16 | 0x1F600 & 0xFFFF) for plane in range(1, 17)) + "é漢\u200b\ufeff\ufffd\U0010fffd"


@dataclass(frozen=True)
class Case:
    """One type of column."""

    declared: str
    held: tuple[Any, ...] = ()
    """What a program writes into the table: each comes back from the sheet byte by byte."""
    unshown: tuple[tuple[Any, str], ...] = ()
    """What a program writes and no cell can hold, with the reason."""
    unwritten: tuple[tuple[Any, str], ...] = ()
    """What a program writes and the sheet shows, and nobody else could write again, with the reason."""
    typed: dict[str, str | Refusal | None] = field(default_factory=dict)
    """What a person types: the text that it is for the column, or why it is refused."""
    servers: tuple[str, ...] = BOTH
    locale: str = "en_US"
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.declared[:40]


def _whole(declared: str, lowest: int, highest: int) -> Case:
    """A type of whole numbers up to its limits and one past each."""
    misfit = Refusal(f"is not a whole number from {lowest} to {highest}")
    return Case(
        declared,
        held=(lowest, highest, 0, 1, None),
        typed={
            str(lowest): str(lowest),
            str(highest): str(highest),
            f"'{highest}": str(highest),
            str(lowest - 1): misfit,
            str(highest + 1): misfit,
            "1.5": misfit,
            "7.0": "7",
            "007": "7",
            "seven": misfit,
            "": None,
        },
    )


_TRICKY = (
    "00501", "=1+1", "+49 30 1234", "-1", "@sum", "'quoted'", "''", "'", "12345678901234567890", "1e5", "1/2",
    "2024-05-06", "12:30", "TRUE", "false", "#N/A", "#DIV/0!", "NULL", "-", " ", "  both  ", "\ttab\t", "a\nb",
    "a\r\nb", "\r", "two\n\nlines", "é e\u0301", "👩‍👩‍👧", PLANES, "\x01\x1f\x7f", "\u2028", "\\N", "%s {} $1", "=", "https://a.b/?c=d",
    "$12.50", "12%", "'=1+1", '=IMPORTRANGE("a")',
)  # fmt: skip

WHOLE_NUMBERS = (
    _whole("TINYINT", -128, 127),
    _whole("TINYINT UNSIGNED", 0, 255),
    _whole("SMALLINT", -(2**15), 2**15 - 1),
    _whole("SMALLINT UNSIGNED", 0, 2**16 - 1),
    _whole("MEDIUMINT", -(2**23), 2**23 - 1),
    _whole("MEDIUMINT UNSIGNED", 0, 2**24 - 1),
    _whole("INT", -(2**31), 2**31 - 1),
    _whole("INT UNSIGNED", 0, 2**32 - 1),
    _whole("INT(6) ZEROFILL", 0, 2**32 - 1),
    _whole("BIGINT", -(2**63), 2**63 - 1),
    _whole("BIGINT UNSIGNED", 0, 2**64 - 1),
    Case(
        "BIGINT", held=(2**53, 2**53 + 1, -(2**53) - 1), typed={"9007199254740993": "9007199254740993"}, name="2^53"
    ),
    Case(
        "BOOLEAN",
        held=(0, 1, 2, -128, 127, None),
        typed={"TRUE": "1", "false": "0", "1": "1", "2": "2", "yes": Refusal("is not TRUE or FALSE"), "": None},
    ),
    Case(
        "BIT(1)",
        held=(0, 1, None),
        typed={"TRUE": "1", "0": "0", "2": Refusal("is not TRUE or FALSE"), "": None},
    ),
    Case("BIT(8)", held=(0, 5, 255, 101), typed={"101": "101", "256": Refusal("from 0 to 255")}),
    Case("BIT(49)", held=(0, 2**49 - 1), typed={str(2**49 - 1): str(2**49 - 1)}),
    Case(
        "BIT(64)",
        held=(0, 1, 2**63, 2**64 - 1),
        typed={str(2**64 - 1): str(2**64 - 1), str(2**64): Refusal("is not a whole number from 0 to")},
    ),
    Case(
        "YEAR",
        held=(1901, 2155, 2024, 0, None),
        typed={
            "2024": "2024",
            "0": "0000",
            "24": Refusal("is not a year from 1901 to 2155"),
            "1900": Refusal("is not a year"),
            "2024-05-06": Refusal("is not a year"),
            "2024.5": Refusal("is not a year"),
        },
    ),
)

NUMBERS = (
    Case(
        "DECIMAL(10,2)",
        held=("0.10", "-0.01", "99999999.99", "-99999999.99", "0.00", None),
        typed={
            "12.50": "12.50",
            "1,234.5": "1234.50",
            "$12": "12.00",
            "12%": "0.12",
            "1e2": "100.00",
            "-0": "0.00",
            "12,50": Refusal("is not a number with 2 decimals|more than"),
            "0.125": Refusal("has more than 2 decimals"),
            "100000000": Refusal("has more than 8 digits before the point"),
            "=0.1+0.2": Refusal("has more than 2 decimals; in a formula, ROUND"),
            "=ROUND(0.1+0.2,2)": "0.30",
            "=1/0": Refusal("the cell shows #DIV/0!"),
        },
    ),
    Case("DECIMAL(10,2) UNSIGNED", held=("0", "1.5"), typed={"-1": Refusal("is negative")}),
    Case("DECIMAL(15,15)", held=("0.000000000000001", "0.999999999999999"), typed={"0.5": "0.500000000000000"}),
    Case("DECIMAL(20,0)", held=("1234567890123456789", "-1"), typed={"12345678901234567899": "12345678901234567899"}),
    Case(
        "DECIMAL(65,30)",
        held=("9" * 35 + "." + "9" * 30, "-" + "9" * 35 + "." + "9" * 30, "0." + "0" * 29 + "1", "0", "1e-16"),
        typed={
            "9" * 35 + "." + "9" * 30: "9" * 35 + "." + "9" * 30,
            "1" + "0" * 35: Refusal("has more than 35 digits before the point"),
            "0." + "0" * 30 + "1": Refusal("has more than 30 decimals"),
        },
    ),
    Case(
        "DOUBLE",
        held=(
            0.1, Sql("0.1e0+0.2e0"), Sql("5e-324"), Sql("-5e-324"), Sql("2.2250738585072009e-308"),
            Sql("1.7976931348623157e308"), Sql("1e308"), Sql("-0e0"), 0, 1e21, 123456789012345680.0, 1e-7, None,
        ),
        typed={
            "0.1": "0.1",
            "1e308": "1e+308",
            "1E+300": "1e+300",
            "'5e-324": "5e-324",
            "-0": "0",
            "'-0.0": "-0",
            "'0.30000000000000004": "0.30000000000000004",
            "'0.30000000000000001": Refusal("has more digits than the column keeps; 0.3 would fit"),
            "NaN": Refusal("NaN is not a number"),
            "Infinity": Refusal("Infinity is not a number"),
            "-inf": Refusal("-inf is not a number"),
            "'1e309": Refusal("is too large for the column"),
            "TRUE": Refusal("is not a number"),
            "2024-05-06": Refusal("a date is not a number"),
        },
    ),
)  # fmt: skip

DATES = (
    Case(
        "DATE",
        held=(
            "1000-01-01", "0001-01-01", "1582-10-10", "1899-12-29", "1899-12-30", "1900-02-28", "1900-03-01",
            "1970-01-01", "2024-02-29", "9999-12-31", "0000-00-00", "2024-00-00", "2024-05-00", None,
        ),
        typed={
            "2024-05-06": "2024-05-06",
            "5/6/2024": "2024-05-06",
            "May 6, 2024": "2024-05-06",
            "'2024-05-06": "2024-05-06",
            "'1850-01-31": "1850-01-31",
            "0000-00-00": "0000-00-00",
            "9999-12-31": "9999-12-31",
            "2024-02-30": Refusal("is not a date like 2024-05-06"),
            "2024-05-06 12:00": Refusal("has a time of day"),
            "31.12.2024": Refusal("is not a date like 2024-05-06"),
            "45418": "2024-05-06",
            "45418.5": Refusal("has a time of day"),
            "tomorrow": Refusal("is not a date"),
            "TRUE": Refusal("TRUE is not a date"),
            "=DATE(2024,5,6)": "2024-05-06",
        },
    ),
    *(
        Case(
            f"DATETIME({digits})",
            held=(
                "2024-05-06 07:08:09", f"2024-05-06 23:59:59.{'9' * digits}", "1899-12-30 00:00:00",
                "1899-12-29 23:59:59", "9999-12-31 23:59:59", "1000-01-01 00:00:00", "2024-03-31 02:30:00",
                "2024-10-27 02:30:00", "0000-00-00 00:00:00", f"2024-05-06 07:08:09.{'1' * digits}", None,
            ),
            typed={
                "2024-05-06 07:08:09": _fraction("2024-05-06 07:08:09", digits),
                "2024-03-31 02:30:00": _fraction("2024-03-31 02:30:00", digits),
                "2024-10-27 02:30:00": _fraction("2024-10-27 02:30:00", digits),
                "2024-05-06": _fraction("2024-05-06 00:00:00", digits),
                "'1850-01-31 07:08": _fraction("1850-01-31 07:08:00", digits),
                f"'2024-05-06 07:08:08.{'7' * digits}".rstrip("."): f"2024-05-06 07:08:08.{'7' * digits}".rstrip("."),
                f"'2024-05-06 07:08:09.{'0' * digits}1": Refusal("is too fine, the column holds"),
                "'2024-05-06 24:00:00": Refusal("is not a date and time like"),
                "'2024-05-06 07:08:09+02:00": Refusal("is not a date and time like"),
                "noon": Refusal("is not a date and time like"),
            },
        )
        for digits in range(7)
        for _fraction in [lambda text, digits: f"{text}.{'0' * digits}".rstrip(".")]
    ),
    Case(
        "TIMESTAMP NULL",
        held=(
            "1970-01-01 00:00:01", "2038-01-19 03:14:07", "2024-03-31 02:30:00", "2024-10-27 01:30:00",
            "0000-00-00 00:00:00", None,
        ),
        typed={
            "2024-05-06 07:08:09": "2024-05-06 07:08:09",
            "2024-03-31 02:30:00": "2024-03-31 02:30:00",
            "1969-12-31 23:59:59": Refusal("is not between 1970-01-01 00:00:01 and 2038-01-19 03:14:07 in UTC"),
            "2200-01-01": Refusal("is not between 1970-01-01 00:00:01 and 2038-01-19 03:14:07 in UTC"),
        },
    ),
    Case(
        "TIMESTAMP(6) NULL",
        held=("2038-01-19 03:14:07.999999", "1970-01-01 00:00:01.000001", "2024-05-06 07:08:09.123"),
        typed={"'2024-05-06 07:08:09.000001": "2024-05-06 07:08:09.000001"},
    ),
    Case(
        "TIME",
        held=("00:00:00", "23:59:59", "24:00:00", "838:59:59", "-838:59:59", "-00:00:01", "100:00:00", None),
        typed={
            "7:08": "07:08:00",
            "07:08:09": "07:08:09",
            "7:08 PM": "19:08:00",
            "25:30": "25:30:00",
            "'-12:00:00": "-12:00:00",
            "'838:59:59": "838:59:59",
            "839:00": Refusal("is not a time like 07:08:09, from -838:59:59 to 838:59:59"),
            "'7:60": Refusal("is not a time"),
            "'07:08:09.5": Refusal("is too fine, the column holds whole seconds"),
            "2024-05-06": Refusal("is not a time"),
            "noon": Refusal("is not a time"),
        },
    ),
    Case(
        "TIME(6)",
        held=("00:00:00.000001", "23:59:59.999", "-838:59:58.999999", "838:59:59", "-00:00:00.5", "25:00:00.25"),
        typed={"'07:08:09.000001": "07:08:09.000001", "07:08:09.5": "07:08:09.500000"},
    ),
    Case("TIME(3)", held=("12:34:56.789", "-12:34:56.789"), typed={"12:34:56.789": "12:34:56.789"}),
)  # fmt: skip

TEXTS = (
    Case(
        "VARCHAR(200)",
        held=("", *_TRICKY, None),
        unshown=(("a\0b", "NUL character, which a cell cannot hold"),),
        typed={
            "00501": "00501",
            "=1+1": "=1+1",
            "+49 30 1234": "+49 30 1234",
            "-1": "-1",
            "@sum": "@sum",
            "''quoted": "'quoted",
            "12345678901234567890": "12345678901234567890",
            "1e5": "1e5",
            "2024-05-06": "2024-05-06",
            "TRUE": "TRUE",
            "#N/A": "#N/A",
            " ": " ",
            "  both  ": "  both  ",
            "a\nb": "a\nb",
            PLANES: PLANES,
            "": None,
            "x" * 201: Refusal("has 201 characters, and the column holds 200"),
            "😀" * 200: "😀" * 200,
        },
    ),
    Case("VARCHAR(20) NOT NULL", held=("", " ", "x"), typed={"x": "x", "": ""}),
    Case("VARCHAR(20) COLLATE utf8mb4_bin", held=("a", "A", "a "), typed={"A ": "A "}),
    Case(
        "CHAR(10)",
        held=("ab", " ab", "", "éé", None),
        typed={"ab": "ab", "ab ": Refusal("ends with a space, which a CHAR column drops"), "00501": "00501"},
    ),
    Case(
        "TINYTEXT", held=("é" * 127, "x" * 255), typed={"é" * 128: Refusal("has 256 bytes, and the column holds 255")}
    ),
    Case(
        "TEXT",
        held=(LONG, "é" * 32_767),
        unshown=(("x" * 50_001, "and a cell holds 50000"),),
        typed={"x" * 40_000: "x" * 40_000, "€" * 21_846: Refusal("has 65538 bytes, and the column holds 65535")},
    ),
    Case("MEDIUMTEXT", held=(LONG, "😀" * 25_000), unshown=(("😀" * 25_001, "and a cell holds 50000"),)),
    Case("LONGTEXT", held=(LONG,), unshown=(("x" * 200_000, "and a cell holds 50000"),), typed={LONG: LONG}),
    Case(
        "VARCHAR(60) CHARACTER SET latin1",
        held=("é€Ž", "=1", Sql("X'818D8F909D'")),
        typed={"Straße €": "Straße €", "漢": Refusal("the character 漢 U\\+6F22 cannot stand in latin1 text")},
    ),
    Case(
        "VARCHAR(60) CHARACTER SET ascii", held=("~",), typed={"é": Refusal("the character é U\\+00E9 cannot stand")}
    ),
    Case(
        "VARCHAR(60) CHARACTER SET utf8mb3",
        held=("漢",),
        typed={"😀": Refusal("the character 😀 U\\+1F600 cannot stand in utf8mb3 text")},
    ),
    Case("VARCHAR(60) CHARACTER SET utf16", held=("😀",), typed={"😀": "😀"}),
    Case("VARCHAR(60) CHARACTER SET koi8r", held=("Жук",), typed={"Жук": "Жук"}),
)

MEMBER_TYPES = (
    Case(
        f"ENUM({MEMBERS})",
        name="ENUM",
        held=("new", "it's", 'say "no"', "a\\b", "00501", "1/2", "TRUE", "😀", "Ünï", " so", "really?", None),
        unwritten=(("never heard of", "the column cannot hold the value exactly"),),
        typed={
            "new": "new",
            "it's": "it's",
            'say "no"': 'say "no"',
            "a\\b": "a\\b",
            "00501": "00501",
            "1/2": "1/2",
            "TRUE": "TRUE",
            "😀": "😀",
            "NEW": Refusal('has to be spelled "new"'),
            "ünï": Refusal('has to be spelled "Ünï"'),
            "lost": Refusal("is not one of new, it's"),
            "1": Refusal("1 is not one of"),
            "": None,
        },
    ),
    Case("ENUM('a,b', 'c') NOT NULL", held=("a,b", "c"), typed={"a,b": "a,b"}),
    Case(
        r"SET('new', 'it''s', 'a\\b', '00501', '1/2', 'TRUE', '😀', ' so')",
        name="SET",
        held=("new", "it's,new", "😀,a\\b", "", " so", "1/2,TRUE,00501", None),
        typed={
            "new": "new",
            "it's, new": "new,it's",
            "new,new": "new",
            "😀": "😀",
            "new, NEW": Refusal('"NEW" has to be spelled "new"'),
            "new, lost": Refusal("lost is not one of"),
            "new,": Refusal("is not one of"),
            "00501": "00501",
            "": None,
        },
    ),
    Case("SET('a','b') NOT NULL", held=("", "a", "b,a"), typed={"b,a": "a,b", "": ""}),
)

JSON = Case(
    "JSON",
    servers=("mysql",),
    held=(
        '{"b": 1, "a": [1.0, 1e22, -0.0, null, true, "é😀"]}', "18446744073709551615", "-9223372036854775808", '"x"',
        "[" * 90 + "]" * 90, '"\\u0000"', '{"": {}}', "5e-324", "1.7976931348623157e308", "null", "[]", None,
        Sql("JSON_OBJECT('at', CAST('2024-05-06 07:08:09' AS DATETIME))"),
    ),
    unwritten=(
        (
            Sql("JSON_OBJECT('d', CAST('1.1234567890123456789012' AS DECIMAL(30,22)))"),
            "has the number 1.1234567890123456789012, which JSON columns do not keep exactly; write it as a text",
        ),
    ),
    typed={
        '{"b":1,  "a":[1.0, 1e22]}': '{"a":[1.0,1e+22],"b":1}',
        '"\\u00e9"': '"é"',
        "12.50": "12.5",
        "TRUE": Refusal("is not JSON"),
        "true": "true",
        "null": "null",
        "": None,
        "abc": Refusal('abc is not JSON, such as {"a": 1}'),
        "{'a': 1}": Refusal("is not JSON"),
        "NaN": Refusal("is not JSON"),
        '{"a": 1, "a": 2}': Refusal('has the key "a" twice'),
        '"\\ud800"': Refusal("half a character"),
        "[" * 101 + "]" * 101: Refusal("has more than 100 arrays and objects within each other"),
        "[" * 100 + "]" * 100: "[" * 100 + "]" * 100,
        "18446744073709551615": "18446744073709551615",
        '{"n": 18446744073709551616}': Refusal("has the number 18446744073709551616, which JSON columns do not keep"),
        '{"n": 0.30000000000000001}': Refusal("has the number 0.30000000000000001"),
        "1e400": Refusal(r"has the number 1e\+400"),
        "100000000000000000000": "1e+20",
    },
)  # fmt: skip

JSON_AS_TEXT = Case(
    "JSON",
    servers=("mariadb",),
    name="JSON, which is text to MariaDB",
    held=('{"b": 1, "a":  [1.0, 1e22, "\\u00e9"]}', "18446744073709551616", "null", None),
    typed={
        '{"b":1,  "a":2}': '{"b":1,  "a":2}',
        '{"a": 1, "a": 2}': '{"a": 1, "a": 2}',
        "12.50": "12.50",
        "abc": Refusal('abc is not JSON, such as {"a": 1}'),
        "": None,
    },
)

SHOWN = (
    Case(
        "BINARY(4)",
        held=(b"\x00\xff\x27\x5c", b"\x80", b"", None),
        typed={
            "00ff275c": "00FF275C",
            "hello": Refusal("read-only in the sheet"),
            "5": Refusal("in hexadecimal digits"),
        },
    ),
    *(
        Case(kind, held=(bytes(range(256))[:200], b"\x00", b"", "é".encode(), None))
        for kind in ("VARBINARY(200)", "TINYBLOB")
    ),
    *(
        Case(kind, held=(b"\xff" * 25_000,), unshown=((b"\xff" * 25_001, "and a cell holds 50000"),))
        for kind in ("BLOB", "MEDIUMBLOB", "LONGBLOB")
    ),
    Case(
        "GEOMETRY",
        held=(
            Sql("ST_GeomFromText('POINT(13.4 52.5)')"),
            Sql("ST_GeomFromText('POINT(52.5 13.4)', 4326)"),
            Sql("ST_GeomFromText('LINESTRING(0 0, 1e-10 1e300, -0.1 0.30000000000000004)')"),
            Sql("ST_GeomFromText('POLYGON((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))')"),
            Sql("ST_GeomFromText('MULTIPOINT(1 2, 3 4)')"),
            Sql("ST_GeomFromText('MULTILINESTRING((0 0, 1 1), (2 2, 3 3))')"),
            Sql("ST_GeomFromText('MULTIPOLYGON(((0 0, 4 0, 4 4, 0 0)), ((9 9, 8 9, 8 8, 9 9)))')"),
            Sql("ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))')"),
            Sql("ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')"),
            None,
        ),
        typed={"POINT(1 2)": "POINT(1 2)", "here": Refusal("read-only in the sheet")},
    ),
    Case("POINT", held=(Sql("ST_GeomFromText('POINT(1 2)')"),)),
    Case("LINESTRING", held=(Sql("ST_GeomFromText('LINESTRING(1 2, 3 4)')"),)),
    Case("GEOMETRYCOLLECTION", held=(Sql("ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')"),)),
    Case(
        "VECTOR(3)",
        servers=("mysql",),
        held=(
            Sql("STRING_TO_VECTOR('[1, 0.1, 1e-20]')"),
            Sql("STRING_TO_VECTOR('[-3.4028235e38, 16777217, 0]')"),
            None,
        ),
        typed={"[1,2,3]": "[1,2,3]", "near": Refusal("read-only in the sheet")},
    ),
)

GERMAN = (
    Case(
        "DECIMAL(10,2)",
        locale="de_DE",
        name="DECIMAL in de_DE",
        held=("12.50", "1234.50"),
        typed={
            "12,50": "12.50",
            "1.234,5": "1234.50",
            "1.234.567,89": "1234567.89",
            "12,50 €": "12.50",
            "12,505": Refusal("has more than 2 decimals"),
            "12.50": "12.50",
        },
    ),
    Case(
        "DATE",
        locale="de_DE",
        name="DATE in de_DE",
        held=("2024-12-31",),
        typed={"31.12.2024": "2024-12-31", "2024-12-31": "2024-12-31", "12/31/2024": Refusal("is not a date like")},
    ),
    Case("DOUBLE", locale="de_DE", name="DOUBLE in de_DE", held=(0.1, 1e22), typed={"0,5": "0.5", "1,5e3": "1500"}),
    Case("VARCHAR(20)", locale="de_DE", name="VARCHAR in de_DE", held=("12,50",), typed={"12,50": "12,50"}),
)  # fmt: skip

MATRIX = (*WHOLE_NUMBERS, *NUMBERS, *DATES, *TEXTS, *MEMBER_TYPES, JSON, JSON_AS_TEXT, *SHOWN, *GERMAN)
