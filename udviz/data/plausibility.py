"""Was a data set understood? Checks what came out of a reader, not how the files were written.

Every refusal names the likely cause and the flag that mends it.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from udviz.checks import shown
from udviz.data.dataset import Dataset, Problem
from udviz.data.problems import ProblemLog
from udviz.data.tables.label_lists import TOGETHER_FROM

TWINS = "labels with equal targets in all images (if a list was cut in two, --data.separator)"
FEWEST_OWN, OWN_SHARE = 10, 0.8  # labels of one image only


def check_plausible(dataset: Dataset) -> None:
    """Raise if a data set can hardly be what its files mean.

    Raises:
        ValueError: Names what is odd, the likely cause and the flag.
    """
    _check_spellings(dataset.label_names)
    known = _known(dataset)
    _check_coding(dataset, *known)
    _check_shared(dataset)


def odd_labels(dataset: Dataset) -> tuple[Problem, ...]:
    """Labels that cannot be learnt or judged in a split, or are equal: only reported."""
    log = ProblemLog()
    for split, value, what in (
        ("train", 0, "negative"),
        ("test", 1, "positive"),
        ("test", 0, "negative"),
    ):
        found = (dataset.targets[dataset.splits == split] == value).any(axis=0)  # (L,)
        named = zip(dataset.label_names, found, strict=True)
        log.add_all(
            f"label without a {what} in {split}", (name for name, some in named if not some)
        )
    first_with: dict[bytes, str] = {}
    for name, column in zip(dataset.label_names, dataset.targets.T, strict=True):
        if np.count_nonzero(column == 1) >= TOGETHER_FROM:
            other = first_with.setdefault(column.tobytes(), name)
            if other != name:
                log.add(TWINS, f"{other} and {name}")
    return log.problems()


def _check_spellings(names: Sequence[str]) -> None:
    spelt: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        spelt[re.sub(r"[\W_]+", "", name.casefold()) or name].append(name)
    if several := [group for group in spelt.values() if len(group) > 1]:
        raise ValueError(
            f"Labels differ only by case, spaces or punctuation: {shown(repr(several[0]))}"
            f"{f' and {len(several) - 1} more' if len(several) > 1 else ''}. "
            "Spell each label in one way in the file."
        )


def _check_shared(dataset: Dataset) -> None:
    """Raise if nearly every image has a label of its own, as captions and names are."""
    counts = (dataset.targets == 1).sum(axis=0)
    own = np.flatnonzero(counts == 1)
    n_images = len(dataset.image_ids)
    if len(own) >= FEWEST_OWN and len(own) > OWN_SHARE * max(len(counts), n_images):
        example = dataset.label_names[own[0]]
        raise ValueError(
            f"{len(own)} of {len(counts)} labels are in one image only, such as "
            f"{shown(repr(example))}: the column looks like names or sentences and not like "
            "labels. Name the column of labels: --data.label_column, or --data.label_columns."
        )


def _known(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """(L,) bool: labels that some image has, and that some image is known not to have."""
    return (dataset.targets == 1).any(axis=0), (dataset.targets == 0).any(axis=0)


def _check_coding(dataset: Dataset, present: np.ndarray, absent: np.ndarray) -> None:
    names = np.array(dataset.label_names, dtype=object)
    if not absent.any():
        raise ValueError(
            f"No label is absent from any image: of {len(names)} labels all targets are present or "
            "unknown, so nothing can be ranked. If -1 means absent (1 and -1 is a usual coding), "
            "pass --data.minus_one_means absent; if a blank does, --data.blank_means absent."
        )
    if not present.any():
        raise ValueError(
            f"No label is present in any image, of {len(names)} labels and "
            f"{len(dataset.image_ids)} images. Check the columns of labels, or the ids that join "
            "annotations with images."
        )
    if lacking := names[present & ~absent].tolist():
        raise ValueError(
            f"{len(lacking)} of {len(names)} labels are absent from no image, such as "
            f"{shown(repr(lacking[0]))}, so they cannot be judged. If a blank or -1 means absent, "
            "pass --data.blank_means absent or --data.minus_one_means absent; else leave them out: "
            f"--data.ignore_columns {shown(repr(','.join(map(str, lacking))))}."
        )
