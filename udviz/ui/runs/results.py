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
    of_split = ("split", [_SPLIT])
    of_mean = ("scope", ["mean"]), ("metric", [AVERAGE_PRECISION])
    try:
        models = read_table(Path(study), "models", where=[of_split])
        comparisons = read_table(Path(study), "comparisons", where=[of_split, *of_mean])
    except AnalysisError:
        return None
    return _first(models, comparisons) if len(models) else None


def _first(models: pd.DataFrame, comparisons: pd.DataFrame) -> Result:
    mean_ap = models.set_index("model")["mean_ap"]
    if comparisons.empty:
        reference = models[models["reference"]]
        name = str((reference if len(reference) else models)["model"].iloc[0])
        return Result(model=name, mean_ap=float(mean_ap[name]))
    first = comparisons.iloc[0]
    return Result(
        model=str(first["after"]),
        mean_ap=float(mean_ap[str(first["after"])]),
        before=str(first["before"]),
        gain=float(first["gain"]),
    )
