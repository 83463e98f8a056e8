"""The tables of the Reliability page, and what its charts show in words."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from udviz.figures.style.text import number, one_line
from udviz.figures.style.theme import ROLES
from udviz.stats.calibration.reliability_bins import ReliabilityBins
from udviz.ui.labels import tables

N_WORST = 8
HOW_TO_READ_WORST = (
    f"Up to {N_WORST} labels, those whose ECE exceeds most what chance alone would show; to be "
    "read like the diagram above. Click one to open its label."
)
_TABLE = {
    "ECE": "ece",
    "By chance": "null",
    "At most": "null_upper",
    "Excess": "excess",
    "MCE": "mce",
    "Brier": "brier",
    "NLL": "nll",
}


def model_table(rows: pd.DataFrame, label: str | None) -> pd.DataFrame:
    """Calibration of each model as text, of one label or of all labels pooled."""
    pooled = rows["column"].isna()  # a label may be called like the pooled row
    chosen = rows[pooled] if label is None else rows[~pooled & (rows["label"] == label)]
    table = {"Model": [f"{ROLES[role].glyph} {ROLES[role].word}" for role in chosen["role"]]}
    for name, column in _TABLE.items():
        table[name] = [number(value, sign=name == "Excess") for value in chosen[column]]
    return pd.DataFrame(table).set_index("Model")


def label_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per label, the largest excess of the first role first.

    Columns ``label``, ``known``, ``positives`` (images), then ``<score>_<role>``.
    """
    labels = rows[rows["column"].notna()].set_index("label")
    by_role = {role: labels[labels["role"] == role] for role in labels["role"].unique()}
    first = next(iter(by_role))
    scores = [part[[*_TABLE.values(), "p"]].add_suffix(f"_{r}") for r, part in by_role.items()]
    wide = pd.concat([by_role[first][["known", "positives"]], *scores], axis=1).reset_index()
    ordered: pd.DataFrame = wide.sort_values(f"excess_{first}", ascending=False, kind="stable")
    return ordered


def worst(labels: pd.DataFrame, role: str) -> pd.DataFrame:
    """At most `N_WORST` labels whose error exceeds its null level most."""
    return labels[labels[f"excess_{role}"] > 0].head(N_WORST)


def draw_labels(labels: pd.DataFrame, *, opened: str | None) -> None:
    """Draw `label_table`; a click on a row opens its label, whose row is marked."""
    named = {
        f"{score}_{role}": f"{mark.word} {word}"
        for word, score in (("excess", "excess"), ("ECE", "ece"), ("by chance", "null"))
        for role, mark in ROLES.items()
        if f"{score}_{role}" in labels
    }
    shown = {"label": "Label", **named, "positives": "Positives"}
    tables.draw_rows(
        labels[list(shown)].rename(columns=shown),
        labels["label"].tolist(),
        opened=opened,
        key="reliability-table",
        alt="Calibration error of every label beyond its null level, worst first",
        formats={name: st.column_config.NumberColumn(format="%.3f") for name in named.values()},
    )


def alt(bins: Mapping[str, ReliabilityBins], label: str | None) -> str:
    """What a diagram shows, for a person who cannot see it."""
    parts = []
    for role, found in bins.items():
        held = found.count[0] > 0
        ends = zip(found.mean_prob[0][held], found.frequency[0][held], strict=True)
        told = [f"{number(prob)} seen {number(frequency)}" for prob, frequency in ends]
        if told:
            parts.append(f"{ROLES[role].word} from probability {told[0]} to {told[-1]}")
    return f"Reliability of {one_line(label or 'all labels pooled')}: {'; '.join(parts)}."


def alt_worst(labels: pd.DataFrame, role: str) -> str:
    """Which labels the little diagrams show, for a person who cannot see them."""
    excess = zip(labels["label"], labels[f"excess_{role}"], strict=True)
    told = ", ".join(f"{one_line(name)} {number(value)}" for name, value in excess)
    return f"Labels with the largest calibration error beyond chance, {ROLES[role].word}: {told}."
