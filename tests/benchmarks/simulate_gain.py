"""Coverage of the intervals and error rate of the verdicts, by simulation.

Run with ``python -m tests.benchmarks.simulate_gain`` (about two minutes on one core). Scores are
normal: positives of a label lie ``separation`` above its negatives, and the two models share part
of every image's noise. The truth is the average precision of infinitely many images at the same
prevalence, by integration, and of infinitely many seeds where there are several.
"""

import argparse
from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from udviz.stats.gain import label_gains
from udviz.stats.ranking import average_precision

PREVALENCE = 0.02
# separation of baseline and distilled, correlation of their noise
SCENES = (
    (2.0, 2.0, 0.5),
    (4.0, 4.0, 0.5),
    (1.0, 1.7, 0.5),
    (2.0, 2.5, 0.8),
    (3.0, 2.0, 0.8),
    (3.0, 3.3, 0.9),
    (2.0, 2.1, 0.97),
)


@cache
def true_ap(separation: float, seed_sd: float = 0.0) -> float:
    """Average precision of infinitely many images, averaged over seeds."""
    score = np.linspace(-9, separation + 10, 40_001)
    effects, weights = np.polynomial.hermite_e.hermegauss(15)
    total = 0.0
    for effect, weight in zip(effects if seed_sd else [0.0], weights, strict=False):
        shift = separation + seed_sd * effect
        hits = PREVALENCE * stats.norm.sf(score - shift)
        false_alarms = (1 - PREVALENCE) * stats.norm.sf(score)
        with np.errstate(invalid="ignore"):
            precision = np.nan_to_num(hits / (hits + false_alarms))
        area = np.trapezoid(precision * stats.norm.pdf(score - shift), score)
        total += area * (weight / weights.sum() if seed_sd else 1.0)
    return float(total)


def draw(
    rng: np.random.Generator,
    n_positives: int,
    n_labels: int,
    scene: tuple[float, float, float],
    *,
    n_seeds: int = 1,
    seed_sd: float = 0.0,
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Scores of both models per seed, and targets with ``n_positives`` in every column."""
    first, second, correlation = scene
    n_images = round(n_positives / PREVALENCE)
    targets = np.zeros((n_images, n_labels), dtype=np.int8, order="F")
    targets[:n_positives] = 1
    shape = (n_labels, n_images)
    shared = np.sqrt(correlation) * rng.standard_normal(shape, dtype=np.float32).T

    def model(separation: float) -> np.ndarray:
        own = np.sqrt(1 - correlation) * rng.standard_normal(shape, dtype=np.float32).T
        effect = separation + seed_sd * rng.standard_normal(n_labels, dtype=np.float32)
        return shared + own + targets * effect

    seeds = range(n_seeds)
    return [model(first) for _ in seeds], [model(second) for _ in seeds], targets


def covered(low: np.ndarray, high: np.ndarray, truth: float) -> float:
    """Percentage of intervals that hold the truth."""
    return 100 * float(np.mean((low <= truth) & (truth <= high)))


def pooled(
    rng: np.random.Generator, n: int, n_positives: int, scene: tuple[float, float, float]
) -> pd.DataFrame:
    """Labels of as many simulated data sets as it takes to have ``n`` of them."""
    n_labels = max(5, 1000 // n_positives)
    runs = range(max(1, n // n_labels))
    return pd.concat([label_gains(*draw(rng, n_positives, n_labels, scene)).table for _ in runs])


def one_seed(rng: np.random.Generator, n: int) -> None:
    """Coverage by number of positives: every scene, and the p-values where nothing differs."""
    print("\nOne seed: coverage in % of 95 % intervals, per scene and in the mean")
    scenes = "  ".join(f"{a:g}/{b:g}".rjust(5) for a, b, _ in SCENES)
    print(f"positives | gain: {scenes}   mean | AP:  mean worst | equal models, %: p<.05 p<.005")
    for n_positives in (2, 3, 5, 10, 15, 20, 50, 150):
        gain, ap, equal = [], [], []
        for scene in SCENES:
            table = pooled(rng, n, n_positives, scene)
            truth = true_ap(scene[1]) - true_ap(scene[0])
            gain.append(covered(table["low"], table["high"], truth))
            ap.append(
                covered(table["ap_distilled_low"], table["ap_distilled_high"], true_ap(scene[1]))
            )
            if truth == 0:
                equal.append(table["p"])
        null = np.concatenate(equal)
        print(
            f"{n_positives:9d} |       {'  '.join(f'{value:5.1f}' for value in gain)}  "
            f"{np.mean(gain):5.1f} |    {np.mean(ap):5.1f} {np.min(ap):5.1f} | "
            f"{100 * np.mean(null < 0.05):22.2f} {100 * np.mean(null < 0.005):6.2f}"
        )


def several_seeds(rng: np.random.Generator, n: int) -> None:
    """Coverage of the expected gain over images and seeds."""
    print("\nSeveral seeds, 50 positives, 40 labels: coverage in % (labels; mean AP)")
    print("seeds  sd of a seed's separation: " + "  ".join(f"{sd:12.1f}" for sd in (0, 0.1, 0.3)))
    scene = (1.5, 2.0, 0.5)
    for n_seeds in (1, 2, 3, 5):
        cells = []
        for seed_sd in (0.0, 0.1, 0.3):
            truth = true_ap(scene[1], seed_sd) - true_ap(scene[0], seed_sd)
            runs = [
                label_gains(*draw(rng, 50, 40, scene, n_seeds=n_seeds, seed_sd=seed_sd))
                for _ in range(max(1, n // (40 * n_seeds)))
            ]
            label = [covered(run.table["low"], run.table["high"], truth) for run in runs]
            mean = [covered(run.mean_gain.low, run.mean_gain.high, truth) for run in runs]
            cells.append(f"{np.mean(label):5.1f}; {np.mean(mean):5.1f}")
        print(f"{n_seeds:5d}                             " + "  ".join(cells))


def verdicts_without_difference(rng: np.random.Generator, n: int) -> None:
    """How often labels are called helped or hurt though both models are equally good."""
    print("\nEqually good models, 80 labels: labels called helped or hurt, %; runs with any, %")
    for n_positives in (5, 20, 100):
        runs = [
            label_gains(*draw(rng, n_positives, 80, (2.0, 2.0, 0.5))).table["verdict"]
            for _ in range(max(1, n * 20 // (80 * n_positives)))
        ]
        called = np.array([(verdict != "cannot tell").to_numpy() for verdict in runs])
        print(
            f"{n_positives:4d} positives: {100 * called.mean():5.2f}  "
            f"{100 * called.any(axis=1).mean():5.1f}   ({len(runs)} runs)"
        )


def bootstrap(rng: np.random.Generator) -> None:
    """Standard errors beside those of a paired bootstrap that draws images with replacement."""
    print("\nStandard error of the gain over that of a paired bootstrap (400 folds), 20 labels")
    for n_positives in (20, 50, 150):
        (first,), (second,), targets = draw(rng, n_positives, 20, (2.0, 2.5, 0.7))
        ours = label_gains(first, second, targets).table["se"].to_numpy()
        folds = np.empty((400, 20))
        for fold in folds:
            rows = rng.integers(0, len(targets), len(targets))
            fold[:] = average_precision(second[rows], targets[rows]) - average_precision(
                first[rows], targets[rows]
            )
        ratio = ours / folds.std(axis=0, ddof=1)
        print(f"{n_positives:4d} positives: mean {ratio.mean():.3f}, sd {ratio.std():.3f}")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000, help="intervals per cell")
    n = parser.parse_args().repeats
    rng = np.random.default_rng(0)
    one_seed(rng, n)
    several_seeds(rng, n)
    verdicts_without_difference(rng, n)
    bootstrap(rng)


if __name__ == "__main__":
    main()
