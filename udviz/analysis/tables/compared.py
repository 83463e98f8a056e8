"""How well every model ranks each label, and what changed from one to the other.

All runs of all models are measured in one pass over the labels; rankings, gains, gaps, images and
ranks of difficulty derive from it.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.comparison_rows import comparison_rows, hard_labels
from udviz.stats.comparison.contributions import label_contributions
from udviz.stats.comparison.gap import gap_table
from udviz.stats.comparison.influential import (
    gain_without_few,
    mean_gain_without_few,
    rests_on_few,
)
from udviz.stats.difficulty.rank_draws import Redrawing
from udviz.stats.difficulty.ranks import rank_table
from udviz.stats.inference.clusters import group_codes
from udviz.stats.ranking.measure import Measured, Measuring, ScoreSets
from udviz.stats.ranking.ranked import RankedColumn, ranked_columns
from udviz.stats.ranking.ranking import mean_precision, precision_table
from udviz.vocabulary import AVERAGE_PRECISION, INCONCLUSIVE

MOST_IMAGES = 25  # of ``contributions``, per label and direction

Pair = tuple[str, str]  # models before and after


def compared_tables(
    plan: Plan, split: SplitPredictions, train_positives: np.ndarray, difficulty: np.ndarray
) -> Tables:
    """``comparisons``, ``gap``, ``contributions``, ranking and difficulty of one split.

    Args:
        plan: What to compare.
        split: The predictions.
        train_positives: (L,) training images that carry the label; -1 = not known.
        difficulty: (L,) by which the hard labels are told from the rest.

    Returns:
        These tables, ``ranking`` (a part of ``scores``), ``means`` (a part of ``models``) and
        ``difficulty`` (a part of ``labels``).
    """
    scores = split.logits()
    sets = ScoreSets.of(scores, fixed=plan.fixed)
    shape, names = split.targets.shape, split.groups
    groups = None if names is None else group_codes(names, n_images=shape[0])
    measuring = Measuring(
        sets,
        n_images=shape[0],
        n_labels=shape[1],
        min_positives=plan.min_positives,
        hard=hard_labels(plan, split, difficulty),
        groups=groups,
    )
    redrawing = Redrawing(*shape, runs=_places(sets, plan.reference), groups=groups)
    pairs = {pair: sets.paired(*pair) for pair in plan.comparisons}
    without = {pair: np.full(shape[1], np.nan) for pair in pairs}
    contributions: list[pd.DataFrame] = []
    all_scores = [logits for runs in scores.values() for logits in runs.values()]
    for ranked in ranked_columns(all_scores, split.targets, losses=bool(pairs), groups=groups):
        measuring.add(ranked)
        redrawing.add(ranked)
        for pair, places in pairs.items():
            without[pair][ranked.column.label] = gain_without_few(
                ranked, before=places[:, 0], after=places[:, 1]
            )
        contributions += [
            _contributions(ranked, places).assign(
                before=pair[0], after=pair[1], label=split.label_names[ranked.column.label]
            )
            for pair, places in pairs.items()
            if ranked.loss is not None
        ]
    measured = measuring.result()
    on_mean = {p: measuring.influence_on_mean(at[:, 0], at[:, 1]) for p, at in pairs.items()}
    trained = train_positives >= plan.min_train_positives
    ranks = rank_table(
        redrawing.result(), label_names=split.label_names, min_positives=plan.min_positives
    )
    tables = {
        "ranking": _of_models(plan, lambda model: _ranking(model, measured)),
        "means": _of_models(plan, lambda model: _means(model, measured, trained)),
        "comparisons": _comparisons(plan, split, measured, without, on_mean),
        "gap": _gaps(plan, split, measured),
        "contributions": _with_ids(contributions, split),
        "difficulty": _integers(ranks.assign(supported=measured.supported, hard=measured.hard)),
    }
    disagreement = split.first_run(plan.reference).disagreement
    if disagreement is not None:
        means = [disagreement[:, k].mean(dtype=np.float64) for k in range(shape[1])]
        tables["difficulty"]["disagreement"] = means
    return {name: table.assign(split=split.split) for name, table in tables.items()}


def _places(sets: ScoreSets, model: str) -> np.ndarray:
    return np.array(list(sets.runs[model].values()))


def _of_models(plan: Plan, rows_of: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    parts = [rows_of(model.name).assign(model=model.name) for model in plan.models]
    return pd.concat(parts, ignore_index=True)


def _ranking(model: str, measured: Measured) -> pd.DataFrame:
    """Average precision of every label with its interval."""
    table = precision_table(measured, model)
    return pd.DataFrame(
        {
            "column": np.arange(len(table)),
            **{f"average_precision{end}": table[f"ap{end}"] for end in ("", "_low", "_high")},
        }
    )


def _means(model: str, measured: Measured, trained: np.ndarray) -> pd.DataFrame:
    """Mean average precisions: one row."""
    mean, supported = (mean_precision(measured, model, supported=s) for s in (False, True))
    usable = trained & measured.measurable
    by_run = measured.values[_places(measured.sets, model)][:, usable]
    means = by_run.mean(axis=1) if usable.any() else np.full(len(by_run), np.nan)
    with np.errstate(invalid="ignore"):  # a label without a known target
        prevalence = measured.positives / measured.known
    row = {
        "mean_ap": mean.value,
        "mean_ap_low": mean.low,
        "mean_ap_high": mean.high,
        "mean_ap_seed_sd": mean.seed_sd,
        "mean_ap_supported": supported.value,
        "n_supported": supported.n_labels,
        "mean_ap_trained": float(means.mean()),
        "mean_ap_trained_seed_sd": float(means.std(ddof=1)) if means.size > 1 else np.nan,
        "n_trained": int(trained.sum()),
        "mean_prevalence": float(np.nanmean(prevalence)) if measured.known.any() else np.nan,
        "n_labels": len(trained),
    }
    return pd.DataFrame([row])


def _comparisons(
    plan: Plan,
    split: SplitPredictions,
    measured: Measured,
    without: Mapping[Pair, np.ndarray],
    on_mean: Mapping[Pair, np.ndarray],
) -> pd.DataFrame:
    """Every comparison in average precision, and what it would be without few images.

    Args:
        plan: What to compare.
        split: The predictions.
        measured: What was measured of them.
        without: Comparison -> (L,) gains without the most influential images.
        on_mean: Comparison -> (N,) influence of every image on the gain in mean AP.
    """
    if not plan.comparisons:
        return pd.DataFrame()
    table = comparison_rows(plan, split, measured, AVERAGE_PRECISION)
    for pair in plan.comparisons:
        own = (table["before"] == pair[0]) & (table["after"] == pair[1])
        table.loc[own & (table["scope"] == "label"), "gain_without_few"] = without[pair]
        mean = own & (table["scope"] == "mean")
        gain = float(table.loc[mean, "gain"].iloc[0])
        table.loc[mean, "gain_without_few"] = mean_gain_without_few(on_mean[pair], gain=gain)
    few = rests_on_few(
        *(table[name].to_numpy() for name in ("gain", "gain_low", "gain_high", "gain_without_few"))
    )
    told = table["scope"].isin(["label", "mean"])
    table["rests_on_few"] = few & told & (table["verdict"] != INCONCLUSIVE)
    return table


def _gaps(plan: Plan, split: SplitPredictions, measured: Measured) -> pd.DataFrame:
    """How much of the way to the teacher each comparison goes, where it is not part of it."""
    teacher = plan.teacher
    if teacher is None:
        return pd.DataFrame()
    parts = [
        gap_table(measured, before, after, teacher.name).assign(
            before=before,
            after=after,
            teacher=teacher.name,
            label=list(split.label_names),
            column=np.arange(len(split.label_names)),
        )
        for before, after in plan.comparisons
        if teacher.name not in (before, after)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _contributions(ranked: RankedColumn, places: np.ndarray) -> pd.DataFrame:
    """The images that made one label's gain: the ``MOST_IMAGES`` that helped and hurt most."""
    table = label_contributions(ranked, before=places[:, 0], after=places[:, 1], most=MOST_IMAGES)
    return table[table["contribution"] != 0]


def _with_ids(parts: list[pd.DataFrame], split: SplitPredictions) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    ids = split.first.images["image_id"].to_numpy(dtype=object)
    return table.assign(image_id=ids[table["image"].to_numpy()])


def _integers(difficulty: pd.DataFrame) -> pd.DataFrame:
    """Ranks as whole numbers, -1 where there is none; columns as in ``labels``."""
    ranks = ["difficulty_rank", "rank_low", "rank_high"]
    whole = difficulty[ranks].fillna(-1).astype(np.int64)
    rest = difficulty.drop(columns=["average_precision", "average_precision_se", *ranks])
    return rest.join(whole)
