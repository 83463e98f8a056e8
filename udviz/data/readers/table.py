"""Any labelled image set that comes as tables: CSV, TSV, Parquet, JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.data.dataset import Dataset
from udviz.data.images.digests import FileDigests
from udviz.data.images.finder import locate
from udviz.data.images.masks import MaskFolder, mask_folder, read_label_values
from udviz.data.problems import ProblemLog
from udviz.data.readers.assemble import Rows, assemble
from udviz.data.splits import complete_splits, is_split_column, splits_of_column
from udviz.data.tables.annotations import TargetSettings, is_long, read_targets, united
from udviz.data.tables.columns import (
    Columns,
    ColumnSettings,
    find_columns,
    is_image_name,
    require_columns,
    texts,
)
from udviz.data.tables.frames import FrameSettings, read_frame
from udviz.data.tables.slices import FLAG, read_slices, unused_slices

SPLIT_COLUMN = "split"


@dataclass(frozen=True, kw_only=True)
class TableSettings:
    """How a table is read. The defaults read most tables.

    Attributes:
        name: What to call the data set; None for the name of the folder the table is in.
        frame: How the file is read: encoding, header.
        columns: Which column is what.
        targets: What its cells mean.
        split_fractions: Shares of train, val and test, where splits are drawn.
        split_seed: Another seed draws another split.
        bad_images: ``stop`` raises if images cannot be used, ``set_aside`` goes on without them.
        verify: ``header`` looks at start and end of each file, ``decode`` decodes it, ``none``
            only asks whether it is there.
        digests: What is remembered of files that were read before; None for nothing.
    """

    name: str | None = None
    frame: FrameSettings = field(default_factory=FrameSettings)
    columns: ColumnSettings = field(default_factory=ColumnSettings)
    targets: TargetSettings = field(default_factory=TargetSettings)
    split_fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
    split_seed: int = 0
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
    """Read a data set from a table with a row per image, or a row per label of an image.

    Labels are columns of words for present, absent and unknown (``words.py``), or one column of
    label lists.

    Args:
        labels: The table: CSV, TSV, Parquet, JSON or JSON lines; ``.gz`` of a text is unpacked.
        images: Folder that image names are relative to; every image must lie inside it.
        splits: Table with an image column and a column of splits, and perhaps of slices.
        masks: Folder with a ``.png`` for every image that has a mask.
        mask_labels: Table ``value,label`` of what the masks' pixel values mean.
        settings: Where in the table to look, and how strict to be.

    Returns:
        The data set, with what was found wrong in its ``problems`` and what was taken for granted
        in its ``guesses``.

    Raises:
        DataProblems: If images cannot be used and ``settings.bad_images`` is ``stop``.
        FileNotFoundError: If a table or folder does not exist.
        ValueError: If a table cannot be read or a setting does not fit it.
    """
    log = ProblemLog()
    frame = read_frame(Path(labels), log, settings.frame)
    listing = None if splits is None else read_frame(Path(splits), log, settings.frame)
    return dataset_of_table(
        frame,
        log,
        name=settings.name or Path(labels).resolve().parent.name,
        images=Path(images),
        settings=settings,
        listing=listing,
        make_masks=_mask_maker(masks, mask_labels),
    )


def dataset_of_table(
    frame: pd.DataFrame,
    log: ProblemLog,
    *,
    name: str,
    images: Path,
    settings: TableSettings,
    listing: pd.DataFrame | None = None,
    make_masks: Callable[[Sequence[str]], Callable[[Sequence[str]], MaskFolder]] | None = None,
) -> Dataset:
    """The data set of a table that has been read.

    Args:
        frame: The table.
        log: What was noted while it was read.
        name: What a person calls the data set.
        images: Folder of the images.
        settings: Where in the table to look, and how strict to be.
        listing: A second table, of images and splits.
        make_masks: Makes, from the label names, what finds the masks of the ids that are kept.
    """
    columns = find_columns(frame, settings.columns, images, log)
    image_ids = texts(frame[columns.image])
    tables = [(image_ids, frame), *([] if listing is None else [_listed(listing)])]
    if is_long(frame, columns, settings.targets):
        first, targets = united(frame, columns, settings.targets, image_ids, log)
        frame, image_ids = frame.iloc[first], [image_ids[row] for row in first]
    else:
        targets = read_targets(frame, columns, settings.targets, image_ids, log)
    source, splits = _splits(frame, columns, image_ids, listing, log)
    ids, values = [image_ids[row] for row in source], targets.values[source]
    groups = None if columns.group is None else np.array(texts(frame[columns.group]))[source]
    slices = read_slices(tables, settings.columns.slice_columns, ids)
    _note_unused(tables[0][1], listing, columns, settings.columns, log)
    splits = complete_splits(
        splits,
        values,
        ids,
        log,
        fractions=settings.split_fractions,
        seed=settings.split_seed,
        groups=None if groups is None else groups.tolist(),
    )
    return assemble(
        Rows(
            image_ids=ids,
            paths=locate(images, ids, log),
            splits=splits,
            targets=values,
            difficult=np.zeros(values.shape, dtype=bool),
            groups=groups,
            slices=slices,
        ),
        log,
        name=name,
        label_names=targets.label_names,
        bad_images=settings.bad_images,
        verify=settings.verify,
        make_masks=None if make_masks is None else make_masks(targets.label_names),
        digests=settings.digests,
    )


def _splits(
    frame: pd.DataFrame,
    columns: Columns,
    image_ids: Sequence[str],
    listing: pd.DataFrame | None,
    log: ProblemLog,
) -> tuple[list[int], np.ndarray]:
    """One row for every split an image is listed in, so that a leak shows as a repeated image.

    Returns:
        Row of the table that each row comes from, and its split; "" where there is none.
    """
    everyone = list(range(len(image_ids)))
    if listing is not None:
        image, split = _listing_columns(listing)
        listed = texts(listing[image])
        splits_of: dict[str, dict[str, None]] = {}  # a dictionary for its order
        for image_id, said in zip(listed, texts(listing[split]), strict=True):
            splits_of.setdefault(image_id, {})[said] = None
        log.add_all("split of an image without labels", sorted(set(listed) - set(image_ids)))
        pairs = [(row, s) for row in everyone for s in splits_of.get(image_ids[row], ("",))]
        source = [row for row, _ in pairs]
        log.renumber(source)
        ids = [image_ids[row] for row in source]
        return source, splits_of_column(split, [s for _, s in pairs], ids, log)
    if columns.split is None:
        return everyone, np.full(len(image_ids), "", dtype="<U5")
    return everyone, splits_of_column(columns.split, texts(frame[columns.split]), image_ids, log)


def _listed(listing: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    return texts(listing[_listing_columns(listing)[0]]), listing


def _note_unused(
    frame: pd.DataFrame,
    listing: pd.DataFrame | None,
    columns: Columns,
    settings: ColumnSettings,
    log: ProblemLog,
) -> None:
    """Note columns that could tell groups of images apart and that nothing reads."""
    read = {columns.image, columns.split, columns.group, columns.label_list, columns.value}
    own = {*settings.slice_columns, *settings.ignore_columns}
    taken = {str(name) for name in read if name} | own | {*columns.labels}
    found = unused_slices(frame, taken)
    if listing is not None:
        found |= unused_slices(listing, {*_listing_columns(listing), *own})
    for name, values in found.items():
        log.guess(f"column {name!r} is not read: {', '.join(values)}", flag=f"{FLAG} {name!r}")


def _listing_columns(listing: pd.DataFrame) -> tuple[str, str]:
    """Columns of images and of splits in a table of splits."""
    names = [str(column) for column in listing.columns]
    said = [c for c in names if is_split_column(c, texts(listing[c].drop_duplicates()))]
    split = said[0] if said else SPLIT_COLUMN
    require_columns(listing, [split], flag="--data.splits")
    others = [column for column in names if column != split]
    usual = [column for column in others if is_image_name(column)]
    return (usual or others or [split])[0], split


def _mask_maker(
    masks: Path | str | None, mask_labels: Path | str | None
) -> Callable[[Sequence[str]], Callable[[Sequence[str]], MaskFolder]] | None:
    if (masks is None) != (mask_labels is None):
        raise ValueError(
            "`masks` and `mask_labels` must be given together, got "
            f"{masks} and {mask_labels}. The table says what the masks' pixel values mean."
        )
    if masks is None or mask_labels is None:
        return None
    return lambda names: partial(
        mask_folder, masks, label_of_value=read_label_values(mask_labels, names)
    )
