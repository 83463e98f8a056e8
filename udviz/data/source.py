"""From the data section of a recipe to a data set."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from udviz.data.dataset import Dataset
from udviz.data.images.digests import FileDigests, memory_of
from udviz.data.plausibility import check_plausible, odd_labels
from udviz.data.readers.coco import CocoFiles, read_coco
from udviz.data.readers.imagefolder import read_imagefolder
from udviz.data.readers.nuswide import read_nuswide
from udviz.data.readers.openimages.reader import read_openimages
from udviz.data.readers.table import TableSettings, read_table
from udviz.data.readers.voc import read_voc
from udviz.data.scenes.scenes import scenes
from udviz.data.tables.annotations import TargetSettings
from udviz.data.tables.columns import ColumnSettings
from udviz.data.tables.frames import FrameSettings
from udviz.data.tables.words import Coding
from udviz.recipe.data import DataConfig
from udviz.roots import check_data


def load_dataset(config: DataConfig, *, memory: Path | None = None) -> Dataset:
    """Read the data set that a recipe names.

    Args:
        config: Data section of the recipe.
        memory: Folder that remembers from start to start the digests of files and which of them
            decode; None for nothing. With it, ``auto`` as ``verify`` decodes each file once.

    Raises:
        ValueError: If it cannot be read as described, or a split is empty.
        FileNotFoundError: If the folder does not exist.
    """
    dataset = _read(config, memory)
    for split in ("train", "val", "test"):
        if len(dataset.indices(split)) == 0:
            raise ValueError(
                f"The data set must have images in its {split} split, got none. "
                "Check the names of splits, or --data.split_fractions where they are drawn."
            )
    check_plausible(dataset)
    return replace(dataset, problems=(*dataset.problems, *odd_labels(dataset)))


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


def _read(config: DataConfig, memory: Path | None) -> Dataset:
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
    if config.verify == "auto":
        verify = "decode" if memory else "header"
        config = config.model_copy(update={"verify": verify})
    digests = FileDigests(memory and memory_of(memory, config.folder))
    dataset = _READERS[config.kind](config, digests)
    digests.save()
    return dataset


def _read_table(config: DataConfig, digests: FileDigests) -> Dataset:
    folder = config.folder
    return read_table(
        folder / config.labels,
        images=folder / config.images,
        splits=folder / config.splits if config.splits else None,
        masks=folder / config.masks if config.masks else None,
        mask_labels=folder / config.mask_labels if config.mask_labels else None,
        settings=_table_settings(config, digests),
    )


def _read_imagefolder(config: DataConfig, digests: FileDigests) -> Dataset:
    return read_imagefolder(config.folder, settings=_table_settings(config, digests))


def _table_settings(config: DataConfig, digests: FileDigests) -> TableSettings:
    return TableSettings(
        frame=FrameSettings(encoding=config.encoding, header=config.header),
        columns=ColumnSettings(
            image_column=config.image_column,
            split_column=config.split_column,
            group_column=config.group_column,
            slice_columns=config.slice_columns,
            label_columns=config.label_columns,
            ignore_columns=config.ignore_columns,
            label_column=config.label_column,
        ),
        targets=TargetSettings(
            separator=config.separator,
            coding=Coding(blank_means=config.blank_means, minus_one_means=config.minus_one_means),
            rows=config.rows,
        ),
        split_fractions=config.split_fractions,
        split_seed=config.seed,
        bad_images=config.bad_images,
        verify=config.verify,
        digests=digests,
    )


def _read_voc(config: DataConfig, digests: FileDigests) -> Dataset:
    return read_voc(
        config.folder,
        year=config.year,
        val_fraction=config.val_fraction or None,
        split_seed=config.seed,
        bad_images=config.bad_images,
        verify=config.verify,
        digests=digests,
    )


def _read_coco(config: DataConfig, digests: FileDigests) -> Dataset:
    files = CocoFiles(
        train_annotations=config.train_annotations,
        train_images=config.train_images,
        val_annotations=config.val_annotations,
        val_images=config.val_images,
        test_annotations=config.test_annotations,
        test_images=config.test_images,
    )
    return read_coco(
        config.folder,
        files=files,
        val_fraction=config.val_fraction,
        crowd_means=config.crowd_means,
        split_seed=config.seed,
        bad_images=config.bad_images,
        verify=config.verify,
        digests=digests,
    )


def _read_nuswide(config: DataConfig, digests: FileDigests) -> Dataset:
    return read_nuswide(
        config.folder,
        images=config.folder / config.images,
        val_fraction=config.val_fraction,
        split_seed=config.seed,
        bad_images=config.bad_images,
        verify=config.verify,
        digests=digests,
    )


def _read_openimages(config: DataConfig, digests: FileDigests) -> Dataset:
    return read_openimages(
        config.folder,
        images=config.folder / config.images,
        blank_means=config.blank_means,
        ignore_labels=config.ignore_columns,
        val_fraction=config.val_fraction,
        split_seed=config.seed,
        bad_images=config.bad_images,
        verify=config.verify,
        digests=digests,
    )


_READERS: dict[str, Callable[[DataConfig, FileDigests], Dataset]] = {
    "table": _read_table,
    "imagefolder": _read_imagefolder,
    "voc": _read_voc,
    "coco": _read_coco,
    "nuswide": _read_nuswide,
    "openimages": _read_openimages,
}
