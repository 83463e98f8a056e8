"""The part of the Label page on scores and thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from udviz.figures.calibration.decisions import points_over, precision_recall
from udviz.figures.calibration.distributions import probability_distributions, thresholds_over
from udviz.figures.style.figure import Figure
from udviz.figures.style.text import (
    interval,
    number,
    one_line,
    plural,
    safe_html,
    safe_markdown,
    shorten,
)
from udviz.figures.style.theme import MarkerStyle
from udviz.stats.decisions.confusion import Confusion
from udviz.stats.ranking.precision_recall import PrecisionRecallCurve
from udviz.ui.frame.charts import draw as draw_chart
from udviz.ui.frame.view import View
from udviz.ui.label.flags import flags
from udviz.ui.label.label_models import EVEN, LabelModel
from udviz.ui.label.thresholds import pick_thresholds
from udviz.ui.labels import tables
from udviz.ui.load.caches import label_curve, label_distribution

NO_CURVE = (
    "No image of this split carries this label, so there is no precision-recall curve. "
    "Every image predicted present is a false positive."
)
HOW_TO_READ = (
    "Histograms: bars above the axis are images with the label, hatched bars below it images "
    "without; each side adds up to 100 %, and heights grow with the square root of the share. "
    "Dashed lines are the thresholds. Curves: the markers are the models at their thresholds."
)
ALT_TABLE = "Counts, precision, recall and F1 of each model at its threshold"
HOW_TO_READ_TABLE = (
    "TP: predicted and labelled; FP: predicted, not labelled; FN: labelled, not predicted; TN: "
    "neither. In brackets, 95 % Wilson intervals; an F1 has none here."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Chart:
    """A chart that stays when the threshold moves, and the place of what moves above it."""

    figure: Figure
    above: DeltaGenerator


@dataclass(frozen=True, eq=False, kw_only=True)
class Charts:
    """The charts of one label.

    Attributes:
        distributions: Histograms of the probabilities of every model.
        curves: Model -> its precision-recall curve, where an image carries the label.
        precision_recall: Those curves; None without any.
    """

    distributions: Chart
    curves: Mapping[str, PrecisionRecallCurve]
    precision_recall: Chart | None


def draw_scores(view: View, label: str, models: Mapping[str, LabelModel]) -> Charts:
    """Draw what does not move with the threshold."""
    st.header("Scores and decisions", anchor=False)
    with st.grid(2, min_column_width=440) as grid:
        with grid.cell():
            distributions = _draw_distributions(view, label, models)
        carried = {name: model for name, model in models.items() if (model.targets == 1).any()}
        curves = {name: label_curve(model.version, label) for name, model in carried.items()}
        with grid.cell():
            drawn = _draw_curves(view, label, models, curves)
    return Charts(distributions=distributions, curves=curves, precision_recall=drawn)


def show(
    view: View, label: str, models: Mapping[str, LabelModel], charts: Charts
) -> dict[str, float]:
    """Ask for the threshold, draw what it decides; that of each model, as a probability."""
    thresholds, moved = pick_thresholds(models, of=(view.study.path.name, view.split, label))
    points = {name: model.confusion(thresholds[name]) for name, model in models.items()}
    _mark(charts, thresholds, points, view.styles)
    with st.container(key="decided"):
        st.markdown(about_thresholds(view, models, thresholds, moved=moved))
        table = decision_table(points, thresholds, view.styles)
        tables.draw(table, key="decisions", alt=ALT_TABLE)
        scores = view.scores[view.scores["label"] == label]
        if found := flags(points, scores, chance=view.label(label)["chance"]):
            st.warning("\n\n".join(found), icon=":material/flag:")
    st.caption(f"{HOW_TO_READ} {HOW_TO_READ_TABLE}{_about_runs(view)}")
    return thresholds


def _mark(
    charts: Charts,
    thresholds: Mapping[str, float],
    points: Mapping[str, Confusion],
    styles: Mapping[str, MarkerStyle],
) -> None:
    """Lay the thresholds, and where they put the models, over the charts."""
    drawn = charts.distributions
    told = "; ".join(f"{one_line(name)} {number(at, digits=4)}" for name, at in thresholds.items())
    drawn.above.html(thresholds_over(drawn.figure, thresholds).html(f"Thresholds: {told}."))
    if chart := charts.precision_recall:
        carried = {name: points[name] for name in charts.curves}
        told = "; ".join(
            f"{one_line(name)}, precision {number(point.precision)}, recall {number(point.recall)}"
            for name, point in carried.items()
        )
        over = points_over(chart.figure, charts.curves, carried, styles)
        chart.above.html(over.html(f"At their thresholds: {told}."))


def about_thresholds(
    view: View,
    models: Mapping[str, LabelModel],
    thresholds: Mapping[str, float],
    *,
    moved: bool,
) -> str:
    """Where the thresholds come from, as Markdown."""
    if moved:
        level = number(next(iter(thresholds.values())), digits=4)
        return f"Every model decides at **{level}**, the threshold picked above."
    if not any(model.chosen for model in models.values()):
        return (
            "No threshold was chosen on validation, which takes enough positives there: each model "
            f"decides at **{number(EVEN)}**. Move the slider to give all of them another."
        )
    text = "Each model decides at **its own threshold, chosen on validation** for the best F1"
    if view.split == "val":
        text += " (on these very images, so F1 is too good)"
    few = [safe_markdown(name) for name, model in models.items() if not model.chosen]
    if few:
        text += f"; too few positives were there for: {', '.join(few)} ({number(EVEN)})"
    return f"{text}. Move the slider to give all of them another."


def decision_table(
    points: Mapping[str, Confusion],
    thresholds: Mapping[str, float],
    styles: Mapping[str, MarkerStyle],
) -> pd.DataFrame:
    """Counts and scores of each model's decisions as text, one row per model."""
    rows = [
        {
            "Model": styles[name].text,
            "Threshold": number(thresholds[name], digits=4),
            "TP": f"{point.true_positives:,}",
            "FP": f"{point.false_positives:,}",
            "FN": f"{point.false_negatives:,}",
            "TN": f"{point.true_negatives:,}",
            "Precision": _with_interval(point.precision, point.precision_interval()),
            "Recall": _with_interval(point.recall, point.recall_interval()),
            "F1": number(point.f1),
        }
        for name, point in points.items()
    ]
    return pd.DataFrame(rows).set_index("Model")


def _with_interval(value: float, ends: tuple[float, float]) -> str:
    bounds = interval(*ends)
    return number(value) if number(value) == bounds else f"{number(value)} ({bounds})"


def _draw_distributions(view: View, label: str, models: Mapping[str, LabelModel]) -> Chart:
    found = {name: label_distribution(model.version, label) for name, model in models.items()}
    title = f"Probabilities of {safe_html(shorten(label))}"
    return _draw(
        probability_distributions(found, view.styles, title=title),
        key="distributions",
        alt=f"Histograms of the probability of {one_line(label)} in images with and without it: "
        + "; ".join(
            f"{one_line(name)}, {plural(int(n_with), 'image')} with and "
            f"{plural(int(n_without), 'image')} without"
            for name, of in found.items()
            for n_with, n_without in [of.counts.sum(axis=1)]
        )
        + ".",
    )


def _draw_curves(
    view: View,
    label: str,
    models: Mapping[str, LabelModel],
    curves: Mapping[str, PrecisionRecallCurve],
) -> Chart | None:
    if not curves:
        st.info(NO_CURVE)
        return None
    prevalence = next(models[name].confusion(EVEN).prevalence for name in curves)
    title = f"Precision and recall of {safe_html(shorten(label))}"
    return _draw(
        precision_recall(curves, view.styles, prevalence=prevalence, title=title),
        key="precision-recall",
        alt=f"Precision-recall curves of {one_line(label)}: "
        + "; ".join(
            f"{one_line(name)}, average precision {number(curve.area)}"
            for name, curve in curves.items()
        )
        + ".",
    )


def _draw(figure: Figure, *, key: str, alt: str) -> Chart:
    with st.container(key=f"over-{key}"):
        draw_chart(figure, key=key, alt=alt)
        return Chart(figure=figure, above=st.empty())


def _about_runs(view: View) -> str:
    if (view.models["seeds"] > 1).any():
        return (
            " This study trained several seeds: curves, counts and images on this page are of "
            "each model's **first run**, the AP at the top is the mean over its runs."
        )
    return ""
