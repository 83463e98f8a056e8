"""Any labelled image set that comes as a table: CSV, TSV, Parquet or JSON lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.data.dataset import Dataset
from udviz.data.images.digests import FileDigests
from udviz.data.images.files import locate
from udviz.data.images.masks import MaskFolder, mask_folder, read_label_values
from udviz.data.problems import ProblemLog
from udviz.data.readers.annotations import LabelSettings, read_targets
from udviz.data.readers.assemble import Rows, assemble
from udviz.data.readers.frames import find_image_column, read_frame, require_columns, texts
from udviz.data.splits import note_unknown_splits, split_by_hash

SPLIT_COLUMN = "split"


@dataclass(frozen=True, kw_only=True)
class TableSettings:
    """Where in a table to look, and how strict to be. The defaults read most tables.

    Attributes:
        name: What to call the data set; None for the name of the folder the table is in.
        image_column: Column of file names; None for one with a usual name (``image``,
            ``file_name``, ...), else the first.
        split_column: Column of split names; None for a column ``split`` if there is one.
        split_fractions: Shares of train, val and test, used where neither a table nor a column
            says the split: it is then drawn from a digest of the image name.
        split_seed: Another seed draws another split.
        labels: Where the labels are; by default every other column is a label.
        bad_images: ``stop`` raises if images cannot be used, ``set_aside`` goes on without them.
        verify: ``header`` looks at start and end of each file, ``decode`` decodes it, ``none``
            only asks whether it is there.
        digests: What is remembered of files that were read before; None for nothing.
    """

    name: str | None = None
    image_column: str | None = None
    split_column: str | None = None
    split_fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
    split_seed: int = 0
    labels: LabelSettings = field(default_factory=LabelSettings)
    bad_images: str = "stop"
    verify: str = "header"
    digests: FileDigests | None = None


DEFAULT_SETTINGS = TableSettings()


def read_table(
    labels: Path | str,
    *,
    images: Path | str,
    splits: Path | str | None = None,
    masks: Path | str | None = None,
    mask_labels: Path | str | None = None,
    settings: TableSettings = DEFAULT_SETTINGS,
) -> Dataset:
    """Read a data set from a table with one row per image.

    Labels are either columns of 1 (or true), 0 (or false) and blank (or NaN, -1: unknown), or one
    column of label lists, where a blank cell is unknown and ``[]`` is none of the labels.

    Args:
        labels: The table: ``.csv``, ``.tsv``, ``.parquet`` or ``.jsonl``.
        images: Folder that image names are relative to; every image must lie inside it.
        splits: Table with an image column and a column ``split`` (others are ignored).
        masks: Folder with a ``.png`` for every image that has a mask.
        mask_labels: Table ``value,label`` of what the masks' pixel values mean.
        settings: Where in the table to look, and how strict to be.

    Returns:
        The data set, with everything that was found wrong in its ``problems``.

    Raises:
        DataProblems: If images cannot be used and ``settings.bad_images`` is ``stop``.
        FileNotFoundError: If a table or folder does not exist.
        ValueError: If a table cannot be read or a setting does not fit it.
    """
    frame, log = read_frame(labels), ProblemLog()
    if splits is not None:
        frame = _with_listed_splits(frame, Path(splits), settings, log)
    name = settings.name or Path(labels).resolve().parent.name
    return dataset_of_table(
        frame,
        log,
        images=Path(images),
        settings=replace(settings, name=name),
        masks=masks,
        mask_labels=mask_labels,
    )


def dataset_of_table(
    frame: pd.DataFrame,
    log: ProblemLog,
    *,
    images: Path,
    settings: TableSettings,
    masks: Path | str | None = None,
    mask_labels: Path | str | None = None,
) -> Dataset:
    """The data set of a table that has been read; arguments and errors as for `read_table`."""
    image_column = find_image_column(frame, chosen=settings.image_column)
    image_ids = texts(frame[image_column])
    split_column = _find_split_column(frame, settings)
    if split_column is None:
        splits = split_by_hash(
            image_ids, fractions=settings.split_fractions, seed=settings.split_seed
        )
        label_frame = frame.drop(columns=[image_column])
    else:
        splits = note_unknown_splits(texts(frame[split_column]), image_ids, log)
        label_frame = frame.drop(columns=[image_column, split_column])
    targets, label_names = read_targets(label_frame, settings.labels, image_ids, log)
    rows = Rows(
        image_ids=image_ids,
        paths=locate(images, image_ids, log),
        splits=splits,
        targets=targets,
        difficult=np.zeros(targets.shape, dtype=bool),
    )
    return assemble(
        rows,
        log,
        name=settings.name or images.name,
        label_names=label_names,
        bad_images=settings.bad_images,
        verify=settings.verify,
        make_masks=_mask_maker(masks, mask_labels, label_names),
        digests=settings.digests,
    )


def _find_split_column(frame: pd.DataFrame, settings: TableSettings) -> str | None:
    if settings.split_column is None:
        return SPLIT_COLUMN if SPLIT_COLUMN in frame.columns else None
    require_columns(frame, [settings.split_column], setting="split_column")
    return settings.split_column


def _with_listed_splits(
    frame: pd.DataFrame, path: Path, settings: TableSettings, log: ProblemLog
) -> pd.DataFrame:
    """One row per image and split it is listed in, so that a leak shows as a repeated image."""
    listing = read_frame(path)
    require_columns(listing, [SPLIT_COLUMN], setting="splits")
    listed = texts(listing[find_image_column(listing, chosen=None)])
    splits_of: dict[str, dict[str, None]] = {}  # a dictionary for its order
    for image_id, split in zip(listed, texts(listing[SPLIT_COLUMN]), strict=True):
        splits_of.setdefault(image_id, {})[split] = None
    image_ids = texts(frame[find_image_column(frame, chosen=settings.image_column)])
    pairs = [(row, s) for row, i in enumerate(image_ids) for s in splits_of.get(i, ("",))]
    log.add_all("split of an image without labels", sorted(set(listed) - set(image_ids)))
    repeated = frame.iloc[[row for row, _ in pairs]].reset_index(drop=True)
    split_column = settings.split_column or SPLIT_COLUMN
    return repeated.assign(**{split_column: [split for _, split in pairs]})


def _mask_maker(
    masks: Path | str | None, mask_labels: Path | str | None, label_names: Sequence[str]
) -> Callable[[Sequence[str]], MaskFolder] | None:
    if (masks is None) != (mask_labels is None):
        raise ValueError(
            "`masks` and `mask_labels` must be given together, got "
            f"{masks} and {mask_labels}. The table says what the masks' pixel values mean."
        )
    if masks is None or mask_labels is None:
        return None
    label_of_value = read_label_values(mask_labels, label_names)
    return partial(mask_folder, masks, label_of_value=label_of_value)
