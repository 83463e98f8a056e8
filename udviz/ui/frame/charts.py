"""Draw a figure the same way everywhere: alt text, SVG download, clicks that name a label."""

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from udviz.figures.style.figure import Figure
from udviz.figures.style.look import as_sent

# What Streamlit's chart would change where a click selects, and then draw everything anew.
_CLICKABLE = {"clickmode": "event+select", "dragmode": "pan"}


class _Sent(go.Figure):  # type: ignore[misc]  # plotly has no types
    """What is sent of a figure. Streamlit takes a figure's word for it, and checks a dictionary."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec

    def to_dict(self) -> dict[str, Any]:
        """The figure as a dictionary."""
        return self._spec


def draw(
    figure: Figure, *, key: str, alt: str, on_click: Callable[..., None] | None = None
) -> None:
    """Draw ``figure`` at full width.

    Args:
        figure: A finished figure; what it lets a person click carries a label as ``customdata``,
            or a list of names.
        key: Name of the chart, unique on its page; also of its downloaded file.
        alt: What the chart shows, for a person who cannot see it.
        on_click: Called with the label, or the names, that were clicked, before the page is drawn
            again.
    """

    def clicked() -> None:
        if on_click and (names := _clicked_names(key)):
            on_click(*names)

    spec = as_sent(figure)
    if on_click:
        spec["layout"] |= _CLICKABLE
    st.plotly_chart(
        _Sent(spec),
        theme=None,
        key=key,
        alt=alt,
        on_select=clicked if on_click else "ignore",
        selection_mode="points",
        config={
            "displaylogo": False,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "svg", "filename": f"udviz-{key}"},
        },
    )


def _clicked_names(key: str) -> list[str]:
    points = st.session_state[key].selection.points
    if not points:
        return []
    names = points[0]["customdata"]
    return [str(name) for name in names] if isinstance(names, list) else [str(names)]
