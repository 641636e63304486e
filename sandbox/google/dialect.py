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


def for_engine(formula: str) -> str:
    """The formula as the engine understands it; texts inside it stay."""

    def one(match: re.Match[str]) -> str:
        name = (match[1] or "").upper()
        if not name:
            return match[0]
        return "LAMBDA(d,a,TEXTJOIN(d,FALSE,a))(" if name == "JOIN" else f"{_INSTEAD[name]}("

    return _NAMES.sub(one, formula)
