"""Statistics of labels: numbers in, frozen results or tables with one row per label out.

These ten names take lists, data frames, tensors and masked arrays as well as numpy's. They
answer most questions of a notebook; the rooms hold the rest. Each is imported when it is asked for,
so that a program which needs one of them does not load all.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from udviz.stats.front_door import for_notebooks

if TYPE_CHECKING:
    from udviz.stats.calibration.brier import brier_score
    from udviz.stats.calibration.calibration_error import expected_calibration_error
    from udviz.stats.calibration.recalibration import fit_temperature
    from udviz.stats.calibration.reliability_bins import reliability_bins
    from udviz.stats.comparison.gain import label_gains
    from udviz.stats.decisions.thresholds import choose_thresholds
    from udviz.stats.difficulty.confusions import confused_pairs
    from udviz.stats.difficulty.label_difficulty import label_difficulty
    from udviz.stats.label_errors.suspects import find_suspects
    from udviz.stats.ranking.ranking import average_precision

__all__ = [
    "average_precision",
    "brier_score",
    "choose_thresholds",
    "confused_pairs",
    "expected_calibration_error",
    "find_suspects",
    "fit_temperature",
    "label_difficulty",
    "label_gains",
    "reliability_bins",
]
_MODULES = {
    "average_precision": "ranking.ranking",
    "brier_score": "calibration.brier",
    "choose_thresholds": "decisions.thresholds",
    "confused_pairs": "difficulty.confusions",
    "expected_calibration_error": "calibration.calibration_error",
    "find_suspects": "label_errors.suspects",
    "fit_temperature": "calibration.recalibration",
    "label_difficulty": "difficulty.label_difficulty",
    "label_gains": "comparison.gain",
    "reliability_bins": "calibration.reliability_bins",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _offered(name)


@cache
def _offered(name: str) -> Any:
    return for_notebooks(getattr(import_module(f"{__name__}.{_MODULES[name]}"), name))


def __dir__() -> list[str]:
    return sorted(__all__)
