import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from udviz.stats.calibration.sorted_probs import sorted_probs

TARGET = np.array([True, False, True, False, False])
PROB = np.array([0.9, 0.1, 0.5, 0.5, 0.3])


def test_bin_sums_of_a_case_worked_by_hand():
    sums = sorted_probs(PROB, TARGET).bin_sums(np.array([0.0, 0.5, 1.0])).reshape(5, 2)

    count, positives, total, square, positive = sums
    assert count.tolist() == [2, 3]  # 0.5 is in the upper bin
    assert positives.tolist() == [0, 2]
    np.testing.assert_allclose(total, [0.4, 1.9])
    np.testing.assert_allclose(square, [0.1, 1.31])
    np.testing.assert_allclose(positive, [0.0, 1.4])


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30))
def test_the_value_at_a_place_is_that_of_all_images_in_order(cells):
    prob, target = (np.array(values) for values in zip(*cells, strict=True))
    places = np.arange(prob.size)

    values = sorted_probs(prob / 5, target).at(places)

    np.testing.assert_array_equal(values, np.sort(prob / 5))


def test_a_rising_map_keeps_every_image_at_its_place(rng):
    prob, target = rng.random(200), rng.random(200) < 0.3

    mapped = sorted_probs(prob, target).mapped(np.sqrt)

    direct = sorted_probs(np.sqrt(prob), target)
    np.testing.assert_array_equal(mapped.at(np.arange(200)), direct.at(np.arange(200)))
    np.testing.assert_array_equal(mapped.present, direct.present)


def test_the_log_loss_is_scikit_learns_and_finite_where_a_sure_model_is_wrong(rng):
    prob, target = rng.random(100), rng.random(100) < 0.3

    loss = sorted_probs(prob, target).log_loss(1e-12)

    np.testing.assert_allclose(loss, log_loss(target, prob) * 100)
    sure = sorted_probs(np.array([1.0, 0.0]), np.array([False, True])).log_loss(1e-12)
    np.testing.assert_allclose(sure, -2 * np.log(1e-12), rtol=1e-4)


@pytest.mark.parametrize("epsilon", [np.finfo(np.float32).eps, np.finfo(np.float64).eps])
def test_the_log_loss_of_many_sure_and_wrong_images_does_not_overflow(epsilon):
    wrong = sorted_probs(np.zeros(1001), np.ones(1001, dtype=bool))

    np.testing.assert_allclose(wrong.log_loss(epsilon), -1001 * np.log(epsilon))


@pytest.mark.parametrize("target", [np.zeros(5, bool), np.ones(5, bool)])
def test_a_label_that_is_never_or_always_present_has_all_its_images(target):
    probs = sorted_probs(PROB, target)

    assert probs.size == 5
    np.testing.assert_array_equal(probs.at(np.arange(5)), np.sort(PROB))
    assert probs.bin_sums(np.array([0.0, 1.0]))[:2].tolist() == [5, target.sum()]


def test_spiegelhalters_sum_and_variance_of_a_case_worked_by_hand():
    surplus, variance = sorted_probs(np.array([0.8, 0.3]), np.array([True, False])).spiegelhalter()

    np.testing.assert_allclose(surplus, 0.2 * -0.6 - 0.3 * 0.4)
    np.testing.assert_allclose(variance, 0.36 * 0.16 + 0.16 * 0.21)


def test_a_probability_on_an_edge_is_in_the_upper_bin_in_single_precision_too():
    prob = sorted_probs(np.array([0.7], np.float32), np.array([True]))

    assert prob.bin_sums(np.array([0.0, 0.7, 1.0]))[:2].tolist() == [0, 1]
