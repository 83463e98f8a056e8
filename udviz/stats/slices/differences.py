"""The images of a slice (a site, an annotator, a camera) beside all others, label by label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_targets
from udviz.stats.comparison.gain import corrected
from udviz.stats.decisions.confusion import calls
from udviz.stats.inference.clusters import Images, group_codes
from udviz.stats.labels.label_columns import label_columns
from udviz.stats.labels.probabilities import logit_probs
from udviz.stats.slices.gathering import Gathering
from udviz.stats.slices.parts import LabelImages
from udviz.vocabulary import SLICE_METRICS, SliceMetric


@dataclass(frozen=True, eq=False, kw_only=True)
class SliceData:
    """Images, their slices and what is known of them.

    Attributes:
        targets: (N, L) 1 present, 0 absent, -1 unknown.
        slices: (N,) slice of every image.
        label_names: The L labels.
        groups: (N,) names of groups of images that are alike: intervals then take groups for
            independent, not images. None if each image is its own.
        runs: (N, L) logits of each run of a model; none where only targets are at hand.
        thresholds: (L,) logits from which on each run predicts a label.
        min_positives: Positives from which on a label counts in a mean over labels.
    """

    targets: np.ndarray
    slices: pd.Series
    label_names: Sequence[str]
    groups: np.ndarray | None = None
    runs: Sequence[np.ndarray] = ()
    thresholds: Sequence[np.ndarray] = ()
    min_positives: int = 1

    @property
    def metrics(self) -> tuple[SliceMetric, ...]:
        """What can be measured."""
        return tuple(m for m in SLICE_METRICS if (m != "prevalence") == bool(self.runs))


def compare_slices(data: SliceData) -> pd.DataFrame:
    """Every label on the images of each slice, beside the same on all images outside of it.

    Slice and rest share no image, so their variances add. Shares of independent images are tested
    exactly (counts that are means over runs are rounded towards no difference), other measures by
    the level at which the interval of their difference reaches 0. Average precision is not tested:
    it depends on prevalence, so that slices with other prevalences differ in it even where a model
    ranks equally well. AUROC does not, and is tested instead.

    Args:
        data: With runs: what their model is worth; without: prevalence.

    Returns:
        One row per slice, metric and label, and one of their mean over labels: ``slice``,
        ``metric``, ``scope`` (``label`` or ``mean``), ``label``, ``column``; ``known`` and
        ``positives`` images of the slice, ``rest_known`` and ``rest_positives`` of the rest;
        ``value``, ``rest`` and their ``difference`` with ``_low`` and ``_high``; ``p``, NaN below
        5 images (of the rarer outcome where it ranks; for prevalence, 5 positives in all) on
        either side; and ``n_labels``. No rows of a slice that all images are in, or none.

    Raises:
        TypeError: If logits are no floating-point numpy arrays.
        ValueError: If shapes differ, a logit is not finite or a target is none of 1, 0, -1.
    """
    check_targets(data.targets)
    given = data.groups
    groups = None if given is None else group_codes(given, n_images=len(data.targets))
    names = pd.Categorical(data.slices)
    parts = [
        _one_slice(data, inside, groups).assign(slice=str(name))
        for code, name in enumerate(names.categories)
        if (inside := names.codes == code).any() and not inside.all()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def corrected_p(rows: pd.DataFrame) -> pd.Series:
    """q-values over all labels and slices of a split and metric; of means NaN.

    Args:
        rows: Of `compare_slices` for any splits and slice columns, with ``split``.

    Source:
        Benjamini and Hochberg (1995), "Controlling the false discovery rate".
    """
    p = rows["p"].where(rows["scope"] == "label")
    return p.groupby([rows["split"], rows["metric"]]).transform(
        lambda own: corrected(own.to_numpy(), correction="bh")
    )


def _one_slice(data: SliceData, inside: np.ndarray, groups: np.ndarray | None) -> pd.DataFrame:
    sides = [Gathering(metric, inside, groups) for metric in data.metrics]
    counts = []
    for images, label in _labels(data, groups):
        here = inside[images]
        n_in, n_out = int(here.sum()), int((~here).sum())
        n_positive = int((label.positive & here).sum()), int((label.positive & ~here).sum())
        counts.append((n_in, n_positive[0], n_out, n_positive[1]))
        supported = min(n_positive) >= data.min_positives or not data.runs
        for metric in sides:
            metric.add(images, label, here, in_mean=supported)
    names = ["known", "positives", "rest_known", "rest_positives"]
    table = pd.DataFrame(counts, columns=names, dtype=np.int64)
    table.insert(0, "label", list(data.label_names))
    return pd.concat([metric.rows(table) for metric in sides], ignore_index=True)


def _labels(data: SliceData, groups: np.ndarray | None) -> Iterator[tuple[Images, LabelImages]]:
    """Every label with the images whose target is known."""
    known: Images
    if not data.runs:
        for target in data.targets.T:
            known = np.flatnonzero(target != -1)
            nothing = np.empty(0)
            yield (
                known,
                LabelImages(
                    positive=target[known] == 1,
                    scores=(),
                    prob=nothing,
                    called=nothing,
                    groups=None if groups is None else groups[known],
                ),
            )
        return
    for column in label_columns(data.runs, data.targets, name="logits"):
        known = slice(None) if column.known is None else column.known
        limits = [own[column.label] for own in data.thresholds]
        pairs = zip(column.scores, limits, strict=True)
        yield (
            known,
            LabelImages(
                positive=column.positive,
                scores=column.scores,
                prob=np.mean([logit_probs(scores) for scores in column.scores], axis=0),
                called=np.mean([calls(scores, float(limit)) for scores, limit in pairs], axis=0),
                groups=None if groups is None else groups[known],
            ),
        )
