import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.nn import functional as F

from udviz.stats.maps.agreement import MapAgreement, agreement_table, map_agreement, map_difference
from udviz.stats.maps.grids import average_maps


def test_agreement_of_a_case_worked_by_hand():
    first = np.array([[[0.0, 1.0], [1.0, 2.0]]])
    second = np.array([[[5.0, 5.0], [5.0, 9.0]]])

    agreement = map_agreement(first, second)

    # deviations (-1, 0, 0, 1) and (-1, -1, -1, 3): 4 / sqrt(2 * 12)
    np.testing.assert_allclose(agreement.correlation, [4 / np.sqrt(24)])
    # shares (0, 1, 1, 2) / 4 and (0, 0, 0, 4) / 4 have 2 / 4 in common
    np.testing.assert_allclose(agreement.overlap, [0.5])


def test_the_correlation_agrees_with_scipy_map_by_map(rng):
    first, second = rng.normal(size=(2, 7, 5, 6))

    ours = map_agreement(first, second).correlation

    expected = [stats.pearsonr(a.ravel(), b.ravel())[0] for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(ours, expected)


def test_the_overlap_is_one_minus_the_total_variation_of_both_shares(rng):
    first, second = rng.gamma(1.0, size=(2, 7, 5, 6))

    ours = map_agreement(first, second).overlap

    shares = [m - m.min(axis=(1, 2), keepdims=True) for m in (first, second)]
    shares = [m / m.sum(axis=(1, 2), keepdims=True) for m in shares]
    np.testing.assert_allclose(ours, 1 - np.abs(shares[0] - shares[1]).sum(axis=(1, 2)) / 2)


@given(scale=st.floats(0.01, 100), zero=st.floats(-100, 100), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_neither_the_scale_nor_the_zero_of_a_map_matters(scale, zero, seed):
    first, second = np.random.default_rng(seed).normal(size=(2, 3, 4, 4))

    plain, changed = map_agreement(first, second), map_agreement(scale * first + zero, second)

    np.testing.assert_allclose(changed.correlation, plain.correlation, atol=1e-6)
    np.testing.assert_allclose(changed.overlap, plain.overlap, atol=1e-6)


def test_a_map_agrees_with_itself_fully_and_with_its_negative_not_at_all(rng):
    maps = rng.normal(size=(3, 4, 4))

    np.testing.assert_allclose(map_agreement(maps, maps).correlation, 1)
    np.testing.assert_allclose(map_agreement(maps, maps).overlap, 1)
    np.testing.assert_allclose(map_agreement(maps, -maps).correlation, -1)


def test_a_finer_map_is_averaged_over_the_cells_of_the_coarser_one(rng):
    coarse, fine = rng.normal(size=(3, 4, 4)), rng.normal(size=(3, 12, 8))

    ours = map_agreement(coarse, fine)

    pooled = F.adaptive_avg_pool2d(torch.from_numpy(fine), (4, 4)).numpy()
    expected = map_agreement(coarse, pooled)
    np.testing.assert_allclose(ours.correlation, expected.correlation)
    np.testing.assert_allclose(ours.overlap, expected.overlap)
    np.testing.assert_allclose(map_difference(fine[0], coarse[0]), pooled[0] - coarse[0])


def test_a_flat_map_has_no_agreement(rng):
    flat, other = np.full((2, 7, 5), 0.1), rng.normal(size=(2, 3, 3))

    agreement = map_agreement(flat, other)  # averaging leaves rounding errors, which are no map

    assert np.isnan([agreement.correlation, agreement.overlap]).all()


def test_many_maps_are_compared_in_blocks_with_the_same_result(rng, monkeypatch):
    first, second = rng.normal(size=(2, 9, 3, 3))
    whole = map_agreement(first, second)

    monkeypatch.setattr("udviz.stats.maps.agreement._BLOCK_BYTES", 200)

    np.testing.assert_array_equal(map_agreement(first, second).correlation, whole.correlation)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.zeros((2, 3, 3)), np.zeros((3, 3, 3)), "must have shapes"),
        (np.zeros((3, 3)), np.zeros((3, 3)), "must have shapes"),
        (np.full((1, 2, 2), np.nan), np.zeros((1, 2, 2)), "`first` must be finite"),
        (np.zeros((1, 2, 2)), np.full((1, 2, 2), np.inf), "`second` must be finite"),
    ],
)
def test_maps_that_cannot_be_compared_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        map_agreement(first, second)


def agreement_of(correlation, overlap=None):
    correlation = np.array(correlation, dtype=float)
    return MapAgreement(
        correlation=correlation,
        overlap=correlation if overlap is None else np.array(overlap, dtype=float),
    )


def test_a_label_has_the_mean_of_the_images_that_carry_it():
    targets = np.array([[1, 0], [1, -1], [0, 0], [1, 1]])
    agreement = agreement_of([0.2, 0.4, 0.9, 0.6], [0.5, 0.5, 0.9, 0.8])
    elsewhere = agreement_of([0.0, 0.1, 0.9, 0.2])

    table = agreement_table(agreement, elsewhere, targets, label_names=("a", "b"))

    assert table["label"].tolist() == ["a", "b"]
    assert table["images"].tolist() == [3, 1]
    np.testing.assert_allclose(table["correlation"], [0.4, 0.6])
    np.testing.assert_allclose(table["overlap"], [0.6, 0.8])
    np.testing.assert_allclose(table["correlation_elsewhere"], [0.1, 0.2])
    low, high = stats.t.interval(0.95, 2, loc=0.4, scale=stats.sem([0.2, 0.4, 0.6]))
    np.testing.assert_allclose(table.loc[0, ["correlation_low", "correlation_high"]], [low, high])
    assert table.loc[1, ["correlation_low", "correlation_high"]].isna().all()


def test_images_with_a_flat_map_are_left_out_and_a_label_without_images_has_no_agreement():
    targets = np.array([[1, 0], [1, 0]])

    table = agreement_table(
        agreement_of([np.nan, 0.4]), agreement_of([0.1, 0.1]), targets, label_names=("a", "b")
    )

    assert table["images"].tolist() == [1, 0]
    np.testing.assert_allclose(table["correlation"], [0.4, np.nan])


def test_the_order_of_images_does_not_matter(rng):
    targets = rng.integers(0, 2, (20, 3))
    values, levels = rng.normal(size=(2, 20))
    order = rng.permutation(20)

    def table(rows):
        agreement, elsewhere = agreement_of(values[rows]), agreement_of(levels[rows])
        names = ("a", "b", "c")
        return agreement_table(agreement, elsewhere, targets[rows], label_names=names)

    before, after = table(np.arange(20)), table(order)
    columns = before.columns.drop("label")
    np.testing.assert_allclose(after[columns].astype(float), before[columns].astype(float))


def test_targets_of_other_images_are_refused():
    with pytest.raises(ValueError, match="a row per pair of maps and a column per label"):
        agreement_table(
            agreement_of([0.1]), agreement_of([0.1]), np.ones((2, 1)), label_names=("a",)
        )


def test_averaging_keeps_the_mean_where_grids_do_not_divide_each_other(rng):
    maps = rng.normal(size=(2, 7, 5))

    averaged = average_maps(maps, height=3, width=2)

    np.testing.assert_allclose(averaged.mean(axis=(1, 2)), maps.mean(axis=(1, 2)))
    rows = np.array([[1.0, 2.0, 4.0]])[:, :, None]  # (1, 3, 1): cells of 1.5 each
    np.testing.assert_allclose(
        average_maps(rows, height=2, width=1)[0, :, 0], [(1 + 0.5 * 2) / 1.5, (0.5 * 2 + 4) / 1.5]
    )


@pytest.mark.parametrize("size", [{"height": 0, "width": 1}, {"height": 1, "width": 0}])
def test_a_grid_without_cells_is_refused(size):
    with pytest.raises(ValueError, match="must be at least 1"):
        average_maps(np.zeros((1, 2, 2)), **size)
