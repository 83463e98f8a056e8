"""How difficult is each label, and how sure is its place among the others?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.stats.difficulty.rank_draws import RedrawnPrecision, redraw_precision
from udviz.stats.inference.intervals import normal_quantile
from udviz.stats.labels.probabilities import check_label_names
from udviz.stats.ranking.prevalence import chance_average_precision


def difficulty_ranks(
    models: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    label_names: Sequence[str],
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Difficulty of every label with its rank and how far that could move.

    The difficulty of a label is the share of the way from a random ranking of its images to a
    perfect one that the models leave open: (1 - AP) / (1 - AP of a random ranking), averaged.
    0 is perfect, 1 no better than chance. Chance is taken off because a label present on half of
    all images has a high AP for free. What a rare label loses beyond that is a real difficulty,
    and is named by its cause.

    Args:
        models: (N, L) scores of one or more models; the AP is averaged over them.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).
        label_names: L names.
        confidence: Coverage of the intervals in (0, 1).
        seed: Seed of the draws.

    Returns:
        One row per label in column order.

        - ``label``, ``column``: name and column index in [0, L).
        - ``positives``, ``known``, ``prevalence``: images with the label, images whose target is
          known, their ratio.
        - ``average_precision``, ``average_precision_se``: mean over the models, and its standard
          error from the images; NaN without positives or negatives, and below 2.
        - ``chance``: expected AP of a random ranking.
        - ``difficulty``, ``difficulty_low``, ``difficulty_high``: see above, with interval.
        - ``difficulty_rank``, ``rank_low``, ``rank_high``: 1 is the most difficult; the interval is
          how far the label could move on other images, labels drawn jointly. NaN without
          positives or negatives.

    Raises:
        TypeError: If scores are no floating-point numpy arrays.
        ValueError: If there is no model, shapes differ, a score is not finite, a target is none of
            1, 0, -1, a name is missing or ``confidence`` leaves (0, 1).
    """
    normal_quantile(confidence)  # refuses a confidence outside (0, 1)
    check_label_names(label_names, targets.shape[1])
    redrawn = redraw_precision(models, targets, seed=seed)
    return rank_table(redrawn, label_names=label_names, confidence=confidence)


def rank_table(
    redrawn: RedrawnPrecision,
    *,
    label_names: Sequence[str],
    confidence: float = 0.95,
    min_positives: int = 1,
) -> pd.DataFrame:
    """The table of `difficulty_ranks` from average precisions that were redrawn already.

    Labels with fewer than ``min_positives`` positives have no rank, and take none from others.
    """
    chance = chance_average_precision(redrawn.positives, redrawn.known)
    table = pd.DataFrame({"label": list(label_names), "column": np.arange(len(label_names))})
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: none known, or all present
        table = table.assign(
            positives=redrawn.positives,
            known=redrawn.known,
            prevalence=redrawn.positives / redrawn.known,
            average_precision=redrawn.average_precision,
            average_precision_se=redrawn.standard_error,
            chance=chance,
            difficulty=(1 - redrawn.average_precision) / (1 - chance),
        )
        draws = (1 - redrawn.draws) / (1 - chance)  # (D, L)
    ends = (0.5 - confidence / 2, 0.5 + confidence / 2)
    difficulty = table["difficulty"].to_numpy()
    known = np.isfinite(difficulty)
    table["difficulty_low"] = table["difficulty_high"] = np.nan
    if known.any():
        low, high = np.quantile(draws[:, known], ends, axis=0)
        table.loc[known, "difficulty_low"], table.loc[known, "difficulty_high"] = low, high
    ranked = known & (redrawn.positives >= min_positives)
    return table.join(_rank_intervals(difficulty, draws, ranked, ends))


def _rank_intervals(
    difficulty: np.ndarray, draws: np.ndarray, ranked: np.ndarray, ends: tuple[float, float]
) -> pd.DataFrame:
    """Rank and its interval among the ``ranked`` labels; NaN for the others."""
    columns = ["difficulty_rank", "rank_low", "rank_high"]
    table = pd.DataFrame(np.nan, index=range(difficulty.size), columns=columns)
    if not ranked.any():
        return table
    rank = _ranks(difficulty[ranked][None])[0]
    rank_draws = _ranks(draws[:, ranked])
    rank_low = np.quantile(rank_draws, ends[0], axis=0, method="lower")
    rank_high = np.quantile(rank_draws, ends[1], axis=0, method="higher")
    table.loc[ranked] = np.stack(
        [rank, np.minimum(rank_low, rank), np.maximum(rank_high, rank)], axis=1
    )
    return table


def _ranks(difficulty: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, 1 for the largest; ties in column order."""
    order = np.argsort(-difficulty, axis=-1, kind="stable")
    ranks = np.empty(difficulty.shape)
    places = np.broadcast_to(np.arange(1.0, difficulty.shape[-1] + 1), difficulty.shape)
    np.put_along_axis(ranks, order, places, axis=-1)
    return ranks
