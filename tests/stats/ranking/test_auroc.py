import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from udviz.stats.calibration.sorted_probs import sorted_probs
from udviz.stats.ranking.auroc import auroc_influence, auroc_of_counts


def test_a_case_worked_by_hand():
    # scores 1 2 2 3, the second 2 and the 3 are positive: of 4 pairs 3 are won and 1 is a tie
    value = auroc_of_counts(np.array([1, 3]), np.array([3, 4]), n_images=4)

    assert value == 3.5 / 4


@pytest.mark.parametrize("places", [1, 4])
def test_sorted_labels_have_the_auroc_of_scikit_learn_also_with_ties(rng, places):
    scores = np.round(rng.normal(size=500), places)
    positive = rng.random(500) < 0.2
    scores[positive] += 0.5

    value = sorted_probs(scores, positive).auroc

    assert value == pytest.approx(roc_auc_score(positive, scores))


def test_without_positives_or_without_negatives_there_is_none():
    for positive in (np.zeros(3, dtype=bool), np.ones(3, dtype=bool)):
        assert np.isnan(sorted_probs(np.arange(3.0), positive).auroc)


@pytest.mark.parametrize("ties", [False, True])
def test_the_influence_is_that_of_delong_with_and_without_ties(rng, ties):
    positive = rng.random(60) < 0.3
    scores = rng.normal(size=60) + positive
    scores = np.round(scores) if ties else scores

    area, influence = auroc_influence(scores, positive)

    above, below = scores[positive][:, None], scores[~positive][None]
    wins = (above > below) + 0.5 * (above == below)  # (P, N) by hand
    variance = wins.mean(axis=1).var(ddof=1) / wins.shape[0]
    variance += wins.mean(axis=0).var(ddof=1) / wins.shape[1]
    assert area == pytest.approx(roc_auc_score(positive, scores))
    assert (influence**2).sum() == pytest.approx(variance)
    assert influence.sum() == pytest.approx(0, abs=1e-12)


def test_the_influence_is_the_change_when_an_image_is_left_out(rng):
    positive = rng.random(400) < 0.3
    scores = rng.normal(size=400) + positive

    area, influence = auroc_influence(scores, positive)

    for image in (0, 1, 2, 3):
        without = np.arange(400) != image
        left = roc_auc_score(positive[without], scores[without])
        assert area - left == pytest.approx(influence[image], abs=2e-4)
