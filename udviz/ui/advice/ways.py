"""Ways from a piece of advice to where one acts on it."""

import pandas as pd

from udviz.figures.style.text import safe_markdown, shorten
from udviz.ui.frame import links
from udviz.ui.reliability.reliability import RECALIBRATIONS

_NAMES = {method: name for name, method in RECALIBRATIONS.items()}


def to_act(action: pd.Series, *, on_label_page: bool = False) -> None:
    """Draw a link to where one acts.

    Args:
        action: Row of `label_actions`.
        on_label_page: Whether the page is already the label's own, with its false positives.
    """
    label, kind = str(action["label"]), action["action"]
    if kind == "review annotations":
        links.to_data("annotation errors", text="Review its possible errors", label=label)
    elif kind == "tell apart" and on_label_page:
        partner = str(action["partner"])
        links.to_label(partner, text=f"Open {safe_markdown(shorten(partner))}")
    elif kind == "tell apart":
        links.to_label(label, text="See its false positives")
    elif kind == "add images":
        links.to_data("label frequency", text="Label frequency", label=label)
    elif kind == "improve the teacher":
        links.to_gains(label, text="What the teacher could teach")
    else:
        name = _NAMES[action["recalibration"]]
        links.to_reliability(label, text="Reliability, recalibrated", recalibration=name)
