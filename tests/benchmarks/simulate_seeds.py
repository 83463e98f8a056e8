"""Coverage of the intervals of gains over several seeds, where a seed moves the labels together.

Run with ``python -m tests.benchmarks.simulate_seeds`` (about ten minutes on one core). The scores
are those of `simulate_gain`; a seed moves the separation of every label, two labels with a
correlation of 0, 0.5 or 1. Beside each coverage stands the median width of the intervals over that
of the way it was done before: labels taken as independent, a mean's seed variance at least theirs.

In brackets stand 95 % Wilson intervals of the coverage. Labels of one data set are not independent
here, so data sets count as trials.
"""

import argparse
from dataclasses import replace
from unittest.mock import patch

import numpy as np

from tests.benchmarks.simulate_gain import draw, true_ap
from udviz.stats.inference import seeds
from udviz.stats.inference.intervals import t_quantile, wilson_interval
from udviz.stats.inference.seeds import Spread, StandardError, standard_error
from udviz.stats.ranking.measured import Measured
from udviz.stats.ranking.measuring import measure

SCENE = (1.5, 2.0, 0.5)  # separations of the two models, correlation of their noise
N_POSITIVES, N_LABELS = 50, 20
GAIN = {"before": -1.0, "after": 1.0}


def measured(rng: np.random.Generator, n_seeds: int, seed_sd: float, together: float) -> Measured:
    """One data set."""
    before, after, targets = draw(
        rng, N_POSITIVES, N_LABELS, SCENE, n_seeds=n_seeds, seed_sd=seed_sd, together=together
    )
    models = {"before": dict(enumerate(before)), "after": dict(enumerate(after))}
    return measure(models, targets, min_positives=1)


def half_width(error: StandardError) -> np.ndarray:
    """Of 95 % intervals."""
    return error.se * t_quantile(0.95, error.df)


def as_before(labels: Spread, mean: Spread) -> tuple[StandardError, StandardError]:
    """Standard errors of labels and of their mean as if a seed moved labels independently."""
    with patch.object(seeds, "label_dependence", return_value=0.0):
        of_labels, of_mean = (
            standard_error(replace(each, least_seed_variance=None)) for each in (labels, mean)
        )
    least = of_labels.seed_variance.sum() / len(of_labels.se) ** 2
    if of_mean.seed_variance[0] >= least:
        return of_labels, of_mean
    variance = of_mean.image_variance + least
    df = variance**2 / (of_mean.image_variance**2 / mean.image_df)
    floored = StandardError(
        se=np.sqrt(variance),
        image_variance=of_mean.image_variance,
        seed_variance=np.array([least]),
        df=df,
    )
    return of_labels, floored


def cell(rng: np.random.Generator, n: int, n_seeds: int, seed_sd: float, together: float) -> str:
    """One row of the table, of ``n`` data sets."""
    truth = true_ap(SCENE[1], seed_sd) - true_ap(SCENE[0], seed_sd)
    hits: dict[str, list[float]] = {name: [] for name in ("label", "label0", "mean", "mean0")}
    widths: dict[str, list[float]] = {name: [] for name in hits}
    for _ in range(n):
        found = measured(rng, n_seeds, seed_sd, together)
        spreads = found.contrast(GAIN), found.mean_contrast(GAIN, supported=False)
        now, before = tuple(map(standard_error, spreads)), as_before(*spreads)
        for end, errors in (("", now), ("0", before)):
            for name, spread, error in zip(("label", "mean"), spreads, errors, strict=True):
                half = half_width(error)
                hits[name + end].append(float(np.mean(np.abs(spread.mean - truth) <= half)))
                widths[name + end].append(float(np.median(half)))
    parts = [f"| {n_seeds} | {seed_sd} | {together} "]
    for name in ("label", "mean"):
        ratio = np.median(widths[name]) / np.median(widths[name + "0"])
        parts.append(f"| {_percent(hits[name + '0'])} | {_percent(hits[name])} | {ratio:.2f} ")
    return "".join(parts) + "|"


def _percent(hits: list[float]) -> str:
    low, high = wilson_interval(np.array(np.sum(hits)), np.array(float(len(hits))))
    return f"{100 * np.mean(hits):.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def main() -> None:
    """Print the table of `docs/statistics.md`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-sets", type=int, default=1000, help="per row")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 5])
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    print("| seeds | seed SD | correlation | labels, as before | labels | width | ", end="")
    print("mean, as before | mean | width |\n" + "|---" * 9 + "|")
    for n_seeds in asked.seeds:
        for seed_sd in (0.1, 0.3):
            for together in (0.0, 0.5, 1.0):
                print(cell(rng, asked.data_sets, n_seeds, seed_sd, together), flush=True)


if __name__ == "__main__":
    main()
