"""A card for papers in Markdown or LaTeX; what is foreign in it reads as it is written."""

import re

import pandas as pd

from udviz.export.card import Card
from udviz.figures.style.text import one_line

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~$&!])")
_LATEX = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"−": "$-$", "–": "--", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"},
    **{"≥": r"$\geq$", "≤": r"$\leq$", "→": r"$\to$", "†": r"\dag{}", "×": r"$\times$"},
    **{'"': "''", "`": r"\textasciigrave{}"},
}


def markdown(card: Card) -> str:
    """The card as Markdown."""
    parts = [f"## {as_markdown(card.title)}", markdown_table(card.models)]
    if not card.gains.empty:
        parts.append(markdown_table(card.gains))
    notes = " ".join(map(as_markdown, card.notes))
    return "\n\n".join([*parts, notes, f"    {_printable(card.command)}"]) + "\n"


def latex(card: Card) -> str:
    """The card as LaTeX tables, which need the package booktabs."""
    caption = " ".join(map(_as_latex, (f"{card.title}.", *card.notes)))
    tables = [latex_table(table) for table in (card.models, card.gains) if not table.empty]
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            f"% {_printable(card.command)}",
            r"\begin{table}",
            r"\centering",
            "\n\n\\bigskip\n".join(tables),
            f"\\caption{{{caption}}}",
            r"\end{table}",
            "",
        ]
    )


def markdown_table(table: pd.DataFrame) -> str:
    """A table of text as Markdown."""
    head = [as_markdown(str(name)) for name in table]
    rule = [":---", *["---:"] * (len(head) - 1)]
    rows = [head, rule, *([as_markdown(cell) for cell in row] for row in table.to_numpy())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def latex_table(table: pd.DataFrame) -> str:
    """A table of text as LaTeX, which needs the package booktabs."""
    rows = [" & ".join(map(_as_latex, row)) + r" \\" for row in (list(table), *table.to_numpy())]
    columns = "l" + "r" * (len(table.columns) - 1)
    inside = [r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule"]
    return "\n".join([f"\\begin{{tabular}}{{{columns}}}", *inside, r"\end{tabular}"])


def as_markdown(text: str) -> str:
    """``text`` on one line, as it reads, where Markdown is expected."""
    return _MARKDOWN.sub(r"\\\1", _printable(text))


def _as_latex(text: str) -> str:
    return "".join(_LATEX.get(mark, mark) for mark in _printable(text))


def _printable(text: str) -> str:
    """``text`` on one line without what would steer a terminal."""
    return "".join(mark for mark in one_line(text) if mark.isprintable())
