"""What the Thresholds page asks, looks up, draws and says."""

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.labels.operating_points import operating_points
from udviz.figures.style.text import number, one_line, plural, safe_html, safe_markdown
from udviz.stats.decisions.operating_points import operating_table, operating_thresholds
from udviz.stats.labels.probabilities import logit_probs
from udviz.ui.frame import charts
from udviz.ui.frame.sidebar import open_label
from udviz.ui.frame.view import View
from udviz.ui.labels.controls import pick_one
from udviz.ui.labels.model_picker import pick_model
from udviz.ui.load.caches import Version, predictions_of, thinning, version_of
from udviz.ui.load.study import StudyError
from udviz.ui.thresholds.rule import GOALS, GUARANTEES, Rule
from udviz.vocabulary import MIN_POSITIVES

NEARLY_ALL = 0.9  # of the images: who predicts so many has no decision left
HOW_TO_READ = (
    "Each mark is a label at its threshold: recall to the right, precision upwards, both on the "
    "images of the split in the sidebar; the label that is open has its 95 % Wilson intervals. "
    "Click a mark to open its label."
)
ASKED_FOR = " The dashed line is what was asked for."
NO_VALIDATION = (
    "Thresholds are chosen on a validation split, so that the test split can tell what they are "
    "worth; this study has no predictions of one."
)
GUARANTEE = (
    "The precision or recall holds on new images like these with this probability, label by label. "
    "Needs more validation images: fewer labels reach it, with higher or lower thresholds."
)


def pick(view: View) -> Rule:
    """Ask for a model and a rule; all are in the URL."""
    after = view.pair[1] if view.pair else view.names[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = pick_model(view, "Model", view.names, key="of-model", default=after)
        goal = pick_one(
            "Rule",
            list(GOALS),
            key="rule",
            help="Among the thresholds that reach a precision, the one with the most images found; "
            "among those that reach a recall, the one with the fewest false positives.",
        )
        rule = GOALS[goal]
        level, guarantee = 0.5, "none"
        if rule != "f1":
            level = st.number_input(
                "At least",
                min_value=0.01,
                max_value=0.99,
                value=0.8,
                step=0.05,
                format="%.2f",
                key="level",
                bind="query-params",
                width=120,
            )
            guarantee = pick_one(
                "Guaranteed with", list(GUARANTEES), key="guarantee", help=GUARANTEE
            )
    return Rule(
        model=model,
        goal=rule,
        level=level,
        confidence=GUARANTEES[guarantee],
        judged_on=view.split,
    )


def collect(view: View, rule: Rule) -> pd.DataFrame:
    """`operating_table` of the rule, the threshold as a probability, with a ``note`` per label.

    Labels without a threshold come last.

    Raises:
        StudyError: If the predictions of validation or of the split are not there, or damaged.
    """
    if not (view.study.models["split"] == "val").any():
        raise StudyError(NO_VALIDATION)
    chosen_on = version_of(view.study, rule.model, "val")
    judged = version_of(view.study, rule.model, view.split)
    least = int(view.study.setting("min_positives") or MIN_POSITIVES)
    rows = _table(judged, chosen_on, rule, least)
    rows = rows.assign(note=[_note(row, rule, least) for _, row in rows.iterrows()])
    return rows.sort_values("threshold", key=pd.isna, kind="stable", ignore_index=True)


@st.cache_data(max_entries=32, show_spinner="Choosing thresholds …")
def _table(judged: Version, chosen_on: Version, rule: Rule, least: int) -> pd.DataFrame:
    val, run = predictions_of(chosen_on), predictions_of(judged)
    rows = slice(None, None, thinning(chosen_on))
    logits = operating_thresholds(
        val.logits[rows],
        val.targets[rows],
        goal=rule.goal,
        level=rule.level,
        confidence=rule.confidence,
        min_positives=least,
    )
    chosen_from = np.count_nonzero(val.targets[rows] == 1, axis=0)
    rows = slice(None, None, thinning(judged))
    table = operating_table(
        run.logits[rows], run.targets[rows], thresholds=logits, label_names=list(run.label_names)
    )
    return table.assign(
        logit=logits, threshold=logit_probs(logits), validation_positives=chosen_from
    )


def _note(row: pd.Series, rule: Rule, least: int) -> str:
    """What a person should know before using a threshold; empty where there is nothing."""
    if row["validation_positives"] < least:
        return f"validation has {plural(row['validation_positives'], 'positive')}, of {least} needed"
    if pd.isna(row["threshold"]):
        return "no threshold reaches it"
    if row["predicted"] == 0:
        return "predicts no image"
    if row["predicted_rate"] >= NEARLY_ALL and row["prevalence"] < NEARLY_ALL:
        return f"predicts {row['predicted_rate']:.0%} of all images"
    if rule.goal != "f1" and row[f"{rule.goal}_high"] < rule.level:
        return f"{rule.goal} is below {rule.level:.2f} here"
    return ""


def about(rows: pd.DataFrame, rule: Rule) -> str:
    """What the rule gives over all labels, as Markdown."""
    decided = rows[rows["threshold"].notna()]
    first = (
        f"By **{rule.words}**, chosen on the validation split, {len(decided):,} of "
        f"{plural(len(rows), 'label')} of **{safe_markdown(rule.model)}** have a threshold"
    )
    more = "bring more validation images."
    more = f"Ask for less, or {more}" if rule.goal != "f1" else more.capitalize()
    if decided.empty:
        return f"{first}. {more}"
    text = (
        f"{first}; on {rule.judged_on} their median precision is "
        f"{number(decided['precision'].median())}, recall {number(decided['recall'].median())}, "
        f"F1 {number(decided['f1'].median())}."
    )
    if rule.judged_on == "val":
        text += " These are the images they were chosen on, so the numbers are too good."
    if 2 * len(decided) < len(rows):
        text += f" {more}"
    noted = decided[decided["note"] != ""]
    if len(noted):
        text += f" {plural(len(noted), 'label')} to look at before use: see *Note* in the table."
    return text


def draw(view: View, rows: pd.DataFrame, rule: Rule, *, opened: str | None) -> None:
    """Draw every label at its threshold, precision against recall."""
    decided = rows[rows["threshold"].notna()]
    if decided.empty:
        return
    charts.draw(
        operating_points(
            decided,
            {} if rule.goal == "f1" else {rule.goal: rule.level},
            title=f"{safe_html(one_line(rule.model))}: {rule.words}",
            opened=opened,
        ),
        key="operating-points",
        alt=f"Precision against recall of {plural(len(decided), 'label')}, each at its threshold "
        f"({rule.words}) on {rule.judged_on}.",
        on_click=open_label,
    )
    text = HOW_TO_READ + ("" if rule.goal == "f1" else ASKED_FOR)
    seeds = view.models.set_index("model")["seeds"]
    if seeds.get(rule.model, 1) > 1:
        text += " Thresholds and numbers are of the model's **first run**."
    st.caption(text)
