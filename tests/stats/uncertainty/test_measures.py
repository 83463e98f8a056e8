import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import entropy

from udviz.stats.uncertainty.measures import binary_entropy, disagreement, margin_uncertainty


def test_entropy_is_ln_2_at_a_half_and_zero_at_the_ends():
    values = binary_entropy(np.array([[0.5, 0.0, 1.0, 0.25]]))

    np.testing.assert_allclose(values, [[np.log(2), 0.0, 0.0, 0.5623351446188083]])
    assert not np.signbit(values).any()


def test_entropy_agrees_with_scipy(rng):
    probs = rng.random((20, 3))

    expected = entropy(np.stack([probs, 1 - probs]), axis=0)

    np.testing.assert_allclose(binary_entropy(probs), expected, atol=1e-12)


def test_the_margin_is_one_at_the_threshold_and_zero_at_the_ends():
    probs = np.array([[0.0, 0.0], [0.1, 0.2], [0.5, 0.5], [1.0, 1.0]])

    margin = margin_uncertainty(probs, np.array([0.5, 0.2]))

    np.testing.assert_allclose(margin, [[0.0, 0.0], [0.2, 1.0], [1.0, 0.625], [0.0, 0.0]])


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_threshold_at_an_end_leaves_the_margin_finite(threshold):
    margin = margin_uncertainty(np.array([[0.0], [0.4], [1.0]]), threshold)

    expected = [[1.0], [0.6], [0.0]] if threshold == 0.0 else [[0.0], [0.4], [1.0]]
    np.testing.assert_allclose(margin, expected)


def test_entropy_and_margin_rank_alike_at_a_threshold_of_a_half(rng):
    probs = rng.random((50, 1))

    order = np.argsort(binary_entropy(probs)[:, 0])

    np.testing.assert_array_equal(order, np.argsort(margin_uncertainty(probs)[:, 0]))


def test_disagreement_of_a_case_worked_by_hand():
    # r = (1/2, 1/2), q = (1/4, 3/4)
    u = disagreement(np.zeros((1, 2)), np.log([[1.0, 3.0]]))

    np.testing.assert_allclose(u, [[0.5 * np.log(2) - 0.25, 0.5 * np.log(2 / 3) + 0.25]])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 300.0), st.integers(1, 9))
def test_disagreement_is_never_negative_and_sums_to_the_divergence_of_the_image(seed, scale, width):
    rng = np.random.default_rng(seed)
    g, z = scale * rng.standard_normal((2, 5, width))

    u = disagreement(g, z)

    r, log_r = torch.tensor(g).softmax(1), torch.tensor(g).log_softmax(1)
    expected = (r * (log_r - torch.tensor(z).log_softmax(1))).sum(1)
    assert (u >= 0).all()
    np.testing.assert_allclose(u.sum(axis=1), expected, rtol=1e-9, atol=1e-12)


def test_a_tiny_disagreement_keeps_its_digits():
    g = np.array([[0.3, -0.2, 1.0]])
    nudge = np.array([[1e-6, 0.0, 0.0]])

    u = disagreement(g, g + nudge)[0, 0]

    r = softmax(g)[0, 0]
    np.testing.assert_allclose(u, r * (1e-6 * (1 - r)) ** 2 / 2, rtol=1e-4)


def test_a_constant_added_to_the_logits_of_an_image_changes_nothing(rng):
    g, z = rng.standard_normal((2, 4, 6))
    shift = np.array([[100.0], [-50.0], [0.0], [7.0]])

    np.testing.assert_allclose(disagreement(g + shift, z - shift), disagreement(g, z), atol=1e-12)


def test_logits_that_are_not_finite_or_do_not_match_are_refused():
    good = np.zeros((2, 2))

    with pytest.raises(ValueError, match="`logits` must be finite"):
        disagreement(good, np.array([[0.0, np.nan], [0.0, 0.0]]))
    with pytest.raises(ValueError, match="must have the same shape"):
        disagreement(good, np.zeros((2, 3)))


@pytest.mark.parametrize("measure", [binary_entropy, margin_uncertainty])
def test_logits_are_refused_where_probabilities_are_expected(measure):
    with pytest.raises(ValueError, match=r"`probs` must lie in \[0, 1\]"):
        measure(np.array([[2.0]]))


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [(np.array([0.5, 0.5, 0.5]), "got shape"), (1.5, "must lie in"), (np.nan, "must lie in")],
)
def test_thresholds_that_make_no_sense_are_refused(thresholds, message):
    with pytest.raises(ValueError, match=f"`thresholds` must.*{message}|`thresholds` {message}"):
        margin_uncertainty(np.full((3, 2), 0.5), thresholds)
