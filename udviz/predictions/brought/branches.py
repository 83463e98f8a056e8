"""Logits of a calibration branch that were brought, and how far it disagrees with the other."""

from collections.abc import Iterable

import numpy as np

from udviz.predictions.cache import PredictionWriter
from udviz.stats.uncertainty.measures import disagreement_columns


def write_branch(writer: PredictionWriter, columns: Iterable[np.ndarray]) -> None:
    """Store the (N,) logits of each label, and the disagreement with the logits written before."""
    for label, values in enumerate(columns):
        writer.write_label(label, calibration_logits=values.astype(np.float32))
    both = writer.written("calibration_logits"), writer.written("logits")
    for label, values in enumerate(disagreement_columns(*both)):
        writer.write_label(label, disagreement=values.astype(np.float32))
