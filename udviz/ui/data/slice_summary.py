"""What the reference model is worth on each slice, over the labels that both sides support."""

import pandas as pd
import streamlit as st

from udviz.figures.style.text import count, interval, number, p_value, plural, safe_markdown
from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.load.slice_rows import LEVEL, slice_rows, unmirrored
from udviz.vocabulary import SLICE_METRICS

WHY_AUROC = (
    "AP depends on prevalence, so slices with other prevalences differ in it even where the model "
    "ranks equally well: a difference of AP is expected and not tested. AUROC does not depend on "
    "it, and tells whether the ranking is worse."
)


def show(view: View, column: str) -> None:
    """Draw the means over labels of each slice of ``column`` beside those of the rest.

    Args:
        view: Study and split.
        column: The metadata column.
    """
    rows = slice_rows(view, split=view.split, slice_column=column, scope="mean")
    rows = rows[rows["metric"] != "prevalence"]
    rows = unmirrored(rows)
    if rows.empty:
        st.caption(
            f"No label has enough positives on both sides of a slice of {view.split} to say what "
            "the model is worth on it."
        )
        return
    st.subheader("Is the model as good on every slice?", anchor=False)
    n_labels = int(rows["n_labels"].max())
    st.markdown(_sentence(view, rows))
    table = pd.DataFrame([_row(row) for _, row in rows.iterrows()])
    tables.draw(
        table,
        key="slice-means",
        alt="Means over labels of each slice and of the rest",
        csv=tables.Csv(rows=rows, file_name=view.file_name("slice-means.csv")),
    )
    st.caption(
        f"{view.split}, {safe_markdown(view.reference)}: means over up to "
        f"{plural(n_labels, 'label')} with enough positives on both sides. {WHY_AUROC}"
    )


def _row(row: pd.Series) -> dict[str, str]:
    return {
        "Slice of images": str(row["slice"]),
        "Images": count(row["known"]),
        "Labels": count(row["n_labels"]),
        "Mean over labels": SLICE_METRICS[row["metric"]],
        "Slice": number(row["value"]),
        "Rest": number(row["rest"]),
        "Difference": number(row["difference"], sign=True),
        "95 % interval": interval(row["difference_low"], row["difference_high"], sign=True),
        "p": p_value(row["p"]),
    }


def _sentence(view: View, rows: pd.DataFrame) -> str:
    """The slice whose ranking differs most, as Markdown."""
    ranking = rows[rows["metric"] == "auroc"].sort_values("p", kind="stable")
    first, n_tests = ranking.iloc[0], len(ranking)
    name = safe_markdown(str(first["slice"]))
    bounds = interval(first["difference_low"], first["difference_high"], sign=True)
    size = f"{number(first['difference'], sign=True)} ({bounds}) against the rest"
    if first["p"] * n_tests > LEVEL:  # Bonferroni
        return f"No slice is ranked better or worse beyond chance: mean AUROC of {name} {size}."
    word = "better" if first["difference"] > 0 else "worse"
    return f"{safe_markdown(view.reference)} ranks {word} on **{name}**: mean AUROC {size}."
