"""What finished studies found, in two numbers each, for the table of all studies."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from udviz.analysis.store import FOLDER, MANIFEST, AnalysisError, read_table
from udviz.vocabulary import AVERAGE_PRECISION

_SPLIT = "test"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the first comparison of a study found on its test images.

    Attributes:
        model: The model after; of a study without comparisons its reference.
        mean_ap: Its mean AP over labels, in [0, 1].
        before: The model before; empty without comparisons.
        gain: Mean gain in AP over it; None without comparisons.
    """

    model: str
    mean_ap: float
    before: str = ""
    gain: float | None = None


def result_of(study: Path) -> Result | None:
    """The result of the study in a folder; None while it has none that can be read."""
    try:
        written = (study / FOLDER / MANIFEST).stat().st_mtime_ns
    except OSError:
        return None
    return _result(str(study), written)


@st.cache_data(max_entries=500, show_spinner=False)
def _result(study: str, written: int) -> Result | None:
    del written  # of the key only
    wanted = [("split", [_SPLIT])]
    try:
        models = read_table(Path(study), "models", where=wanted).set_index("model")
        mean = [("scope", ["mean"]), ("metric", [AVERAGE_PRECISION])]
        comparisons = read_table(Path(study), "comparisons", where=[*wanted, *mean])
    except AnalysisError:
        return None
    return _first(models, comparisons) if len(models) else None


def _first(models: pd.DataFrame, comparisons: pd.DataFrame) -> Result:
    if comparisons.empty:
        name = str(models.index[models["reference"].argmax()])
        return Result(model=name, mean_ap=float(models["mean_ap"][name]))
    first = comparisons.iloc[0]
    return Result(
        model=str(first["after"]),
        mean_ap=float(models["mean_ap"][first["after"]]),
        before=str(first["before"]),
        gain=float(first["gain"]),
    )
