"""Label by label: how alike the models look, whether they look at the objects, and the gain."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from udviz.figures.labels.scatter import Number, gain_between
from udviz.ui.frame.view import View
from udviz.ui.gains import gains
from udviz.ui.labels import scatters, tables
from udviz.ui.labels.sentences import verdict_word
from udviz.ui.load.analysis_rows import EmptyTableError, analysis_rows
from udviz.ui.load.study import StudyError

AGAINST = {  # what a label has more of: the number
    "agreement": Number(
        column="agreement", axis="Agreement of teacher and distilled (correlation, 1 is the same)"
    ),
    "energy of the distilled student's map on their objects": Number(
        column="pointing_distilled",
        axis="Energy inside objects beyond a centre-biased map, distilled",
    ),
    "energy of the teacher's map on their objects": Number(
        column="pointing_teacher", axis="Energy inside objects beyond a centre-biased map, teacher"
    ),
}
HOW_TO_READ = (
    "Agreement: mean correlation of the two maps over the images that carry the label, with its "
    "95 % interval; *other images* is the mean with the student's map taken from another image. "
    "Energy beyond centre: share of a map on the label's objects, less that of a map that is high "
    "in the middle and has not seen the image. There is one map per image, not per label, so "
    "labels that appear together share their numbers."
)
_NO_PAIR = "This study has no two models with uncertainty attention to compare."
_NO_OBJECTS = "This data set has no boxes or masks that a map could point at."
_AGREEMENT = {  # column of the analysis: column here
    "images": "images",
    "correlation": "agreement",
    "correlation_low": "agreement_low",
    "correlation_high": "agreement_high",
    "correlation_elsewhere": "elsewhere",
    "overlap": "overlap",
}
_COLUMNS = {  # column: its heading
    "label": "Label",
    "agreement": "Agreement",
    "agreement_low": "Agreement, low",
    "agreement_high": "Agreement, high",
    "elsewhere": "On other images",
    "overlap": "Shared energy",
    "images": "Images",
    "pointing_teacher": "Teacher energy beyond centre",
    "pointing_distilled": "Distilled energy beyond centre",
    "hit_teacher": "Teacher hits",
    "hit_distilled": "Distilled hits",
    "gain": "Gain",
    "verdict": "Verdict",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Collected:
    """What is known of the labels of a split.

    Attributes:
        labels: One row per label, with agreement and pointing as far as known.
        problems: What is missing, as Markdown.
        notes: What cannot be known of this study.
    """

    labels: pd.DataFrame
    problems: list[str]
    notes: list[str]


def collect(view: View) -> Collected:
    """Read what the analysis says of agreement and pointing."""
    labels, problems, notes = view.labels, [], []
    for read, nothing in ((_agreement, _NO_PAIR), (_pointing, _NO_OBJECTS)):
        try:
            labels = labels.merge(read(view), how="left", on="label")
        except EmptyTableError:
            notes.append(nothing)
        except StudyError as error:
            problems.append(str(error))
    return Collected(labels=labels, problems=problems, notes=notes)


def draw(labels: pd.DataFrame, *, opened: str | None, file_name: str) -> None:
    """Gain against agreement and pointing, then the table of all labels."""
    known = {
        thing: number
        for thing, number in AGAINST.items()
        if number.column in labels and labels[number.column].notna().any()
    }
    if labels["gain"].notna().any():
        with st.grid("auto", min_column_width=400) as grid:
            for thing, number in known.items():
                with grid.cell():
                    scatters.draw_gain_against(
                        labels,
                        number,
                        gain=gain_between(),
                        thing=thing,
                        pair="distilled − baseline",
                    )
        st.caption(scatters.HOW_TO_READ_GAINS)
    elif known:
        st.info(gains.NO_STUDENT)
    if known:
        table = label_table(labels)
        tables.draw_rows(
            table,
            table["Label"].tolist(),
            opened=opened,
            key="labels",
            alt="Agreement of the models' maps and their pointing, one row per label",
            formats={
                heading: st.column_config.NumberColumn(
                    format="%d" if heading == "Images" else "%.3f"
                )
                for heading in table.columns.difference(["Label", "Verdict"])
            },
        )
        st.caption(HOW_TO_READ)
        tables.offer_csv(table, label="Download these labels (CSV)", file_name=file_name)


def label_table(labels: pd.DataFrame) -> pd.DataFrame:
    """One row per label, least agreement first; columns that nothing is known of are left out."""
    table = labels.assign(verdict=labels["verdict"].map(verdict_word))
    known = [name for name in _COLUMNS if name in table and table[name].notna().any()]
    first = next(n.column for n in AGAINST.values() if n.column in known)
    table = table.sort_values(first, kind="stable", na_position="last")
    return table[known].rename(columns=_COLUMNS).reset_index(drop=True)


def _agreement(view: View) -> pd.DataFrame:
    """``label`` and the values of `_AGREEMENT` of teacher and distilled student."""
    table = _rows(view, "attention_agreement", [*_AGREEMENT, "other_role"])
    pair = table[table["other_role"] == "distilled"]
    return pair[["label", *_AGREEMENT]].rename(columns=_AGREEMENT)


def _pointing(view: View) -> pd.DataFrame:
    """``label`` and per role ``pointing_`` and ``hit_``."""
    table = _rows(view, "localisation", ["role", "hit", "energy_beyond_centre"])
    wide = table.pivot_table(  # one row per label
        index="label", columns="role", values=["hit", "energy_beyond_centre"], dropna=False
    )
    names = {"energy_beyond_centre": "pointing", "hit": "hit"}
    wide.columns = pd.Index([f"{names[pair[0]]}_{pair[1]}" for pair in wide.columns])
    return wide.reset_index()


def _rows(view: View, name: str, columns: list[str]) -> pd.DataFrame:
    """Rows of a table of the analysis that speak of this split."""
    where = (("split", (view.split,)),)
    return analysis_rows(view.study, name, columns=["label", *columns], where=where)
