"""The tables of the Reliability page, and what its charts show in words."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from udviz.figures.style.text import number, one_line
from udviz.figures.style.theme import MarkerStyle
from udviz.ui.labels import tables

N_WORST = 8
Styles = Mapping[str, MarkerStyle]
HOW_TO_READ_WORST = (
    f"Up to {N_WORST} labels whose ECE exceeds that of a calibrated model most; read them like "
    "the diagram above. Click one to open its label."
)


SCORES = {  # head: column
    "ECE": "ece",
    "ECE expected": "null",
    "ECE, 95th percentile": "null_upper",
    "ECE above expected": "excess",
    "MCE": "mce",
    "Brier": "brier",
    "NLL": "nll",
}
_OF_LABELS = ("ECE above expected", "ECE", "ECE expected")


def draw_models(rows: pd.DataFrame, label: str | None, *, styles: Styles) -> None:
    """Draw `model_table`, with what each number means behind its head."""
    tables.draw(
        model_table(rows, label, styles=styles),
        key="calibration",
        alt="Calibration of each model, one row per model",
    )


def model_table(rows: pd.DataFrame, label: str | None, *, styles: Styles) -> pd.DataFrame:
    """Calibration of each model as text, of one label or of all labels pooled."""
    pooled = rows["scope"] == "pooled"  # by scope: a label may have any name
    chosen = rows[pooled] if label is None else rows[~pooled & (rows["label"] == label)]
    table = {"Model": [styles[name].text for name in chosen["model"]]}
    for head, column in SCORES.items():
        table[head] = [number(value, sign=column == "excess") for value in chosen[column]]
    return pd.DataFrame(table).set_index("Model")


def label_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per label, the most miscalibrated for the first model first.

    Returns:
        Columns ``label``, ``known``, ``positives`` (images), then `column_of` every score of
        `SCORES` and model.
    """
    labels = rows[rows["scope"] == "label"].set_index("label")
    parts = {name: labels[labels["model"] == name] for name in labels["model"].unique()}
    first = next(iter(parts))
    scores = {
        column_of(column, name): part[column]
        for name, part in parts.items()
        for column in SCORES.values()
    }
    wide = parts[first][["known", "positives"]].assign(**scores).reset_index()
    ordered: pd.DataFrame = wide.sort_values(
        column_of("excess", first), ascending=False, kind="stable"
    )
    return ordered


def column_of(score: str, model: str) -> str:
    """Column of a score of a model in `label_table`."""
    return f"{score}: {model}"


def worst(labels: pd.DataFrame, model: str) -> pd.DataFrame:
    """Up to `N_WORST` labels whose ECE exceeds the expected one most.

    Returns:
        Columns ``label``, ``positives``, ``ece``, ``ece_null`` and ``ece_excess`` of the model.
    """
    above = labels[labels[column_of("excess", model)] > 0].head(N_WORST)
    scores = {"ece": "ece", "ece_null": "null", "ece_excess": "excess"}
    of_model = {name: above[column_of(score, model)] for name, score in scores.items()}
    return above[["label", "positives"]].assign(**of_model)


def named_table(labels: pd.DataFrame, *, styles: Styles) -> pd.DataFrame:
    """`label_table` as it is shown and downloaded: a head per model and score."""
    named = {
        column_of(SCORES[head], name): f"{head}, {style.text}"
        for head in _OF_LABELS
        for name, style in styles.items()
    }
    known = {"label": "Label"} | {c: h for c, h in named.items() if c in labels}
    shown = known | {"positives": "Positives"}
    return labels[list(shown)].rename(columns=shown)


def draw_labels(
    labels: pd.DataFrame, *, styles: Styles, opened: str | None, file_name: str
) -> None:
    """Draw `named_table`; a click on a row opens its label, whose row is marked."""
    table = named_table(labels, styles=styles)
    tables.draw_rows(
        table,
        labels["label"].tolist(),
        opened=opened,
        key="reliability-table",
        alt="Calibration error of every label, the most miscalibrated first",
        formats={
            head: st.column_config.NumberColumn(format="%.3f", help=tables.meaning_of(head))
            for head in table.columns[1:-1]
        },
        csv=tables.Csv(file_name=file_name),
    )


def alt_worst(labels: pd.DataFrame, model: str) -> str:
    """Which labels the reliability grid shows, for a person who cannot see it."""
    excess = zip(labels["label"], labels["ece_excess"], strict=True)
    told = ", ".join(f"{one_line(name)} {number(value)}" for name, value in excess)
    return f"Most miscalibrated labels of {one_line(model)}, with their ECE above expected: {told}."
