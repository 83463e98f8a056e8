"""How time and memory of a whole analysis grow with images and labels.

Run with ``python -m tests.benchmarks.bench_growth``; ``--sizes 10000x10 1000000x10 10000x30``
chooses sizes, three or more that differ in both. Each is analysed in a process of its own, on one
core, as `scale_analysis` draws it: three models, a validation split of at most 20,000 images. Time
is processor time, which neighbours change little.
"""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from tests.benchmarks.scale_analysis import N_VAL, Cost, cost_of
from udviz.analysis.engines.local import LocalEngine

SIZES = ("10000x10", "100000x10", "10000x100", "100000x100", "10000x1000")


def exponents(sizes: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Powers of images and labels by which costs grow, least squares of logarithms.

    Args:
        sizes: (S, 2) images and labels.
        costs: (S,) seconds or bytes.
    """
    design = np.column_stack([np.log(sizes), np.ones(len(sizes))])  # (S, 3)
    return np.linalg.lstsq(design, np.log(costs))[0][:2]


def cells_of(n_images: int, n_labels: int) -> int:
    """Images of the test and the validation split, times labels."""
    return (n_images + min(N_VAL, n_images)) * n_labels


def shares(sizes: np.ndarray, cells: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Seconds of a start, of a label and of a cell, least squares of relative errors.

    Args:
        sizes: (S, 2) images and labels.
        cells: (S,) images of both splits times labels.
        seconds: (S,) what each size took.
    """
    design = np.column_stack([np.ones(len(sizes)), sizes[:, 1], cells])  # (S, 3)
    return np.linalg.lstsq(design / seconds[:, None], np.ones(len(sizes)))[0]


def one_core(n_images: int, n_labels: int) -> Cost:
    """What a size costs in this process."""
    return cost_of(n_images, n_labels, engine=LocalEngine(1))


def main() -> None:
    """Print a row per size, and the exponents."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="images x labels, as 10000x10")
    sizes = [tuple(map(int, size.split("x"))) for size in parser.parse_args().sizes]
    context, costs = multiprocessing.get_context("spawn"), []
    print("| images x labels | s | us a cell | own MiB |\n|---|---|---|---|")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        for n_images, n_labels in sizes:
            cost = pool.submit(one_core, n_images, n_labels).result()
            costs.append((cost.processor, cost.own))
            per_cell = 1e6 * cost.processor / cells_of(n_images, n_labels)
            row = f"| {n_images:,} x {n_labels:,} | {cost.processor:.1f} | {per_cell:.2f}"
            print(f"{row} | {1024 * cost.own:.0f} |", flush=True)
    for name, values in zip(("processor time", "own memory"), np.transpose(costs), strict=True):
        of_images, of_labels = exponents(np.array(sizes, dtype=float), values)
        print(f"{name} grows with images^{of_images:.2f} and labels^{of_labels:.2f}")
    cells = np.array([cells_of(*size) for size in sizes], dtype=float)
    start, label, cell = shares(np.array(sizes, dtype=float), cells, np.transpose(costs)[0])
    print(f"about {start:.1f} s to start, {label:.3f} s a label, {1e6 * cell:.2f} us a cell")


if __name__ == "__main__":
    main()
