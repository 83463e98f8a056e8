"""A training set small enough for unit tests: every label lights up one corner of the image."""

import numpy as np
import torch

from udviz.data.fingerprint import DataRecord
from udviz.method.backbones import build_backbone
from udviz.method.network import TwoHeadedNetwork
from udviz.recipe.networks import NetworkConfig
from udviz.recipe.schema import AugmentConfig
from udviz.training.batches import ImageRows
from udviz.training.device import Compute
from udviz.training.loop import TrainingPlan
from udviz.training.progress import Progress

N_TRAIN, N_VAL, N_LABELS, SIDE_PX = 48, 16, 4, 32
CPU = Compute(torch.device("cpu"), bf16=False)
UNCHANGED = AugmentConfig(smallest_crop=1.0, flip=False, erase=0.0)


def image_rows(seed: int = 0) -> ImageRows:
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 2, (N_TRAIN + N_VAL, N_LABELS)).astype(np.int8)
    pixels = rng.integers(0, 100, (len(targets), SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    half = SIDE_PX // 2
    for label, corner in enumerate(np.ndindex(2, 2)):
        top, left = np.array(corner) * half
        pixels[targets[:, label] == 1, top : top + half, left : left + half] += 120
    return ImageRows(pixels, targets)


def network(*, calibration: bool = True, seed: int = 0) -> TwoHeadedNetwork:
    torch.manual_seed(seed)
    return TwoHeadedNetwork(build_backbone("small"), N_LABELS, calibration=calibration)


def settings(**changes: object) -> NetworkConfig:
    """Two epochs of three steps."""
    return NetworkConfig(**{"epochs": 2, "batch_size": 16, "warmup_epochs": 0.0} | changes)


def plan(config: NetworkConfig | None = None, **changes: object) -> TrainingPlan:
    rows = image_rows()
    values = {
        "data": DataRecord(fingerprint="corners"),
        "rows": rows,
        "train": np.arange(N_TRAIN),
        "val": np.arange(N_TRAIN, N_TRAIN + N_VAL),
        "val_targets": rows.targets[N_TRAIN:],
        "network": config or settings(),
        "augment": AugmentConfig(),
        "compute": CPU,
        "workers": 0,
        "seed": 0,
    }
    return TrainingPlan(**values | changes)


def silent(progress: Progress) -> None:
    """Report nothing."""
