"""Which (image, label) targets look wrong, and in which direction.

Confident learning (cleanlab) estimates from out-of-sample probabilities how many targets of a label
are wrong, and takes those on which the model contradicts the annotation most.

Each label is the binary problem it is, as inside cleanlab's multi-label module (a test keeps the
two equal). The module itself takes one Python list per image and no unknown targets; here every
label has its own known images, and a million images fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import check_at_least
from udviz.stats.calibration.recalibration import Recalibration
from udviz.stats.label_errors.confident_learning import doubted_targets
from udviz.stats.label_errors.surest import Surest, outlier_images, surest_counts, surest_images
from udviz.stats.labels.label_columns import LabelColumn, label_columns
from udviz.stats.labels.probabilities import check_label_names, logit_probs

MISSING, EXTRA = "missing", "extra"
MIN_COUNT = 5  # present and absent images below which a label's confidence has no yardstick


@dataclass(frozen=True, eq=False, kw_only=True)
class Suspects:
    """Targets that cleanlab doubts.

    Attributes:
        table: One row per doubted target, most suspect first: ``image`` (row index in [0, N)),
            ``label``, ``column``, ``direction`` (``missing``: the label seems present but is not
            marked; ``extra``: it is marked but seems absent), ``prob`` (what the model says) and
            ``quality`` in [0, 1], cleanlab's adjusted self-confidence: low is suspect. At most
            ``most_per_label`` rows of a label.
        counts: One row per label in column order, from all doubts: ``label``, ``column``,
            ``known``, ``positives``, ``missing``, ``extra``, ``missing_unexplained`` (those where
            no label that it is confused with is present) and ``doubted_share``: doubts over
            known targets. Of the images without a partner that are rather called present and are at
            least as probable as the median marked one: ``surest_marked`` and ``surest_unmarked``,
            those with and without the mark; ``surest_expected`` with ``surest_expected_sd``, how
            many without it that would be, were the probabilities exact; ``surest_excess_sd``, the
            spread of the surplus that the images show themselves. Outliers are left out of
            these. NaN where a label has too few present or absent images to judge.
        outliers: Images set apart, see `surest.outlier_images`.
    """

    table: pd.DataFrame
    counts: pd.DataFrame
    outliers: pd.DataFrame


def find_suspects(
    logits: np.ndarray,
    targets: np.ndarray,
    *,
    label_names: Sequence[str],
    partners: pd.DataFrame | None = None,
    recalibration: Recalibration | None = None,
    groups: np.ndarray | None = None,
    most_per_label: int = 1000,
) -> Suspects:
    """Rank the targets that are probably wrong.

    The logits must come from models that did not train on these images (another split, or
    cross-validation): a model that learned a wrong target agrees with it. That is the caller's
    duty; nothing in the numbers can show it.

    How many targets of a label are doubted, and which, is cleanlab's estimate per direction. They
    are ranked by self-confidence *adjusted* for how confident the model is on average about this
    label's present and absent images. Plain self-confidence, which is ranking by loss, fills the
    first places with the present images of rare and hard labels that a model simply misses.
    A mark is doubted as missing only where presence is the better guess, so a label with more than
    half of its presences unmarked in training is beyond what its own model can doubt.

    Args:
        logits: (N, L) logits of presence, out of sample.
        targets: (N, L) 1 present, 0 absent, -1 unknown (never a suspect).
        label_names: L names.
        partners: Confusions as rows of ``column`` and ``partner`` (``relations.top_partners``); a
            missing mark beside a partner that is present has another explanation.
        recalibration: Puts the probabilities right first, e.g. ``fit_platt`` of these
            images. Where probabilities are too high or too low throughout, so is the number of
            doubts in one direction; the order of a label's suspects hardly depends on it.
        groups: (N,) int, images of one group are not independent; each on its own if None.
        most_per_label: Rows of the table that one label may take.

    Returns:
        The ranked suspects, the counts per label and the outlier images.

    Raises:
        TypeError: If ``logits`` are no floating-point numpy array.
        ValueError: If shapes differ, a logit is not finite, a target is none of 1, 0, -1, or
            names and labels differ in number.

    Source:
        Northcutt, Jiang and Chuang (2021), "Confident learning: estimating uncertainty in dataset
        labels"; per label: Thyagarajan et al. (2022), "Identifying incorrect annotations in
        multi-label classification data".

    Example:
        >>> targets = np.tile([[1], [0]], (30, 1))
        >>> logits = np.where(targets == 1, 2.0, -2.0)
        >>> targets[4] = 0  # a mark that got lost
        >>> suspects = find_suspects(logits, targets, label_names=["cat"])
        >>> suspects.table[["image", "label", "direction"]]
           image label direction
        0      4   cat   missing
    """
    check_label_names(label_names, targets.shape[1])
    doubting = Doubting(len(targets), label_names, most_per_label=most_per_label)
    for column in label_columns([logits], targets, name="logits"):
        judged = prob = logit_probs(column.scores[0])
        if recalibration is not None:
            judged = recalibration.apply_label(column.scores[0], column.label)
        explained = partner_present(targets, column.label, partners)
        doubting.add(column, prob, judged, explained=explained)
    return doubting.result(groups)


class Doubting:
    """Collects doubted targets, label after label; arguments as in `find_suspects`."""

    def __init__(
        self, n_images: int, label_names: Sequence[str], *, most_per_label: int = 1000
    ) -> None:
        check_at_least(most_per_label, 1, name="most_per_label")
        self._label_names, self._most = label_names, most_per_label
        self._doubted: list[tuple[np.ndarray, ...]] = []  # image, column, marked, prob, quality
        self._counts: list[dict[str, float]] = []
        self._surest: list[Surest | None] = []
        self._carried = np.zeros(n_images, dtype=np.int32)

    def add(
        self, column: LabelColumn, prob: np.ndarray, judged: np.ndarray, *, explained: np.ndarray
    ) -> None:
        """Take in the next label.

        Args:
            column: Its known images.
            prob: (n,) what the model says of them.
            judged: (n,) the same, put right.
            explained: (N,) bool, images with a label that it is confused with.
        """
        target, judging = column.positive, _judged(column.positive)
        images = np.arange(self._carried.size) if column.known is None else column.known
        rows, quality = _doubts(judged, target) if judging else (np.empty(0, np.intp), np.empty(0))
        self._counts.append(_counts(target, rows, explained[images[rows]], judged=judging))
        self._carried[images[target]] += 1
        self._surest.append(
            surest_images(judged, target, images, explained=explained[images]) if judging else None
        )
        rows, quality = rows[: self._most], quality[: self._most]
        columns = np.full(rows.size, column.label)
        self._doubted.append((images[rows], columns, target[rows], prob[rows], quality))

    def extend(self, other: "Doubting") -> None:
        """Take in the labels that come next."""
        self._doubted += other._doubted
        self._counts += other._counts
        self._surest += other._surest
        self._carried += other._carried

    def result(self, groups: np.ndarray | None = None) -> Suspects:
        """The suspects, once all labels are in; ``groups`` as in `find_suspects`."""
        names = np.array(self._label_names, dtype=object)
        image, column, marked, prob, quality = (
            np.concatenate(parts) for parts in zip(*self._doubted, strict=True)
        )
        table = pd.DataFrame(
            {
                "image": image,
                "label": names[column],
                "column": column,
                "direction": np.where(marked, EXTRA, MISSING),
                "prob": prob,
                "quality": quality,
            }
        )
        outliers = outlier_images(self._surest, self._carried)
        apart = np.zeros(self._carried.size, dtype=bool)
        apart[outliers["image"]] = True
        sure = [surest_counts(found and found.without(apart), groups) for found in self._surest]
        about = pd.DataFrame({"label": names, "column": np.arange(len(names))})
        return Suspects(
            table=table.sort_values(["quality", "column", "image"], ignore_index=True),
            counts=pd.concat([about, pd.DataFrame(self._counts), pd.DataFrame(sure)], axis=1),
            outliers=outliers,
        )


def _doubts(prob: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of doubted known images of one label, most suspect first, and their quality."""
    doubts = doubted_targets(prob, target)
    order = np.argsort(doubts.quality, kind="stable")
    return doubts.rows[order], doubts.quality[order]


def _judged(target: np.ndarray) -> bool:
    n_present = int(target.sum())
    return min(n_present, target.size - n_present) >= MIN_COUNT


def partner_present(targets: np.ndarray, label: int, partners: pd.DataFrame | None) -> np.ndarray:
    """Whether a partner that the label is confused with is present, (N,) bool."""
    present = np.zeros(targets.shape[0], dtype=bool)
    if partners is not None:
        own = partners["column"].to_numpy() == label
        for partner in partners["partner"].to_numpy()[own]:
            present |= targets[:, partner] == 1
    return present


def _counts(
    target: np.ndarray, rows: np.ndarray, explained: np.ndarray, *, judged: bool
) -> dict[str, float]:
    """Counts of one label; ``explained`` is whether a partner explains each of the ``rows``."""
    missing = ~target[rows]
    found = {
        "missing": int(missing.sum()),
        "extra": int((~missing).sum()),
        "missing_unexplained": int((missing & ~explained).sum()),
        "doubted_share": rows.size / max(target.size, 1),
    }
    counts = {name: float(n) if judged else np.nan for name, n in found.items()}
    return {"known": target.size, "positives": int(np.count_nonzero(target))} | counts
