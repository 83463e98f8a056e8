"""Label by label: agreement of two models' attention, its place on objects, and the gain."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from udviz.figures.labels.scatter import Number, gain_between
from udviz.figures.style.text import one_line, safe_html, shorten
from udviz.ui.attention.selection import Pair
from udviz.ui.frame.view import View
from udviz.ui.labels import scatters, tables
from udviz.ui.labels.text_tables import verdict_word
from udviz.ui.load.analysis_rows import analysis_rows
from udviz.ui.load.study import StudyError

HOW_TO_READ = (
    "Agreement: mean correlation of the two models' maps over the images with the label, with its "
    "95 % interval. There is one map per image, not per label, so labels that co-occur share their "
    "numbers."
)
NO_AGREEMENT = "The analysis compares no uncertainty attention of these two models."
NO_OBJECTS = "The data set has no boxes or masks to compare the maps with."
NO_GAIN = "This study compares no two models, so no label has a gain to relate this to."
_AGREEMENT = {  # column of the table `attention_agreement`: column here
    "images": "images",
    "correlation": "agreement",
    "correlation_low": "agreement_low",
    "correlation_high": "agreement_high",
    "correlation_elsewhere": "elsewhere",
    "overlap": "overlap",
}
_SHOWN = {  # column: head
    "label": "Label",
    "agreement": "Agreement",
    "agreement_low": "Agreement, low",
    "agreement_high": "Agreement, high",
    "elsewhere": "Other images",
    "overlap": "Shared energy",
    "images": "Images",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Collected:
    """What is known of the labels of a split.

    Attributes:
        labels: One row per label, with agreement and pointing as far as known: `_AGREEMENT`,
            and per model of the pair `energy_of` and `hits_of`.
        problems: What is missing, as Markdown.
        notes: What cannot be known of this study.
    """

    labels: pd.DataFrame
    problems: list[str]
    notes: list[str]


def energy_of(model: str) -> str:
    """Column of a model's energy on objects beyond that of a centred map."""
    return f"energy of {model}"


def hits_of(model: str) -> str:
    """Column of a model's pointing game."""
    return f"hits of {model}"


def collect(view: View, pair: Pair) -> Collected:
    """Read what the analysis says of agreement and pointing of two models."""
    labels, notes = view.labels, list[str]()
    try:
        agreement, pointing = _agreement(view, pair), _pointing(view, pair)
    except StudyError as error:
        return Collected(labels=labels, problems=[str(error)], notes=[])
    for found, nothing in ((agreement, NO_AGREEMENT), (pointing, NO_OBJECTS)):
        if found.empty:
            notes.append(nothing)
        else:
            labels = labels.merge(found, how="left", on="label", validate="1:1")
    return Collected(labels=labels, problems=[], notes=notes)


def numbers_of(view: View, pair: Pair) -> dict[str, Number]:
    """What a label has more of: the number."""
    words = [safe_html(shorten(view.styles[name].word)) for name in pair]
    axis = f"Agreement of {' and '.join(words)} (correlation)"
    return {
        "attention agreement": Number(column="agreement", axis=axis),
        **{
            f"attention of {one_line(name)} on objects": Number(
                column=energy_of(name),
                axis=f"Energy on objects beyond a centred map, {word}",
            )
            for name, word in zip(pair, words, strict=True)
        },
    }


def draw(view: View, labels: pd.DataFrame, pair: Pair, *, opened: str | None) -> None:
    """Gain against agreement and pointing, then the table of all labels."""
    known = {
        thing: number
        for thing, number in numbers_of(view, pair).items()
        if number.column in labels and labels[number.column].notna().any()
    }
    if not known:
        return
    if view.has_gains and view.pair:
        with st.grid("auto", min_column_width=400) as grid:
            for thing, number in known.items():
                with grid.cell():
                    scatters.draw_gain_against(
                        labels,
                        view.hover(labels),
                        number,
                        gain=gain_between(*view.pair),
                        thing=thing,
                        pair=view.pair,
                    )
        st.caption(scatters.HOW_TO_READ_GAINS)
    else:
        st.info(NO_GAIN)
    table = label_table(view, labels, pair)
    tables.draw_rows(
        table,
        table["Label"].tolist(),
        opened=opened,
        key="labels",
        alt="Agreement of the two models' maps and their pointing, one row per label",
        formats={
            head: st.column_config.NumberColumn(
                format="%d" if head == "Images" else "%.3f", help=tables.meaning_of(head)
            )
            for head in table.columns.difference(["Label", "Verdict"])
        },
        csv=tables.Csv(file_name=view.file_name("attention.csv")),
    )
    st.caption(HOW_TO_READ)


def label_table(view: View, labels: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """One row per label, least agreement first; columns that nothing is known of are left out."""
    heads = _heads(view, pair)
    table = labels.assign(verdict=labels["verdict"].map(verdict_word))
    known = [name for name in heads if name in table and table[name].notna().any()]
    numbers = numbers_of(view, pair).values()
    first = next(number.column for number in numbers if number.column in known)
    table = table.sort_values(first, kind="stable", na_position="last")
    return table[known].rename(columns=heads).reset_index(drop=True)


def _heads(view: View, pair: Pair) -> dict[str, str]:
    """Columns of the table with their heads."""
    texts = {name: view.styles[name].text for name in pair}
    return {
        **_SHOWN,
        **{energy_of(name): f"Energy beyond centre, {text}" for name, text in texts.items()},
        **{hits_of(name): f"Hits, {text}" for name, text in texts.items()},
        "gain": "Gain",
        "verdict": "Verdict",
    }


def _agreement(view: View, pair: Pair) -> pd.DataFrame:
    """``label`` and the values of `_AGREEMENT` of the pair, in whichever order it was compared."""
    columns = ["model", "other_model", "label", *_AGREEMENT]
    table = _rows(view, "attention_agreement", columns)
    both = table[table["model"].isin(pair) & table["other_model"].isin(pair)]
    return both.drop_duplicates("label")[["label", *_AGREEMENT]].rename(columns=_AGREEMENT)


def _pointing(view: View, pair: Pair) -> pd.DataFrame:
    """``label`` and per model of the pair `energy_of` and `hits_of`."""
    table = _rows(view, "localisation", ["model", "label", "hit", "energy_beyond_centre"])
    wide = pd.DataFrame({"label": table["label"].unique()})
    for name in pair:
        named = {"energy_beyond_centre": energy_of(name), "hit": hits_of(name)}
        part = table[table["model"] == name][["label", *named]].rename(columns=named)
        wide = wide.merge(part, how="left", on="label", validate="1:1")
    return wide


def _rows(view: View, name: str, columns: list[str]) -> pd.DataFrame:
    """Rows of a table of the analysis that speak of this split."""
    where = (("split", (view.split,)),)
    return analysis_rows(view.study, name, columns=columns, where=where)
