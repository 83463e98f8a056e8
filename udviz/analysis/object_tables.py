"""What a data set's boxes and masks say: object sizes per label, and what maps should point at."""

import numpy as np
import pandas as pd

from udviz.analysis.object_masks import GRID, knows_objects, object_masks
from udviz.data.dataset import Dataset
from udviz.predictions.cache import Predictions
from udviz.stats.labels.object_sizes import object_sizes
from udviz.stats.maps.grids import from_zero
from udviz.stats.maps.localisation import localisation_table, localise


def sizes(dataset: Dataset) -> pd.DataFrame | None:
    """Area and visibility of every label's objects; None without boxes and masks.

    Where there are masks only, an object's area is the share of pixels with its label.
    """
    n_labels = len(dataset.label_names)
    if dataset.boxes is not None:
        boxes = dataset.boxes
        return object_sizes(
            boxes.image,
            boxes.label,
            corners=boxes.corners,
            visible=boxes.visible,
            n_labels=n_labels,
        )
    if dataset.load_mask is None:
        return None
    shares: list[list[float]] = [[] for _ in range(n_labels)]
    for index in range(len(dataset.image_ids)):
        mask = dataset.load_mask(index)
        if mask is not None:
            labels, counts = np.unique(mask[mask >= 0], return_counts=True)
            for label, count in zip(labels, counts, strict=True):
                shares[label].append(count / mask.size)
    area = [float(np.median(share)) if share else np.nan for share in shares]
    return pd.DataFrame({"area": area, "visible": np.nan})


def localisation_of_roles(
    dataset: Dataset, by_role: dict[str, list[Predictions]], split: str
) -> pd.DataFrame:
    """`localisation` of the first run of every role that has uncertainty attention."""
    tables = {role: localisation(dataset, runs[0]) for role, runs in by_role.items()}
    parts = [t.assign(split=split, role=role) for role, t in tables.items() if t is not None]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def localisation(dataset: Dataset, predictions: Predictions) -> pd.DataFrame | None:
    """How well the uncertainty attention points at each label's objects.

    There is one map per image, so it is held against the objects of every label present.

    Returns:
        ``localisation_table``; None without attention, or without boxes and masks.
    """
    if predictions.attention is None or not knows_objects(dataset):
        return None
    rows, columns, masks = [], [], []
    for row, image in enumerate(predictions.images["row"]):
        for label, mask in object_masks(dataset, int(image), height=GRID, width=GRID).items():
            rows.append(row)
            columns.append(label)
            masks.append(mask)
    if not rows:
        return None
    maps = from_zero(np.asarray(predictions.attention))
    scores = localise(maps[rows], np.stack(masks))
    return localisation_table(scores, np.array(columns), label_names=dataset.label_names)
