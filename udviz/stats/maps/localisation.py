"""Does a map point at the object? Pointing game and energy inside, against uninformed maps.

Half the image is object in many photos and objects stand in the middle, so a hit rate means
nothing alone. Every score comes with that of a *uniform* map, which is the object's share of the
area, and of a *centre-biased* one: a Gaussian around the middle that has never seen the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_finite, check_same_shape
from udviz.stats.inference.intervals import t_quantile, wilson_interval
from udviz.stats.maps.grids import resize_maps

CENTRE_WIDTH = 0.25  # standard deviation of the centre-biased map, as a fraction of each side
_BLOCK_BYTES = 1 << 25  # of upsampled maps held at once


@dataclass(frozen=True, eq=False, kw_only=True)
class Localisation:
    """Scores of M pairs of a map and an object; NaN where map or mask is empty.

    Attributes:
        hit: (M,) whether the highest point of the map lies on the object: 1 or 0, or the share of
            the highest points that do, where several are tied.
        energy: (M,) share of the map's positive part that lies on the object, in [0, 1].
        area: (M,) share of the grid that is object: hit and energy of a uniform map.
        hit_centre: (M,) hit of the centre-biased map: whether the middle is object.
        energy_centre: (M,) energy of the centre-biased map.
    """

    hit: np.ndarray
    energy: np.ndarray
    area: np.ndarray
    hit_centre: np.ndarray
    energy_centre: np.ndarray


def localise(maps: np.ndarray, masks: np.ndarray) -> Localisation:
    """Score maps against the objects they should point at.

    The negative part of a map counts as zero. The rest is brought to the masks' grid by
    ``grids.resize_maps``, in blocks of images.

    Args:
        maps: (M, h, w) finite attention or class maps, one per object; any scale.
        masks: (M, H, W) bool, True on the object; see ``grids.box_masks``, ``grids.label_masks``.

    Returns:
        Scores of the M pairs. A map without a positive value and an empty mask give NaN.

    Raises:
        TypeError: If ``masks`` is not boolean.
        ValueError: If shapes do not match or a map is not finite.

    Source:
        Pointing game: Zhang et al. (2018), "Top-down neural attention by excitation backprop",
        section 4.2; energy inside: Wang et al. (2020), "Score-CAM", section 4.3.
    """
    _check(maps, masks)
    step = max(1, _BLOCK_BYTES // max(1, 8 * masks[:1].size))
    blocks = [
        _scores(maps[start : start + step], masks[start : start + step])
        for start in range(0, len(maps), step)
    ]
    scores = np.concatenate([np.empty((5, 0)), *blocks], axis=1)  # (5, M)
    hit, energy, area, hit_centre, energy_centre = scores
    return Localisation(
        hit=hit, energy=energy, area=area, hit_centre=hit_centre, energy_centre=energy_centre
    )


def localisation_table(
    scores: Localisation,
    columns: np.ndarray,
    *,
    label_names: Sequence[str],
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Average the scores per label and compare them with the uninformed maps.

    Args:
        scores: Of M pairs.
        columns: (M,) label of each pair, in [0, L).
        label_names: L names.
        confidence: Coverage of the intervals in (0, 1), pairs taken as independent.

    Returns:
        One row per label in column order: ``label``, ``column``, ``objects`` (pairs with a
        score); ``hit`` with its Wilson interval ``hit_low`` and ``hit_high``; ``energy``; the
        levels ``area`` (a uniform map's hit and energy), ``hit_centre`` and ``energy_centre``;
        ``hit_beyond_centre`` and ``energy_beyond_centre``, the mean paired difference from the
        centre-biased map, each with ``_low`` and ``_high`` (t interval; NaN below 2 objects).
        Higher is better but for the levels. NaN for a label without objects.

    Raises:
        ValueError: If shapes differ or a column lies outside [0, L).
    """
    check_same_shape(scores.hit, columns, names=("scores.hit", "columns"))
    if columns.size and not (columns.min() >= 0 and columns.max() < len(label_names)):
        raise ValueError(
            f"`columns` must lie in [0, {len(label_names)}), "
            f"got {columns.min()} to {columns.max()}."
        )
    pairs = pd.DataFrame(vars(scores)).assign(
        column=columns,
        hit_beyond_centre=scores.hit - scores.hit_centre,
        energy_beyond_centre=scores.energy - scores.energy_centre,
    )
    groups = pairs.groupby("column")
    table = groups.mean().reindex(range(len(label_names)))
    objects = groups["hit"].count().reindex(table.index, fill_value=0)
    table["hit_low"], table["hit_high"] = wilson_interval(
        (table["hit"] * objects).fillna(0.0).to_numpy(), objects.to_numpy(), confidence
    )
    quantile = t_quantile(confidence, objects.to_numpy() - 1)
    for name in ("hit_beyond_centre", "energy_beyond_centre"):
        half = quantile * groups[name].sem().reindex(table.index)
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - half, table[name] + half
    table.insert(0, "label", list(label_names))
    table.insert(1, "objects", objects)
    return table.rename_axis("column").reset_index()


def _check(maps: np.ndarray, masks: np.ndarray) -> None:
    if masks.dtype != bool:
        raise TypeError(f"`masks` must be boolean, got dtype {masks.dtype}. Pass `masks > 0`.")
    if maps.ndim != 3 or masks.ndim != 3 or len(maps) != len(masks):
        raise ValueError(
            "`maps` and `masks` must have shapes (M, h, w) and (M, H, W), "
            f"got {maps.shape} and {masks.shape}. Repeat an image's map for each of its objects."
        )
    check_finite(maps, name="maps")


def _scores(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The five scores of a block of pairs, (5, m)."""
    height, width = masks.shape[1:]
    upsampled = resize_maps(np.maximum(maps, 0), height=height, width=width)
    centre = _centre_map(height, width)
    scores = np.stack(
        [
            _hit(upsampled, masks),
            _energy(upsampled, masks),
            masks.mean(axis=(1, 2)),
            _hit(centre, masks),
            _energy(centre, masks),
        ]
    )
    scores[:, ~(masks.any(axis=(1, 2)) & (upsampled > 0).any(axis=(1, 2)))] = np.nan
    return scores


def _hit(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of each map's highest points on the object; equal up to rounding counts as tied."""
    highest = maps.max(axis=(1, 2), keepdims=True)
    at_top = maps >= highest * (1 - 1e-9)
    share: np.ndarray = (at_top & masks).sum(axis=(1, 2)) / at_top.sum(axis=(1, 2))
    return share


def _energy(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of each map's sum on the object; NaN for a map of zeros."""
    with np.errstate(invalid="ignore"):
        share: np.ndarray = (maps * masks).sum(axis=(1, 2)) / maps.sum(axis=(1, 2))
    return share


def _centre_map(height: int, width: int) -> np.ndarray:
    """Gaussian around the middle of the grid, (1, H, W)."""
    bell = [
        np.exp(-0.5 * (((np.arange(size) + 0.5) / size - 0.5) / CENTRE_WIDTH) ** 2)
        for size in (height, width)
    ]
    centre: np.ndarray = np.outer(*bell)[None]
    return centre
