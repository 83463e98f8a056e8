"""Predictions and reviewed targets as a folder that Hugging Face's `datasets` loads."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from udviz.data.dataset import Dataset
from udviz.export.runs import ChosenRun, reviewed_targets
from udviz.figures.style.text import plural
from udviz.predictions.cache import Predictions
from udviz.predictions.manifest import MANIFEST
from udviz.stats.labels.probabilities import logit_probs
from udviz.vocabulary import JUDGED_SPLITS

_ROWS = 10_000  # written at once
_README = """# {model} of {study}

Load it with `datasets.load_dataset("{kind}", data_dir="FOLDER")`. Lists are in the order of
`label_names.json`.

| column | holds |
|---|---|
| {name} | the image |
| `image_id` | its id in the study |
| `targets` | what was annotated: 1 present, 0 absent, -1 unknown |
| `reviewed_targets` | the same, those turned round that all who reviewed them called wrong |
| `probabilities` | of presence, by {model} with seed {seed} |
"""


def write_dataset(study: Path, run: ChosenRun, folder: Path, *, images: Dataset | None) -> str:
    """Write a new folder with a part per split that the run predicted.

    With images it is an *image folder*: each split is a folder of images with their
    ``metadata.parquet``. Without, each is one Parquet file.

    Args:
        study: Folder of the study.
        run: Whose predictions.
        folder: Must not exist yet.
        images: The data set of the study; None to leave the images out.

    Returns:
        What was written, in a sentence.

    Raises:
        FileNotFoundError: If the run has no predictions.
        ValueError: If they are damaged.
    """
    held = [s for s in JUDGED_SPLITS if (run.directory.predictions(s) / MANIFEST).is_file()]
    n_images = n_changed = 0
    folder.mkdir(parents=True)
    for split in held or JUDGED_SPLITS[-1:]:  # none is told by the one that is missing
        predictions = run.predictions(split)
        targets, changed = reviewed_targets(study, predictions)
        file = folder / f"{split}.parquet"
        file_name = None
        if images is not None:
            (folder / split).mkdir()
            file = folder / split / "metadata.parquet"
            file_name = _image_writer(images, folder / split)
        _write_rows(predictions, targets, file, file_name)
        n_images, n_changed = n_images + len(targets), n_changed + changed
    names = json.dumps(list(predictions.label_names), ensure_ascii=False, indent=1)
    (folder / "label_names.json").write_text(names + "\n", encoding="utf-8")
    kind, name = ("parquet", "") if images is None else ("imagefolder", "`image`")
    text = _README.format(
        model=run.model, study=study.resolve().name, seed=run.seed, kind=kind, name=name
    )
    text = text.replace("|  | the image |\n", "")
    (folder / "README.md").write_text(text, encoding="utf-8")
    return f"{plural(n_images, 'image')}, {plural(n_changed, 'target')} changed by review"


def _write_rows(
    predictions: Predictions,
    reviewed: np.ndarray,
    file: Path,
    file_name: Callable[[int, int], str] | None,
) -> None:
    """Write the rows of one split, block by block."""
    with_images = {"file_name": pa.string()} if file_name else {}
    schema = pa.schema(
        with_images
        | {
            "image_id": pa.string(),
            "targets": pa.list_(pa.int8()),
            "reviewed_targets": pa.list_(pa.int8()),
            "probabilities": pa.list_(pa.float32()),
        }
    )
    with parquet.ParquetWriter(file, schema) as writer:
        for rows in _blocks(len(reviewed)):
            columns: dict[str, object] = {
                "image_id": predictions.image_ids[rows],
                "targets": _lists(predictions.targets[rows]),
                "reviewed_targets": _lists(reviewed[rows]),
                "probabilities": _lists(logit_probs(predictions.logits[rows]).astype(np.float32)),
            }
            if file_name:
                places = predictions.images["row"].to_numpy()[rows]
                numbered = enumerate(places.tolist(), start=rows.start)
                columns["file_name"] = [file_name(number, place) for number, place in numbered]
            writer.write_table(pa.table(columns, schema=schema))


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, _ROWS):
        yield slice(start, min(n_rows, start + _ROWS))


def _lists(matrix: np.ndarray) -> pa.ListArray:
    """(N, L) values as N lists."""
    n_rows, n_labels = matrix.shape
    offsets = np.arange(n_rows + 1, dtype=np.int32) * n_labels
    return pa.ListArray.from_arrays(offsets, np.ascontiguousarray(matrix).ravel())


def _image_writer(dataset: Dataset, folder: Path) -> Callable[[int, int], str]:
    """What puts an image of the data set into ``folder`` and returns its name there.

    Images get numbers for names: ids may hold what a file name cannot. Files are copied as they
    are; drawn images are written as PNG.
    """

    def write(number: int, place: int) -> str:
        if dataset.paths is None:
            name = f"{number:07d}.png"
            Image.fromarray(dataset.load(place)).save(folder / name)
        else:
            name = f"{number:07d}{dataset.paths[place].suffix.lower()}"
            shutil.copyfile(dataset.paths[place], folder / name)
        return name

    return write
