"""Walk through (N, L) arrays one label at a time, without holding a copy of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from udviz.checks import check_matrix, check_same_shape

BLOCK_CELLS = 1 << 21  # of a matrix read by rows: its copies take some 8 MB each
_BLOCK_BYTES = 1 << 26  # of a C-ordered array turned at once: one strided pass per block


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelColumn:
    """One label: its known images and their scores under each model.

    Attributes:
        label: Column index in [0, L).
        positive: (n,) bool, whether the label is present; unknown images are left out.
        scores: One (n,) array per model, in the same image order.
        known: (n,) image indices in [0, N), or None where all N images take part.
    """

    label: int
    positive: np.ndarray
    scores: tuple[np.ndarray, ...]
    known: np.ndarray | None


def label_columns(
    score_sets: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    images: np.ndarray | None = None,
    labels: range | None = None,
    name: str = "scores",
) -> Iterator[LabelColumn]:
    """Yield every label's known images, in column order.

    Args:
        score_sets: At least one (N, L) float array; higher means more likely present.
        targets: (N, L) ground truth: 1 present, 0 absent, -1 unknown.
        images: (M,) image indices to walk through, unique; all if None.
        labels: Columns to walk through, one after the other; all if None.
        name: What error messages call the scores.

    Raises:
        TypeError: If an input is no numpy array or scores are no floating-point numbers.
        ValueError: If shapes differ, a score is NaN or infinite, or a target is none of 1, 0, -1.
    """
    check_matrix(targets, name="targets")
    if not score_sets:
        raise ValueError(f"`{name}` must hold at least one array, got none.")
    for scores in score_sets:
        check_matrix(scores, name=name)
        check_same_shape(scores, targets, names=(name, "targets"))
        if scores.dtype.kind != "f":
            raise TypeError(
                f"`{name}` must hold floating-point numbers, got dtype {scores.dtype}. "
                "Pass logits or probabilities."
            )
    if images is not None and np.unique(images).size != np.size(images):
        raise ValueError("`images` must name each image once, got one twice. Pass unique indices.")
    labels = range(targets.shape[1]) if labels is None else labels
    arrays = (_columns(array, labels) for array in (targets, *score_sets))
    for label, (target, *scores) in zip(labels, zip(*arrays, strict=True), strict=True):
        yield _known_part(label, target, scores, images, name=name)


def _known_part(
    label: int,
    target: np.ndarray,
    scores: list[np.ndarray],
    known: np.ndarray | None,
    *,
    name: str,
) -> LabelColumn:
    """Refuse bad values and leave out unknown images, and those not in ``known``."""
    if known is not None:
        target, scores = target[known], [column[known] for column in scores]
    positive = target == 1
    n_known = np.count_nonzero(positive) + np.count_nonzero(target == 0)
    if n_known < target.size:
        if np.count_nonzero(target == -1) != target.size - n_known:
            raise ValueError(
                "`targets` must be 1 (present), 0 (absent) or -1 (unknown), "
                f"got another value in column {label}."
            )
        inside = np.flatnonzero(target != -1)
        known = inside if known is None else known[inside]
        positive, scores = positive[inside], [column[inside] for column in scores]
    for column in scores:
        if not _all_finite(column):
            raise ValueError(
                f"`{name}` must be finite, got a NaN or infinite value in column {label}. "
                "Remove or repair these images first."
            )
    return LabelColumn(label=label, positive=positive, scores=tuple(scores), known=known)


def _all_finite(column: np.ndarray) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        # one fast pass settles it, unless the sum of finite numbers overflows
        return bool(np.isfinite(column.sum()) or np.isfinite(column).all())


def _columns(array: np.ndarray, labels: range) -> Iterator[np.ndarray]:
    """Yield contiguous columns; a C-ordered array is turned block by block."""
    if array.flags.f_contiguous:
        for label in labels:
            yield np.asarray(array[:, label])
        return
    width = max(1, _BLOCK_BYTES // max(1, len(array) * array.itemsize))
    for start in range(labels.start, labels.stop, width):
        block = np.asfortranarray(array[:, start : min(start + width, labels.stop)])
        for label in range(block.shape[1]):
            yield block[:, label]


def row_blocks(array: np.ndarray) -> Iterator[slice]:
    """Yield slices of the rows of an (N, L) array that hold about ``BLOCK_CELLS`` cells each."""
    height = max(1, BLOCK_CELLS // max(1, array.shape[1]))
    for start in range(0, array.shape[0], height):
        yield slice(start, start + height)


def as_seeds(scores: np.ndarray | Sequence[np.ndarray]) -> list[np.ndarray]:
    """One (N, L) array per training seed; a single array is one seed.

    Raises:
        ValueError: If the list is empty.
    """
    seeds = [scores] if isinstance(scores, np.ndarray) else list(scores)
    if not seeds:
        raise ValueError("`scores` must hold at least one array, got none.")
    return seeds
