"""The parameters of a recalibration, taken away to be applied elsewhere."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from udviz.stats.calibration.platt import Platt
from udviz.stats.calibration.recalibration import Isotonic, Recalibration, Temperature
from udviz.ui.frame.view import View
from udviz.ui.load.caches import predictions_of, recalibration_of
from udviz.ui.reliability.reliability import Model

_TEMPERATURE = "sigmoid(logit / temperature)"
_PLATT = "sigmoid(slope * logit + intercept)"
_ISOTONIC = (
    "numpy.interp(logit, logits, probs); sigmoid(logit) of a label that is null, which validation "
    "has too few images of"
)


def offer(view: View, models: Mapping[str, Model]) -> None:
    """A button that downloads the recalibration of the first of ``models``, if there is one."""
    if not models:
        return
    name, model = next(iter(models.items()))
    method = model.choice.method
    if method == "none":
        return
    names = predictions_of(model.judged).label_names

    def write() -> str:
        fitted = recalibration_of(model.fitted_on, method)
        told = {"study": view.study.path.name, "model": name, "run": "first", "fitted_on": "val"}
        return json.dumps(told | as_json(fitted, names), indent=1, ensure_ascii=False)

    st.download_button(
        f"Download the recalibration of {view.styles[name].word} (JSON)",
        data=write,
        file_name=f"{view.study.path.name}-{name}-{method}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        help="Its parameters, fitted on validation, and the formula that applies them to logits.",
    )


def as_json(fitted: Recalibration, label_names: Sequence[str]) -> dict[str, Any]:
    """Formula and parameters, those of a label by its name.

    Raises:
        TypeError: If the recalibration is of another kind.
    """
    if isinstance(fitted, Temperature):
        return {"probability": _TEMPERATURE, "temperature": fitted.temperature}
    if isinstance(fitted, Platt):
        lines = zip(fitted.slope, fitted.intercept, strict=True)
        labels = [{"slope": float(slope), "intercept": float(at)} for slope, at in lines]
        return {"probability": _PLATT, "labels": dict(zip(label_names, labels, strict=True))}
    if isinstance(fitted, Isotonic):
        corners = zip(fitted.logits, fitted.probs, strict=True)
        steps = [
            None if x is None or y is None else {"logits": x.tolist(), "probs": y.tolist()}
            for x, y in corners
        ]
        return {"probability": _ISOTONIC, "labels": dict(zip(label_names, steps, strict=True))}
    raise TypeError(f"`fitted` must be a recalibration of this page, got {type(fitted).__name__}.")
