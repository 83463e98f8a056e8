"""Checks of shape, range and type, with one style of message.

Every message reads: what must hold, what came instead, what to do.
"""

import sys
from collections.abc import Collection
from typing import TypeGuard

import numpy as np

LONGEST_SHOWN = 160  # characters of somebody else's text in a message


def check_matrix(array: np.ndarray, *, name: str) -> None:
    """Raise unless ``array`` is a two-dimensional (N, L) numpy array."""
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"`{name}` must be a numpy array, got {type(array).__name__}. Pass `np.asarray(...)`."
        )
    if array.ndim != 2:
        raise ValueError(f"`{name}` must have shape (N, L), got shape {array.shape}.")


def check_same_shape(first: np.ndarray, second: np.ndarray, *, names: tuple[str, str]) -> None:
    """Raise unless both arrays have the same shape."""
    if first.shape != second.shape:
        raise ValueError(
            f"`{names[0]}` and `{names[1]}` must have the same shape, "
            f"got {first.shape} and {second.shape}."
        )


def check_finite(array: np.ndarray, *, name: str) -> None:
    """Raise if ``array`` holds a NaN or an infinity."""
    if not np.isfinite(array).all():
        n_bad = int((~np.isfinite(array)).sum())
        raise ValueError(
            f"`{name}` must be finite, got {n_bad} NaN or infinite values. "
            "Remove or repair these rows first."
        )


def check_probs(probs: np.ndarray, *, name: str = "probs") -> None:
    """Raise unless ``probs`` is an (N, L) array with every value in [0, 1]."""
    check_matrix(probs, name=name)
    if probs.size == 0:
        return
    low, high = float(probs.min()), float(probs.max())
    if not (low >= 0.0 and high <= 1.0):  # also refuses NaN
        raise ValueError(
            f"`{name}` must lie in [0, 1], got values from {low:.3g} to {high:.3g}. "
            "Pass probabilities, not logits."
        )


def check_targets(targets: np.ndarray, *, name: str = "targets") -> None:
    """Raise unless ``targets`` is an (N, L) array of 1 (present), 0 (absent), -1 (unknown)."""
    check_matrix(targets, name=name)
    known = (targets == 0) | (targets == 1) | (targets == -1)
    if not known.all():
        example = targets[~known].flat[0]
        raise ValueError(
            f"`{name}` must be 1 (present), 0 (absent) or -1 (unknown), got {example!r}."
        )


def check_choice(value: str, allowed: Collection[str], *, name: str) -> None:
    """Raise unless ``value`` is one of ``allowed``."""
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {', '.join(allowed)}, got {value!r}.")


def check_at_least(value: float, least: float, *, name: str) -> None:
    """Raise if ``value`` is below ``least`` or NaN."""
    if not value >= least:
        raise ValueError(f"`{name}` must be at least {least}, got {value}.")


def check_share(value: float, *, name: str) -> None:
    """Raise unless ``value`` lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"`{name}` must lie between 0 and 1, got {value}.")


def shown(value: object) -> str:
    """``value`` as a message may hold it: one printable line that does not fill the screen.

    A string stays as it is where it is printable; anything else appears as Python writes it.
    """
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def is_text(value: str) -> bool:
    """Whether ``value`` can be written to a file: JSON can spell halves of characters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_number(value: object) -> TypeGuard[float]:
    """Whether ``value``, as somebody's JSON holds it, is a number that a float can hold."""
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max  # NaN is not
