"""Prediction caches of a synthetic study, and what the analysis says of their calibration."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.pages.synthetic import ROLES
from udviz.predictions.cache import PredictionWriter, open_predictions
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import (
    fit_isotonic,
    fit_temperature,
    pooled_recalibration_table,
    recalibration_table,
)

SPLITS = ("val", "test")
TABLE = "analysis/calibration.parquet"
FITS = {"temperature": fit_temperature, "platt": fit_platt, "isotonic": fit_isotonic}
SLOPES = {"teacher": 2.0, "baseline": 1.5, "distilled": 1.0}  # above 1: overconfident


def cache_of(study: Path, role: str, split: str) -> Path:
    """Prediction cache of a role's first run."""
    return study / (role if role == "teacher" else f"{role}-0") / "predictions" / split


def write_caches(study: Path, *, n_images: int = 300) -> None:
    """Write a cache per role and split; targets follow ``logits / slope`` of the role."""
    names = pd.read_parquet(study / "analysis" / "labels.parquet")["label"].unique()
    rng = np.random.default_rng(0)
    for split in SPLITS:
        logits = rng.normal(-1 - np.arange(len(names)) % 3, 1.5, (n_images, len(names)))
        targets = (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.int8)
        for role in ROLES:
            write_cache(
                cache_of(study, role, split),
                SLOPES[role] * logits,
                targets,
                names=tuple(names),
            )


def write_cache(
    directory: Path, logits: np.ndarray, targets: np.ndarray, *, names: tuple[str, ...]
) -> None:
    n_images = len(targets)
    ids = pd.DataFrame({"image_id": [f"i{k}" for k in range(n_images)], "row": range(n_images)})
    with PredictionWriter(
        directory,
        split=directory.name,
        images=ids,
        label_names=names,
        dataset_fingerprint="data",
        checkpoint_digest="weights",
    ) as writer:
        writer.write(
            slice(None),
            targets=targets,
            difficult=np.zeros(targets.shape, dtype=bool),
            logits=logits.astype(np.float32),
        )


def write_calibration(study: Path) -> None:
    """Judge the caches as the analysis does, with no recalibration on the validation split."""
    parts = []
    for role in ROLES:
        runs = {split: open_predictions(cache_of(study, role, split)) for split in SPLITS}
        val = runs["val"]
        fitted = {name: fit(val.logits, val.targets) for name, fit in FITS.items()}
        for split, run in runs.items():
            maps = {} if split == "val" else fitted
            pooled = pooled_recalibration_table(run.logits, run.targets, recalibrations=maps)
            rows = recalibration_table(
                run.logits, run.targets, recalibrations=maps, label_names=run.label_names
            )
            both = pd.concat([pooled.assign(label="all labels"), rows], ignore_index=True)
            parts.append(both.assign(split=split, role=role))
    pd.concat(parts).reset_index(drop=True).to_parquet(study / TABLE)
