from itertools import combinations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import average_precision_score

from udviz.stats.ranking.prevalence import (
    chance_average_precision,
    expected_average_precision,
)


def test_chance_is_the_mean_over_all_rankings_of_a_case_worked_by_hand():
    # one positive among three: (1 + 1/2 + 1/3) / 3
    chance = chance_average_precision(np.array([1]), np.array([3]))

    np.testing.assert_allclose(chance, [11 / 18])


@pytest.mark.parametrize(("positives", "known"), [(2, 5), (3, 9), (8, 9)])
def test_chance_is_the_mean_of_scikit_learns_ap_over_every_ranking(positives, known):
    rankings = list(combinations(range(known), positives))

    values = [
        average_precision_score(np.isin(np.arange(known), places), -np.arange(known))
        for places in rankings
    ]

    chance = chance_average_precision(np.array([positives]), np.array([known]))
    np.testing.assert_allclose(chance, np.mean(values), atol=1e-12)


def test_chance_is_one_where_all_are_positive_and_nothing_without_positives():
    chance = chance_average_precision(np.array([4, 1, 0, 0]), np.array([4, 1, 4, 0]))

    np.testing.assert_allclose(chance, [1.0, 1.0, np.nan, np.nan])


@pytest.mark.parametrize("prevalence", [0.01, 0.1, 0.5])
def test_the_expected_ap_is_that_of_normal_scores_with_this_auroc(prevalence):
    n_positives = round(prevalence * 50_000)
    present, absent = (
        norm.ppf((np.arange(n) + 0.5) / n) for n in (n_positives, 50_000 - n_positives)
    )
    targets = np.repeat([1, 0], [present.size, absent.size])

    expected = expected_average_precision(np.array([prevalence]), auroc=norm.cdf(2.0 / np.sqrt(2)))

    reached = average_precision_score(targets, np.concatenate([present + 2.0, absent]))
    np.testing.assert_allclose(expected, reached, rtol=0.01)


def test_an_uninformed_label_is_expected_at_its_prevalence():
    expected = expected_average_precision(np.array([0.02, 0.4]), auroc=0.5)

    np.testing.assert_allclose(expected, [0.02, 0.4])
