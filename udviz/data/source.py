"""From the data section of a recipe to a data set."""

from collections.abc import Callable

import numpy as np

from udviz.data.dataset import Dataset
from udviz.data.readers.annotations import LabelSettings
from udviz.data.readers.coco import CocoFiles, read_coco
from udviz.data.readers.imagefolder import read_imagefolder
from udviz.data.readers.table import TableSettings, read_table
from udviz.data.readers.voc import read_voc
from udviz.data.scenes.scenes import scenes
from udviz.recipe.data import DataConfig
from udviz.roots import check_data

COCO_VAL_FRACTION = 0.1  # COCO has no third labelled split, so validation comes out of training


def load_dataset(config: DataConfig) -> Dataset:
    """Read the data set that a recipe names.

    Raises:
        ValueError: If it cannot be read as described, or a split is empty.
        FileNotFoundError: If the folder does not exist.
    """
    dataset = _read(config)
    for split in ("train", "val", "test"):
        if len(dataset.indices(split)) == 0:
            raise ValueError(
                f"The data set must have images in its {split} split, got none. "
                "Give splits, or let them be drawn."
            )
    return dataset


def training_targets(dataset: Dataset, rule: str) -> np.ndarray:
    """(N, L) targets for training: what an unknown that is flagged difficult counts as.

    Args:
        dataset: Targets and difficult flags.
        rule: ``positive`` (the paper's code), ``negative`` or ``ignore``. Other unknown targets
            are always ignored.
    """
    value = {"positive": 1, "negative": 0, "ignore": -1}[rule]
    flagged = (dataset.targets == -1) & dataset.difficult
    return np.where(flagged, value, dataset.targets).astype(np.int8)


def _read(config: DataConfig) -> Dataset:
    if config.kind == "scenes":
        return scenes(
            seed=config.seed,
            n_train=config.n_train,
            n_val=config.n_val,
            n_test=config.n_test,
            side_px=config.side_px,
        )
    if not config.folder.is_dir():
        raise FileNotFoundError(
            f"`data.root` must be an existing folder, got '{config.root}'. Pass --data.root PATH."
        )
    check_data(config)
    return _READERS[config.kind](config)


def _read_table(config: DataConfig) -> Dataset:
    folder = config.folder
    return read_table(
        folder / config.labels,
        images=folder / config.images,
        splits=folder / config.splits if config.splits else None,
        masks=folder / config.masks if config.masks else None,
        mask_labels=folder / config.mask_labels if config.mask_labels else None,
        settings=_table_settings(config),
    )


def _read_imagefolder(config: DataConfig) -> Dataset:
    return read_imagefolder(config.folder, settings=_table_settings(config))


def _table_settings(config: DataConfig) -> TableSettings:
    return TableSettings(
        split_seed=config.seed,
        labels=LabelSettings(label_column=config.label_column or None),
        bad_images=config.bad_images,
    )


def _read_voc(config: DataConfig) -> Dataset:
    return read_voc(
        config.folder,
        year=config.year,
        val_fraction=config.val_fraction or None,
        split_seed=config.seed,
        bad_images=config.bad_images,
    )


def _read_coco(config: DataConfig) -> Dataset:
    files = CocoFiles(
        train_annotations=config.train_annotations,
        train_images=config.train_images,
        test_annotations=config.test_annotations,
        test_images=config.test_images,
    )
    return read_coco(
        config.folder,
        files=files,
        val_fraction=config.val_fraction or COCO_VAL_FRACTION,
        split_seed=config.seed,
        bad_images=config.bad_images,
    )


_READERS: dict[str, Callable[[DataConfig], Dataset]] = {
    "table": _read_table,
    "imagefolder": _read_imagefolder,
    "voc": _read_voc,
    "coco": _read_coco,
}
