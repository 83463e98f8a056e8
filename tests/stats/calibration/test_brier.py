import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from udviz.stats.calibration.brier import brier_decomposition, brier_score, negative_log_likelihood
from udviz.stats.calibration.reliability_bins import reliability_bins


def test_the_parts_of_a_case_worked_by_hand():
    # two bins: {0.2, 0.4 with a positive} and {0.9 with a positive, 0.7}
    probs = np.array([[0.2], [0.4], [0.9], [0.7]])
    targets = np.array([[0], [1], [1], [0]])

    parts = brier_decomposition(reliability_bins(probs, targets, n_bins=2))

    np.testing.assert_allclose(parts.brier, [(0.04 + 0.36 + 0.01 + 0.49) / 4])
    np.testing.assert_allclose(parts.reliability, [(2 * 0.04 + 2 * 0.09) / 4])
    np.testing.assert_allclose(parts.resolution, [0.0], atol=1e-15)
    np.testing.assert_allclose(parts.uncertainty, [0.25])
    np.testing.assert_allclose(parts.within_bin_variance, [0.01])
    np.testing.assert_allclose(parts.within_bin_covariance, [2 * 0.05])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(-1, 1)), min_size=1, max_size=50),
    st.integers(1, 20),
    st.sampled_from(["width", "mass"]),
)
def test_the_parts_always_add_up_to_the_score(cells, n_bins, kind):
    probs = np.array([[prob] for prob, _ in cells])
    targets = np.array([[target] for _, target in cells])

    parts = brier_decomposition(reliability_bins(probs, targets, n_bins=n_bins, kind=kind))

    total = (
        parts.reliability
        - parts.resolution
        + parts.uncertainty
        + parts.within_bin_variance
        - parts.within_bin_covariance
    )
    np.testing.assert_allclose(total, brier_score(probs, targets), atol=1e-12)
    np.testing.assert_allclose(parts.brier, brier_score(probs, targets), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scores_agree_with_scikit_learn_label_by_label(rng, dtype):
    probs = rng.random((500, 3)).astype(dtype)
    probs[0], probs[1] = 0.0, 1.0
    targets = (rng.random(probs.shape) < probs).astype(np.int8)
    targets[:2] = [[1, 0, 1], [0, 1, 0]]  # sure and wrong

    briers, losses = brier_score(probs, targets), negative_log_likelihood(probs, targets)

    wide = probs.astype(float)
    expected = [brier_score_loss(targets[:, k], wide[:, k]) for k in range(3)]
    np.testing.assert_allclose(briers, expected, atol=1e-9)
    clipped = np.clip(wide, np.finfo(dtype).eps, 1 - np.finfo(dtype).eps)
    expected = [log_loss(targets[:, k], clipped[:, k]) for k in range(3)]
    np.testing.assert_allclose(losses, expected, atol=1e-9)


def test_being_sure_and_wrong_costs_much_but_not_infinitely_much():
    loss = negative_log_likelihood(np.array([[1.0]], dtype=np.float32), np.array([[0]]))

    np.testing.assert_allclose(loss, -np.log(np.finfo(np.float32).eps))


@pytest.mark.parametrize("score", [brier_score, negative_log_likelihood])
def test_unknown_targets_are_left_out_and_a_label_nobody_knows_has_no_score(rng, score):
    probs = rng.random((50, 2))
    targets = rng.integers(0, 2, size=(50, 2))
    targets[:20, 0], targets[:, 1] = -1, -1

    scores = score(probs, targets)

    np.testing.assert_allclose(scores, [score(probs[20:, :1], targets[20:, :1])[0], np.nan])


@pytest.mark.parametrize("score", [brier_score, negative_log_likelihood])
def test_logits_are_refused(score):
    with pytest.raises(ValueError, match=r"`probs` must lie in \[0, 1\].*not logits"):
        score(np.array([[3.0]]), np.array([[1]]))
