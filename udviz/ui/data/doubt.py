"""What the doubts of a split amount to, before anybody looks at a tile."""

import pandas as pd
import streamlit as st

from udviz.figures.style.text import p_equals, plural, safe_markdown
from udviz.stats.difficulty.causes import FALSE_DISCOVERY_RATE
from udviz.stats.label_errors.suspects import EXTRA
from udviz.ui.frame import links
from udviz.ui.frame.view import View
from udviz.ui.load.analysis_rows import analysis_rows
from udviz.ui.load.slice_rows import LEVEL, slice_rows
from udviz.ui.load.study import remake_command

_MOST_NAMED = 8
NOT_JUDGED = (
    "Training labels were not judged: a model agrees with the errors it was trained on. This "
    "command trains two models on half of the training images each, and judges the other half:"
)


def show(view: View, *, training_judged: bool, n_sliced: int) -> None:
    """Say whether any label has more unannotated images than the model's errors explain.

    Args:
        view: What the page speaks of.
        training_judged: Whether the training targets were searched, by other models.
        n_sliced: Labels whose prevalence differs between slices, which no model needs to notice.
    """
    st.markdown(whether_missing(view.labels, training_judged=training_judged))
    if n_sliced:
        told = f"{plural(n_sliced, 'label')} annotated more often in some slice than elsewhere"
        links.to_data("slices", text=told)
    trained_here = (view.models["kind"] != "brought").any()
    if not training_judged and trained_here:
        with st.expander("Judge the training labels", icon=":material/model_training:"):
            st.caption(NOT_JUDGED)
            st.code(
                f"{remake_command(view.study.path)} --crossfit_folds 2",
                language="bash",
                wrap_lines=True,
            )


def whether_missing(labels: pd.DataFrame, *, training_judged: bool) -> str:
    """Which labels miss annotations beyond what the model's errors explain, as Markdown."""
    of = " training" if training_judged else ""
    tested = labels[labels["suspect_q"].notna()]
    found = tested[tested["suspect_q"] <= FALSE_DISCOVERY_RATE].sort_values("suspect_q")
    if tested.empty:
        return (
            "No label has enough annotated images among those that the model is most certain of to "
            "tell missing annotations from its errors."
        )
    if found.empty:
        n, others = len(tested), len(labels) - len(tested)
        which = f"No label of {n} that can be tested" if others else "No label"
        rest = f"Expect most of these{of} annotations to be correct."
        if n < others:
            rest = (
                f"Of the other {others} nothing is known: the model is certain of too few images."
            )
        return (
            f"**{which} has more doubts than the model's own errors explain** (lowest q "
            f"{p_equals(tested['suspect_q'].min())}). {rest}"
        )
    names = ", ".join(safe_markdown(label) for label in found["label"].head(_MOST_NAMED))
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return (
        f"**Annotations seem to be missing** in {len(found)} of {plural(len(tested), 'label')}: "
        f"{names}{more}. There, images that the model is most certain of lack the{of} annotation "
        f"more often than its probabilities allow (q ≤ {FALSE_DISCOVERY_RATE:g})."
    )


def n_differing_in_slices(view: View) -> int:
    """Labels that are annotated more often in some slice than elsewhere, beyond chance.

    Raises:
        StudyError: If the table is missing or damaged.
    """
    rows = slice_rows(view, metric="prevalence", scope="label")
    return int(rows.loc[rows["q"] <= LEVEL, "label"].nunique())


def outliers_of(view: View, split: str) -> pd.DataFrame:
    """Outlier images of a split, the most labels first.

    Raises:
        StudyError: If the table is missing or damaged.
    """
    return analysis_rows(
        view.study,
        "outlier_images",
        columns=["image_id", "unmarked", "carried", "labels"],
        where=(("split", (split,)),),
    ).sort_values("unmarked", ascending=False, kind="stable")


def outliers_in_words(outliers: pd.DataFrame) -> str:
    """How many images were set apart and why, as Markdown; empty where none was."""
    if outliers.empty:
        return ""
    first = outliers.iloc[0]
    have = "is an outlier" if len(outliers) == 1 else "are outliers"
    return (
        f"{plural(len(outliers), 'image')} {have}: the model is most certain of implausibly many "
        f"labels there (of {int(first['unmarked'])} unannotated ones on "
        f"{safe_markdown(first['image_id'])}). They say nothing of any one label and are left out "
        "of the judgement above; look at them for a broken file, a collage or a missing label list."
    )


def about_image(image_id: str, outliers: pd.DataFrame) -> str:
    """That an image is an outlier, as Markdown; else empty."""
    unmarked = outliers.loc[outliers["image_id"] == image_id, "unmarked"]
    if unmarked.empty:
        return ""
    return f"*Outlier image: most certain of {int(unmarked.iloc[0])} unannotated labels.*"


def given(suspect: pd.Series) -> str:
    """What the data set says of a doubted target."""
    return "annotated" if suspect["direction"] == EXTRA else "not annotated"
