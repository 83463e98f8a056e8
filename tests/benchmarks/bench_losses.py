"""Calibration loss of a batch against one masked cross entropy per positive in a Python loop.

Both with their backward pass, side by side: ``python -m tests.benchmarks.bench_losses``.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.benchmarks.timing import best_seconds
from udviz.method.losses import pick_all_labels

N_IMAGES, N_LABELS = 64, 80
POSITIVES_PER_IMAGE = 2.9  # MS COCO's mean


def one_by_one(logits: Tensor, targets: Tensor) -> Tensor:
    """The selective loss, one cross entropy per positive over the logits of its rivals."""
    total = logits.new_zeros(())
    for image_logits, image_targets in zip(logits, targets, strict=True):
        positives = (image_targets == 1).nonzero().flatten()
        for positive in positives:
            rivals = image_targets == 0
            rivals[positive] = True
            masked = image_logits.masked_fill(~rivals, -torch.inf)
            total = total + F.cross_entropy(masked, positive) / len(positives)
    return total / len(logits)


def main() -> None:
    """Print one line with the ratio."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(N_IMAGES, N_LABELS, generator=generator, requires_grad=True)
    chance = torch.full((N_IMAGES, N_LABELS), POSITIVES_PER_IMAGE / N_LABELS)
    targets = torch.bernoulli(chance, generator=generator).to(torch.int8)  # as in training
    torch.testing.assert_close(pick_all_labels(logits, targets), one_by_one(logits, targets))

    ours = best_seconds(lambda: pick_all_labels(logits, targets).backward(), repeats=200)
    loop = best_seconds(lambda: one_by_one(logits, targets).backward(), repeats=20)
    print(
        f"calibration loss, B = {N_IMAGES}, L = {N_LABELS}, {int(targets.sum())} positives, "
        f"forward and backward: loop {1e3 * loop:.1f} ms / ours {1e3 * ours:.3f} ms "
        f"= {loop / ours:.0f}x (budget >= 50x)"
    )


if __name__ == "__main__":
    main()
