"""Do two models look at the same places? Agreement of their maps, image by image and per label.

Two maps of one image are alike for reasons that have nothing to do with it: objects stand in the
middle, borders are dark. So every agreement comes with that of *another* image: the first model's
map of this image against the second model's map of the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_finite
from udviz.stats.inference.intervals import t_quantile
from udviz.stats.maps.grids import average_maps, from_zero

_BLOCK_BYTES = 1 << 23  # of maps held at once, several times over


@dataclass(frozen=True, eq=False, kw_only=True)
class MapAgreement:
    """How alike M pairs of maps are; 1 where they are the same, NaN where one of them is flat.

    Attributes:
        correlation: (M,) Pearson's correlation over cells, in [-1, 1]; 0 for unrelated maps.
        overlap: (M,) shared energy in [0, 1]: each map less its smallest value and divided by its
            sum, then the sum of the smaller one of both in each cell.
    """

    correlation: np.ndarray
    overlap: np.ndarray


def map_agreement(first: np.ndarray, second: np.ndarray) -> MapAgreement:
    """Compare maps pair by pair on the coarser of their two grids.

    A finer map is averaged over the cells of the coarser one. Neither the scale nor the zero of a
    map matters.

    Args:
        first: (M, h, w) finite maps of one model.
        second: (M, h', w') finite maps of another model, of the same images.

    Raises:
        ValueError: If the shapes are not those of as many maps, or a map is not finite.

    Source:
        Bylinskii et al. (2019), "What do different evaluation metrics tell us about saliency
        models?", CC and SIM; the latter is the histogram intersection of Swain & Ballard (1991).
    """
    _check(first, second)
    step = max(1, _BLOCK_BYTES // max(1, 8 * max(first[:1].size, second[:1].size)))
    blocks = [
        _compare(first[start : start + step], second[start : start + step])
        for start in range(0, len(first), step)
    ]
    correlation, overlap = np.concatenate([np.empty((2, 0)), *blocks], axis=1)
    return MapAgreement(correlation=correlation, overlap=overlap)


def map_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """One map less another on the coarser of their grids.

    Args:
        first: (h, w).
        second: (h', w').

    Returns:
        (min(h, h'), min(w, w')).
    """
    one, other = _on_common_grid(first[None], second[None])
    difference: np.ndarray = one[0] - other[0]
    return difference


def agreement_table(
    agreement: MapAgreement,
    elsewhere: MapAgreement,
    targets: np.ndarray,
    *,
    label_names: Sequence[str],
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Mean agreement over the images that carry each label.

    There is one map per image, so labels that appear together share their images.

    Args:
        agreement: Of two models on N images.
        elsewhere: Of one model's map of an image and the other's of another one, N pairs.
        targets: (N, L) targets: 1 present, 0 absent, -1 unknown.
        label_names: L names.
        confidence: Coverage of the intervals in (0, 1), images taken as independent.

    Returns:
        One row per label in column order: ``label``, ``column``, ``images`` (that carry the label
        and have an agreement), ``correlation`` with its t interval ``correlation_low`` and
        ``correlation_high`` (NaN below 2 images), ``overlap``, and the levels
        ``correlation_elsewhere`` and ``overlap_elsewhere``. NaN for a label without images.

    Raises:
        ValueError: If ``targets`` does not have a row per pair and a column per name.
    """
    shape = (len(agreement.correlation), len(label_names))
    if targets.shape != shape or len(elsewhere.correlation) != shape[0]:
        raise ValueError(
            f"`targets` must have a row per pair of maps and a column per label, {shape}, and "
            f"`elsewhere` as many pairs, got {targets.shape} and {len(elsewhere.correlation)}."
        )
    rows = []
    for column, label in enumerate(label_names):
        carries = targets[:, column] == 1
        own = agreement.correlation[carries]
        own = own[np.isfinite(own)]
        low, high = _mean_interval(own, confidence)
        rows.append(
            {
                "label": label,
                "column": column,
                "images": len(own),
                "correlation": _mean(own),
                "correlation_low": low,
                "correlation_high": high,
                "overlap": _mean(agreement.overlap[carries]),
                "correlation_elsewhere": _mean(elsewhere.correlation[carries]),
                "overlap_elsewhere": _mean(elsewhere.overlap[carries]),
            }
        )
    return pd.DataFrame(rows)


def _check(first: np.ndarray, second: np.ndarray) -> None:
    if first.ndim != 3 or second.ndim != 3 or len(first) != len(second):
        raise ValueError(
            "`first` and `second` must have shapes (M, h, w) and (M, h', w'), "
            f"got {first.shape} and {second.shape}. Pass the maps of the same images."
        )
    check_finite(first, name="first")
    check_finite(second, name="second")


def _compare(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Correlation and overlap of a block of pairs, (2, m)."""
    pair, cells = _on_common_grid(first, second), (1, 2)
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 of a flat map
        centred = [maps - maps.mean(axis=cells, keepdims=True) for maps in pair]
        unit = [maps / np.linalg.norm(maps, axis=cells, keepdims=True) for maps in centred]
        lifted = [from_zero(maps) for maps in pair]
        shares = [maps / maps.sum(axis=cells, keepdims=True) for maps in lifted]
    scores = np.stack([(unit[0] * unit[1]).sum(axis=cells), np.minimum(*shares).sum(axis=cells)])
    scores[:, np.any([_is_flat(maps) for maps in pair], axis=0)] = np.nan
    return scores


def _on_common_grid(first: np.ndarray, second: np.ndarray) -> list[np.ndarray]:
    """Both maps on the coarser grid."""
    height, width = (min(sizes) for sizes in zip(first.shape[1:], second.shape[1:], strict=True))
    return [average_maps(maps, height=height, width=width) for maps in (first, second)]


def _is_flat(maps: np.ndarray) -> np.ndarray:
    """Which of (m, h, w) maps have one value only, up to rounding."""
    flat: np.ndarray = np.ptp(maps, axis=(1, 2)) <= 1e-12 * np.abs(maps).max(axis=(1, 2))
    return flat


def _mean(values: np.ndarray) -> float:
    """Mean of the finite values; NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else np.nan


def _mean_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Student's interval of a mean; NaN below 2 values."""
    if values.size < 2:
        return np.nan, np.nan
    half = float(t_quantile(confidence, np.array(values.size - 1)))
    half *= float(values.std(ddof=1)) / np.sqrt(values.size)
    return float(values.mean()) - half, float(values.mean()) + half
