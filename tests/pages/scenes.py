"""A study of embedded scenes that nobody trained: real images and targets, made-up scores."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tests.analysis.fake import rows_of, write_fake
from tests.pages.caches import cache_of
from tests.pages.synthetic import change_tables, pairs_of, table_of
from udviz.data.dataset import Dataset
from udviz.data.source import load_dataset
from udviz.predictions.cache import Predictions, PredictionWriter, open_predictions
from udviz.recipe.files import read_recipe
from udviz.stats.labels.relations import co_occurrence

SPLITS = ("val", "test")
N_IMAGES = 40  # of a split
GRID = (6, 6)
N_SUSPECTS = 150


def write_scenes(
    path: Path,
    *,
    models: Sequence[str] = ("teacher", "baseline", "distilled"),
    with_maps: Sequence[str] = ("teacher", "distilled"),
) -> Path:
    """A study whose models scored its images; some have uncertainty attention."""
    path.mkdir(parents=True)
    (path / "study.toml").write_text(
        f'name = "{path.name}"\nseeds = [0]\n[data]\nkind = "scenes"\nside_px = 64\n'
        f"n_train = {N_IMAGES}\nn_val = {N_IMAGES}\nn_test = {N_IMAGES}\n"
    )
    dataset = dataset_of(path)
    write_fake(path, dataset.label_names, models=models, comparisons=pairs_of(models))
    rng = np.random.default_rng(0)
    for split in SPLITS:
        for model in models:
            _write_cache(path, dataset, model, split, rng, maps=model in with_maps)
    change_tables(path, **_tables(path, dataset, models, with_maps, rng))
    return path


def dataset_of(study: Path) -> Dataset:
    return load_dataset(read_recipe(study / "study.toml").data)


def _write_cache(
    study: Path,
    dataset: Dataset,
    model: str,
    split: str,
    rng: np.random.Generator,
    *,
    maps: bool,
) -> None:
    rows = dataset.indices(split)
    targets = dataset.targets[rows]
    ids = [dataset.image_ids[row] for row in rows]
    with PredictionWriter(
        cache_of(study, model, split),
        split=split,
        images=pd.DataFrame({"image_id": ids, "row": rows}),
        label_names=dataset.label_names,
        dataset_fingerprint=dataset.fingerprint,
        checkpoint_digest="none",
    ) as writer:
        writer.write(
            slice(None),
            targets=targets,
            difficult=np.zeros(targets.shape, dtype=bool),
            logits=(2.0 * targets - 1 + rng.normal(0, 1.5, targets.shape)).astype(np.float32),
            disagreement=rng.gamma(1.0, 0.01, targets.shape).astype(np.float32) if maps else None,
            attention=rng.normal(0, 1, (len(rows), *GRID)).astype(np.float32) if maps else None,
        )


def _tables(
    study: Path,
    dataset: Dataset,
    models: Sequence[str],
    with_maps: Sequence[str],
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    first = {split: open_predictions(cache_of(study, models[0], split)) for split in SPLITS}
    names = np.array(dataset.label_names, dtype=object)
    others = with_maps[1:]
    shared = {"label": names, "column": np.arange(len(names))}
    made = {
        "labels": [_labels(study, dataset, split) for split in SPLITS],
        "label_counts": [_counts(dataset, split) for split in ("train", *SPLITS)],
        "labels_per_image": [_per_image(dataset, split) for split in ("train", *SPLITS)],
        "co_occurrence": [_pairs(run, split) for split, run in first.items()],
        "suspects": [_suspects(run, split) for split, run in first.items()],
        "localisation": [
            rows_of(
                "localisation",
                split=split,
                model=model,
                hit=rng.uniform(0, 1, len(names)),
                energy_beyond_centre=rng.normal(0, 0.1, len(names)),
                **shared,
            )
            for split in SPLITS
            for model in with_maps
        ],
        "attention_agreement": [
            rows_of(
                "attention_agreement",
                split=split,
                model=with_maps[0],
                other_model=other,
                correlation=rng.uniform(-1, 1, len(names)),
                **shared,
            )
            for split in SPLITS
            for other in others
        ],
    }
    return {name: pd.concat(parts, ignore_index=True) for name, parts in made.items() if parts}


def _labels(study: Path, dataset: Dataset, split: str) -> pd.DataFrame:
    """The made-up labels with the positives that there are."""
    labels = table_of(study, "labels")
    positives = (dataset.targets[dataset.indices(split)] == 1).sum(axis=0)
    return labels[labels["split"] == split].assign(positives=positives)


def _counts(dataset: Dataset, split: str) -> pd.DataFrame:
    targets = dataset.targets[dataset.indices(split)]
    return rows_of(
        "label_counts",
        split=split,
        label=np.array(dataset.label_names, dtype=object),
        positives=(targets == 1).sum(axis=0),
        absent=(targets == 0).sum(axis=0),
        unknown=(targets == -1).sum(axis=0),
    )


def _per_image(dataset: Dataset, split: str) -> pd.DataFrame:
    carried = np.bincount((dataset.targets[dataset.indices(split)] == 1).sum(axis=1))
    return rows_of(
        "labels_per_image",
        split=split,
        labels=np.arange(len(carried)),
        images=carried,
        share=carried / carried.sum(),
    )


def _pairs(run: Predictions, split: str) -> pd.DataFrame:
    found, names = co_occurrence(run.targets), np.array(run.label_names, dtype=object)
    first, second = np.nonzero(~np.eye(len(names), dtype=bool))
    return rows_of(
        "co_occurrence",
        split=split,
        label=names[first],
        other_label=names[second],
        together=found.together[first, second],
        conditional=found.conditional[first, second],
        lift=found.lift[first, second],
    )


def _suspects(run: Predictions, split: str) -> pd.DataFrame:
    """The targets that the first model contradicts most."""
    probs, targets = probs_of(run), np.asarray(run.targets)
    quality = np.where(targets == 1, probs, 1 - probs)
    image, column = np.unravel_index(np.argsort(quality, axis=None)[:N_SUSPECTS], quality.shape)
    extra = targets[image, column] == 1
    return rows_of(
        "suspects",
        split=split,
        label=np.array(run.label_names, dtype=object)[column],
        column=column,
        image_id=run.images["image_id"].to_numpy()[image],
        image=image,
        direction=np.where(extra, "extra", "missing").astype(object),
        prob=probs[image, column].astype(float),
        quality=quality[image, column].astype(float),
    )


def probs_of(run: Predictions) -> np.ndarray:
    """(N, L) probabilities of a small cache."""
    return np.column_stack([run.probs(label) for label in range(len(run.label_names))])
