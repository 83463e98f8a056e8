"""How far intervals of differences in false positives, recall, F1 and Brier score can be trusted.

Run with ``python -m tests.benchmarks.simulate_operating`` (some ten minutes).

Present images score as N(separation, 1), absent ones as N(0, 1), so the truth at a threshold is
known; a validation split of the same size chooses the thresholds. At equal recall the truth is that
of the thresholds which give this recall on infinitely many images; at F1 thresholds it is that of
the thresholds chosen. The last column is how often equally good models are told apart: where
thresholds are given they truly differ, so it is no error there.
"""

import argparse
from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
from scipy import special, stats

from tests.benchmarks.simulate_gain import PREVALENCE, SCENES, draw, percent
from udviz.stats.comparison.equal_recall import Validation, measure_at_recall
from udviz.stats.comparison.gain import AFTER, BEFORE, gain_table, mean_gain_row
from udviz.stats.comparison.operating import Scope, measure_brier, measure_decisions
from udviz.stats.decisions.thresholds import choose_thresholds
from udviz.stats.ranking.measured import Measured

SCOPE = Scope(min_positives=1)
SHIFT = 2.0  # logits below the scores, so that probabilities are not all large
RECALLS = (0.5, 0.8)
Truth = tuple[str, Measured, np.ndarray]  # name, what was measured, the (L,) true differences


def truth(measure: str, threshold: np.ndarray, separation: np.ndarray | float) -> np.ndarray:
    """The measure on infinitely many images."""
    hits, alarms = stats.norm.sf(threshold - separation), stats.norm.sf(threshold)
    if measure == "f1":
        called = PREVALENCE * hits + (1 - PREVALENCE) * alarms
        return np.asarray(2 * PREVALENCE * hits / (called + PREVALENCE))
    return np.asarray(hits if measure == "recall" else alarms)


def true_brier(separation: float) -> float:
    """Expected squared error of the sigmoid of scores less ``SHIFT``."""
    score = np.linspace(-9, separation + 10, 40_001)
    prob = special.expit(score - SHIFT)
    error = PREVALENCE * stats.norm.pdf(score - separation) * (1 - prob) ** 2
    error += (1 - PREVALENCE) * stats.norm.pdf(score) * prob**2
    return float(np.trapezoid(error, score))


def measured(
    rng: np.random.Generator,
    n_positives: int,
    n_labels: int,
    scene: tuple[float, float, float],
    *,
    n_seeds: int = 1,
    seed_sd: float = 0.0,
) -> Iterator[Truth]:
    """One simulated data set, measured in every way; with several seeds at equal recall alone."""
    own = {"n_seeds": n_seeds, "seed_sd": seed_sd}
    (test, targets), (val, val_targets) = (
        ({BEFORE: dict(enumerate(first)), AFTER: dict(enumerate(second))}, y)
        for first, second, y in (draw(rng, n_positives, n_labels, scene, **own) for _ in range(2))
    )
    validation = Validation(models=val, targets=val_targets)
    for recall in RECALLS:
        found = measure_at_recall(test, targets, validation, recall=recall, scope=SCOPE).result()
        rates = [rate_at_recall(recall, apart, seed_sd) for apart in scene[:2]]
        yield f"FPR at recall {recall}", found["false_positive_rate"], np.array(rates[1] - rates[0])
    if n_seeds > 1:
        return
    cuts = {
        name: choose_thresholds(of[0], val_targets, fallback=0.0, min_positives=1).values
        for name, of in val.items()
    }
    found = measure_decisions(
        test, targets, {name: {0: cut} for name, cut in cuts.items()}, scope=SCOPE
    ).result()
    for name, each in found.items():
        ends = [truth(name, cuts[m], s) for m, s in zip(cuts, scene[:2], strict=True)]
        yield f"{name} at F1 thresholds", each, ends[1] - ends[0]
    logits = {name: {0: of[0] - SHIFT} for name, of in test.items()}
    gain = true_brier(scene[1]) - true_brier(scene[0])
    yield "Brier", measure_brier(logits, targets, scope=SCOPE)["brier"], np.array(gain)


def rate_at_recall(recall: float, separation: float, seed_sd: float) -> float:
    """False-positive rate of infinitely many images, averaged over seeds."""
    effects, weights = np.polynomial.hermite_e.hermegauss(31)
    cuts = separation + seed_sd * effects + stats.norm.isf(recall)
    return float(stats.norm.sf(cuts) @ weights / weights.sum())


def hits(
    rng: np.random.Generator,
    n: int,
    n_positives: int,
    n_labels: int,
    scene: tuple[float, float, float],
    **seeds: float,
) -> pd.DataFrame:
    """Of about ``n`` labels: whether each interval covers, that of the mean too, and p."""
    parts = []
    for _ in range(max(1, n // n_labels)):
        for name, found, true in measured(rng, n_positives, n_labels, scene, **seeds):  # type: ignore[arg-type]
            table, mean = gain_table(found, BEFORE, AFTER), mean_gain_row(found, BEFORE, AFTER)
            rows = {
                "measure": name,
                "scene": str(scene),
                "hit": (table["gain_low"] <= true) & (true <= table["gain_high"]),
                "p": table["p"],
                "of_mean": mean["gain_low"] <= true.mean() <= mean["gain_high"],
            }
            parts.append(pd.DataFrame(rows))
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000, help="intervals per cell")
    n = parser.parse_args().repeats
    rng = np.random.default_rng(0)
    print("One seed: coverage in %: all scenes, the worst, means; equal models with p < 0.05")
    for n_positives in (20, 50, 150):
        n_labels = max(10, 1000 // n_positives)
        table = pd.concat([hits(rng, n, n_positives, n_labels, scene) for scene in SCENES])
        for name, rows in table.groupby("measure", sort=False):
            worst = min((of["hit"] for _, of in rows.groupby("scene")), key=np.mean)
            equal = rows[rows["scene"] == str(SCENES[0])]["p"] < 0.05
            print(
                f"{n_positives:4d} positives, {name}: {percent(rows['hit'])}, worst "
                f"{percent(worst)}, means {percent(rows['of_mean'][::n_labels])}, "
                f"equal {percent(equal)}",
                flush=True,
            )
    print("Several seeds, 50 positives, 20 labels, separation 1.5 and 2")
    for n_seeds, seed_sd in product((2, 3, 5), (0.0, 0.1, 0.3)):
        table = hits(rng, n // n_seeds, 50, 20, (1.5, 2.0, 0.5), n_seeds=n_seeds, seed_sd=seed_sd)
        for name, rows in table.groupby("measure", sort=False):
            print(
                f"{n_seeds} seeds, sd {seed_sd}, {name}: labels {percent(rows['hit'])}, "
                f"means {percent(rows['of_mean'][::20])}",
                flush=True,
            )


if __name__ == "__main__":
    main()
