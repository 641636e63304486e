"""Google's functions that the engine knows by another name, or not at all.

Google's function list (https://support.google.com/docs/table/25273) has the operators as
functions, JOIN, REGEXMATCH, ARRAYFORMULA, … The engine reads them as what they do.
"""

import re

_INSTEAD = {
    "ADD": "LAMBDA(a,b,a+b)",
    "MINUS": "LAMBDA(a,b,a-b)",
    "MULTIPLY": "LAMBDA(a,b,a*b)",
    "DIVIDE": "LAMBDA(a,b,a/b)",
    "POW": "POWER",
    "UMINUS": "LAMBDA(a,-a)",
    "UPLUS": "LAMBDA(a,a)",
    "UNARY_PERCENT": "LAMBDA(a,a/100)",
    "EQ": "LAMBDA(a,b,a=b)",
    "NE": "LAMBDA(a,b,a<>b)",
    "GT": "LAMBDA(a,b,a>b)",
    "GTE": "LAMBDA(a,b,a>=b)",
    "LT": "LAMBDA(a,b,a<b)",
    "LTE": "LAMBDA(a,b,a<=b)",
    "ISBETWEEN": "LAMBDA(v,a,b,AND(v>=a,v<=b))",
    "REGEXMATCH": "REGEXTEST",
    "SPLIT": "TEXTSPLIT",
    "FLATTEN": "TOCOL",
    "TO_TEXT": 'LAMBDA(a,a&"")',
    "COUNTUNIQUE": "LAMBDA(a,COUNTA(UNIQUE(a)))",
    "ARRAYFORMULA": "",
    "ARRAY_CONSTRAIN": "TAKE",
}
_NAMES = re.compile(r'"(?:[^"]|"")*"|' + r"(?<![\w.])(JOIN|" + "|".join(_INSTEAD) + r")\(", re.IGNORECASE)

_TEXTS_AND_MARKS = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*')|([({])|([)}])|[-+*/^&=<>%@]""")

NESTING_MAX, OPERATORS_MAX = 100, 1000
"""What the engine is given to read: it has no limits of its own, and a formula without end would end the process."""


def too_complex(formula: str) -> bool:
    """Whether a formula is nested too deep, or has too many operators, for the engine."""
    depth = operators = 0
    for match in _TEXTS_AND_MARKS.finditer(formula):
        text, opens, closes = match.groups()
        depth += 1 if opens else -1 if closes else 0
        operators += not (text or opens or closes)
        if depth > NESTING_MAX or operators > OPERATORS_MAX:
            return True
    return False


_TEXTS_AND_ENDLESS = re.compile(
    r"""("(?:[^"]|"")*"|'(?:[^']|'')*')|\$?[A-Za-z]{1,3}:\$?[A-Za-z]|(?<![A-Za-z0-9$])\$?[0-9]+:\$?[0-9]"""
)


def endless(formula: str) -> bool:
    """Whether whole columns or rows are left in a formula, of which the engine has far more than the grid."""
    return any(not match[1] for match in _TEXTS_AND_ENDLESS.finditer(formula))


def for_engine(formula: str) -> str:
    """The formula as the engine understands it; texts inside it stay."""

    def one(match: re.Match[str]) -> str:
        name = (match[1] or "").upper()
        if not name:
            return match[0]
        return "LAMBDA(d,a,TEXTJOIN(d,FALSE,a))(" if name == "JOIN" else f"{_INSTEAD[name]}("

    return _NAMES.sub(one, formula)
