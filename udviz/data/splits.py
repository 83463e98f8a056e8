"""Which split an image belongs to: as listed, or drawn; what is listed stays."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from udviz.data.problems import ProblemLog
from udviz.vocabulary import SPLITS

TRAINVAL = "trainval"  # training images of which validation is still to be drawn
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training", "tr", "trn", TRAINVAL), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "holdout"), "test"),
}
_NUMBERED = {"0": "train", "1": "val", "2": "test"}  # as in CelebA's list of partitions
_NUMBERED_COLUMNS = ("split", "subset", "partition", "set")
_COLUMNS = (*_NUMBERED_COLUMNS, "phase", "usage", "dataset", "splitname", "datasplit")
_FLAGS = {
    **dict.fromkeys(("isvalid", "isval", "valid", "isvalidation"), "val"),
    **dict.fromkeys(("istest", "isholdout"), "test"),
    **dict.fromkeys(("istrain", "istraining"), "train"),
}
_SUFFIX = re.compile(r"[ _-]?(set|split|data)$")  # train_set
_YES = ("1", "true", "yes", "1.0")
_NO = ("0", "false", "no", "0.0", "")
VAL_FRACTION = 0.1
RARE = 200  # images with a label; up to here its images are shared out one by one


def is_split_column(name: object, cells: Sequence[str]) -> bool:
    """Whether a column of a table says the split: by its name, and by all of its values."""
    return _meanings(name, cells) is not None


def splits_of_column(
    name: object, cells: Sequence[str], image_ids: Sequence[str], log: ProblemLog
) -> np.ndarray:
    """The splits that a column says, in our words.

    Args:
        name: Of the column; ``is_valid`` is read as a flag.
        cells: The R cells.
        image_ids: The R ids, to name rows by.
        log: Takes the rows whose split is missing or unknown.

    Returns:
        (R,) ``train``, ``val`` or ``test``; "" on the rows that were noted.
    """
    meanings = _meanings(name, list(dict.fromkeys(cells)), asked=True) or SPLIT_NAMES
    splits = [meanings.get(_word(cell), "") for cell in cells]
    for row in (row for row, split in enumerate(splits) if not split):
        if cells[row]:
            log.add("unknown split", f"{image_ids[row]}: {cells[row]}", row=row)
        else:
            log.add("image without a split", image_ids[row], row=row)
    return np.array(splits, dtype="<U5")


def complete_splits(
    splits: np.ndarray,
    targets: np.ndarray,
    image_ids: Sequence[str],
    log: ProblemLog,
    *,
    fractions: Sequence[float],
    seed: int = 0,
    groups: Sequence[str] | None = None,
) -> np.ndarray:
    """Draw the splits that are missing; what is given is kept.

    Without validation it is drawn from training; without a test split, validation becomes it, or it
    is drawn from training too. Images of rare labels are shared out so that each split has some.

    Args:
        splits: (N,) splits as given; all "" to draw all.
        targets: (N, L) targets.
        image_ids: The N ids: the draw depends on them, not on the order.
        log: Takes what was drawn, as guesses.
        fractions: Shares of train, val and test, which sum to 1.
        seed: Another seed draws another split.
        groups: N names of groups that stay together; None if every image is its own.

    Raises:
        ValueError: If ``fractions`` are not three shares that sum to 1, or training is missing.
    """
    shares = np.asarray(fractions, dtype=float)
    if shares.shape != (3,) or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(
            "--data.split_fractions: must be three shares (train, val, test) that sum to 1, "
            f"got {tuple(fractions)}."
        )
    names = list(groups) if groups is not None else list(image_ids)
    given = {split for split in SPLITS if (splits == split).any()}
    if not given:
        log.guess("no splits were given, so all are drawn", flag="--data.splits")
        weight = dict(zip(SPLITS, shares.tolist(), strict=True))
        return _draw(np.arange(len(names)), names, targets, weight, seed)
    if "train" not in given:
        raise ValueError(
            "The data set must have images in its train split, got only "
            f"{', '.join(sorted(given))}. Say which images are for training."
        )
    result = splits.copy()
    if "test" not in given and "val" in given:
        result[result == "val"] = "test"
        given = {"train", "test"}
        log.guess("no test split was given, so val is it", flag="--data.splits")
    missing = [split for split in ("val", "test") if split not in given]
    if missing:
        what = " and ".join(missing)
        log.guess(f"no {what} split was given, so it is drawn from train", flag="--data.splits")
        rows = np.flatnonzero(result == "train")
        weight = {s: float(shares[SPLITS.index(s)]) or VAL_FRACTION for s in missing}
        weight = {"train": 1 - sum(weight.values()), **weight}
        result[rows] = _draw(rows, names, targets, weight, seed)
    return result


def with_val(
    given: Sequence[str],
    targets: np.ndarray,
    image_ids: Sequence[str],
    log: ProblemLog,
    *,
    val_fraction: float,
    seed: int,
) -> np.ndarray:
    """`complete_splits` of a published data set, whose validation may be missing.

    Args:
        given: N splits as published; all "" to draw all.
        targets: (N, L) targets.
        image_ids: The N ids.
        log: Takes what was drawn, as guesses.
        val_fraction: Share of validation where it is drawn; 0 for the usual one.
        seed: Another seed draws another split.

    Raises:
        ValueError: If ``val_fraction`` is not in [0, 1), or training is missing.
    """
    splits = np.array(given, dtype="<U5")
    shares = shares_with(val_fraction)
    return complete_splits(splits, targets, image_ids, log, fractions=shares, seed=seed)


def shares_with(val_fraction: float) -> tuple[float, float, float]:
    """Shares of train, val and test where val's is given; 0 is the usual one.

    Raises:
        ValueError: If ``val_fraction`` is not in [0, 1).
    """
    if not 0 <= val_fraction < 1:
        raise ValueError(f"--data.val_fraction: must lie in [0, 1), got {val_fraction}.")
    val = val_fraction or VAL_FRACTION
    return 0.8 * (1 - val), val, 0.2 * (1 - val)


def _word(cell: str) -> str:
    return _SUFFIX.sub("", cell.strip().lower())


def _meanings(name: object, cells: Sequence[str], *, asked: bool = False) -> dict[str, str] | None:
    """Word of a cell -> split, if the column says splits; None if it does not.

    A column ``train`` of 0 and 1 may be a label (the vehicle), unless it was ``asked`` for.
    """
    plain, met = re.sub(r"[^a-z]", "", str(name).lower()), {_word(cell) for cell in cells}
    met.discard("")
    if (plain in _FLAGS or (asked and plain in SPLIT_NAMES)) and met and met <= {*_YES, *_NO}:
        yes = _FLAGS.get(plain) or SPLIT_NAMES[plain]
        no = "train" if yes != "train" else "test"
        return dict.fromkeys(_YES, yes) | dict.fromkeys(_NO, no)
    if plain in _NUMBERED_COLUMNS and len(met) > 1 and met <= set(_NUMBERED):
        return _NUMBERED
    if plain in _COLUMNS and met and met & set(SPLIT_NAMES):
        return SPLIT_NAMES
    return None


def _draw(
    rows: np.ndarray,
    names: Sequence[str],
    targets: np.ndarray,
    shares: dict[str, float],
    seed: int,
) -> np.ndarray:
    """(R,) splits of ``rows``: rare labels shared out first, all others by their digest.

    Source:
        The order, rarest label first, is that of Sechidis et al. (2011), "On the stratification of
        multi-label data".
    """
    splits, bounds = list(shares), np.cumsum(list(shares.values()))
    digest = {name: _digest(name, seed) for name in {names[row] for row in rows}}
    by_digest = np.searchsorted(bounds[:-1], [digest[names[row]] for row in rows], side="right")
    of_group: dict[str, int] = {}
    positives = (targets[rows] == 1).sum(axis=0)
    for label in np.argsort(positives, kind="stable"):
        if not 0 < positives[label] <= RARE:
            continue
        members = [names[row] for row in rows[targets[rows, label] == 1]]
        placed = np.zeros(len(splits))
        for name in members:
            if name in of_group:
                placed[of_group[name]] += 1
        wanted = np.array(list(shares.values())) * len(members)
        for name in sorted(set(members) - of_group.keys(), key=lambda name: digest[name]):
            of_group[name] = int(np.argmax(wanted - placed))
            placed[of_group[name]] += 1
    for name, by in zip((names[row] for row in rows), by_digest.tolist(), strict=True):
        of_group.setdefault(name, by)
    for place in range(len(splits)):  # of a few images, one split may have got none
        if place not in of_group.values() and len(of_group) >= len(splits):
            largest = max(range(len(splits)), key=list(of_group.values()).count)
            members = [name for name in of_group if of_group[name] == largest]
            of_group[min(members, key=lambda name: digest[name])] = place
    return np.array(splits)[[of_group[names[row]] for row in rows]]


def _digest(name: str, seed: int) -> float:
    """A number in [0, 1) of a name."""
    text = f"{seed}:{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest()) / 2**48
