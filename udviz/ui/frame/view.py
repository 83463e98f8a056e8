"""The part of a study that a page speaks of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from udviz.figures.labels.panels import Rows
from udviz.figures.style.hover import label_summaries
from udviz.figures.style.theme import MOST_MODELS, MarkerStyle, model_styles
from udviz.ui.labels.filters import hardest_first
from udviz.ui.load.study import Study
from udviz.vocabulary import AVERAGE_PRECISION, Metric

_UNKNOWN = ("train_positives", "difficulty_rank", "rank_low", "rank_high")  # where below 0
_OWN = [  # of the reference's scores
    *("average_precision", "average_precision_low", "average_precision_high", "ece"),
]
GAINS = [  # columns of a comparison that the rows of its labels have
    *("gain", "gain_low", "gain_high", "p", "q", "verdict", "detectable_gain"),
    *("before_value", "after_value", "gain_without_few", "rests_on_few"),
]


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """Two models of a study that its analysis compares on one split.

    Attributes:
        before: Name of the model that is compared with.
        after: Name of the model that is compared.
        metric: What they are compared in.
        mean: Row of the table ``comparisons`` of the mean of that over labels.
        labels: Its rows of the labels.
    """

    before: str
    after: str
    metric: Metric
    mean: pd.Series
    labels: pd.DataFrame

    @property
    def pair(self) -> tuple[str, str]:
        """Names of the models before and after."""
        return self.before, self.after


@dataclass(frozen=True, eq=False, kw_only=True)
class View:
    """The part of a study that a page speaks of.

    Attributes:
        study: The whole study.
        split: The chosen split.
        models: Rows of the table ``models`` of this split, in the order of the study.
        labels: One row per label of this split, hardest first: the table ``labels``, what is
            unknown as NaN, with the scores of the reference (``average_precision``, ``ece``) and
            the gain in the chosen comparison (`GAINS`), NaN where there is none.
        scores: Rows of the table ``scores`` of this split.
        styles: How each model of the study is drawn.
        drawn: The same of the models that pictures overlay, at most `MOST_MODELS`.
        reference: Name of the model whose difficulty and uncertainty are shown.
        comparison: The chosen comparison, or None.
    """

    study: Study
    split: str
    models: pd.DataFrame
    labels: pd.DataFrame
    scores: pd.DataFrame
    styles: Mapping[str, MarkerStyle]
    drawn: Mapping[str, MarkerStyle]
    reference: str
    comparison: Comparison | None

    @property
    def names(self) -> list[str]:
        """Names of the models of this split."""
        return self.models["model"].tolist()

    @property
    def pair(self) -> tuple[str, str] | None:
        """Models before and after of the chosen comparison."""
        return self.comparison.pair if self.comparison else None

    @property
    def metric(self) -> Metric:
        """What the gains are in."""
        return self.comparison.metric if self.comparison else AVERAGE_PRECISION

    @property
    def has_gains(self) -> bool:
        """Whether a label has a gain."""
        return bool(self.labels["gain"].notna().any())

    def file_name(self, name: str) -> str:
        """Name of a file that a person downloads: of which study and split it is."""
        return f"{self.study.path.name}-{self.split}-{name}"

    def label(self, name: str) -> pd.Series:
        """The row of one label."""
        return self.labels[self.labels["label"] == name].iloc[0]

    def rows(self, labels: pd.DataFrame) -> Rows:
        """``labels`` as a ranking draws them."""
        return Rows(
            labels=labels,
            all_labels=self.labels,
            scores=self.scores,
            styles=self.drawn,
            pair=self.pair,
            metric=self.metric,
        )

    def hover(self, labels: pd.DataFrame) -> dict[str, str]:
        """Label -> what its mark says when the pointer rests on it."""
        return {label: self._told[label] for label in labels["label"]}

    @cached_property
    def _told(self) -> dict[str, str]:
        """Of every label; once, as a click that filters them draws the same view again."""
        told = label_summaries(self.labels, self.scores, self.drawn, metric=self.metric)
        return dict(zip(self.labels["label"], told, strict=True))


def view_of(
    study: Study,
    split: str,
    *,
    pair: tuple[str, str] | None = None,
    metric: Metric = AVERAGE_PRECISION,
    drawn: Sequence[str] | None = None,
) -> View:
    """The rows of one split, labels hardest first.

    Args:
        study: The study.
        split: One of its splits.
        pair: Models before and after; those of the first comparison if None.
        metric: What they are compared in.
        drawn: Models that pictures overlay; the first ones if None.
    """
    models = _of(study.models, split)
    scores = _of(study.scores, split)
    names = models["model"].tolist()
    reference = next(iter(models.loc[models["reference"], "model"]), names[0])
    pair = pair or next(iter(study.pairs), None)
    comparison = _comparison(_of(study.comparisons, split), pair, metric) if pair else None
    first = [name for name in names if drawn is None or name in drawn][:MOST_MODELS]
    styles = model_styles([*first, *(name for name in names if name not in first)])
    labels = _labels(_of(study.labels, split), scores[scores["model"] == reference], comparison)
    return View(
        study=study,
        split=split,
        models=models,
        labels=hardest_first(labels),
        scores=scores,
        styles={name: styles[name] for name in names},
        drawn={name: styles[name] for name in first},
        reference=reference,
        comparison=comparison,
    )


def _of(table: pd.DataFrame, split: str) -> pd.DataFrame:
    return table[table["split"] == split].reset_index(drop=True)


def _comparison(
    comparisons: pd.DataFrame, pair: tuple[str, str], metric: Metric
) -> Comparison | None:
    before, after = pair
    rows = comparisons[(comparisons["before"] == before) & (comparisons["after"] == after)]
    rows = rows[rows["metric"] == metric]
    mean, labels = rows[rows["scope"] == "mean"], rows[rows["scope"] == "label"]
    if mean.empty:
        return None
    return Comparison(before=before, after=after, metric=metric, mean=mean.iloc[0], labels=labels)


def _labels(labels: pd.DataFrame, own: pd.DataFrame, comparison: Comparison | None) -> pd.DataFrame:
    """The rows of the labels with the reference's scores and the gains of a comparison."""
    known = {name: labels[name].where(labels[name] >= 0).astype(float) for name in _UNKNOWN}
    rows = labels.assign(**known)
    if "disagreement" not in rows:
        rows = rows.assign(disagreement=float("nan"))
    rows = rows.merge(own[["label", *_OWN]], how="left", on="label", validate="1:1")
    if comparison is None:
        return rows.assign(**dict.fromkeys(GAINS, float("nan")))
    gains = comparison.labels[["label", *GAINS]]
    return rows.merge(gains, how="left", on="label", validate="1:1")
