import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from udviz.stats.calibration.platt import fit_platt
from udviz.stats.difficulty.confusions import confused_pairs
from udviz.stats.difficulty.findings import find
from udviz.stats.label_errors.suspects import find_suspects

NAMES = ("wolf", "dog", "cat")


@pytest.fixture
def study(rng):
    """A timid model that sees a wolf beside many a dog."""
    targets = (rng.random((2000, 3)) < [0.1, 0.3, 0.2]).astype(np.int8)
    evidence = 4 * targets + rng.standard_normal(targets.shape)
    evidence[:, 0] += 4 * (targets[:, 1] & (rng.random(2000) < 0.3))
    return 3 * (evidence - 2) - 2, targets


def test_everything_is_found_as_it_is_alone(study):
    found = find(*study, label_names=NAMES)

    pairs, platt = confused_pairs(*study), fit_platt(*study)
    suspects = find_suspects(*study, label_names=NAMES, partners=pairs, recalibration=platt)
    assert pairs[["column", "partner"]].to_numpy().tolist() == [[0, 1]]
    pd.testing.assert_frame_equal(found.confusions, pairs)
    pd.testing.assert_frame_equal(found.suspects.table, suspects.table)
    pd.testing.assert_frame_equal(found.suspects.counts, suspects.counts)
    without = found.suspects.counts.loc[0, ["missing", "missing_unexplained"]]
    assert without["missing_unexplained"] < without["missing"]
    recalibrated = platt.apply(study[0])
    entropy = -recalibrated * np.log(recalibrated) - (1 - recalibrated) * np.log1p(-recalibrated)
    prevalence = study[1].mean(axis=0)
    base = -prevalence * np.log(prevalence) - (1 - prevalence) * np.log1p(-prevalence)
    np.testing.assert_allclose(found.entropy["entropy_share"], entropy.mean(axis=0) / base)


def test_probabilities_are_refused_where_logits_are_meant(study):
    logits, targets = study

    with pytest.raises(ValueError, match="Turn them into logits with `prob_logits`"):
        find(expit(logits), targets, label_names=NAMES)
