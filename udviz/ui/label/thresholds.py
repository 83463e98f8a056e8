"""The threshold that a person moves: kept in the URL, for one label, until another is opened."""

import math
from collections.abc import Hashable, Mapping

import numpy as np
import streamlit as st

from udviz.stats.labels.probabilities import logit_probs
from udviz.ui.label.label_models import LabelModel

KEY = "threshold"
_SEEN = "_threshold_seen"
_DIGITS, _SLIDER_PX = 4, 640
_STEP, _REACH = 0.05, 9.2  # log-odds; 9.2 is a probability of 0.9999


def pick_thresholds(
    models: Mapping[str, LabelModel], *, of: Hashable
) -> tuple[dict[str, float], bool]:
    """Ask for one threshold of all models; each keeps its own until a person moves it.

    Args:
        models: Name -> model, at least one.
        of: What the threshold belongs to; it is forgotten when that changes.

    Returns:
        Name -> threshold as a probability, and whether a person moved it.
    """
    moved = _moved(of)
    first = next(iter(models.values()))
    level = round(first.threshold if moved is None else moved, _DIGITS)
    st.session_state[KEY] = level
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.select_slider(
            "Decision threshold (predicted present if p ≥ t; log-odds scale)",
            levels(level),
            format_func=lambda value: f"{value:.{_DIGITS}f}",
            key=KEY,
            on_change=_keep,
            width=_SLIDER_PX,
        )
        st.button(
            "Reset to validation thresholds",
            icon=":material/undo:",
            disabled=moved is None,
            on_click=_forget,
            help="Give each model the threshold that was best on the validation split.",
        )
    own = {name: model.threshold for name, model in models.items()}
    return (own, False) if moved is None else (dict.fromkeys(models, moved), True)


def levels(current: float) -> list[float]:
    """Thresholds at even steps of log-odds, ascending, with 0, 1 and the current one.

    Thresholds of rare labels crowd near 0, where steps of equal probability leap over them.
    """
    steps = logit_probs(np.arange(-_REACH, _REACH + _STEP / 2, _STEP)).round(_DIGITS)
    return sorted({0.0, 1.0, current, *map(float, steps)})


def _moved(of: Hashable) -> float | None:
    """The threshold in the URL, unless it is left over from something else."""
    text = st.query_params.get(KEY)
    seen = st.session_state.get(_SEEN, (of, None))
    value = _probability(text)
    if text is not None and (value is None or (seen[0] != of and seen[1] == text)):
        _forget()
        text = value = None
    st.session_state[_SEEN] = (of, text)
    return value


def _probability(text: str | None) -> float | None:
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) and 0.0 <= value <= 1.0 else None


def _keep() -> None:
    st.query_params[KEY] = f"{st.session_state[KEY]:.{_DIGITS}f}"


def _forget() -> None:
    st.query_params.pop(KEY, None)
