"""Which labels are difficult, how sure is that, and why?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from udviz.stats.difficulty.causes import LabelFacts, cause_evidence, named_causes
from udviz.stats.difficulty.ranks import difficulty_ranks
from udviz.vocabulary import CAUSES


def label_difficulty(
    models: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    label_names: Sequence[str],
    facts: LabelFacts | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank the labels by difficulty, and tell the causes apart with the evidence for each.

    Difficulty is what ``difficulty_ranks`` defines: the share of the way from a random ranking to a
    perfect one that the models leave open.

    Args:
        models: Logits (N, L) of one or more models on images that none of them trained on.
            Difficulty is their mean; causes are judged on the first.
        targets: (N, L) 1 present, 0 absent, -1 unknown (left out of its label).
        label_names: L names.
        facts: What is known of the labels besides: training positives, object sizes, doubted
            training targets.
        confidence: Coverage of the intervals of difficulty and rank in (0, 1).
        seed: Seed of the draws.

    Returns:
        One row per label, most difficult first; those that cannot be measured last.

        - the columns of ``difficulty_ranks``: ``label``, ``column``, ``positives``, ``known``,
          ``prevalence``, ``average_precision`` and ``_se``, ``chance``, ``difficulty`` with
          ``_low`` and ``_high``, ``difficulty_rank``, ``rank_low`` and ``rank_high``;
        - ``causes``: comma-separated, of ``CAUSES``, in that order; a cause is evidence found,
          however difficult the label;
        - the evidence for each cause: see ``cause_evidence``.

    Raises:
        TypeError: If logits are no floating-point numpy arrays.
        ValueError: If there is no model, shapes differ, a logit is not finite, a target is
            none of 1, 0, -1, or facts and names do not match the labels.

    Example:
        >>> targets = np.tile([[1, 1], [0, 0], [0, 0], [0, 0]], (40, 1))
        >>> noise = np.random.default_rng(0).normal(size=targets.shape)
        >>> logits = targets * [4.0, 1.0] + noise
        >>> table = label_difficulty([logits], targets, label_names=["cat", "owl"])
        >>> table[["label", "difficulty", "rank_low", "rank_high"]].round(2)
          label  difficulty  rank_low  rank_high
        0   owl        0.68       1.0        1.0
        1   cat        0.00       2.0        2.0
    """
    table = difficulty_ranks(
        models, targets, label_names=label_names, confidence=confidence, seed=seed
    )
    evidence = cause_evidence(models[0], targets, label_names=label_names, facts=facts)
    table["causes"] = named_causes(evidence)
    table = table.join(evidence.drop(columns=list(CAUSES)))
    return table.sort_values("difficulty_rank", kind="stable", ignore_index=True)
