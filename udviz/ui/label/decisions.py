"""The part of the Label page on scores and thresholds."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from udviz.figures.calibration.decisions import precision_recall, probability_distributions
from udviz.figures.style.text import interval, number, one_line, plural, safe_html, shorten
from udviz.figures.style.theme import ROLES
from udviz.stats.decisions.confusion import Confusion
from udviz.ui.frame import charts
from udviz.ui.frame.view import View
from udviz.ui.label.label_models import EVEN, LabelModel
from udviz.ui.label.thresholds import pick_thresholds
from udviz.ui.load.caches import label_curve, label_distribution

NO_CURVE = (
    "No image of this split carries this label, so there is no precision-recall curve. "
    "Every image called present is a false alarm."
)
HOW_TO_READ = (
    "Histograms: bars above the axis are images with the label, hatched bars below it images "
    "without; each side adds up to 100 %, and heights grow with the square root of the share. "
    "Dashed lines are the thresholds. Curves: the marks are the models at their thresholds."
)
ALT_TABLE = "Counts, precision, recall and F1 of each model at its threshold"
HOW_TO_READ_TABLE = (
    "TP: called present and marked so; FP: called, not marked; FN: marked, not called; TN: "
    "neither. In brackets, 95 % Wilson intervals; an F1 has none here."
)


def show(view: View, label: str, models: Mapping[str, LabelModel]) -> dict[str, float]:
    """Draw scores, curves and decisions; the threshold of each role, as a probability."""
    st.header("Scores and decisions", anchor=False)
    pictures = st.container()
    thresholds, moved = pick_thresholds(models, of=(view.study.path.name, view.split, label))
    points = {role: model.confusion(thresholds[role]) for role, model in models.items()}
    with st.container(key="decided"):
        st.markdown(about_thresholds(view, models, thresholds, moved=moved))
        st.table(decision_table(points, thresholds), border="horizontal", alt=ALT_TABLE)
    st.caption(f"{HOW_TO_READ} {HOW_TO_READ_TABLE}{_about_runs(view)}")
    with pictures, st.grid(2, min_column_width=440) as grid:  # last: the counts answer first
        with grid.cell():
            _draw_distributions(label, models, thresholds)
        with grid.cell():
            _draw_curves(label, models, points)
    return thresholds


def about_thresholds(
    view: View,
    models: Mapping[str, LabelModel],
    thresholds: Mapping[str, float],
    *,
    moved: bool,
) -> str:
    """Where the thresholds come from, as Markdown."""
    if moved:
        level = number(next(iter(thresholds.values())))
        return f"Every model decides at **{level}**, the threshold picked above."
    if not any(model.chosen for model in models.values()):
        return (
            "No threshold was chosen on validation, which takes enough positives there: each model "
            f"decides at **{number(EVEN)}**. Move the slider to give all of them another."
        )
    text = "Each model decides at **its own threshold, chosen on validation** for the best F1"
    if view.split == "val":
        text += " (on these very images, so F1 flatters it)"
    few = [ROLES[role].word.lower() for role, model in models.items() if not model.chosen]
    if few:
        text += f"; too few positives were there for: {', '.join(few)} ({number(EVEN)})"
    return f"{text}. Move the slider to give all of them another."


def decision_table(
    points: Mapping[str, Confusion], thresholds: Mapping[str, float]
) -> pd.DataFrame:
    """Counts and scores of each model's decisions as text, one row per model."""
    rows = [
        {
            "Model": f"{ROLES[role].glyph}\u00a0{ROLES[role].word}",
            "Threshold": number(thresholds[role]),
            "TP": f"{point.true_positives:,}",
            "FP": f"{point.false_positives:,}",
            "FN": f"{point.false_negatives:,}",
            "TN": f"{point.true_negatives:,}",
            "Precision": _with_interval(point.precision, point.precision_interval()),
            "Recall": _with_interval(point.recall, point.recall_interval()),
            "F1": number(point.f1),
        }
        for role, point in points.items()
    ]
    return pd.DataFrame(rows).set_index("Model")


def _with_interval(value: float, ends: tuple[float, float]) -> str:
    bounds = interval(*ends)
    return number(value) if number(value) == bounds else f"{number(value)} ({bounds})"


def _draw_distributions(
    label: str, models: Mapping[str, LabelModel], thresholds: Mapping[str, float]
) -> None:
    found = {role: label_distribution(model.version, label) for role, model in models.items()}
    title = f"Probabilities of {safe_html(shorten(label))}"
    charts.draw(
        probability_distributions(found, thresholds, title=title),
        key="distributions",
        alt=f"Histograms of the probability of {one_line(label)} in images with and without it: "
        + "; ".join(
            f"{ROLES[role].word}, {plural(int(n_with), 'image')} with and "
            f"{plural(int(n_without), 'image')} without"
            for role, of in found.items()
            for n_with, n_without in [of.counts.sum(axis=1)]
        )
        + ".",
    )


def _draw_curves(
    label: str, models: Mapping[str, LabelModel], points: Mapping[str, Confusion]
) -> None:
    carried = {role: models[role] for role, point in points.items() if point.present}
    if not carried:
        st.info(NO_CURVE)
        return
    curves = {role: label_curve(model.version, label) for role, model in carried.items()}
    title = f"Precision and recall of {safe_html(shorten(label))}"
    charts.draw(
        precision_recall(
            curves,
            {role: points[role] for role in carried},
            prevalence=next(points[role].prevalence for role in carried),
            title=title,
        ),
        key="precision-recall",
        alt=f"Precision-recall curves of {one_line(label)}: "
        + "; ".join(
            f"{ROLES[role].word}, average precision {number(curve.area)}, at its threshold "
            f"precision {number(points[role].precision)} and recall {number(points[role].recall)}"
            for role, curve in curves.items()
        )
        + ".",
    )


def _about_runs(view: View) -> str:
    if (view.models["runs"] > 1).any():
        return (
            " This study trained several seeds: curves, counts and images on this page are of "
            "each model's **first run**, the AP at the top is the mean over its runs."
        )
    return ""
