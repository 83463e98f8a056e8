"""How much of a prediction cache is read for one picture."""

from udviz.predictions.cache import Predictions

MAX_CELLS = 4_000_000  # images times labels: seconds


def thinning_of(run: Predictions) -> int:
    """Of how many images one is taken, so that images times labels stay within `MAX_CELLS`."""
    return max(1, -(-int(run.targets.size) // MAX_CELLS))  # rounded up
