"""Why is a label difficult? Every cause with the evidence for it, and the rule that decides.

A cause is named where the evidence is both beyond chance, corrected for looking at many labels, and
large enough to matter; the constants below say how large. They are conventions: raise or lower
them in the open. Every label is judged, however well the models do on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.stats.average_precision.prevalence import expected_average_precision
from udviz.stats.average_precision.ranking import auroc
from udviz.stats.calibration.calibration_error import (
    excess_p_value,
    expected_calibration_error,
    null_levels,
)
from udviz.stats.calibration.recalibration import Recalibration
from udviz.stats.calibration.reliability_bins import reliability_bins
from udviz.stats.comparison.gain import corrected
from udviz.stats.difficulty.findings import Findings, find
from udviz.stats.label_errors.suspects import unmarked_p_value
from udviz.stats.labels.probabilities import (
    check_label_names,
    label_counts,
    prob_columns,
    prob_logits,
)
from udviz.stats.uncertainty.measures import binary_entropy
from udviz.vocabulary import MIN_POSITIVES

CAUSES = ("rare", "look-alike", "suspect labels", "miscalibrated", "uncertain", "small", "occluded")

FALSE_DISCOVERY_RATE = 0.05  # over the labels, for each tested cause
RARE_SHARE = 0.25  # training positives below this share of the median label's
RARE_COUNT = 20  # or below this many
SUSPECT_SHARE = 0.05  # unmarked beyond what is allowed, per marked one, of the surest images
MISCALIBRATED_SHARE = 0.25  # excess calibration error per prevalence of the rarer outcome
UNCERTAIN_SHARE = 0.5  # recalibrated entropy per entropy of always saying the prevalence
SMALL_AREA = 0.01  # median area of an image's largest object, as a fraction of the image
OCCLUDED_VISIBLE = 0.5  # median visible fraction of an image's most visible object


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelFacts:
    """What is known of the labels besides predictions; leave out what is not.

    Attributes:
        train_positives: (L,) images of the training split that carry the label.
        area: (L,) from ``object_sizes``: median share of the image that an object's box covers.
        visible: (L,) from ``object_sizes``: median visible fraction in [0, 1].
        suspects: ``Suspects.counts`` of other images than the ones judged, typically of the
            training split by cross-validation, where wrong targets do their harm. Without it, the
            targets judged are themselves searched.
        findings: `findings.find` of the same predictions, where it was needed before.
    """

    train_positives: np.ndarray | None = None
    area: np.ndarray | None = None
    visible: np.ndarray | None = None
    suspects: pd.DataFrame | None = None
    findings: Findings | None = None


def cause_evidence(
    probs: np.ndarray,
    targets: np.ndarray,
    *,
    label_names: Sequence[str],
    facts: LabelFacts | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Look for every cause in every label.

    Args:
        probs: (N, L) probabilities in [0, 1] on images the model did not train on.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).
        label_names: L names.
        facts: What is known of the labels besides.
        seed: Seed of the calibration errors' null levels.

    Returns:
        One row per label in column order. One bool column per cause of ``CAUSES``, and:

        - rare: ``train_positives`` (NaN where not given; then ``positives`` decide) and
          ``expected_ap``, the AP of a label of this prevalence that is told apart as well as the
          median label: what rarity alone costs.
        - look-alike: ``partners``, the labels beside which it is wrongly seen, comma-separated;
          of the first, ``partner_lift``, with ``partner_lift_low`` and ``partner_lift_high``: how
          many times as often it is wrongly seen beside it, holding for all pairs at once; and
          ``partner_share``, of its false alarms. See ``look_alikes``.
        - suspect labels: ``doubted_share`` of its targets that cleanlab doubts,
          ``doubted_missing``, ``doubted_extra``, ``doubted_missing_unexplained`` by a look-alike;
          ``surest_marked``, ``surest_unmarked``, ``surest_expected`` and ``suspect_q``: of the
          images that the model is surest of, how many are marked and unmarked, how many unmarked
          ones its probabilities allow, and the corrected p of the surplus
          (``unmarked_p_value``). Only missing marks make a cause: an object too
          small, hidden or rarely seen looks to a model exactly like a mark too many.
        - miscalibrated: ``ece`` of 15 bins, ``ece_null`` of a calibrated model, ``ece_excess`` and
          ``ece_q``, its p corrected for all labels.
        - uncertain: ``entropy``, the mean in nats as the model states it, and ``entropy_share``:
          what is left, of the entropy of always saying the prevalence, once the probabilities
          are put right (``fit_platt_to_probs`` on these images), so that mere timidity is no doubt.
        - small, occluded: ``area``, ``visible``.

    Raises:
        TypeError: If ``probs`` are no floating-point numpy array.
        ValueError: If shapes differ, a probability leaves [0, 1], a target is none of 1, 0, -1, or
            facts and names do not match the labels.
    """
    check_label_names(label_names, targets.shape[1])
    facts = facts or LabelFacts()
    _check_facts(facts, len(label_names))
    findings = facts.findings or find(probs, targets, label_names=label_names)
    counts = findings.suspects.counts if facts.suspects is None else facts.suspects
    return pd.concat(
        [
            _rare(probs, targets, facts),
            _look_alike(findings.look_alikes, label_names),
            _suspect(counts.reset_index(drop=True)),
            _miscalibrated(probs, targets, seed),
            _uncertain(probs, targets, findings.recalibration),
            _objects(facts, len(label_names)),
        ],
        axis=1,
    )


def _rare(probs: np.ndarray, targets: np.ndarray, facts: LabelFacts) -> pd.DataFrame:
    positives, known = label_counts(targets)
    with np.errstate(invalid="ignore"):
        prevalence = positives / known
    areas = auroc(probs, targets)
    supported = areas[(positives >= MIN_POSITIVES) & np.isfinite(areas)]
    typical = float(np.median(supported)) if supported.size else np.nan
    given = facts.train_positives
    counted = positives if given is None else np.asarray(given)
    least = max(RARE_COUNT, RARE_SHARE * float(np.median(counted))) if counted.size else RARE_COUNT
    return pd.DataFrame(
        {
            "rare": counted < least,
            "train_positives": np.full(positives.size, np.nan) if given is None else given,
            "expected_ap": expected_average_precision(prevalence, auroc=typical),
        }
    )


def _look_alike(pairs: pd.DataFrame, label_names: Sequence[str]) -> pd.DataFrame:
    named = pairs["partner"].map(dict(enumerate(label_names)))
    groups = pairs.assign(name=named).groupby("column")
    table = pd.DataFrame(index=range(len(label_names)))
    table["look-alike"] = table.index.isin(pairs["column"])
    table["partners"] = groups["name"].agg(", ".join).reindex(table.index, fill_value="")
    for column, source in (
        ("partner_lift", "lift"),
        ("partner_lift_low", "low"),
        ("partner_lift_high", "high"),
        ("partner_share", "share"),
    ):
        table[column] = groups[source].first().reindex(table.index).astype(float)
    return table


def _suspect(counts: pd.DataFrame) -> pd.DataFrame:
    q = corrected(unmarked_p_value(counts), correction="bh")
    excess = counts["surest_unmarked"] - counts["surest_expected"]
    many = excess >= SUSPECT_SHARE * counts["surest_marked"]
    return pd.DataFrame(
        {
            "suspect labels": many & (q <= FALSE_DISCOVERY_RATE),
            "doubted_share": counts["doubted_share"],
            "doubted_missing": counts["missing"],
            "doubted_extra": counts["extra"],
            "doubted_missing_unexplained": counts["missing_unexplained"],
            "surest_marked": counts["surest_marked"],
            "surest_unmarked": counts["surest_unmarked"],
            "surest_expected": counts["surest_expected"],
            "suspect_q": q,
        }
    )


def _miscalibrated(probs: np.ndarray, targets: np.ndarray, seed: int) -> pd.DataFrame:
    bins = reliability_bins(probs, targets)
    error = expected_calibration_error(bins)
    null, _ = null_levels(bins, seed=seed)
    known = bins.count.sum(axis=1)
    with np.errstate(invalid="ignore"):
        prevalence = bins.positives.sum(axis=1) / known
    q = corrected(excess_p_value(error, null), correction="bh")
    excess = error - null.mean
    large = excess >= MISCALIBRATED_SHARE * np.minimum(prevalence, 1 - prevalence)
    return pd.DataFrame(
        {
            "miscalibrated": large & (q <= FALSE_DISCOVERY_RATE),
            "ece": error,
            "ece_null": null.mean,
            "ece_excess": excess,
            "ece_q": q,
        }
    )


def _uncertain(
    probs: np.ndarray, targets: np.ndarray, recalibration: Recalibration
) -> pd.DataFrame:
    rows = []
    for label, (prob, target) in enumerate(prob_columns(probs, targets)):
        if target.size == 0:
            rows.append((np.nan, np.nan))
            continue
        put_right = recalibration.apply_label(prob_logits(prob), label)
        base = np.full((1, 1), target.mean())
        stated, left, total = (
            float(binary_entropy(p).mean()) for p in (prob[:, None], put_right[:, None], base)
        )
        rows.append((stated, left / total if total > 0 else np.nan))
    table = pd.DataFrame(rows, columns=["entropy", "entropy_share"])
    table.insert(0, "uncertain", table["entropy_share"] >= UNCERTAIN_SHARE)
    return table


def _objects(facts: LabelFacts, n_labels: int) -> pd.DataFrame:
    area, visible = (
        np.full(n_labels, np.nan) if values is None else np.asarray(values, dtype=np.float64)
        for values in (facts.area, facts.visible)
    )
    return pd.DataFrame(
        {
            "small": area < SMALL_AREA,
            "occluded": visible < OCCLUDED_VISIBLE,
            "area": area,
            "visible": visible,
        }
    )


def _check_facts(facts: LabelFacts, n_labels: int) -> None:
    for name in ("train_positives", "area", "visible", "suspects"):
        values = getattr(facts, name)
        if values is not None and len(values) != n_labels:
            raise ValueError(
                f"`facts.{name}` must hold one value per label, got {len(values)} "
                f"for {n_labels} labels."
            )
