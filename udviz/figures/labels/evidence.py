"""One strip per cause: where a label lies among the others, and the level that makes it a cause."""

import numpy as np
import pandas as pd

from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.text import number, safe_html, shorten
from udviz.figures.style.theme import NEUTRAL, RANK, add_rule, put, set_frame

ROW_PX, _BETWEEN_PX = 26, 34
_LOGARITHMIC = ("rare", "confused", "small")
AXES = {
    "rare": "training positives",
    "confused": "times as many false positives beside the other label",
    "missing annotations": "unlabelled beyond expected, per labelled image",
    "miscalibrated": "ECE above expected, per prevalence",
    "uncertain": "entropy left, per entropy of the prevalence",
    "small": "median share of the image",
    "occluded": "median visible share",
}


def cause_strips(measures: pd.DataFrame, *, label: str, title: str) -> Figure:
    """A row per cause that was measured in ``label``.

    Args:
        measures: From `cause_measures`.
        label: Label that is lifted out.
        title: What the chart shows, as plotly's HTML.
    """
    own = measures[(measures["label"] == label) & measures["value"].notna()]
    causes = own["cause"].tolist()
    n_rows = max(1, len(causes))
    plot_px = n_rows * (ROW_PX + _BETWEEN_PX) - _BETWEEN_PX
    between = _BETWEEN_PX / plot_px * 0.9999 if n_rows > 1 else 0.0
    figure = subplots(rows=n_rows, cols=1, vertical_spacing=between)
    set_frame(figure, title=title, plot_px=plot_px, below_px=30)
    figure.frame["showlegend"] = False
    for place, (_, row) in enumerate(own.iterrows(), start=1):
        of_cause = measures[(measures["cause"] == row["cause"]) & measures["value"].notna()]
        _add_strip(figure, of_cause, row, place)
    return figure


def _add_strip(figure: Figure, of_cause: pd.DataFrame, own: pd.Series, place: int) -> None:
    log = own["cause"] in _LOGARITHMIC
    shown = of_cause[of_cause["value"] > 0] if log else of_cause
    others = shown[shown["label"] != own["label"]]
    at = {"row": place, "col": 1}
    figure.add_scatter(
        x=others["value"],
        y=np.zeros(len(others)),
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 12, "color": NEUTRAL},
        hovertext=[
            _told(own["cause"], label, value)
            for label, value in zip(others["label"], others["value"], strict=True)
        ],
        hoverinfo="text",
        **at,
    )
    if np.isfinite(own["low"]) and np.isfinite(own["high"]):
        line = {"color": RANK.colour, "width": 2}
        ends = [own["low"], own["high"]]
        figure.add_scatter(x=ends, y=[0, 0], mode="lines", line=line, hoverinfo="skip", **at)
    figure.add_scatter(
        x=[own["value"]],
        y=[0],
        mode="markers",
        marker={"symbol": "diamond", "size": 12, "color": RANK.colour},
        hovertext=_told(own["cause"], own["label"], own["value"]),
        hoverinfo="text",
        **at,
    )
    add_rule(figure, x=own["level"], place=place, width=2, dash="dash")
    ends = [*shown["value"], own["level"], *shown[["low", "high"]].stack()]
    extent = _extent(np.array(ends, dtype=float), log=log)
    axis: dict[str, object] = {"type": "log"} if log else {}
    axis |= _ticks(extent, log)
    put(figure.select_xaxes(**at), axis, range=extent, nticks=6, tickformat="~g")
    put(
        figure.select_yaxes(**at),
        range=[-1, 1],
        showgrid=False,
        tickvals=[0],
        ticktext=[f"<b>{own['cause']}</b>" if own["found"] else own["cause"]],
    )


def _extent(values: np.ndarray, *, log: bool) -> list[float]:
    """Ends of an axis that holds all ``values`` with a margin; exponents of a log axis."""
    values = np.log10(values[values > 0]) if log else values
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * ((high - low) or 1.0)
    return [low - margin, high + margin]


def _ticks(extent: list[float], log: bool) -> dict[str, object]:
    """1, 2 and 5 times powers of ten on a log axis, where plotly's own names run into another."""
    if not log:
        return {}
    decades = range(int(np.floor(extent[0])), int(np.ceil(extent[1])) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    values = [float(f"{step}e{decade}") for decade in decades for step in steps]
    return {"tickvals": values, "ticktext": [f"{value:g}" for value in values]}


def _told(cause: str, label: str, value: float) -> str:
    return f"<b>{safe_html(shorten(label))}</b><br>{AXES[cause]}: {number(value)}"
