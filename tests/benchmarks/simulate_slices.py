"""How far intervals and p-values of slices beside the rest can be trusted.

Run with ``python -m tests.benchmarks.simulate_slices`` (some minutes).

Every label is a draw: present images score as N(separation, 1), absent ones as N(0, 1), a slice
of 200 images lies beside 400 others, and labels are present with the same probability everywhere.
Coverage is measured where the slice is ranked worse than the rest and the truth is known, false
alarms where nothing differs.
"""

import argparse

import numpy as np
import pandas as pd
from scipy import stats

from udviz.stats.slices.differences import SliceData, compare_slices

N_SLICE, N_REST = 200, 400
THRESHOLD = 1.0
METRICS = ("prevalence", "mean_prob", "auroc", "false_positive_rate", "recall")
TRUTH = {  # of a present image's separation
    "auroc": lambda separation: stats.norm.cdf(separation / np.sqrt(2)),
    "recall": lambda separation: stats.norm.sf(THRESHOLD - separation),
}


def rows_of_slice(
    rng: np.random.Generator, prevalence: float, separation: tuple[float, float], n_labels: int
) -> pd.DataFrame:
    """Rows of the slice, one per label and metric; separations are of slice and rest."""
    inside = np.arange(N_SLICE + N_REST) < N_SLICE
    targets = (rng.random((inside.size, n_labels)) < prevalence).astype(np.int8)
    logits = rng.normal(size=targets.shape)
    logits += targets * np.where(inside, *separation)[:, None]
    data = {
        "targets": targets,
        "slices": pd.Series(np.where(inside, "slice", "rest")),
        "label_names": [str(label) for label in range(n_labels)],
    }
    thresholds = [np.full(n_labels, THRESHOLD)]
    tables = (SliceData(**data), SliceData(**data, runs=[logits], thresholds=thresholds))
    rows = pd.concat([compare_slices(table) for table in tables])
    return rows.query("slice == 'slice' and scope == 'label'")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=2000, help="per row")
    n_labels, rng = parser.parse_args().labels, np.random.default_rng(0)
    print(
        "| positives expected | metric | coverage | p < 0.05 | p < 0.001 |\n|---|---|---|---|---|"
    )
    for positives in (5, 10, 20, 50):
        prevalence = positives / N_SLICE
        null = rows_of_slice(rng, prevalence, (1.5, 1.5), n_labels)
        worse = rows_of_slice(rng, prevalence, (1.0, 2.0), n_labels)
        for metric in METRICS:
            p = null.loc[null["metric"] == metric, "p"].dropna()
            alarms = [f"{100 * (p < level).mean():.2f}" for level in (0.05, 0.001)]
            truth = TRUTH.get(metric)
            rows = (null if truth is None else worse).query("metric == @metric").dropna(subset="p")
            true = 0.0 if truth is None else truth(1.0) - truth(2.0)
            held = rows["difference_low"].le(true) & rows["difference_high"].ge(true)
            print(f"| {positives} | {metric} | {100 * held.mean():.1f} | {' | '.join(alarms)} |")


if __name__ == "__main__":
    main()
