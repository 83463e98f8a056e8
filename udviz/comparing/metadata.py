"""What a table of metadata says of images whose predictions were brought: their slices."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from udviz.checks import shown
from udviz.comparing.split import BroughtSplit
from udviz.data.problems import ProblemLog
from udviz.data.tables.columns import is_image_name, texts
from udviz.data.tables.frames import read_frame
from udviz.data.tables.slices import FEWEST_IMAGES, read_slices
from udviz.vocabulary import Split


def with_slices(
    splits: Mapping[Split, BroughtSplit], path: Path
) -> tuple[dict[Split, BroughtSplit], list[str]]:
    """The splits with the slices of their images, and a note on every column that tells none.

    Args:
        splits: Images by id.
        path: Table with a column of ids; every other column tells slices apart.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is no table, or names none of the images.
    """
    frame = read_frame(path, ProblemLog())
    columns = [str(column) for column in frame.columns]
    image = next((column for column in columns if is_image_name(column)), columns[0])
    named = texts(frame[image])
    ids = [str(name) for split in splits.values() for name in split.joined.ids]
    if not set(named) & set(ids):
        raise ValueError(
            f"--metadata must name images of --targets in its column {shown(repr(image))}, got "
            f"{shown(', '.join(named[:3]))}, not {shown(', '.join(ids[:3]))}."
        )
    found, notes = [], []
    for column in (column for column in columns if column != image):
        try:
            found.append(read_slices([(named, frame)], [column], ids))
        except ValueError:
            notes.append(
                f"{path.name}: column {shown(repr(column))} has not two values, one of them on "
                f"{FEWEST_IMAGES} images, and tells no slices apart."
            )
    if not found:
        return dict(splits), notes
    slices, ends = pd.concat(found, axis=1), np.cumsum([len(s.joined.ids) for s in splits.values()])
    starts = [0, *ends[:-1]]
    return {
        name: replace(split, slices=slices.iloc[start:end].reset_index(drop=True))
        for (name, split), start, end in zip(splits.items(), starts, ends, strict=True)
    }, notes
