"""Targets and probabilities as the arrays that cleanlab takes."""

from pathlib import Path

import numpy as np

from udviz.predictions.cache import Predictions
from udviz.stats.labels.probabilities import logit_probs


def write_arrays(predictions: Predictions, path: Path) -> str:
    """Write ``labels`` and ``pred_probs`` of one split as a new ``.npz``.

    cleanlab knows no unknown targets: images that have one are left out.

    Args:
        predictions: Of one run.
        path: Of the file.

    Returns:
        What was written, in a sentence.

    Raises:
        ValueError: If every image has an unknown target.
    """
    known = (predictions.targets >= 0).all(axis=1)
    if not known.any():
        raise ValueError(
            "The targets of at least one image must all be known for cleanlab, got none. "
            "Use --to huggingface, which keeps unknown targets."
        )
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            labels=predictions.targets[known],
            pred_probs=logit_probs(predictions.logits[known]),
            image_ids=np.array(predictions.image_ids)[known],
            label_names=np.array(predictions.label_names),
        )
    left_out = int((~known).sum())
    return f"{int(known.sum()):,} images" + (
        f"; {left_out:,} with unknown targets are left out, which cleanlab does not know"
        if left_out
        else ""
    )
