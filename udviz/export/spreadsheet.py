"""Tables as CSV that a spreadsheet may open, whoever named what is in them."""

import pandas as pd

# What a spreadsheet takes for the start of one; the wide signs are those of Japanese input.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_csv(table: pd.DataFrame) -> str:
    """``table`` as CSV in which no text is a formula.

    A spreadsheet runs what begins like a formula, and names come from other people's files: such
    text gets an apostrophe in front. Numbers stay numbers.

    Source:
        OWASP, "CSV injection". https://owasp.org/www-community/attacks/CSV_Injection
    """
    harmless = table.rename(columns=_not_a_formula)
    for name in harmless.select_dtypes(exclude=["number", "bool"]):
        harmless[name] = harmless[name].map(_not_a_formula)
    return harmless.to_csv(index=False, lineterminator="\r\n")  # quotes a lone return in a name too


def _not_a_formula(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
