import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from udviz.stats.uncertainty.error_ranks import error_ranks


def test_places_and_area_of_a_case_with_a_tie_worked_by_hand():
    uncertainty = np.array([0.1, 0.5, 0.5, 0.9])
    wrong = np.array([False, True, False, False])

    ranks = error_ranks(uncertainty, wrong)

    assert (ranks.below.tolist(), ranks.up_to.tolist()) == ([1], [3])
    # the error is second or third with equal chance: risks 0, 1/4, 1/3, 1/4
    np.testing.assert_allclose(ranks.expected_errors(np.arange(1, 5)), [0, 0.5, 1, 1])
    np.testing.assert_allclose(ranks.area, (0 + 1 / 4 + 1 / 3 + 1 / 4) / 4)
    np.testing.assert_allclose(ranks.area_oracle, (0 + 0 + 0 + 1 / 4) / 4)


@pytest.mark.parametrize("decimals", [1, 3, 9])
def test_scores_are_scikit_learns_and_the_area_is_the_mean_of_the_whole_curve(rng, decimals):
    uncertainty = rng.random(20_000).round(decimals)
    wrong = rng.random(20_000) < 0.3 * uncertainty

    ranks = error_ranks(uncertainty, wrong)

    kept = np.arange(1, 20_001)
    np.testing.assert_allclose(ranks.auroc, roc_auc_score(wrong, uncertainty), atol=1e-9)
    np.testing.assert_allclose(
        ranks.average_precision, average_precision_score(wrong, uncertainty), atol=1e-9
    )
    np.testing.assert_allclose(ranks.area, (ranks.expected_errors(kept) / kept).mean(), rtol=1e-9)


def test_without_errors_nothing_is_ranked_and_nothing_is_risked(rng):
    ranks = error_ranks(rng.random(10), np.zeros(10, bool))

    assert np.isnan([ranks.auroc, ranks.average_precision]).all()
    assert (ranks.area, ranks.area_oracle) == (0.0, 0.0)


def test_with_errors_alone_the_risk_is_one_throughout(rng):
    ranks = error_ranks(rng.random(10), np.ones(10, bool))

    assert np.isnan(ranks.auroc)
    np.testing.assert_allclose([ranks.area, ranks.area_oracle, ranks.average_precision], 1.0)
