"""The tables beside the pictures: the same numbers, named for a reader."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from udviz.figures.style.text import MISSING, count, interval, number
from udviz.figures.style.theme import ROLES
from udviz.ui.frame.sidebar import open_label
from udviz.ui.labels.sentences import verdict_word

_AP = {f"ap_{role}": f"{mark.word} AP" for role, mark in ROLES.items()}
_SHOWN = {
    "difficulty_rank": "Rank",
    "label": "Label",
    **_AP,
    "gain": "Gain",
    "gain_low": "Gain, low",
    "gain_high": "Gain, high",
    "verdict": "Verdict",
    "positives": "Positives",
    "train_positives": "In training",
    "causes": "Causes",
}
_MORE = {
    "rank_low": "Rank, low",
    "rank_high": "Rank, high",
    "difficulty": "Difficulty",
    "gain_q": "q",
    "prevalence": "Prevalence",
    "disagreement": "Disagreement, nats",
    "entropy": "Entropy, nats",
    "ece_teacher": "Teacher ECE",
    "ece_baseline": "Baseline ECE",
    "ece_distilled": "Distilled ECE",
}
# What a spreadsheet takes for the start of one; the wide signs are those of Japanese input.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WHOLE = ("Rank", "Positives", "In training", "Rank, low", "Rank, high")


def model_table(models: pd.DataFrame) -> pd.DataFrame:
    """Headline scores as text, one row per model."""
    rows = [
        {
            "Model": f"{ROLES[model['role']].glyph} {ROLES[model['role']].word}",
            "Mean AP": number(model["mean_average_precision"]),
            "95 % interval": interval(model["map_low"], model["map_high"]),
            "Trusted labels": number(model["map_supported"]),
            "Well trained": number(model["map_trained"]),
            "CF1": number(model["cf1"]),
            "OF1": number(model["of1"]),
            "Seeds": count(model["runs"]),
            "Seed sd": number(model["map_seed_sd"]),
        }
        for _, model in models.iterrows()
    ]
    return pd.DataFrame(rows).set_index("Model")


def model_scores(models: pd.DataFrame) -> pd.DataFrame:
    """Mean average precision per role, as `model_scores` takes it."""
    names = {"mean_average_precision": "score", "map_low": "low", "map_high": "high"}
    return models.rename(columns=names)[["role", "score", "low", "high"]]


def label_scores(label: pd.Series) -> pd.DataFrame:
    """Average precision of one label per role, as `model_scores` takes it."""
    rows = [
        {
            "role": role,
            "score": label[f"ap_{role}"],
            "low": label[f"ap_{role}_low"],
            "high": label[f"ap_{role}_high"],
        }
        for role in ROLES
        if pd.notna(label[f"ap_{role}"])
    ]
    return pd.DataFrame(rows, columns=["role", "score", "low", "high"])


def label_model_table(label: pd.Series) -> pd.DataFrame:
    """One label's numbers as text, one row per model."""
    rows = [
        {
            "Model": f"{mark.glyph} {mark.word}",
            "AP": number(label[f"ap_{role}"]),
            "95 % interval": interval(label[f"ap_{role}_low"], label[f"ap_{role}_high"]),
            "Calibration error": number(label[f"ece_{role}"]),
        }
        for role, mark in ROLES.items()
        if pd.notna(label[f"ap_{role}"])
    ]
    return pd.DataFrame(rows).set_index("Model")


def label_table(labels: pd.DataFrame) -> pd.DataFrame:
    """One row per label, numbers as numbers so that the table sorts by them.

    Columns that this study does not have are left out.
    """
    named = {**_SHOWN, **_MORE}
    table = labels.assign(verdict=labels["verdict"].map(verdict_word))
    known = [name for name in named if table[name].notna().any()]
    return table[known].rename(columns=named).reset_index(drop=True)


def draw_labels(labels: pd.DataFrame, *, opened: str | None, key: str) -> None:
    """Draw `label_table`; a click on a row opens its label, whose row is marked."""
    draw_rows(
        label_table(labels),
        labels["label"].tolist(),
        opened=opened,
        key=key,
        alt="Every label in view with its numbers, one row per label",
        formats=_formats(),
        order=list(_SHOWN.values()),
    )


def draw_rows(
    table: pd.DataFrame,
    names: list[str],
    *,
    opened: str | None,
    key: str,
    alt: str,
    formats: Mapping[str, Any],
    order: list[str] | None = None,
) -> None:
    """Draw a table of labels; a click on a row opens its label, whose row is marked.

    Args:
        table: One row per label.
        names: Their labels, in the same order.
        opened: Label whose row is marked.
        key: Name of the table, unique on its page.
        alt: What it shows, for a person who cannot see it.
        formats: Streamlit's column settings by heading; the label stays in sight.
        order: Columns shown at first; all if None.
    """

    def clicked() -> None:
        if rows := st.session_state[key].selection.rows:
            open_label(names[rows[0]])

    marked = [names.index(opened)] if opened in names else []
    st.session_state[key] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    st.dataframe(
        table,
        key=key,
        alt=alt,
        hide_index=True,
        column_order=order,
        column_config={**formats, "Label": st.column_config.TextColumn(pinned=True)},
        on_select=clicked,
        selection_mode="single-row",
        placeholder=MISSING,
    )


def offer_csv(table: pd.DataFrame, *, label: str, file_name: str) -> None:
    """A button that downloads ``table``, which is written only when it is pressed."""
    st.download_button(
        label,
        data=lambda: safe_csv(table),
        file_name=file_name,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


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


def _formats() -> dict[str, Any]:
    columns: dict[str, Any] = {
        name: st.column_config.NumberColumn(format="%d" if name in _WHOLE else "%.3f")
        for name in {**_SHOWN, **_MORE}.values()
    }
    columns["Verdict"] = columns["Causes"] = st.column_config.TextColumn()
    return columns
