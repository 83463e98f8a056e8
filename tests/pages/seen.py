"""What a page of the app shows, read off an `AppTest`."""

import json

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest


def texts(app: AppTest) -> str:
    """All sentences of the page, names as they read."""
    elements = [*app.markdown, *app.caption, *app.info, *app.warning]
    text = "\n".join(element.value for element in elements)
    return plain(text)


def plain(text: str) -> str:
    """Markdown or HTML without what keeps names from having a meaning."""
    for mark in ("\\", "\u2068", "\u2069", "\u200b"):
        text = text.replace(mark, "")
    return text


def charts(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def titles(app: AppTest) -> list[str]:
    return [plain(chart["layout"]["title"]["text"]) for chart in charts(app)]


def values(array: list) -> np.ndarray:
    """Numbers of a chart, NaN where it draws none."""
    return np.array(array, dtype=float)


def table_with(app: AppTest, head: str) -> pd.DataFrame:
    """The first table of the page that has this head, or is indexed by it."""
    tables = [frame.value for frame in app.dataframe]
    return next(t for t in tables if head in t.columns or head == t.index.name)
