"""Prediction caches of a synthetic study, and what the analysis says of their calibration."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from tests.analysis.fake import rows_of
from tests.pages.synthetic import change_tables, table_of
from udviz.analysis.schema.tables import BY_NAME
from udviz.predictions.cache import PredictionWriter, open_predictions
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import fit_isotonic, fit_temperature
from udviz.stats.calibration.recalibration_tables import (
    pooled_recalibration_table,
    recalibration_table,
)

SPLITS = ("val", "test")
FITS = {"temperature": fit_temperature, "platt": fit_platt, "isotonic": fit_isotonic}
GRID = (6, 6)  # of a map
SLOPES = {"teacher": 2.0, "baseline": 1.5}  # above 1: overconfident; others have 1


def models_of(study: Path) -> list[str]:
    return table_of(study, "models")["model"].unique().tolist()


def cache_of(study: Path, model: str, split: str) -> Path:
    """Prediction cache of a model's first run."""
    return study / (model if model == "teacher" else f"{model}-0") / "predictions" / split


def write_caches(study: Path, *, n_images: int = 300, with_maps: Collection[str] = ()) -> None:
    """Write a cache per model and split; targets follow ``logits / slope`` of the model.

    Models ``with_maps`` have a calibration branch: disagreement, and attention.
    """
    names = table_of(study, "labels")["label"].unique()
    rng = np.random.default_rng(0)
    for split in SPLITS:
        logits = rng.normal(-1 - np.arange(len(names)) % 3, 1.5, (n_images, len(names)))
        targets = (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.int8)
        for place, model in enumerate(models_of(study)):
            noise = rng.normal(0, 0.3, logits.shape) if place > 2 else 0.0
            write_cache(
                cache_of(study, model, split),
                SLOPES.get(model, 1.0) * logits + noise,
                targets,
                names=tuple(names),
                maps=np.random.default_rng(place) if model in with_maps else None,
            )


def write_cache(
    directory: Path,
    logits: np.ndarray,
    targets: np.ndarray,
    *,
    names: tuple[str, ...],
    maps: np.random.Generator | None = None,
) -> None:
    n_images = len(targets)
    drawn: dict[str, np.ndarray] = {}
    if maps is not None:
        drawn["disagreement"] = maps.gamma(1.0, 0.01, targets.shape).astype(np.float32)
        drawn["attention"] = maps.normal(0, 1, (n_images, *GRID)).astype(np.float32)
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
            **drawn,
        )


def write_calibration(study: Path) -> None:
    """Judge the caches as the analysis does, with no recalibration on the validation split."""
    parts = []
    for model in models_of(study):
        runs = {split: open_predictions(cache_of(study, model, split)) for split in SPLITS}
        val = runs["val"]
        fitted = {name: fit(val.logits, val.targets) for name, fit in FITS.items()}
        for split, run in runs.items():
            maps = {} if split == "val" else fitted
            pooled = pooled_recalibration_table(run.logits, run.targets, recalibrations=maps)
            rows = recalibration_table(
                run.logits, run.targets, recalibrations=maps, label_names=run.label_names
            )
            pooled = pooled.assign(label="", scope="pooled", column=-1)
            both = pd.concat([pooled, rows.assign(scope="label")], ignore_index=True)
            parts.append(both.assign(split=split, model=model))
    made = pd.concat(parts, ignore_index=True).rename(columns={"method": "recalibration"})
    known = {column.name for column in BY_NAME["calibration"].columns}
    columns = {name: made[name].to_numpy() for name in made if name in known}
    change_tables(study, calibration=rows_of("calibration", **columns))
