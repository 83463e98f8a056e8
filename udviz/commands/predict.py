"""Cache the predictions of one trained run on images it was not trained on.

python -m pipelines.predict --recipe demo --model teacher
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.commands import command_line as command
from udviz.commands.train import TrainOptions, chosen_run, decoded_images
from udviz.data.dataset import Dataset
from udviz.data.fingerprint import differences
from udviz.installation import called
from udviz.predictions.cache import PredictionWriter, open_predictions
from udviz.processes import is_main
from udviz.recipe.schema import Recipe
from udviz.studies.directory import RunDirectory
from udviz.studies.files import file_digest
from udviz.studies.models import Run
from udviz.studies.provenance import load_study_data, manifest_record
from udviz.training import distributed
from udviz.training.adoption import with_teacher_found
from udviz.training.batches import ImageRows
from udviz.training.checkpoint import WEIGHTS
from udviz.training.device import Compute, resolve
from udviz.training.inference import InferenceOptions, predict
from udviz.training.networks import trained_network
from udviz.training.records import record_study
from udviz.training.runs import channel_weights_of, judged_indices


def predict_run(
    recipe: Recipe, run: Run, study: Path, dataset: Dataset, compute: Compute
) -> list[str]:
    """Write the prediction caches of ``run`` that are missing or out of date.

    Returns:
        The splits that were written.

    Raises:
        FileNotFoundError: If the run has no best checkpoint (any more).
    """
    directory, digest = run.directory(study), _digest(run, study)
    judged = judged_indices(recipe, run, dataset)
    stale = _stale(directory, judged, dataset, digest)
    distributed.barrier()
    if not stale:
        return stale
    network = trained_network(recipe, run, study, len(dataset.label_names)).to(compute.device)
    rows = ImageRows(decoded_images(recipe, study, dataset), dataset.targets)
    options = InferenceOptions(
        compute=compute,
        batch_size=2 * recipe.network_of(run.model).batch_size,
        workers=recipe.hardware.workers,
        channel_weights=channel_weights_of(recipe, run),
    )
    for split in stale:
        indices = judged[split]
        batches = predict(network, rows, indices, options)
        if is_main():
            cache = _writer(directory.predictions(split), split, indices, dataset, digest)
            with cache as writer:
                writer.write(
                    slice(None),
                    targets=dataset.targets[indices],
                    difficult=dataset.difficult[indices],
                )
                for batch in batches:
                    writer.write(
                        batch.rows,
                        logits=batch.logits,
                        calibration_logits=batch.calibration_logits,
                        disagreement=batch.disagreement,
                        attention=batch.attention,
                    )
        else:
            for _ in batches:
                pass  # take part in computing; the main process writes
    distributed.barrier()
    return stale


def stale_splits(recipe: Recipe, run: Run, study: Path, dataset: Dataset) -> list[str]:
    """The splits whose prediction caches of a trained run are missing or out of date.

    Raises:
        FileNotFoundError: If the run has no best checkpoint (any more).
    """
    judged = judged_indices(recipe, run, dataset)
    return _stale(run.directory(study), judged, dataset, _digest(run, study))


def _stale(
    directory: RunDirectory, judged: Mapping[str, np.ndarray], dataset: Dataset, digest: str
) -> list[str]:
    return [
        split
        for split, indices in judged.items()
        if not _is_current(directory.predictions(split), dataset, indices, digest)
    ]


def _digest(run: Run, study: Path) -> str:
    """Digest of the best weights of a run."""
    directory = run.directory(study)
    weights = directory.checkpoints / "best" / WEIGHTS
    if not weights.is_file():
        raise FileNotFoundError(
            f"`{weights}` must hold the trained weights, but is missing. Put it back, or delete "
            f"`{directory.path}` and start the study again to train this run anew."
        )
    return file_digest(weights)


def _is_current(cache: Path, dataset: Dataset, indices: np.ndarray, checkpoint_digest: str) -> bool:
    """Whether a whole cache of this data, in these groups, and of these weights is there."""
    try:
        found = open_predictions(cache)
    except (OSError, ValueError):
        return False
    manifest, groups = found.manifest, _groups(dataset, indices)
    same_data = not differences(dataset, manifest_record(manifest)) and (
        found.groups is groups  # both None
        or (groups is not None and found.groups is not None and list(found.groups) == list(groups))
    )
    return same_data and manifest.checkpoint_digest == checkpoint_digest


def _writer(
    directory: Path, split: str, indices: np.ndarray, dataset: Dataset, digest: str
) -> PredictionWriter:
    images = pd.DataFrame(
        {"image_id": np.array(dataset.image_ids, dtype=object)[indices], "row": indices}
    )
    if (groups := _groups(dataset, indices)) is not None:
        images["group"] = groups
    return PredictionWriter(
        directory,
        split=split,
        images=images,
        label_names=dataset.label_names,
        dataset_fingerprint=dataset.fingerprint,
        checkpoint_digest=digest,
        dataset_parts=dataset.parts,
    )


def _groups(dataset: Dataset, indices: np.ndarray) -> np.ndarray | None:
    """Names of the groups of some images."""
    return None if dataset.groups is None else dataset.groups[indices].astype(str).astype(object)


def main(arguments: Sequence[str]) -> None:
    """Cache the predictions of the run that the command line names."""
    asked = command.parse(
        arguments,
        program=called("predict"),
        summary="Cache the predictions of one trained run.",
        extra=TrainOptions,
    )
    run = chosen_run(asked)
    with distributed.process_group(), command.study_at(asked, n_parts=1) as report:
        recipe = with_teacher_found(asked.recipe, asked.study)
        record_study(asked.study, recipe)
        report.begin(0, f"Predicting {run.name}")
        dataset = load_study_data(recipe, asked.study)
        compute = resolve(recipe.hardware)
        predict_run(recipe, run, asked.study, dataset, compute)
