"""Do models look at the same places? Agreement of their uncertainty attention, label by label."""

import numpy as np

from udviz.analysis.engines.engine import Tables
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.stats.maps.agreement import MapAgreement, agreement_table, map_agreement


def attention_pairs(plan: Plan, split: SplitPredictions) -> list[tuple[str, str]]:
    """The reference with every other model, and the comparisons, where both have maps."""
    others = [(plan.reference, model.name) for model in plan.models if model.name != plan.reference]
    pairs = dict.fromkeys([*others, *plan.comparisons])
    having = {name for name in split.models if split.first_run(name).attention is not None}
    return [pair for pair in pairs if having.issuperset(pair)]


def attention_agreement(split: SplitPredictions, model: str, other: str) -> Tables:
    """``attention_agreement`` of the first runs of two models that have maps."""
    first, second = (split.first_run(name).attention for name in (model, other))
    if first is None or second is None:
        return {}
    table = agreement_table(
        map_agreement(first, second),
        _agreement_elsewhere(first, second),
        split.targets,
        label_names=split.label_names,
    )
    about = {"split": split.split, "model": model, "other_model": other}
    return {"attention_agreement": table.assign(**about)}


def _agreement_elsewhere(first: np.ndarray, second: np.ndarray) -> MapAgreement:
    """Agreement of each image's map with the other model's map of the next image, in a ring."""
    parts = (map_agreement(first[:-1], second[1:]), map_agreement(first[-1:], second[:1]))
    return MapAgreement(
        correlation=np.concatenate([part.correlation for part in parts]),
        overlap=np.concatenate([part.overlap for part in parts]),
    )
