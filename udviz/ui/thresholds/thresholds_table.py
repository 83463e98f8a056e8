"""The table of the Thresholds page, and what is taken away from it."""

import json

import pandas as pd
import streamlit as st

from udviz.ui.frame.view import View
from udviz.ui.labels import tables
from udviz.ui.thresholds.rule import Rule

HEADS = {
    "label": "Label",
    "threshold": "Threshold",
    "precision": "Precision",
    "precision_low": "Precision, low",
    "precision_high": "Precision, high",
    "recall": "Recall",
    "recall_low": "Recall, low",
    "recall_high": "Recall, high",
    "f1": "F1",
    "predicted_rate": "Predicted",
    "prevalence": "Prevalence",
    "positives": "Positives",
    "note": "Note",
}
_FORMATS = {"threshold": "%.4f", "positives": "%d"}
CODE = """import json
thresholds = json.load(open("thresholds.json"))["thresholds"]  # label -> probability, or None
for label, p in zip(label_names, probabilities):               # of one image
    if thresholds[label] is not None and p >= thresholds[label]:
        print(label)"""


def draw(rows: pd.DataFrame, *, opened: str | None) -> None:
    """Draw every label's threshold and what it gives; a click on a row opens its label."""
    tables.draw_rows(
        rows[list(HEADS)].rename(columns=HEADS),
        rows["label"].tolist(),
        opened=opened,
        key="thresholds-table",
        alt="Threshold of every label, with its precision, recall and F1",
        formats={
            head: st.column_config.NumberColumn(
                format=_FORMATS.get(name, "%.3f"), help=tables.meaning_of(head)
            )
            for name, head in HEADS.items()
            if name not in ("label", "note")
        },
        order=[head for head in HEADS.values() if ", " not in head],
    )


def offer(view: View, rows: pd.DataFrame, rule: Rule) -> None:
    """Buttons that download the thresholds, and the lines of code that apply them."""
    name = f"{view.study.path.name}-{rule.model}-thresholds"
    with st.container(horizontal=True):
        st.download_button(
            "Thresholds (JSON)",
            data=lambda: as_json(rows, rule),
            file_name=f"{name}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        tables.offer_csv(rows[list(HEADS)], label="This table (CSV)", file_name=f"{name}.csv")
    with st.expander("Lines that apply them"):
        st.code(CODE, language="python")


def as_json(rows: pd.DataFrame, rule: Rule) -> str:
    """Label -> threshold as a probability, ``null`` where no threshold reaches the goal."""
    values = {
        str(row["label"]): None if pd.isna(row["threshold"]) else float(row["threshold"])
        for _, row in rows.iterrows()
    }
    told = {"model": rule.model, "rule": rule.words, "chosen_on": "val", "thresholds": values}
    return json.dumps(told, indent=2, ensure_ascii=False)
