"""What a notebook holds, as the (N, L) arrays that statistics take: lists, data frames, tensors.

Named rows and columns are put into one order. What could mean something else is refused with what
to write instead; what is changed is said.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from udviz.checks import shown

END = 745.0  # further out than the logit of any float64 between 0 and 1: those begin at -744.4
_CELLS = 1 << 21  # that are looked at in one go
Say = Callable[[str], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Given:
    """Numbers with the names they came with.

    Attributes:
        values: (N, L) numbers; NaN where masked.
        rows: (N,) names of the images; None if there are none.
        columns: (L,) names of the labels; None if there are none.
        masked: (N, L) bool; None if nothing is masked.
    """

    values: np.ndarray
    rows: np.ndarray | None = None
    columns: np.ndarray | None = None
    masked: np.ndarray | None = None


def as_given(value: Any, *, name: str) -> Given:
    """Numbers of a list, data frame, tensor, sparse matrix or (masked) array; (N,) is one label.

    Raises:
        TypeError: If it holds no numbers.
        ValueError: If it has neither one nor two dimensions.
    """
    rows, columns = (_names(value, axis) for axis in ("index", "columns"))
    masked = np.ma.getmaskarray(value) if np.ma.isMaskedArray(value) and value.mask.any() else None
    values = _numbers(value, name)
    if masked is not None:
        values = np.where(masked, np.nan, values)
    if values.ndim == 1:
        values, masked = values[:, None], None if masked is None else masked[:, None]
    if values.ndim != 2:
        raise ValueError(f"`{name}` must have shape (N, L) or (N,), got shape {values.shape}.")
    return Given(values=values, rows=rows, columns=columns, masked=masked)


def as_targets(value: Any, *, name: str = "targets", nan_is_unknown: bool = False) -> Given:
    """Targets: 1 present, 0 absent, -1 or masked unknown.

    Args:
        value: As `as_given` takes it.
        name: What messages call it.
        nan_is_unknown: Whether NaN counts as masked; else it is refused.

    Raises:
        TypeError: As `as_given`.
        ValueError: If NaN is met that was not declared unknown, or 1 and -1 alone.
    """
    given = as_given(value, name=name)
    values, masked = given.values, given.masked
    if values.dtype == bool:
        values = values.astype(np.int8)
    if values.dtype.kind == "f" and _any(values, np.isnan):
        missing = np.isnan(values)
        if not nan_is_unknown and (masked is None or (missing & ~masked).any()):
            raise ValueError(
                f"`{name}` must be 1 (present), 0 (absent) or -1 (unknown), got "
                f"{int(missing.sum()):,} NaN. If they mean unknown, pass "
                f"`np.ma.masked_invalid({name})`, or of a data frame `{name}.fillna(-1)`."
            )
        values = np.where(missing, -1, values)
    if values.size and not _any(values, lambda part: part == 0):
        signs = _any(values, lambda part: part == -1) and _any(values, lambda part: part == 1)
        if signs and masked is None:
            raise ValueError(
                f"`{name}` must hold known absences (0), got 1 and -1 alone. -1 means unknown: if "
                f"yours means absent, pass `({name} + 1) // 2`."
            )
    return replace(given, values=values)


def as_scores(value: Any, *, name: str, say: Say, logits: bool = False) -> Given:
    """Scores as floating-point numbers; infinite ones count as beyond all others, which is said.

    Args:
        value: As `as_given` takes it.
        name: What messages call it.
        say: Takes what was changed.
        logits: Whether probabilities are refused.

    Raises:
        TypeError: As `as_given`.
        ValueError: As `as_given`, or if logits are probabilities.
    """
    given = as_given(value, name=name)
    values = given.values
    if values.dtype.kind != "f" or values.dtype == np.float16:
        values = values.astype(np.float32 if values.dtype == np.float16 else np.float64)
    if _any(values, np.isinf):
        infinite = np.isinf(values)
        end = max(END, 2 * float(np.abs(values[np.isfinite(values)]).max(initial=0.0)))
        values = np.where(infinite, np.copysign(end, values), values).astype(values.dtype)
        say(
            f"`{name}` holds {int(infinite.sum()):,} infinite values: they count as {end:g} and "
            f"-{end:g}, beyond all others and tied with each other."
        )
    if logits and values.size and not _any(values, lambda part: (part < 0) | (part > 1)):
        raise ValueError(
            f"`{name}` must be logits, but all of them lie in [0, 1] as probabilities do. Pass "
            "`udviz.stats.labels.probabilities.prob_logits(probs)`."
        )
    return replace(given, values=values)


def runs_of(value: Any, targets: Given) -> list[Any]:
    """The runs of a list: its items where they are matrices or columns of one label, or itself."""
    if not isinstance(value, list | tuple) or not value:
        return [value]
    dims = {np.ndim(i) if isinstance(i, list | tuple) else getattr(i, "ndim", 0) for i in value}
    n_images, n_labels = targets.values.shape
    of_one_label = n_labels == 1 < n_images and dims == {1} and len(value[0]) == n_images
    return list(value) if max(dims) > 1 or of_one_label else [value]


def in_order_of(targets: Given, scores: Given, *, name: str) -> Given:
    """Scores with rows and columns as those of the targets, where both have names.

    Raises:
        ValueError: If both have names and these are not the same.
    """
    values = scores.values
    for axis, what, names, wanted in (
        (0, "rows", scores.rows, targets.rows),
        (1, "columns", scores.columns, targets.columns),
    ):
        if names is None or wanted is None or np.array_equal(names, wanted):
            continue
        scores = replace(scores, **{what: wanted})
        if axis == 1 and (len(names) == len(wanted) == 1 or _is_range(names) or _is_range(wanted)):
            continue
        place = {label: k for k, label in enumerate(names.tolist())}
        if len(place) < len(names) or sorted(map(str, place)) != sorted(map(str, wanted.tolist())):
            raise ValueError(
                f"`{name}` and `targets` must have the same {what}, each once, got "
                f"{shown(', '.join(map(str, names[:3])))}, ... and "
                f"{shown(', '.join(map(str, wanted[:3])))}, ... If they are in one order, pass "
                f"`{name}.to_numpy()`."
            )
        values = np.take(values, [place[label] for label in wanted.tolist()], axis=axis)
    return replace(scores, values=values)


def check_one_order(runs: Sequence[Given]) -> None:
    """Raise if data frames beside targets without names are not in one order.

    Raises:
        ValueError: If so: nothing says which of them is the targets' order.
    """
    for what in ("rows", "columns"):
        met = [names for run in runs if (names := getattr(run, what)) is not None]
        named = [names for names in met if what == "rows" or not _is_range(names)]
        if any(not np.array_equal(named[0], other) for other in named[1:]):
            raise ValueError(
                f"The data frames of scores must have the same {what} in one order where `targets` "
                "are none. Pass `targets` as a data frame too."
            )


def names_of(*given: Given) -> list[str] | None:
    """The names of the labels: the first that are more than numbers."""
    named = (g.columns for g in given if g.columns is not None and not _is_range(g.columns))
    columns = next(named, None)
    return None if columns is None else [str(column) for column in columns]


def _names(value: Any, axis: str) -> np.ndarray | None:
    """The names a data frame gives its rows or columns."""
    framed = hasattr(value, "to_numpy") and hasattr(value, axis)
    return np.asarray(getattr(value, axis)) if framed else None


def _numbers(value: Any, name: str) -> np.ndarray:
    try:
        values = _plain(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"`{name}` must hold numbers in rows of equal length, got "
            f"{type(value).__name__}: {shown(str(error))}"
        ) from error
    if values.dtype.kind not in "biuf":
        raise TypeError(
            f"`{name}` must hold numbers, got {type(value).__name__} of dtype {values.dtype}. "
            "Pass an array, a data frame, a tensor or lists of numbers."
        )
    return values


def _plain(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):  # a tensor of torch, which need not be installed
        value = value.detach().cpu()
        value = (value.float() if "bfloat16" in str(value.dtype) else value).numpy()
    elif isinstance(value, list | tuple) and any(hasattr(item, "detach") for item in value):
        value = [_plain(item) for item in value]
    elif hasattr(value, "toarray"):  # a sparse matrix of scipy
        value = value.toarray()
    elif hasattr(value, "to_numpy"):
        values = value.to_numpy()
        if values.dtype == object and hasattr(value, "iloc"):  # pandas: pd.NA is no number
            values = value.to_numpy(dtype=float, na_value=np.nan)
        value = values
    values = np.asarray(value)
    return values.astype(float) if values.dtype == object else values


def _any(values: np.ndarray, test: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Whether a cell passes the test; walks through memory in its order and stops at the first."""
    return any(bool(test(part).any()) for part in _parts(values))


def _parts(values: np.ndarray) -> Iterator[np.ndarray]:
    lines = values.T if values.flags.f_contiguous else values
    step = max(1, _CELLS // max(1, lines.shape[1]))
    yield from (lines[start : start + step] for start in range(0, len(lines), step))


def _is_range(names: Sequence[Any] | np.ndarray) -> bool:
    return list(names) == list(range(len(names)))
