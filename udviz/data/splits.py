"""Which split an image belongs to: as listed, or drawn from its id."""

import hashlib
from collections.abc import Sequence

import numpy as np

from udviz.data.dataset import SPLITS
from udviz.data.problems import ProblemLog

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}


def note_unknown_splits(
    names: Sequence[str], image_ids: Sequence[str], log: ProblemLog
) -> np.ndarray:
    """Turn the names in use (training, valid, dev, ...) into ours.

    Args:
        names: The R splits as written.
        image_ids: The R ids, to name rows by.
        log: Takes the rows whose split is missing or unknown.

    Returns:
        (R,) ``train``, ``val`` or ``test``; "" on the rows that were noted.
    """
    splits = [SPLIT_NAMES.get(name.strip().lower(), "") for name in names]
    for row in (row for row, split in enumerate(splits) if not split):
        if names[row]:
            log.add("unknown split", f"{image_ids[row]}: {names[row]}", row=row)
        else:
            log.add("image without a split", image_ids[row], row=row)
    return np.array(splits, dtype=str)


def split_by_hash(
    image_ids: Sequence[str], *, fractions: Sequence[float], seed: int = 0
) -> np.ndarray:
    """Draw a split for each id from a digest of seed and id.

    An image keeps its split when others are added, removed or reordered.

    Args:
        image_ids: The N ids.
        fractions: Shares of train, val and test; they sum to 1.
        seed: Another seed draws another split.

    Returns:
        (N,) ``train``, ``val`` or ``test``.

    Raises:
        ValueError: If ``fractions`` are not three shares that sum to 1.
    """
    shares = np.asarray(fractions, dtype=float)
    if shares.shape != (3,) or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(
            "`split_fractions` must be three shares (train, val, test) that sum to 1, "
            f"got {tuple(fractions)}."
        )
    draws = np.array([_draw(image_id, seed) for image_id in image_ids])  # (N,) in [0, 1)
    return np.array(SPLITS)[np.searchsorted(np.cumsum(shares)[:2], draws, side="right")]


def hold_out(image_ids: Sequence[str], *, fraction: float, seed: int = 0) -> np.ndarray:
    """Draw ``val`` for a share of the ids, as `split_by_hash` does; the others are ``train``.

    Raises:
        ValueError: If ``fraction`` is not in [0, 1).
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"`val_fraction` must lie in [0, 1), got {fraction}.")
    return split_by_hash(image_ids, fractions=(1 - fraction, fraction, 0), seed=seed)


def _draw(image_id: str, seed: int) -> float:
    text = f"{seed}:{image_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest()) / 2**48
