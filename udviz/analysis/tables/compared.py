"""How well every model ranks each label, and what changed from one to the other.

All runs of all models are measured in one pass over the labels; rankings, gains, gaps, images and
ranks of difficulty derive from it.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Tables
from udviz.analysis.jobs import LabelJob
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.comparison_rows import comparison_rows
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
from udviz.stats.ranking.measured import Measured
from udviz.stats.ranking.measuring import Measuring
from udviz.stats.ranking.ranked import RankedColumn, ranked_columns
from udviz.stats.ranking.ranking import mean_precision, precision_table
from udviz.stats.ranking.score_sets import ScoreSets
from udviz.vocabulary import AVERAGE_PRECISION, INCONCLUSIVE

MOST_IMAGES = 25  # of ``contributions``, per label and direction

Pair = tuple[str, str]  # models before and after


class Ranked:
    """What was found of the ranking of a block of labels by every run.

    Args:
        plan: What to compare.
        split: The predictions.
        hard: (L,) bool, the labels that were called hard beforehand.
    """

    def __init__(self, plan: Plan, split: SplitPredictions, hard: np.ndarray) -> None:
        self.sets = ScoreSets.of(split.logits(), fixed=plan.fixed)
        self.pairs = {pair: self.sets.paired(*pair) for pair in plan.comparisons}
        shape, names = split.targets.shape, split.groups
        groups = None if names is None else group_codes(names, n_images=shape[0])
        self.measuring = Measuring(
            self.sets,
            n_images=shape[0],
            n_labels=shape[1],
            min_positives=plan.min_positives,
            hard=hard,
            groups=groups,
        )
        self.redrawing = Redrawing(*shape, runs=_places(self.sets, plan.reference), groups=groups)
        self.gains_without: dict[Pair, list[float]] = {pair: [] for pair in self.pairs}
        self.contributions: list[dict[str, np.ndarray]] = []
        self.disagreement: list[float] = []

    def add(self, ranked: RankedColumn) -> None:
        """Take in the next label."""
        self.measuring.add(ranked)
        self.redrawing.add(ranked)
        for place, (pair, at) in enumerate(self.pairs.items()):
            without = gain_without_few(ranked, before=at[:, 0], after=at[:, 1])
            self.gains_without[pair].append(without)
            if ranked.loss is not None:
                self.contributions.append(_contributions(ranked, at, pair=place))

    def extend(self, other: "Ranked") -> None:
        """Take in the labels that come next."""
        self.measuring.extend(other.measuring)
        self.redrawing.extend(other.redrawing)
        for pair, gains in self.gains_without.items():
            gains += other.gains_without[pair]
        self.contributions += other.contributions
        self.disagreement += other.disagreement


def compared_job(
    plan: Plan, split: SplitPredictions, train_positives: np.ndarray, hard: np.ndarray
) -> LabelJob:
    """``comparisons``, ``gap``, ``contributions``, ranking and difficulty of one split.

    Also ``ranking`` (a part of ``scores``), ``means`` (a part of ``models``) and ``difficulty`` (a
    part of ``labels``).

    Args:
        plan: What to compare.
        split: The predictions.
        train_positives: (L,) training images that carry the label; -1 = not known.
        hard: (L,) bool, the labels that were called hard beforehand.
    """
    return LabelJob(
        name=f"ranking and comparisons on {split.split}",
        n_labels=len(split.label_names),
        part=partial(_rank, plan=plan, split=split, hard=hard),
        join=partial(_tables, plan=plan, split=split, train_positives=train_positives),
    )


def _rank(labels: range, *, plan: Plan, split: SplitPredictions, hard: np.ndarray) -> Ranked:
    found = Ranked(plan, split, hard)
    score_sets = [logits for runs in split.logits().values() for logits in runs.values()]
    columns = ranked_columns(
        score_sets,
        split.targets,
        labels=labels,
        losses=bool(found.pairs),
        groups=found.measuring.groups,
    )
    for ranked in columns:
        found.add(ranked)
    disagreement = split.first_run(plan.reference).disagreement
    if disagreement is not None:
        found.disagreement = [disagreement[:, k].mean(dtype=np.float64) for k in labels]
    return found


def _tables(
    found: Ranked, *, plan: Plan, split: SplitPredictions, train_positives: np.ndarray
) -> Tables:
    measured, influence = found.measuring.result(), found.measuring.influence_on_mean
    without = {pair: np.array(gains) for pair, gains in found.gains_without.items()}
    on_mean = {pair: influence(at[:, 0], at[:, 1]) for pair, at in found.pairs.items()}
    trained = train_positives >= plan.min_train_positives
    ranks = rank_table(
        found.redrawing.result(), label_names=split.label_names, min_positives=plan.min_positives
    )
    tables = {
        "ranking": _of_models(plan, lambda model: _ranking(model, measured)),
        "means": _of_models(plan, lambda model: _means(model, measured, trained)),
        "comparisons": _comparisons(plan, split, measured, without, on_mean),
        "gap": _gaps(plan, split, measured),
        "contributions": _named(found.contributions, list(found.pairs), split),
        "difficulty": _integers(ranks.assign(supported=measured.supported, hard=measured.hard)),
    }
    if found.disagreement:
        tables["difficulty"]["disagreement"] = found.disagreement
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


def _contributions(ranked: RankedColumn, places: np.ndarray, *, pair: int) -> dict[str, np.ndarray]:
    """The images that made one label's gain: the ``MOST_IMAGES`` that helped and hurt most."""
    columns = label_contributions(ranked, before=places[:, 0], after=places[:, 1], most=MOST_IMAGES)
    mattered = columns["contribution"] != 0
    own = {name: values[mattered] for name, values in columns.items()}
    n_images = int(np.count_nonzero(mattered))
    return own | {
        "pair": np.full(n_images, pair),
        "column": np.full(n_images, ranked.column.label),
    }


def _named(
    parts: list[dict[str, np.ndarray]], pairs: list[Pair], split: SplitPredictions
) -> pd.DataFrame:
    """Contributions with the names of models, labels and images."""
    if not parts:
        return pd.DataFrame()
    table = pd.DataFrame({name: np.concatenate([p[name] for p in parts]) for name in parts[0]})
    before, after = np.array(pairs, dtype=object)[table.pop("pair")].T
    labels, ids = (
        np.array(names, dtype=object)
        for names in (split.label_names, split.first.images["image_id"])
    )
    names = {"before": before, "after": after, "label": labels[table.pop("column")]}
    return table.assign(**names, image_id=ids[table["image"]])


def _integers(difficulty: pd.DataFrame) -> pd.DataFrame:
    """Ranks as whole numbers, -1 where there is none; columns as in ``labels``."""
    ranks = ["difficulty_rank", "rank_low", "rank_high"]
    whole = difficulty[ranks].fillna(-1).astype(np.int64)
    rest = difficulty.drop(columns=["average_precision", "average_precision_se", *ranks])
    return rest.join(whole)
