import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from torchmetrics.functional.classification import binary_calibration_error

from udviz.stats.calibration.calibration_error import (
    expected_calibration_error,
    maximum_calibration_error,
)
from udviz.stats.calibration.reliability_bins import pool, pooled_reliability_bins, reliability_bins


def calibrated(rng, n_images=2000, n_labels=3):
    probs = rng.beta(0.4, 2.0, size=(n_images, n_labels))
    return probs, (rng.random(probs.shape) < probs).astype(np.int8)


def test_bins_of_a_case_worked_by_hand():
    probs = np.array([[0.1], [0.3], [0.9]])
    targets = np.array([[0], [1], [1]])

    bins = reliability_bins(probs, targets, n_bins=2)

    np.testing.assert_array_equal(bins.count, [[2, 1]])
    np.testing.assert_allclose(bins.mean_prob, [[0.2, 0.9]])
    np.testing.assert_allclose(bins.frequency, [[0.5, 1.0]])
    np.testing.assert_allclose(expected_calibration_error(bins), [2 / 3 * 0.3 + 1 / 3 * 0.1])
    np.testing.assert_allclose(maximum_calibration_error(bins), [0.3])


def test_bins_of_equal_mass_of_a_case_worked_by_hand():
    probs = np.array([[0.9], [0.01], [0.02], [0.3], [0.5], [0.03]])
    targets = np.array([[1], [0], [0], [1], [0], [0]])

    bins = reliability_bins(probs, targets, n_bins=3, kind="mass")

    np.testing.assert_array_equal(bins.count, [[2, 2, 2]])
    np.testing.assert_allclose(bins.edges, [[0.0, 0.03, 0.5, 1.0]])
    np.testing.assert_allclose(bins.frequency, [[0.0, 0.5, 0.5]])


def test_the_wilson_interval_of_a_bin_is_the_published_example():
    # Agresti and Coull (1998): 0 of 10 gives (0, 0.278)
    bins = reliability_bins(np.full((10, 1), 0.2), np.zeros((10, 1), int), n_bins=1)

    low, high = bins.frequency_interval()

    np.testing.assert_allclose([low[0, 0], high[0, 0]], [0.0, 0.2775], atol=1e-4)


@pytest.mark.parametrize(("prob", "bin_"), [(0.0, 0), (0.6, 6), (0.59999, 5), (1.0, 9)])
def test_a_probability_on_an_edge_falls_in_the_upper_bin_and_one_in_the_last(prob, bin_):
    bins = reliability_bins(np.array([[prob]]), np.array([[1]]), n_bins=10)

    assert bins.count[0].argmax() == bin_


@pytest.mark.parametrize("kind", ["uniform", "quantile"])
def test_bins_agree_with_scikit_learn_label_by_label(rng, kind):
    probs, targets = calibrated(rng)

    bins = reliability_bins(
        probs, targets, n_bins=10, kind={"uniform": "width", "quantile": "mass"}[kind]
    )

    for label in range(3):
        frequency, mean_prob = calibration_curve(
            targets[:, label], probs[:, label], n_bins=10, strategy=kind
        )
        filled = bins.count[label] > 0
        np.testing.assert_allclose(bins.frequency[label][filled], frequency, atol=1e-9)
        np.testing.assert_allclose(bins.mean_prob[label][filled], mean_prob, atol=1e-9)


@pytest.mark.parametrize(
    ("norm", "error"), [("l1", expected_calibration_error), ("max", maximum_calibration_error)]
)
def test_errors_agree_with_torchmetrics_label_by_label(rng, norm, error):
    probs, targets = calibrated(rng)
    probs[::5] **= 2

    ours = error(reliability_bins(probs, targets, n_bins=15))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [
            binary_calibration_error(
                torch.tensor(probs[:, k]), torch.tensor(targets[:, k].astype(int)), 15, norm
            )
            for k in range(3)
        ]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("kind", ["width", "mass"])
def test_unknown_targets_count_as_if_their_images_were_absent(rng, kind):
    probs, targets = calibrated(rng, 300, 1)
    targets[::3] = -1

    bins = reliability_bins(probs, targets, kind=kind)

    known = targets[:, 0] >= 0
    only_known = reliability_bins(probs[known], targets[known], kind=kind)
    for name, value in vars(bins).items():
        np.testing.assert_array_equal(value, getattr(only_known, name))


@pytest.mark.parametrize("kind", ["width", "mass"])
def test_bins_without_some_images_are_those_of_the_others(rng, kind):
    probs, targets = calibrated(rng, n_images=200)
    targets[:20, 1] = -1
    out = rng.random(200) < 0.3
    out |= probs[:, 0] > 0.9  # empties a bin

    left = reliability_bins(probs, targets, kind=kind).without(probs[out], targets[out])

    for label, edges in enumerate(left.edges):
        known = ~out & (targets[:, label] >= 0)
        place = np.clip(np.searchsorted(edges, probs[known, label], side="right") - 1, 0, 14)
        count = np.bincount(place, minlength=15)
        np.testing.assert_array_equal(left.count[label], count)
        sums = np.bincount(place, weights=probs[known, label], minlength=15)
        np.testing.assert_allclose(left.sum_prob[label], sums, atol=1e-12)
        assert np.isnan(left.mean_prob[label][count == 0]).all()


def test_a_bin_is_off_where_its_interval_leaves_out_its_mean_probability():
    probs, targets = np.full((40, 2), 0.9), np.ones((40, 2), np.int8)
    targets[10:, 0] = 0

    np.testing.assert_array_equal(reliability_bins(probs, targets, n_bins=1).off, [[True], [True]])
    few = reliability_bins(probs[:8], targets[:8], n_bins=2)
    np.testing.assert_array_equal(few.off, [[False, False], [False, False]])


@pytest.mark.parametrize("kind", ["width", "mass"])
def test_the_order_of_images_and_the_memory_order_change_nothing(rng, kind):
    probs, targets = calibrated(rng)
    probs = probs.round(2)  # many ties
    order = rng.permutation(len(probs))

    bins = reliability_bins(probs, targets, kind=kind)
    again = reliability_bins(np.asfortranarray(probs[order]), targets[order], kind=kind)

    for name, value in vars(bins).items():
        np.testing.assert_allclose(value, getattr(again, name), rtol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=60), st.integers(1, 9))
def test_bins_of_equal_mass_keep_every_image_and_never_split_a_tie(values, n_bins):
    probs = np.array(values)[:, None]

    bins = reliability_bins(probs, np.zeros_like(probs, dtype=int), n_bins=n_bins, kind="mass")

    assert bins.count.sum() == len(values)
    assert (np.diff(bins.edges[0]) >= 0).all()
    largest_tie = max(values.count(value) for value in values)
    assert bins.count.max() <= np.ceil(len(values) / n_bins) + 2 * largest_tie - 1


@pytest.mark.parametrize("kind", ["width", "mass"])
def test_pooled_bins_are_those_of_all_cells_in_one_column(rng, kind):
    probs, targets = calibrated(rng, 500, 4)
    targets[::7, 1] = -1
    known = targets >= 0

    pooled = pooled_reliability_bins(probs, targets, kind=kind)

    column = reliability_bins(probs[known][:, None], targets[known][:, None], kind=kind)
    np.testing.assert_allclose(pooled.count, column.count)
    np.testing.assert_allclose(pooled.frequency, column.frequency)


def test_pooled_bins_of_equal_mass_stay_nearly_equal_when_edges_come_from_a_sample(rng):
    probs, targets = calibrated(rng, 20_000, 3)
    probs[:, 2] **= 4
    order = np.argsort(probs[:, 0])  # the sample is of all images, not of the first

    pooled = pooled_reliability_bins(probs[order], targets[order], n_bins=10, kind="mass")

    np.testing.assert_allclose(pooled.count / 60_000, 0.1, atol=0.005)
    assert pooled.count.sum() == 60_000


def test_bins_with_edges_of_their_own_are_not_pooled(rng):
    bins = reliability_bins(*calibrated(rng), kind="mass")

    with pytest.raises(ValueError, match="`bins` must share their edges"):
        pool(bins)


def test_a_label_that_nobody_knows_has_empty_bins_and_no_error():
    bins = reliability_bins(np.full((4, 1), 0.5), np.full((4, 1), -1))

    assert bins.count.sum() == 0
    assert np.isnan(bins.frequency).all()
    assert np.isnan(expected_calibration_error(bins)).all()
    assert np.isnan(maximum_calibration_error(bins)).all()


@pytest.mark.parametrize(
    ("bad", "message"),
    [(-0.1, r"must lie in \[0, 1\]"), (1.5, r"must lie in \[0, 1\]"), (np.nan, "must be finite")],
)
def test_values_outside_zero_to_one_are_refused(bad, message):
    with pytest.raises(ValueError, match=f"`probs` {message}"):
        reliability_bins(np.array([[bad]]), np.array([[1]]))


@pytest.mark.parametrize(
    ("targets", "options", "message"),
    [
        (np.zeros((2, 1)), {}, "must have the same shape"),
        (np.full((3, 1), 2), {}, r"`targets` must be 1 \(present\)"),
        (np.zeros((3, 1)), {"n_bins": 0}, "`n_bins` must be at least 1"),
        (np.zeros((3, 1)), {"kind": "median"}, "`kind` must be one of width, mass"),
    ],
)
def test_what_makes_no_sense_is_refused(targets, options, message):
    with pytest.raises(ValueError, match=message):
        reliability_bins(np.full((3, 1), 0.5), targets, **options)
