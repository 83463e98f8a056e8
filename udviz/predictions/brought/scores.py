"""Scores as logits: what they are is told or recognised, and no two that differ become equal."""

from dataclasses import dataclass

import numpy as np

from udviz.predictions.brought.matrix import Matrix, refused
from udviz.predictions.brought.reading import place_of
from udviz.vocabulary import Scale

END = 745.0  # further out than the logit of any float64 between 0 and 1: those begin at -744.4


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """Scores of one run, all finite.

    Attributes:
        matrix: Where they are.
        scale: What they are.
        notes: What was recognised or changed, a sentence each.
    """

    matrix: Matrix
    scale: Scale
    notes: tuple[str, ...]

    def logits(self, place: int) -> np.ndarray:
        """(N,) logits of one label: float64 where they come from probabilities or float64.

        Float32 has too few digits for the logits of small probabilities: some that differ would
        fall together.
        """
        values = self.matrix.column(place)
        if self.scale == "probabilities":
            return prob_logits(values)
        return values.astype(np.float64 if values.dtype == np.float64 else np.float32)


def judged_scores(matrix: Matrix, *, told: Scale | None = None) -> Scores:
    """Scores after a look at all of them.

    Args:
        matrix: The scores.
        told: What they are; None = what the file says, or probabilities if all are in [0, 1].

    Raises:
        ValueError: If a score is NaN or infinite, or probabilities are not in [0, 1]; names the
            first place.
    """
    low, high, n_ends = np.inf, -np.inf, 0
    for place in range(matrix.shape[1]):
        column = matrix.column(place)
        if not np.isfinite(column).all():
            row = int(np.flatnonzero(~np.isfinite(column))[0])
            where = place_of(matrix, row, place)
            raise refused(matrix.source, "hold finite scores", f"{column[row]} for {where}")
        low, high = min(low, float(column.min())), max(high, float(column.max()))
        n_ends += int(((column == 0) | (column == 1)).sum())
    fits = low >= 0 and high <= 1
    scale: Scale = told or matrix.scale or ("probabilities" if fits else "logits")
    if scale == "probabilities" and not fits:
        raise refused(
            matrix.source,
            "hold probabilities, in [0, 1]; pass --scores logits if they are logits",
            f"scores from {low:g} to {high:g}",
        )
    return Scores(matrix=matrix, scale=scale, notes=_notes(matrix, scale, told, n_ends))


def prob_logits(probs: np.ndarray) -> np.ndarray:
    """Float64 logits of probabilities in [0, 1]; 0 and 1 become -`END` and `END`, beyond all."""
    wide = probs.astype(np.float64)
    with np.errstate(divide="ignore"):
        logits: np.ndarray = np.clip(np.log(wide) - np.log1p(-wide), -END, END)
    return logits


def _notes(matrix: Matrix, scale: Scale, told: Scale | None, n_ends: int) -> tuple[str, ...]:
    notes = []
    if told is None and matrix.scale is None:
        reason = "all are in [0, 1]" if scale == "probabilities" else "some are outside [0, 1]"
        other = "logits" if scale == "probabilities" else "probabilities"
        notes.append(
            f"{matrix.source}: scores taken as {scale}, as {reason} (else: --scores {other})."
        )
    if scale == "probabilities" and n_ends:
        notes.append(
            f"{matrix.source}: {n_ends:,} probabilities are exactly 0 or 1; they stay tied with "
            f"each other, at a logit of -{END:g} or {END:g}."
        )
    return tuple(notes)
