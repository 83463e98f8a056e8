"""Ways from a label or an image on one page to the same on another."""

import streamlit as st

from udviz.ui.frame.sidebar import IMAGE, LABEL, open_label

DIFFICULTY = "pages/1_Difficulty.py"
RELIABILITY = "pages/2_Reliability.py"
GAINS = "pages/3_Gains.py"
LABEL_PAGE = "pages/4_Label.py"
ATTENTION = "pages/5_Attention.py"
DATA = "pages/6_Data.py"


def open_in_difficulty(label: str) -> None:
    """Open ``label`` on the Difficulty page, from a callback."""
    open_label(label)
    st.switch_page(DIFFICULTY)


def open_in_gains(label: str, before: str, after: str) -> None:
    """Open ``label`` under a comparison on the Gains page, from a callback."""
    open_label(label)
    asked = {LABEL: label, "before": before, "after": after}
    st.switch_page(GAINS, query_params=_here() | asked)


def to_label(label: str, *, text: str) -> None:
    """Draw a link to everything about ``label``."""
    st.page_link(
        LABEL_PAGE, label=text, icon=":material/label:", query_params=_here() | {LABEL: label}
    )


def to_reliability(label: str, *, text: str, recalibration: str | None = None) -> None:
    """Draw a link to the reliability of ``label``, recalibrated as that page calls it."""
    asked = {LABEL: label} | ({} if recalibration is None else {"recalibration": recalibration})
    st.page_link(RELIABILITY, label=text, icon=":material/target:", query_params=_here() | asked)


def to_gains(label: str, *, text: str) -> None:
    """Draw a link to the gains, with ``label`` opened."""
    st.page_link(
        GAINS, label=text, icon=":material/trending_up:", query_params=_here() | {LABEL: label}
    )


def to_data(part: str, *, text: str, label: str | None = None) -> None:
    """Draw a link to a part of the page Data, of one label if it is named."""
    asked = {"part": part} | ({} if label is None else {LABEL: label})
    st.page_link(DATA, label=text, icon=":material/database:", query_params=_here() | asked)


def to_image(image_id: str, *, text: str, label: str | None = None) -> None:
    """Draw a link to where the models look in an image, for one label if it is named."""
    asked = {IMAGE: image_id} | ({} if label is None else {LABEL: label})
    st.page_link(ATTENTION, label=text, icon=":material/zoom_in:", query_params=_here() | asked)


def _here() -> dict[str, str]:
    """The study and split of this page."""
    return {key: st.query_params[key] for key in ("study", "split") if key in st.query_params}
