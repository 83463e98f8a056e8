import numpy as np
import pandas as pd
import pytest

from udviz.stats.difficulty.causes import LabelFacts, cause_evidence, named_causes
from udviz.stats.difficulty.measures import COUNTED_BELOW, cause_measures
from udviz.vocabulary import CAUSES


@pytest.fixture
def labels(rng):
    targets = (rng.random((400, 6)) < 0.2).astype(np.int8)
    logits = rng.normal(size=targets.shape) + 3.0 * targets * [1, 1, 0.1, 1, 1, 1] - 1.0
    facts = LabelFacts(
        train_positives=np.array([5, 100, 100, 100, 100, 100]),
        area=np.array([0.1, 0.004, 0.1, 0.1, 0.1, np.nan]),
        visible=np.array([1.0, 1.0, 1.0, 0.2, 1.0, np.nan]),
    )
    judged = cause_evidence(logits, targets, label_names=list("abcdef"), facts=facts)
    return judged.assign(
        label=list("abcdef"),
        positives=targets.sum(axis=0),
        prevalence=targets.mean(axis=0),
        causes=named_causes(judged),
    )


def test_a_cause_that_was_found_lies_beyond_its_level(labels):
    measures = cause_measures(labels)

    found = measures[measures["found"]]
    below = found["cause"].isin(COUNTED_BELOW)
    assert {"rare", "small", "occluded", "uncertain"} <= set(found["cause"])
    assert (found.loc[below, "value"] < found.loc[below, "level"]).all()
    assert (found.loc[~below, "value"] >= found.loc[~below, "level"]).all()


def test_there_is_a_row_per_cause_and_label_and_what_is_unknown_is_nan(labels):
    measures = cause_measures(labels).set_index(["cause", "label"])

    assert len(measures) == len(CAUSES) * len(labels)
    assert pd.isna(measures.loc[("small", "f"), "value"])
    assert measures.loc[("rare", "a"), "value"] == 5
    assert measures.loc[("rare", "a"), "level"] == 25
