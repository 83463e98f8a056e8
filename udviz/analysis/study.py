"""From the prediction caches of a study to its tables."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.analysis.engines.engine import Engine, Memory, Tables
from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import run_jobs
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.store import is_current, write_analysis
from udviz.analysis.tables.all_jobs import analysis_jobs, join_tables
from udviz.analysis.tables.contents import contents, counted
from udviz.analysis.tables.objects import Objects, from_boxes, sizes_and_objects
from udviz.analysis.tables.sliced import Sliced, sliced_counts, sliced_dataset
from udviz.data.dataset import Boxes, Dataset
from udviz.data.kept_boxes import OBJECTS, read_boxes
from udviz.predictions.manifest import IMAGES, file_crc32, read_manifest
from udviz.recipe.schema import Recipe
from udviz.recipe.students import CROSSFIT
from udviz.stats.difficulty.causes import LabelFacts
from udviz.studies.models import Model, runs_of
from udviz.vocabulary import JUDGED_SPLITS, Split

OBJECTS_SHARE = 0.1  # of the progress: reading masks

Advance = Callable[[float, str], None]


def analyse_study(
    recipe: Recipe,
    study: Path,
    dataset: Dataset | None,
    advance: Advance = lambda fraction, message: None,
    *,
    engine: Engine | None = None,
) -> bool:
    """Write the tables of ``runs/<study>/analysis``, unless they are up to date.

    Args:
        recipe: Of the study.
        study: Its folder.
        dataset: Its images and targets; None where only predictions are at hand.
        advance: Called with the share that is done, in [0, 1], and what was done last.
        engine: Where its jobs run; None for this machine.

    Returns:
        Whether anything was written.

    Raises:
        FileNotFoundError: If a prediction cache is missing; names the command that makes it.
        ValueError: If caches are damaged or not about the same images.
        OSError: If the tables cannot be written.
    """
    folds = [
        run.directory(study.absolute()).predictions("train")
        for run in runs_of(recipe)
        if run.model == CROSSFIT
    ]
    return analyse_plan(Plan.of(recipe), study, dataset, advance, folds=folds, engine=engine)


def analyse_plan(
    plan: Plan,
    study: Path,
    dataset: Dataset | None,
    advance: Advance = lambda fraction, message: None,
    *,
    folds: Sequence[Path] = (),
    engine: Engine | None = None,
) -> bool:
    """`analyse_study` of what is planned, whether a recipe says it or not.

    Args:
        plan: Models and comparisons.
        study: Folder of the study.
        dataset: Its images and targets; None where only predictions are at hand.
        advance: Called with the share that is done, in [0, 1], and what was done last.
        folds: Caches of training images, each by a model that did not see them.
        engine: Where its jobs run; None for this machine.

    Returns:
        Whether anything was written.

    Raises:
        FileNotFoundError: If a prediction cache is missing; names the command that makes it.
        ValueError: If caches are damaged or not about the same images.
        OSError: If the tables cannot be written.
    """
    val, test = (_open(study, plan.models, split) for split in JUDGED_SPLITS)
    if test is None:
        raise FileNotFoundError(f"`{study}` must hold predictions on the test split, got none.")
    boxes = read_boxes(study, n_labels=len(test.label_names)) if dataset is None else None
    inputs = plan.settings() | _inputs(val, test, folds, dataset)
    if boxes is not None:
        inputs["objects"] = f"{file_crc32(study / OBJECTS):08x}"
    if is_current(study, inputs=inputs):
        return False
    tables = _tables(plan, val, test, folds, dataset, boxes, advance, engine)
    write_analysis(study, tables, inputs=inputs)
    return True


@dataclass(frozen=True, eq=False, kw_only=True)
class _Known:
    """What is known of images and labels besides predictions.

    Attributes:
        train_positives: (L,) training images that carry the label; -1 where there is no data set.
        sizes: A row per label: how large its objects are; None without objects.
        objects: Split -> objects that attention should point at.
        slices: Split -> slice of each of its images, a column per metadata column.
    """

    train_positives: np.ndarray
    sizes: pd.DataFrame | None
    objects: Mapping[str, Objects]
    slices: Mapping[str, pd.DataFrame]

    def facts(self, suspects: pd.DataFrame | None) -> LabelFacts:
        """What causes of difficulty rest on; ``suspects`` as in `LabelFacts`."""
        sizes = self.sizes
        return LabelFacts(
            train_positives=None if (self.train_positives < 0).all() else self.train_positives,
            area=None if sizes is None else sizes["area"].to_numpy(),
            visible=None if sizes is None else sizes["visible"].to_numpy(),
            suspects=suspects,
        )


def _tables(
    plan: Plan,
    val: SplitPredictions | None,
    test: SplitPredictions,
    folds: Sequence[Path],
    dataset: Dataset | None,
    boxes: Boxes | None,
    advance: Advance,
    engine: Engine | None,
) -> dict[str, pd.DataFrame]:
    splits = {split.split: split for split in (val, test) if split is not None}
    known = _known(dataset, boxes, splits, lambda share, what: advance(OBJECTS_SHARE * share, what))
    jobs = analysis_jobs(
        plan,
        val,
        test,
        known.train_positives,
        objects=known.objects,
        folds=folds,
        slices=known.slices,
    )
    shape, n_runs = max(s.targets.shape for s in splits.values()), len(test.runs)
    engine = engine or LocalEngine.for_split(*shape, n_runs=n_runs)
    advance(OBJECTS_SHARE, engine.told(Memory.of(*shape, n_runs=n_runs)))
    found = run_jobs(
        jobs,
        engine=engine,
        advance=lambda share, what: advance(OBJECTS_SHARE + (1 - OBJECTS_SHARE) * share, what),
    )
    found |= _counts(dataset, splits, known.slices, found)
    tables = join_tables(plan, found, known.facts(found.get("training_counts")))
    if dataset is not None and dataset.supercategories is not None:
        above = np.array(dataset.supercategories, dtype=object)
        tables["labels"]["supercategory"] = above[tables["labels"]["column"]]
    return tables


def _known(
    dataset: Dataset | None,
    boxes: Boxes | None,
    splits: Mapping[str, SplitPredictions],
    advance: Advance,
) -> _Known:
    n_labels = len(next(iter(splits.values())).label_names)
    train_positives, sizes = np.full(n_labels, -1), None
    objects: dict[str, Objects] = {}
    # without attention there is nothing that should point at objects
    rows = {
        name: split.first.images["row"].to_numpy()
        for name, split in splits.items()
        if any(split.first_run(model).attention is not None for model in split.models)
    }
    if dataset is not None:
        train_positives = (dataset.targets[dataset.indices("train")] == 1).sum(axis=0)
        sizes, objects = sizes_and_objects(dataset, rows, advance)
    elif boxes is not None:
        sizes, objects = from_boxes(boxes, rows, n_labels=n_labels)
    return _Known(
        train_positives=train_positives,
        sizes=sizes,
        objects=objects,
        slices=_slices(dataset, splits),
    )


def _counts(
    dataset: Dataset | None,
    splits: Mapping[str, SplitPredictions],
    slices: Mapping[str, pd.DataFrame],
    found: Tables,
) -> Tables:
    """How often labels are there, of the data set or else of what is judged; in slices, too."""
    label_names = next(iter(splits.values())).label_names
    if dataset is None:
        counts = counted({name: s.targets for name, s in splits.items()}, label_names)
        sliced = {
            name: Sliced(targets=splits[name].targets, slices=own, groups=splits[name].groups)
            for name, own in slices.items()
        }
    else:
        counts, sliced = contents(dataset), sliced_dataset(dataset)
    for name, own in sliced_counts(sliced, label_names).items():
        counts[name] = pd.concat([own, found[name]], ignore_index=True)
    return counts


def _slices(
    dataset: Dataset | None, splits: Mapping[str, SplitPredictions]
) -> dict[str, pd.DataFrame]:
    """Split -> slice of each of its images, a column per metadata column."""
    if dataset is None:
        brought = {name: split.first.slices for name, split in splits.items()}
        return {name: own for name, own in brought.items() if own is not None}
    if dataset.slices is None:
        return {}
    rows = {name: split.first.images["row"].to_numpy() for name, split in splits.items()}
    return {name: dataset.slices.iloc[own].reset_index(drop=True) for name, own in rows.items()}


def _open(study: Path, models: tuple[Model, ...], split: Split) -> SplitPredictions | None:
    """Predictions of all models; None if all were brought from elsewhere, without this split."""
    directories = {
        model.name: {seed: run.predictions(split) for seed, run in model.directories(study).items()}
        for model in models
    }
    caches = [cache for runs in directories.values() for cache in runs.values()]
    is_brought = all(model.kind == "brought" for model in models)
    if is_brought and not any(cache.exists() for cache in caches):
        return None
    return SplitPredictions.open(split, directories)


def _inputs(
    val: SplitPredictions | None,
    test: SplitPredictions,
    folds: Sequence[Path],
    dataset: Dataset | None,
) -> dict[str, str]:
    """What the tables depend on: the data, and every cache by its weights, data and images."""
    manifests = {
        f"{name}/{seed}/{split.split}": run.manifest
        for split in (val, test)
        if split is not None
        for name, runs in split.models.items()
        for seed, run in runs.items()
    }
    manifests |= {f"{CROSSFIT}/{place}": read_manifest(fold) for place, fold in enumerate(folds)}
    made_from = {
        name: (
            f"{manifest.checkpoint_digest} {manifest.dataset_fingerprint} "
            f"{manifest.files[IMAGES]['crc32']}"
        )
        for name, manifest in manifests.items()
    }
    if dataset is not None and dataset.slices is not None:
        made_from["slices"] = _digest(dataset.slices)
    if dataset is not None and dataset.supercategories is not None:
        made_from["supercategories"] = f"{zlib.crc32(repr(dataset.supercategories).encode()):08x}"
    return {"data": "" if dataset is None else dataset.fingerprint, **made_from}


def _digest(slices: pd.DataFrame) -> str:
    """What tells slices apart: no run depends on them, so no fingerprint of the data has them."""
    values = pd.util.hash_pandas_object(slices, index=False).to_numpy()
    return f"{zlib.crc32(values.tobytes()):08x} {', '.join(map(str, slices.columns))}"
