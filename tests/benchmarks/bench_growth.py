"""How time and memory of a whole analysis grow with images and labels.

Run with ``python -m tests.benchmarks.bench_growth``; ``--sizes 1000000x10`` adds sizes. Each size
is analysed in a process of its own, on one core, as `scale_analysis` draws it: three models, a
validation split of at most 20,000 images. Time is processor time, which neighbours change little.
"""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from tests.benchmarks.scale_analysis import N_VAL, Cost, cost_of
from udviz.analysis.engines.local import LocalEngine

SIZES = ((10_000, 10), (10_000, 100), (10_000, 1_000), (100_000, 10), (100_000, 100))


def exponents(sizes: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Powers of images and labels by which costs grow, least squares of logarithms.

    Args:
        sizes: (S, 2) images and labels.
        costs: (S,) seconds or bytes.
    """
    design = np.column_stack([np.log(sizes), np.ones(len(sizes))])  # (S, 3)
    return np.linalg.lstsq(design, np.log(costs))[0][:2]


def one_core(n_images: int, n_labels: int) -> Cost:
    """What a size costs in this process."""
    return cost_of(n_images, n_labels, engine=LocalEngine(1))


def main() -> None:
    """Print a row per size, and the exponents."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="*", default=[], help="more sizes, as 1000000x10")
    asked = [tuple(map(int, size.split("x"))) for size in parser.parse_args().sizes]
    context, costs = multiprocessing.get_context("spawn"), []
    sizes = sorted({*SIZES, *asked})
    print("| images x labels | s | us a cell | own MiB |\n|---|---|---|---|")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        for n_images, n_labels in sizes:
            cost = pool.submit(one_core, n_images, n_labels).result()
            costs.append((cost.processor, cost.own))
            cells = (n_images + min(N_VAL, n_images)) * n_labels
            print(
                f"| {n_images:,} x {n_labels:,} | {cost.processor:.1f} | "
                f"{1e6 * cost.processor / cells:.2f} | {1024 * cost.own:.0f} |",
                flush=True,
            )
    for name, values in zip(("processor time", "own memory"), np.transpose(costs), strict=True):
        of_images, of_labels = exponents(np.array(sizes, dtype=float), values)
        print(f"{name} grows with images^{of_images:.2f} and labels^{of_labels:.2f}")


if __name__ == "__main__":
    main()
