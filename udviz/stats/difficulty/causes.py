"""Why is a label difficult? Every cause with the evidence for it, and the rule that decides.

A cause is named where the evidence is both beyond chance, corrected for looking at many labels, and
large enough to matter; the constants below say how large. They are conventions: raise or lower
them in the open. Every label is judged, however well the models do on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.stats.calibration.calibration_error import miscalibration_p
from udviz.stats.calibration.recalibration_tables import recalibration_table
from udviz.stats.comparison.gain import corrected
from udviz.stats.difficulty.findings import Findings, find
from udviz.stats.label_errors.surest import unmarked_p_value
from udviz.stats.labels.probabilities import check_label_names
from udviz.stats.ranking.prevalence import expected_average_precision
from udviz.stats.ranking.ranking import auroc
from udviz.vocabulary import CAUSES, MIN_POSITIVES

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
    """

    train_positives: np.ndarray | None = None
    area: np.ndarray | None = None
    visible: np.ndarray | None = None
    suspects: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What one model's predictions say, before it is judged.

    Attributes:
        positives: (L,) images that carry the label.
        known: (L,) images whose target is known.
        auroc: (L,) area under the ROC curve.
        calibration: One row per label in column order, with ``ece``, ``ece_null``, ``ece_excess``,
            ``ece_p`` and ``spiegelhalter_z`` of `calibration_table`.
        findings: Confusions, doubts and entropy.
    """

    positives: np.ndarray
    known: np.ndarray
    auroc: np.ndarray
    calibration: pd.DataFrame
    findings: Findings


def cause_evidence(
    logits: np.ndarray,
    targets: np.ndarray,
    *,
    label_names: Sequence[str],
    facts: LabelFacts | None = None,
) -> pd.DataFrame:
    """Look for every cause in every label.

    Args:
        logits: (N, L) logits on images the model did not train on.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).
        label_names: L names.
        facts: What is known of the labels besides.

    Returns:
        One row per label in column order. One bool column per cause of ``CAUSES``, and:

        - rare: ``train_positives`` (NaN where not given; then ``positives`` decide) and
          ``expected_ap``, the AP of a label of this prevalence that is told apart as well as the
          median label: what rarity alone costs.
        - confused: ``partners``, the labels beside which it is wrongly seen, comma-separated;
          of the first, ``partner_lift``, with ``partner_lift_low`` and ``partner_lift_high``: how
          many times as often it is wrongly seen beside it, holding for all pairs at once; and
          ``partner_share``, of its false positives. See `confused_pairs`.
        - missing annotations: ``doubted_share`` of its targets that cleanlab doubts,
          ``doubted_missing``, ``doubted_extra``, ``doubted_missing_unexplained`` by a confusion;
          ``surest_marked``, ``surest_unmarked``, ``surest_expected`` and ``suspect_q``: of the
          images that the model is surest of, how many are marked and unmarked, how many unmarked
          ones its probabilities allow, and the corrected p of the surplus, NaN where too few are
          marked to compare with (``unmarked_p_value``). Outlier images are left out. Only missing
          marks make a cause: an object too small, hidden or rarely seen looks to a model exactly
          like a mark too many.
        - miscalibrated: ``ece`` of 15 bins, ``ece_null`` of a calibrated model, ``ece_excess`` and
          ``spiegelhalter_z``; ``miscalibration_q``, the p of both corrected for all labels.
        - uncertain: ``entropy``, the mean in nats as the model states it, and ``entropy_share``:
          what is left, of the entropy of always saying the prevalence, once the probabilities
          are recalibrated (``fit_platt`` on these images), so that mere timidity is no doubt.
        - small, occluded: ``area``, ``visible``.

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ, a logit is not finite, a target is none of 1, 0, -1, or facts
            and names do not match the labels.
    """
    check_label_names(label_names, targets.shape[1])
    calibration = recalibration_table(logits, targets, recalibrations={}, label_names=label_names)
    evidence = Evidence(
        positives=calibration["positives"].to_numpy(),
        known=calibration["known"].to_numpy(),
        auroc=auroc(logits, targets),
        calibration=calibration,
        findings=find(logits, targets, label_names=label_names),
    )
    return judge_causes(evidence, label_names=label_names, facts=facts)


def judge_causes(
    evidence: Evidence, *, label_names: Sequence[str], facts: LabelFacts | None = None
) -> pd.DataFrame:
    """The table of `cause_evidence` from what the predictions say."""
    facts = facts or LabelFacts()
    _check_facts(facts, len(label_names))
    findings = evidence.findings
    counts = findings.suspects.counts if facts.suspects is None else facts.suspects
    return pd.concat(
        [
            _rare(evidence, facts),
            _confused(findings.confusions, label_names),
            _unannotated(counts.reset_index(drop=True)),
            _miscalibrated(evidence),
            _uncertain(findings.entropy),
            _objects(facts, len(label_names)),
        ],
        axis=1,
    )


def named_causes(judged: pd.DataFrame) -> list[str]:
    """The causes found in each label of `cause_evidence`, comma-separated, in their order."""
    return [
        ", ".join(cause for cause in CAUSES if found[cause])
        for found in judged[list(CAUSES)].to_dict("records")
    ]


def _rare(evidence: Evidence, facts: LabelFacts) -> pd.DataFrame:
    positives, areas = evidence.positives, evidence.auroc
    with np.errstate(invalid="ignore"):
        prevalence = positives / evidence.known
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


def _confused(pairs: pd.DataFrame, label_names: Sequence[str]) -> pd.DataFrame:
    named = pairs["partner"].map(dict(enumerate(label_names)))
    groups = pairs.assign(name=named).groupby("column")
    table = pd.DataFrame(index=range(len(label_names)))
    table["confused"] = table.index.isin(pairs["column"])
    table["partners"] = groups["name"].agg(", ".join).reindex(table.index, fill_value="")
    for column, source in (
        ("partner_lift", "lift"),
        ("partner_lift_low", "low"),
        ("partner_lift_high", "high"),
        ("partner_share", "share"),
    ):
        table[column] = groups[source].first().reindex(table.index).astype(float)
    return table


def _unannotated(counts: pd.DataFrame) -> pd.DataFrame:
    q = corrected(unmarked_p_value(counts), correction="bh")
    excess = counts["surest_unmarked"] - counts["surest_expected"]
    many = excess >= SUSPECT_SHARE * counts["surest_marked"]
    return pd.DataFrame(
        {
            "missing annotations": many & (q <= FALSE_DISCOVERY_RATE),
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


def _miscalibrated(evidence: Evidence) -> pd.DataFrame:
    calibration = evidence.calibration
    with np.errstate(invalid="ignore"):
        prevalence = evidence.positives / evidence.known
    z = calibration["spiegelhalter_z"].to_numpy()
    q = corrected(miscalibration_p(z, calibration["ece_p"].to_numpy()), correction="bh")
    excess = calibration["ece_excess"].to_numpy()
    large = excess >= MISCALIBRATED_SHARE * np.minimum(prevalence, 1 - prevalence)
    return pd.DataFrame(
        {
            "miscalibrated": large & (q <= FALSE_DISCOVERY_RATE),
            "ece": calibration["ece"].to_numpy(),
            "ece_null": calibration["ece_null"].to_numpy(),
            "ece_excess": excess,
            "spiegelhalter_z": z,
            "miscalibration_q": q,
        }
    )


def _uncertain(entropy: pd.DataFrame) -> pd.DataFrame:
    table = entropy.reset_index(drop=True)
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
