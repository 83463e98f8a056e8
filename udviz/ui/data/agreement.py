"""Who has reviewed how much, whether they agree, and the labels as corrected by them."""

import pandas as pd
import streamlit as st

from udviz.figures.style.text import interval, number, plural, safe_markdown
from udviz.installation import module_of
from udviz.launching.launch import as_typed
from udviz.recipe.brought import BROUGHT
from udviz.stats.label_errors.agreement import reviewer_agreement
from udviz.ui.data import reviewing
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.vocabulary import WRONG

_OF = ["image_id", "label", "target"]
HOW_TO_READ = (
    "Agreement counts the targets of this split that both reviewed, with *change label*, *keep "
    "label* and *unsure* as three answers. Cohen's κ is the agreement beyond what two reviewers "
    "with these shares of answers reach by chance: 1 is perfect, 0 is chance. It is undefined "
    "where both gave the same one answer throughout. Intervals are 95 %."
)
CORRECTED = (
    "The table that you brought, with the targets changed that everybody who reviewed them calls "
    "wrong, and nothing else. A target on which reviewers differ stays as it is, and the command "
    "says how many do."
)
NO_TABLE = (
    "The labels of this study came from no table of its own; this writes them beside the images, "
    "as they were annotated and as reviewed. A target on which reviewers differ stays as it is."
)


def show(view: View, split: str) -> None:
    """Draw the agreement on a split where two have reviewed, and offer what was corrected."""
    reviews = reviewing.reviews_table(view.study.path)
    of_split = reviews[reviews["split"] == split]
    if of_split["reviewer"].nunique() > 1:
        _show_agreement(of_split)
    if not reviews.empty:
        _offer_corrected(view, reviews, of_split)


def _show_agreement(reviews: pd.DataFrame) -> None:
    st.header("Agreement of reviewers", anchor=False)
    counts = reviews["reviewer"].value_counts()
    st.markdown(
        "Reviewed: "
        + ", ".join(
            f"{safe_markdown(str(name) or reviewing.UNNAMED)} {n:,}" for name, n in counts.items()
        )
        + "."
    )
    pairs = reviewer_agreement(
        reviews["reviewer"].tolist(),
        reviews.groupby(_OF).ngroup().tolist(),
        reviews["verdict"].tolist(),
    )
    if pairs.empty:
        st.info("No target has been reviewed by two people yet.")
        return
    tables.draw(agreement_table(pairs), key="agreement", alt="Agreement of every two reviewers")
    st.caption(HOW_TO_READ)


def agreement_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """`reviewer_agreement` as text, one row per pair of reviewers."""
    rows = [
        {
            "Reviewers": ", ".join(pair[by] or reviewing.UNNAMED for by in ("first", "second")),
            "Both reviewed": f"{pair['both']:,}",
            "Same answer": f"{pair['agreed']:,}",
            "Same answer, share": _with_interval(pair["share"], pair["low"], pair["high"]),
            "Cohen's κ": "undefined"
            if pd.isna(pair["kappa"])
            else _with_interval(pair["kappa"], pair["kappa_low"], pair["kappa_high"]),
        }
        for _, pair in pairs.iterrows()
    ]
    return pd.DataFrame(rows).set_index("Reviewers")


def _with_interval(value: float, low: float, high: float) -> str:
    return f"{number(value, digits=2)} ({interval(low, high, digits=2)})"


def _offer_corrected(view: View, reviews: pd.DataFrame, of_split: pd.DataFrame) -> None:
    st.header("Corrected labels", anchor=False)
    by_target = of_split.groupby(_OF)["verdict"]
    differ = by_target.nunique() > 1
    n_wrong = int((~differ & (by_target.first() == WRONG)).sum())
    told = f"{plural(n_wrong, 'target')} of this split to change"
    st.markdown(told + (f"; reviewers differ on {differ.sum():,}." if differ.any() else "."))
    has_table = BROUGHT in view.study.recipe or view.study.setting("data.kind") == "table"
    st.caption(CORRECTED if has_table else NO_TABLE)
    to = ["labels"] if has_table else ["huggingface", "--model", view.reference]
    command = [*module_of("export"), str(view.study.path), "--to", *to]
    st.code(as_typed(command), language="bash", wrap_lines=True)
    tables.offer_csv(
        reviews,
        label="Download all reviews (CSV)",
        file_name=f"{view.study.path.name}-reviews.csv",
    )
