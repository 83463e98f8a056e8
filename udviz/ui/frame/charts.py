"""Draw a figure the same way everywhere: alt text, SVG download, clicks that name a label."""

from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st


def draw(
    figure: go.Figure, *, key: str, alt: str, on_click: Callable[[str], None] | None = None
) -> None:
    """Draw ``figure`` at full width.

    Args:
        figure: A finished figure; what it lets a person click carries a label as ``customdata``.
        key: Name of the chart, unique on its page; also of its downloaded file.
        alt: What the chart shows, for a person who cannot see it.
        on_click: Called with the label that was clicked, before the page is drawn again.
    """

    def clicked() -> None:
        if on_click and (label := _clicked_label(key)):
            on_click(label)

    st.plotly_chart(
        figure,
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


def _clicked_label(key: str) -> str | None:
    points = st.session_state[key].selection.points
    if not points:
        return None
    label = points[0]["customdata"]
    return str(label[0] if isinstance(label, list) else label)
