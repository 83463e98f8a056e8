"""Files about the same images and labels, joined by name; what does not match is told."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.checks import shown
from udviz.predictions.brought.matrix import Matrix, refused

MOST_NAMED = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class Joined:
    """Images and labels that all files have.

    Attributes:
        ids: The N images in the order of the first file that names them.
        label_names: The L labels in the order of the first file that names them.
        rows: Per file (N,) places of these images in it.
        columns: Per file (L,) places of these labels in it.
        notes: What was left out or taken on trust, a sentence each.
    """

    ids: pd.Index
    label_names: pd.Index
    rows: tuple[np.ndarray, ...]
    columns: tuple[np.ndarray, ...]
    notes: tuple[str, ...]


def joined(files: Sequence[Matrix]) -> Joined:
    """Join files: images by their ids, labels by their names, where they have them.

    Args:
        files: The targets first.

    Returns:
        Places of the common images and labels in each file.

    Raises:
        ValueError: If labels differ, no image is common, or a file without names has another
            number of rows or columns; names the difference.
    """
    labels = _axis(files, [file.label_names for file in files], axis=1)
    images = _axis(files, [file.ids for file in files], axis=0)
    common = _common(files, images.names, images.given)
    places = common.get_indexer(images.names)
    kept = np.flatnonzero(places >= 0)
    rows = tuple(
        kept if given is None else given.get_indexer(common).astype(np.intp)
        for given in images.given
    )
    return Joined(
        ids=common,
        label_names=labels.names,
        rows=rows,
        columns=tuple(
            np.arange(len(labels.names)) if given is None else given.get_indexer(labels.names)
            for given in labels.given
        ),
        notes=(*labels.notes, *images.notes, *_left_out(files, common, images.given)),
    )


@dataclass(frozen=True, eq=False)
class _Axis:
    """Names along one axis: all of them, those each file gives, and what was taken on trust."""

    names: pd.Index
    given: list[pd.Index | None]
    notes: list[str]


def _axis(files: Sequence[Matrix], given: list[pd.Index | None], *, axis: int) -> _Axis:
    what = ("image", "label")[axis]
    named = [place for place, names in enumerate(given) if names is not None]
    silent = [file for file, names in zip(files, given, strict=True) if names is None]
    owner = named[0] if named else 0
    names = given[owner]
    if names is None:
        names = pd.Index([f"{what} {k}" for k in range(files[0].shape[axis])], dtype=object)
    for other in named:
        own = given[other]
        assert own is not None
        if axis == 1:
            _check_same_labels(files[owner], names, files[other], own)
        if silent and not _is_in_order(names, own):
            flag = "image_ids" if axis == 0 else "label_names"
            raise refused(
                silent[0].source,
                f"hold {flag}, as {files[owner].source} and {files[other].source} have their "
                f"{what}s in another order",
                "none",
            )
    for file in silent:
        if file.shape[axis] != len(names):
            raise refused(
                file.source,
                f"have {len(names):,} {what}s like {files[owner].source}, or name them",
                f"{file.shape[axis]:,} without names",
            )
    return _Axis(names, given, _on_trust(silent, files[owner], what, bool(named)))


def _is_in_order(names: pd.Index, own: pd.Index) -> bool:
    """Whether those of ``names`` that ``own`` has too follow each other there as here."""
    places = names.get_indexer(own)
    return bool((np.diff(places[places >= 0]) > 0).all())


def _on_trust(silent: list[Matrix], owner: Matrix, what: str, is_named: bool) -> list[str]:
    if not silent:
        return []
    who = _some([file.source for file in silent])
    order = f"those of {owner.source}" if is_named else "the same in every file"
    return [f"{who}: {what}s have no names there and are taken to be {order}, in that order."]


def _check_same_labels(first: Matrix, names: pd.Index, other: Matrix, own: pd.Index) -> None:
    lacks, besides = names.difference(own, sort=False), own.difference(names, sort=False)
    if len(lacks) or len(besides):
        parts = [f"lacks {_some(lacks)}"] if len(lacks) else []
        parts += [f"has besides {_some(besides)}"] if len(besides) else []
        raise refused(
            other.source, f"have the labels of {first.source}", f"others: it {'; it '.join(parts)}"
        )


def _common(files: Sequence[Matrix], names: pd.Index, given: Sequence[pd.Index | None]) -> pd.Index:
    common = names
    for file, own in zip(files, given, strict=True):
        if own is None:
            continue
        if not common.isin(own).any():
            raise refused(
                file.source,
                f"have images of the other files, as {_some(common)}",
                f"others, as {_some(own)}",
            )
        common = common[common.isin(own)]
    return common


def _left_out(
    files: Sequence[Matrix], common: pd.Index, given: Sequence[pd.Index | None]
) -> list[str]:
    notes = []
    for file, own in zip(files, given, strict=True):
        n_all = file.shape[0]
        if n_all > len(common):
            extra = "" if own is None else f": {_some(own[~own.isin(common)])}"
            notes.append(
                f"{file.source}: {n_all - len(common):,} of {n_all:,} images are left out, as "
                f"they are not in every file{extra}."
            )
    return notes


def _some(names: Sequence[str] | pd.Index) -> str:
    told = ", ".join(shown(name) for name in names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f"{told} and {more:,} more" if more > 0 else told
