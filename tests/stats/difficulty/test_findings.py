import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from udviz.stats.calibration.platt import fit_platt_to_probs
from udviz.stats.difficulty.causes import LabelFacts, cause_evidence
from udviz.stats.difficulty.findings import find
from udviz.stats.difficulty.look_alikes import look_alikes
from udviz.stats.label_errors.suspects import find_suspects

NAMES = ("wolf", "dog", "cat")


@pytest.fixture
def study(rng):
    """A timid model that sees a wolf beside many a dog."""
    targets = (rng.random((2000, 3)) < [0.1, 0.3, 0.2]).astype(np.int8)
    evidence = 4 * targets + rng.standard_normal(targets.shape)
    evidence[:, 0] += 4 * (targets[:, 1] & (rng.random(2000) < 0.3))
    return expit(3 * (evidence - 2) - 2), targets


def test_everything_is_found_as_it_is_alone(study):
    found = find(*study, label_names=NAMES)

    pairs, platt = look_alikes(*study), fit_platt_to_probs(*study)
    suspects = find_suspects(*study, label_names=NAMES, partners=pairs, recalibration=platt)
    assert pairs[["column", "partner"]].to_numpy().tolist() == [[0, 1]]
    pd.testing.assert_frame_equal(found.look_alikes, pairs)
    pd.testing.assert_frame_equal(found.suspects.table, suspects.table)
    pd.testing.assert_frame_equal(found.suspects.counts, suspects.counts)
    without = found.suspects.counts.loc[0, ["missing", "missing_unexplained"]]
    assert without["missing_unexplained"] < without["missing"]
    logits = logit(study[0][:, 0])
    np.testing.assert_array_equal(
        found.recalibration.apply_label(logits, 0), platt.apply_label(logits, 0)
    )


def test_causes_are_the_same_from_findings_made_before(study):
    facts = LabelFacts(findings=find(*study, label_names=NAMES))

    before = cause_evidence(*study, label_names=NAMES, facts=facts)

    pd.testing.assert_frame_equal(before, cause_evidence(*study, label_names=NAMES))
