"""Timing of a call, for the ratios of this folder."""

from collections.abc import Callable
from time import perf_counter


def best_seconds(call: Callable[[], object], *, repeats: int) -> float:
    """Shortest wall time of one ``call`` in seconds; the least disturbed by other processes."""
    seconds = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    return min(seconds)
