"""What happens to the false positives of difficult and of easy labels under a comparison."""

import pandas as pd

from udviz.figures.style.text import interval, number, one_line, plural, safe_markdown
from udviz.ui.frame.view import View
from udviz.ui.labels.text_tables import verdict_word
from udviz.vocabulary import EQUAL_RECALLS

TITLE = "What happens to false positives"
_PARTS = {"hard": "Difficult labels", "rest": "Other labels"}  # by scope
_ENDS = ("", "_low", "_high")


def rates(view: View) -> pd.DataFrame:
    """Rows of ``comparisons`` of both parts of the labels at each recall, difficult ones first.

    Adds ``name``, ``recall`` and the numbers of false positives, ``before_count`` and
    ``after_count``: means over the paired seeds, summed over labels.
    """
    if view.pair is None:
        return pd.DataFrame()
    compared = view.study.comparisons
    of_pair = compared[
        (compared["split"] == view.split)
        & (compared["before"] == view.pair[0])
        & (compared["after"] == view.pair[1])
    ]
    parts = []
    for scope, name in _PARTS.items():
        for percent, recall in EQUAL_RECALLS.items():
            rows = of_pair[of_pair["metric"] == f"false_positive_rate_at_recall_{percent}"]
            row = rows[(rows["scope"] == scope) & rows["gain"].notna()]
            named = row.assign(name=f"{name}, recall {recall}", recall=recall)
            parts.append(named.assign(**_counts(view, rows, scope)))
    return pd.concat(parts, ignore_index=True)


def in_words(rows: pd.DataFrame, pair: tuple[str, str]) -> str:
    """What the difficult labels' false positives do, a sentence per recall, as Markdown."""
    before, after = map(safe_markdown, pair)
    told = []
    for _, row in rows[rows["scope"] == "hard"].iterrows():
        bounds = interval(row["gain_low"], row["gain_high"], sign=True)
        told.append(
            f"Where each model finds {100 * row['recall']:.0f} % of the positives of the "
            f"{plural(int(row['n_labels']), 'difficult label')}, their false positives go from "
            f"{row['before_count']:,.0f} with {before} to {row['after_count']:,.0f} with {after}: "
            f"a change of the rate by **{number(row['gain'], sign=True)}** (95 % interval "
            f"{bounds}), **{verdict_word(row['verdict'])}**."
        )
    return " ".join(told)


def rate_table(rows: pd.DataFrame, pair: tuple[str, str]) -> pd.DataFrame:
    """The numbers of the picture as text, one row each."""
    columns = {
        "Change": [_rate(row, "gain", sign=True) for _, row in rows.iterrows()],
        "Verdict": [verdict_word(verdict) for verdict in rows["verdict"]],
    }
    for side, name in zip(("before", "after"), pair, strict=True):
        head = one_line(name)
        columns[f"FPR {head}"] = [_rate(row, f"{side}_value") for _, row in rows.iterrows()]
        columns[f"False positives, {head}"] = [f"{n:,.0f}" for n in rows[f"{side}_count"]]
    index = pd.Index(rows["name"], name="Labels")
    return pd.DataFrame(columns, index=index)


def how_to_read(view: View) -> str:
    """What the marks and the parts are, as Markdown."""
    n_hard = int(view.labels["hard"].sum())
    return (
        f"Difficult labels are the {n_hard} of the hardest third for "
        f"{safe_markdown(view.reference)} on validation, the others those that also have enough "
        "positives. Each model has a threshold of its own per label, which finds this share of the "
        "positives on validation, so that only false positives differ. Marks are means over labels "
        "with their 95 % intervals, which hold how far thresholds would move with other validation "
        "images. The two models see the same images, so the interval of the change is narrower "
        "than the two of the rates suggest. Gains shows every label (choose the metric there)."
    )


def _counts(view: View, rows: pd.DataFrame, scope: str) -> dict[str, float]:
    chosen = view.labels[view.labels["supported"] & (view.labels["hard"] == (scope == "hard"))]
    known = rows[rows["scope"] == "label"].merge(chosen[["label", "positives", "known"]])
    absent = known["known"] - known["positives"]
    return {
        f"{side}_count": float((known[f"{side}_value"] * absent).sum())
        for side in ("before", "after")
    }


def _rate(row: pd.Series, name: str, *, sign: bool = False) -> str:
    value, low, high = (row[f"{name}{end}"] for end in _ENDS)
    return f"{number(value, sign=sign)} ({interval(low, high, sign=sign)})"


def alt(rows: pd.DataFrame, pair: tuple[str, str]) -> str:
    """The rates of both models, for a person who cannot see the picture."""
    before, after = map(one_line, pair)
    told = "; ".join(
        f"{row['name']}: {number(row['before_value'])} to {number(row['after_value'])}"
        for _, row in rows.iterrows()
    )
    return f"False-positive rate of {before} and then of {after}. {told}."
