import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from udviz.stats.difficulty.rank_draws import redraw_precision
from udviz.stats.ranking.ranking import average_precision


def world(rng, n_images=500, n_labels=3):
    targets = (rng.random((n_images, n_labels)) < 0.2).astype(np.int8)
    return 1.5 * targets + rng.standard_normal(targets.shape), targets


def test_draws_spread_and_move_together_as_a_bootstrap_of_the_images_does(rng):
    scores, targets = world(rng)
    scores[:, 1] = scores[:, 0] + 0.3 * rng.standard_normal(500)  # share their mistakes
    targets[:, 1] = targets[:, 0]

    redrawn = redraw_precision([scores], targets)

    resampled = []
    for _ in range(1000):
        rows = rng.integers(0, 500, 500)
        resampled.append(average_precision(scores[rows], targets[rows]))
    np.testing.assert_allclose(redrawn.draws.std(axis=0), np.std(resampled, axis=0), rtol=0.12)
    ours, theirs = np.corrcoef(redrawn.draws.T), np.corrcoef(np.transpose(resampled))
    np.testing.assert_allclose(ours, theirs, atol=0.12)
    assert ours[0, 1] > 0.7


def test_the_average_precision_is_scikit_learns_averaged_over_the_models(rng):
    scores, targets = world(rng)
    other = rng.standard_normal(scores.shape)
    targets[::3, 1] = -1

    redrawn = redraw_precision([scores, other], targets)

    known = targets[:, 1] >= 0
    expected = [average_precision_score(targets[known, 1], s[known, 1]) for s in (scores, other)]
    np.testing.assert_allclose(redrawn.average_precision[1], np.mean(expected), atol=1e-9)
    assert redrawn.known.tolist() == [500, known.sum(), 500]


def test_an_image_moves_its_labels_together_also_where_others_are_unknown(rng):
    scores, targets = world(rng, n_images=2000, n_labels=2)
    scores[:, 1], targets[:, 1] = scores[:, 0], targets[:, 0]
    targets[:1000, 1] = -1  # the second label knows half of the first one's images

    redrawn = redraw_precision([scores], targets)

    shared = np.corrcoef(redrawn.draws.T)[0, 1]
    np.testing.assert_allclose(shared, np.sqrt(1 / 2), atol=0.1)


def test_more_images_than_groups_keep_every_variance(rng, monkeypatch):
    scores, targets = world(rng)
    whole = redraw_precision([scores], targets)

    monkeypatch.setattr("udviz.stats.difficulty.rank_draws.N_GROUPS", 50)
    grouped = redraw_precision([scores], targets)

    np.testing.assert_allclose(grouped.draws.std(axis=0), whole.draws.std(axis=0), rtol=0.1)
    np.testing.assert_allclose(grouped.standard_error, whole.standard_error)


def test_a_label_with_one_positive_or_a_perfect_score_can_still_move():
    targets = np.zeros((50, 3), dtype=np.int8)
    targets[:1, 0] = 1
    targets[:8, 1] = 1
    scores = np.tile(np.arange(50.0)[::-1, None], 3)  # perfect

    redrawn = redraw_precision([scores], targets)

    low = np.quantile(redrawn.draws, 0.05, axis=0)
    assert 0 < low[0] < low[1] < 0.9
    assert np.isnan(redrawn.draws[:, 2]).all()
    assert np.isnan(redrawn.standard_error[[0, 2]]).all()


def test_the_seed_decides_the_draws(rng):
    scores, targets = world(rng)

    first, again, other = (redraw_precision([scores], targets, seed=s).draws for s in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="`scores` must be finite"):
        redraw_precision([np.array([[np.nan]])], np.array([[1]]))
