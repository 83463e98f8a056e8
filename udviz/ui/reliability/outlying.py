"""Bins of a label that lie off the diagonal because of outlier images alone."""

from typing import Protocol

import numpy as np
import streamlit as st

from udviz.figures.style.text import number, plural, safe_markdown
from udviz.stats.calibration.reliability_bins import ReliabilityBins
from udviz.ui.frame import links
from udviz.ui.frame.view import View
from udviz.ui.load.analysis_rows import analysis_rows
from udviz.ui.load.study import StudyError


class Binned(Protocol):
    """Probabilities of one run, binned; see `reliability.Model`."""

    def bins(self, label: str | None) -> ReliabilityBins:
        """Bins of one label."""

    def of_images(self, label: str, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and targets of one label on some images."""


def show(view: View, model: Binned, label: str) -> None:
    """Say which bins of the reference model are off because of outlier images, if any are.

    Args:
        view: What the page speaks of.
        model: The reference, whose outlier images the analysis has set apart.
        label: Name of the label.
    """
    try:
        outliers = analysis_rows(
            view.study, "outlier_images", columns=["image"], where=(("split", (view.split,)),)
        )
    except StudyError:
        return  # the page says what else of the analysis is missing
    if outliers.empty:
        return
    found = model.bins(label)
    rest = found.without(*model.of_images(label, outliers["image"].to_numpy(int)))
    explained = np.flatnonzero(found.off[0] & ~rest.off[0]).tolist()
    if explained:
        st.markdown("\n".join(in_words(found, rest, place) for place in explained))
        st.caption(
            f"Outlier images: {safe_markdown(view.reference)} is most certain of implausibly many "
            "labels there, whatever the label."
        )
        links.to_data("annotation errors", text="Look at the outlier images", label=label)


def in_words(found: ReliabilityBins, rest: ReliabilityBins, place: int) -> str:
    """What outlier images do to one bin, as a line of a Markdown list."""
    low, high = (number(edge, digits=2) for edge in found.edges[0, place : place + 2])
    n, n_rest = int(found.count[0, place]), int(rest.count[0, place])
    left = (
        f"on the other {n_rest:,} it is {number(rest.frequency[0, place], digits=2)} where "
        f"{number(rest.mean_prob[0, place], digits=2)} is predicted"
        if n_rest
        else "no other image is in it"
    )
    return (
        f"- Bin {low} to {high}: {n - n_rest:,} of {plural(n, 'image')} "
        f"{'is an outlier image' if n - n_rest == 1 else 'are outlier images'}. They make the "
        f"frequency {number(found.frequency[0, place], digits=2)}; {left}."
    )
