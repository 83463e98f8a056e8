"""How far the intervals of Cohen's kappa can be trusted.

Run with ``python -m tests.benchmarks.simulate_agreement`` (seconds).

Two reviewers give one of three answers to the same targets: each is the answer that a target calls
for with a share of his own, else one drawn from the usual shares. The usual interval takes kappa as
normal, with the standard error of Cohen (1960), sqrt(share (1 - share) / n) / (1 - chance).
"""

from itertools import product

import numpy as np
import pandas as pd

from udviz.stats.label_errors.agreement import agreement_beyond_chance

SIZES = (5, 10, 20, 50, 200)  # targets that both reviewed
CARE = (0.3, 0.6, 0.9, 0.97)  # share of targets that a reviewer answers as they call for
SHARES = ((1 / 3, 1 / 3, 1 / 3), (0.6, 0.3, 0.1), (0.85, 0.1, 0.05))  # of the three answers
DRAWS, NORMAL_95 = 20_000, 1.959964


def joint(care: float, shares: np.ndarray) -> np.ndarray:
    """(3, 3) probabilities of the answers of both reviewers."""
    given = care * np.eye(3) + (1 - care) * shares  # answer by what the target calls for
    return np.einsum("t,ta,tb->ab", shares, given, given)


def kappa_of(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets that (D, 3, 3) tables agree on, their chance, and kappa."""
    both = counts.sum((1, 2))
    agreed = np.trace(counts, axis1=1, axis2=2)
    chance = (counts.sum(2) * counts.sum(1)).sum(1) / both**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return agreed, chance, (agreed / both - chance) / (1 - chance)


def coverage(n: int, table: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Of draws with a defined kappa, how many of our and of the usual intervals hold the truth."""
    truth = kappa_of(table[None])[2][0]
    agreed, chance, kappa = kappa_of(rng.multinomial(n, table.ravel(), DRAWS).reshape(-1, 3, 3))
    defined = chance < 1
    found = agreement_beyond_chance(agreed.astype(float), np.full(DRAWS, float(n)), chance)
    ours = (found["kappa_low"] <= truth) & (truth <= found["kappa_high"])
    with np.errstate(invalid="ignore", divide="ignore"):
        half = NORMAL_95 * np.sqrt(agreed / n * (1 - agreed / n) / n) / (1 - chance)
    return float(ours[defined].mean()), float((abs(kappa - truth) <= half)[defined].mean())


def main() -> None:
    """Print the lowest and the highest coverage of each size."""
    rng, rows = np.random.default_rng(0), []
    for n in SIZES:
        tables = [joint(care, np.array(shares)) for care, shares in product(CARE, SHARES)]
        ours, usual = np.array([coverage(n, table, rng) for table in tables]).T * 100
        row = {"targets": n, "ours, least": ours.min(), "most": ours.max()}
        rows.append(row | {"usual, least": usual.min(), "usual, most": usual.max()})
    print(pd.DataFrame(rows).round(1).to_string(index=False))


if __name__ == "__main__":
    main()
