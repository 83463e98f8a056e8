"""Time of average precision and of paired gains against sorting and against other tools.

Run with ``python -m tests.benchmarks.bench_ranking``. Every rival is timed in the same run on the
same 40,504 x 80 scores; ratios, not seconds, are what carries over to another machine.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torchmetrics.classification import MultilabelAveragePrecision
from torchmetrics.functional.classification import multilabel_average_precision

from udviz.stats.comparison.gain import label_gains
from udviz.stats.ranking.ranking import average_precision, label_ranking

BATCH = 256  # images an evaluation loop passes to torchmetrics at once


def coco_like(n_images: int, n_labels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets at the prevalences of COCO (0.2 to 50 %) and logits of two models."""
    rng = np.random.default_rng(0)
    prevalence = np.geomspace(0.002, 0.5, n_labels) ** 1.0
    prevalence *= 0.036 / prevalence.mean()  # 2.9 labels per image of 80
    targets = (rng.random((n_images, n_labels)) < prevalence).astype(np.int8)
    shared = rng.normal(size=targets.shape)
    scores = [
        (1.4 * shared + 1.4 * rng.normal(size=targets.shape) + 4 * targets - 5 + shift * targets)
        for shift in (0.0, 0.3)
    ]
    baseline, distilled = (np.asfortranarray(each, dtype=np.float32) for each in scores)
    return np.asfortranarray(targets), baseline, distilled


def best_of(run: Callable[[], object], *, repeats: int) -> float:
    """Least processor time of several runs in seconds; other programs do not count."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def bootstrap_once(baseline: np.ndarray, distilled: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """One fold of the paired bootstrap, with our own fast AP."""
    rows = np.random.default_rng(0).integers(0, len(targets), len(targets))
    picked = targets[rows]
    return average_precision(distilled[rows], picked) - average_precision(baseline[rows], picked)


def main() -> None:
    """Print the table of times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=40_504)
    parser.add_argument("--labels", type=int, default=80)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    targets, baseline, distilled = coco_like(options.images, options.labels)
    columns = range(options.labels)

    def sort() -> None:
        for label in columns:
            np.sort(baseline[:, label])

    def scikit_learn() -> list[float]:
        return [average_precision_score(targets[:, k], baseline[:, k]) for k in columns]

    tensors = torch.from_numpy(baseline.copy()), torch.from_numpy(targets.astype(np.int64))

    def torchmetrics() -> torch.Tensor:
        return multilabel_average_precision(*tensors, num_labels=options.labels, average="none")

    def torchmetrics_in_batches() -> torch.Tensor:
        metric = MultilabelAveragePrecision(num_labels=options.labels, average="none")
        for batch in zip(*(tensor.split(BATCH) for tensor in tensors), strict=True):
            metric.update(*batch)
        return metric.compute()

    ours = average_precision(baseline, targets)
    assert np.allclose(ours, scikit_learn(), rtol=0, atol=1e-9)
    assert np.allclose(ours, torchmetrics(), rtol=0, atol=1e-6)
    seconds = {
        "sort": best_of(sort, repeats=options.repeats),
        "average_precision": best_of(
            lambda: average_precision(baseline, targets), repeats=options.repeats
        ),
        "label_gains": best_of(
            lambda: label_gains(baseline, distilled, targets), repeats=options.repeats
        ),
        "label_ranking": best_of(lambda: label_ranking(baseline, targets), repeats=2),
        "scikit-learn": best_of(scikit_learn, repeats=2),
        "torchmetrics": best_of(torchmetrics, repeats=2),
        "torchmetrics, batches": best_of(torchmetrics_in_batches, repeats=2),
        "bootstrap x 1000": 1000
        * best_of(lambda: bootstrap_once(baseline, distilled, targets), repeats=3),
    }
    ap = seconds["average_precision"]
    print(f"{options.images} images x {options.labels} labels, float32, one thread")
    for name, value in seconds.items():
        print(f"{name:22s} {1e3 * value:12.1f} ms  {value / ap:10.2f} x average_precision")
    print(f"average_precision / sort               {ap / seconds['sort']:8.2f}  (budget 1.5)")
    print(f"scikit-learn / average_precision       {seconds['scikit-learn'] / ap:8.1f}  (15)")
    print(f"torchmetrics / average_precision       {seconds['torchmetrics'] / ap:8.1f}  (100)")
    print(f"torchmetrics in batches / the same     {seconds['torchmetrics, batches'] / ap:8.1f}")
    print(
        f"torchmetrics / sort alone              {seconds['torchmetrics'] / seconds['sort']:8.1f}"
    )
    gain = seconds["label_gains"]
    print(f"label_gains / AP of its two models     {gain / (2 * ap):8.2f}  (3)")
    print(
        f"bootstrap / label_gains                {seconds['bootstrap x 1000'] / gain:8.0f}  (500)"
    )


if __name__ == "__main__":
    main()
