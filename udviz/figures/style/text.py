"""Text for charts and pages: foreign names made harmless, numbers in one style."""

import html
import math
import re

MISSING = "–"
_ISOLATE, _POP = "\u2068", "\u2069"  # keep right-to-left names from turning their neighbours around
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")  # all ASCII punctuation


def one_line(text: str) -> str:
    """``text`` on one line: every run of white space becomes a space."""
    return " ".join(text.split())


def shorten(text: str, *, n_chars: int = 28) -> str:
    """``text`` on one line of at most ``n_chars`` characters, cut in the middle.

    The middle goes because names of one family share their beginning.
    """
    line = one_line(text)
    if len(line) <= n_chars:
        return line
    tail = (n_chars - 1) // 3
    return f"{line[: n_chars - 1 - tail]}…{line[len(line) - tail :]}"


def safe_html(text: str) -> str:
    """``text`` as it reads, for plotly and for `st.html` (text only, not attributes)."""
    return f"{_ISOLATE}{html.escape(one_line(text), quote=False)}{_POP}"


def safe_markdown(text: str) -> str:
    """``text`` as it reads, where Streamlit expects Markdown.

    A zero-width space after a colon stops emoji short codes, which a backslash does not.
    """
    escaped = _MARKDOWN.sub(r"\\\1", one_line(text)).replace(":", ":\u200b")
    return f"{_ISOLATE}{escaped}{_POP}"


def number(value: float, *, digits: int = 3, sign: bool = False) -> str:
    """``value`` with fixed digits and a true minus sign; a dash where it is not known."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    return text.replace("-", "−")


def times(value: float) -> str:
    """How many times as much: ``8.2``, ``902``, ``203,000``; beyond three digits none is known."""
    if not math.isfinite(value) or value < 100:
        return number(value, digits=1)
    return f"{float(f'{value:.3g}'):,.0f}"


def times_as_frequent(value: float, low: float, high: float) -> str:
    """A ratio of two rates with its interval, as Markdown."""
    known = math.isfinite(low) and math.isfinite(high)
    bounds = f"{times(low)} to {times(high)}" if known else MISSING
    return f"**{times(value)} times** as frequent ({bounds})"


def p_value(value: float) -> str:
    """A p or q in a cell: ``0.012``, or ``< 0.001``, which is never 0."""
    return "< 0.001" if 0 <= value < 0.001 else number(value)


def p_equals(value: float) -> str:
    """What stands after the letter p or q in a sentence: ``= 0.012``, or ``< 0.001``."""
    told = p_value(value)
    return told if told.startswith("<") else f"= {told}"


def interval(low: float, high: float, *, digits: int = 3, sign: bool = False) -> str:
    """``low to high``; a dash where either end is not known."""
    if number(low) == MISSING or number(high) == MISSING:
        return MISSING
    return f"{number(low, digits=digits, sign=sign)} to {number(high, digits=digits, sign=sign)}"


def plural(n: int, thing: str, things: str = "") -> str:
    """``1 label``, ``2 labels``; ``things`` are several where an s does not make them."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {things or thing + 's'}"


def count(value: float) -> str:
    """A whole number with thousands set apart; a dash where it is not known."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{int(value):,}"
