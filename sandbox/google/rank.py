"""Ranks: texts that sort, and always leave room for one more between two of them.

A row keeps its rank when rows are inserted or deleted around it, so that such a change is
saved as just the rows it touches. A rank is a fraction between 0 and 1 written in hexadecimal.
"""

_DIGITS = 16
_ROOMY_STEP = 1 << 32  # ranks at the end: room for four thousand million more on either side


def ranks_between(before: str | None, after: str | None, count: int) -> list[str]:
    """``count`` ranks in order, strictly between two (None: no bound)."""
    digits = max(_DIGITS, len(before or ""), len(after or ""))
    while True:
        low = int((before or "0").ljust(digits, "0"), 16)
        high = int(after.ljust(digits, "0"), 16) if after else 1 << (4 * digits)
        step = (high - low) // (count + 1)
        if step >= 1:
            break
        digits += 4
    if after is None:
        step = min(step, _ROOMY_STEP << (4 * (digits - _DIGITS)))
    return [_text(low + step * i, digits) for i in range(1, count + 1)]


def _text(number: int, digits: int) -> str:
    text = f"{number:0{digits}x}"
    return text[:_DIGITS] + text[_DIGITS:].rstrip("0")
