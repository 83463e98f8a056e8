"""The images that made a label's gain, one by one."""

import pandas as pd
import streamlit as st

from udviz.figures.style.text import interval, number, p_equals, plural, safe_markdown
from udviz.stats.comparison.contributions import image_contributions
from udviz.ui.frame.view import View
from udviz.ui.gains.comparison import Compared
from udviz.ui.labels import gallery, tables
from udviz.ui.labels.controls import pick_one
from udviz.ui.labels.text_tables import verdict_word
from udviz.ui.load.caches import Version, predictions_of
from udviz.ui.load.images import source_of
from udviz.ui.load.study import StudyError

HELPED, HURT = "helped", "hurt"
MOST = 120  # images in the gallery
HOW_TO_READ = (
    "An image helps where it moves the right way: up the ranking if it carries the label, down if "
    "it does not. Contributions of all images add up to the gain. Ranks count from 1, the most "
    "likely image to carry the label; of several runs they are means."
)


def show(view: View, compared: Compared, label: str) -> None:
    """Draw the images that helped or hurt ``label`` most, and the table of the same."""
    st.header(f"The images behind the gain of {safe_markdown(label)}", anchor=False)
    row = compared.label(label)
    if pd.isna(row["gain"]):
        st.info("No image of this split carries this label, so no image made a gain.")
        return
    before, after = map(safe_markdown, compared.pair)
    bounds = interval(row["gain_low"], row["gain_high"], sign=True)
    st.markdown(
        f"{after} − {before}: **{number(row['gain'], sign=True)}** (95 % interval "
        f"{bounds}, q {p_equals(row['q'])}): **{verdict_word(row['verdict'])}**."
    )
    try:
        images = contributions(compared, label)
        source = source_of(view.study, predictions_of(compared.runs[0][0]))
    except StudyError as error:
        st.info(str(error))
        return
    way = pick_one("Images that", [HELPED, HURT], key="way")
    chosen = images[images["contribution"] > 0]
    if way == HURT:
        chosen = images[images["contribution"] < 0].iloc[::-1]
    st.caption(_share(chosen, way))
    if chosen.empty:
        return
    most = chosen.head(MOST)
    gallery.draw(most, source, caption=_caption, key="photos", label=label)
    st.caption(HOW_TO_READ)
    csv = tables.Csv(
        rows=images.drop(columns="row"),
        label="Download all images of this label (CSV)",
        file_name=view.file_name("contributions.csv"),
    )
    _draw_table(most, way, csv)


def contributions(compared: Compared, label: str) -> pd.DataFrame:
    """Columns of `image_contributions` with ``image_id`` and ``row``, most helpful first.

    Raises:
        StudyError: If there are no predictions of one side, or they are damaged.
    """
    return _contributions(*compared.runs, label)


@st.cache_resource(max_entries=4, show_spinner="Looking for the images …")
def _contributions(
    before: tuple[Version, ...], after: tuple[Version, ...], label: str
) -> pd.DataFrame:
    first, second = ([predictions_of(version) for version in side] for side in (before, after))
    column = first[0].label_names.index(label)
    table = image_contributions(
        [run.logits for run in first],
        [run.logits for run in second],
        first[0].targets,
        label=column,
    )
    images = first[0].images.iloc[table["image"]].reset_index(drop=True)
    return table.assign(image_id=images["image_id"], row=images["row"])


def _share(chosen: pd.DataFrame, way: str) -> str:
    """How many images there are, and how much of their effect those shown make up."""
    if chosen.empty:
        return f"No image {way}."
    total, shown = chosen["contribution"].sum(), chosen["contribution"].head(MOST).sum()
    text = f"{plural(len(chosen), 'image')} {way}, together {number(total, sign=True)}"
    if len(chosen) > MOST:
        text += f"; the {MOST} with the largest contribution are shown ({number(shown, sign=True)})"
    return f"{text}."


def _caption(image: pd.Series) -> str:
    given = "carries it" if image["present"] else "does not carry it"
    return (
        f"**{number(image['contribution'], digits=4, sign=True)}**, rank "
        f"{image['rank_before']:,.0f} → {image['rank_after']:,.0f}; {given}"
    )


def _draw_table(images: pd.DataFrame, way: str, csv: tables.Csv) -> None:
    named = {
        "image_id": "Image",
        "present": "Labelled",
        "contribution": "Contribution",
        "rank_before": "Rank before",
        "rank_after": "Rank after",
    }
    tables.draw(
        images[list(named)].rename(columns=named),
        key="contributions",
        height=250,
        alt=f"The images that {way} most, with their ranks before and after",
        csv=csv,
        formats={
            "Contribution": st.column_config.NumberColumn(format="%.5f"),
            "Rank before": st.column_config.NumberColumn(format="%.0f"),
            "Rank after": st.column_config.NumberColumn(format="%.0f"),
        },
    )
