"""Coverage of the intervals and error rate of the verdicts, by simulation.

Run with ``python -m tests.benchmarks.simulate_gain`` (about ten minutes on one core). Scores are
normal: positives of a label lie ``separation`` above its negatives, and the two models share part
of every image's noise. The truth is the average precision of infinitely many images at the same
prevalence, by integration, and of infinitely many seeds where there are several.

In brackets stand 95 % Wilson intervals of what a simulation of this size can tell. Simulated labels
are independent, so each counts as one trial.
"""

import argparse
from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from udviz.stats.comparison.gain import label_gains
from udviz.stats.inference.intervals import wilson_interval
from udviz.stats.ranking.ranking import average_precision
from udviz.vocabulary import INCONCLUSIVE

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
    together: float = 0.0,
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Scores of both models per seed, and targets with ``n_positives`` in every column.

    A seed moves a label's separation by ``seed_sd``, two labels with correlation ``together``.
    """
    first, second, correlation = scene
    n_images = round(n_positives / PREVALENCE)
    targets = np.zeros((n_images, n_labels), dtype=np.int8, order="F")
    targets[:n_positives] = 1
    shape = (n_labels, n_images)
    shared = np.sqrt(correlation) * rng.standard_normal(shape, dtype=np.float32).T

    def model(separation: float) -> np.ndarray:
        own = np.sqrt(1 - correlation) * rng.standard_normal(shape, dtype=np.float32).T
        common, apart = rng.standard_normal(), rng.standard_normal(n_labels)
        effect = seed_sd * (np.sqrt(together) * common + np.sqrt(1 - together) * apart)
        return shared + own + targets * (separation + effect).astype(np.float32)

    seeds = range(n_seeds)
    return [model(first) for _ in seeds], [model(second) for _ in seeds], targets


def covered(low: np.ndarray, high: np.ndarray, truth: float) -> np.ndarray:
    """Which intervals hold the truth, (n,) bool."""
    inside: np.ndarray = (low <= truth) & (truth <= high)
    return inside


def percent(hits: np.ndarray) -> str:
    """Share of hits in % with its interval."""
    low, high = wilson_interval(np.array(hits.sum()), np.array(hits.size))
    return f"{100 * hits.mean():5.2f} [{100 * low:5.2f}, {100 * high:5.2f}]"


def pooled(
    rng: np.random.Generator, n: int, n_positives: int, scene: tuple[float, float, float]
) -> pd.DataFrame:
    """Labels of as many simulated data sets as it takes to have ``n`` of them."""
    n_labels = max(5, 1000 // n_positives)
    runs = range(max(1, n // n_labels))
    return pd.concat([label_gains(*draw(rng, n_positives, n_labels, scene)).table for _ in runs])


def one_seed(rng: np.random.Generator, n: int) -> None:
    """Coverage by number of positives: every scene, and the p-values where nothing differs."""
    print("\nOne seed: coverage in % of 95 % intervals: of every scene, of all, of the worst")
    for n_positives in (2, 3, 5, 10, 15, 20, 50, 150):
        gain, ap, equal = [], [], []
        for scene in SCENES:
            table = pooled(rng, n, n_positives, scene)
            truth = true_ap(scene[1]) - true_ap(scene[0])
            gain.append(covered(table["gain_low"], table["gain_high"], truth))
            ap.append(
                covered(table["after_value_low"], table["after_value_high"], true_ap(scene[1]))
            )
            if truth == 0:
                equal.append(table["p"])
        null = np.concatenate(equal)
        print(f"\n{n_positives} positives, {len(gain[0]):,} labels a scene")
        for (first, second, correlation), hits in zip(SCENES, gain, strict=True):
            print(f"  gain {first:g} to {second:g}, r = {correlation:<5g} {percent(hits)}")
        for name, cells in (("gain", gain), ("AP  ", ap)):
            print(f"  {name} mean               {percent(np.concatenate(cells))}")
            print(f"  {name} worst              {percent(min(cells, key=np.mean))}")
        print(f"  equal models, p < 0.05  {percent(null < 0.05)}")
        print(f"  equal models, p < 0.005 {percent(null < 0.005)}")


def verdicts_without_difference(rng: np.random.Generator, n_runs: int) -> None:
    """How often labels are called helped or hurt though both models are equally good."""
    print(f"\nEqually good models, 80 labels, {n_runs:,} data sets: called helped or hurt, %")
    for n_positives in (5, 20, 100):
        called = np.array(
            [
                label_gains(*draw(rng, n_positives, 80, (2.0, 2.0, 0.5))).table["verdict"]
                != INCONCLUSIVE
                for _ in range(n_runs)
            ]
        )
        print(
            f"  {n_positives:3d} positives: labels {percent(called)}, "
            f"data sets with any {percent(called.any(axis=1))}"
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
    parser.add_argument("--repeats", type=int, default=10_000, help="intervals per cell")
    parser.add_argument(
        "--null-runs", type=int, default=1000, help="data sets without a difference"
    )
    asked = parser.parse_args()
    n = asked.repeats
    rng = np.random.default_rng(0)
    one_seed(rng, n)
    verdicts_without_difference(rng, asked.null_runs)
    bootstrap(rng)


if __name__ == "__main__":
    main()
