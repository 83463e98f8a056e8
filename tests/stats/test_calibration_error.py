import numpy as np
import pytest

from udviz.stats.calibration import reliability_bins
from udviz.stats.calibration_error import (
    calibration_table,
    excess_p_value,
    expected_calibration_error,
    maximum_calibration_error,
    null_levels,
    pooled_calibration_table,
)


def rare_and_common(rng, n_images=400):
    """Probabilities of a rare, a common and an almost always present label."""
    return np.stack(
        [rng.beta(0.05, 5.0, n_images), rng.beta(1.0, 1.0, n_images), rng.beta(5.0, 0.2, n_images)],
        axis=1,
    )


@pytest.mark.parametrize("kind", ["width", "mass"])
def test_null_levels_are_those_of_targets_drawn_from_the_probabilities(rng, kind):
    probs = rare_and_common(rng)
    blank = reliability_bins(probs, np.zeros_like(probs, dtype=np.int8), kind=kind)

    ece_null, mce_null = null_levels(blank)

    draws = [
        reliability_bins(probs, (rng.random(probs.shape) < probs).astype(np.int8), kind=kind)
        for _ in range(1500)
    ]
    ece = np.array([expected_calibration_error(bins) for bins in draws])
    mce = np.array([maximum_calibration_error(bins) for bins in draws])
    np.testing.assert_allclose(ece_null.mean, ece.mean(axis=0), rtol=0.04)
    np.testing.assert_allclose(ece_null.sd, ece.std(axis=0), rtol=0.08)
    np.testing.assert_allclose(ece_null.upper, np.quantile(ece, 0.95, axis=0), rtol=0.06)
    np.testing.assert_allclose(mce_null.mean, mce.mean(axis=0), rtol=0.05)


def test_the_null_level_of_one_fair_coin_is_a_half():
    bins = reliability_bins(np.full((1, 1), 0.5), np.ones((1, 1), dtype=np.int8))

    ece_null, mce_null = null_levels(bins)

    np.testing.assert_allclose([ece_null.mean, mce_null.mean], 0.5)
    np.testing.assert_allclose(ece_null.sd, 0.0)


def test_the_excess_of_calibrated_models_is_zero_on_average_and_rarely_significant(rng):
    probs = np.tile(rare_and_common(rng, 300), (1, 200))  # 600 labels of calibrated models
    targets = (rng.random(probs.shape) < probs).astype(np.int8)

    table = calibration_table(probs, targets, label_names=[str(k) for k in range(600)])

    for name in ("ece", "adaptive_ece", "mce"):
        by_kind = table[f"{name}_excess"].to_numpy().reshape(200, 3)
        error = by_kind.std(axis=0) / np.sqrt(200)
        assert (np.abs(by_kind.mean(axis=0)) < 4 * error).all()
        assert 0.01 < (table[f"{name}_p"] <= 0.05).mean() < 0.08
        assert 0.01 < (table[name] > table[f"{name}_null_upper"]).mean() < 0.08


def test_probabilities_twice_too_high_lie_beyond_the_null_level(rng):
    probs = rng.beta(1.0, 8.0, size=(20_000, 1))
    targets = (rng.random(probs.shape) < probs / 2).astype(np.int8)

    row = calibration_table(probs, targets, label_names=["dog"]).iloc[0]

    true_gap = probs.mean() / 2
    np.testing.assert_allclose(row["ece"], true_gap, rtol=0.1)
    assert 0.5 * true_gap < row["ece_excess"] < true_gap
    assert row["ece"] > row["ece_null_upper"]
    assert row["ece_p"] < 1e-6


def test_probabilities_of_zero_and_one_have_a_null_level_of_zero():
    probs = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    targets = np.array([[0, 0], [1, 0], [1, 1]])
    bins = reliability_bins(probs, targets)

    null, _ = null_levels(bins)

    np.testing.assert_array_equal(null.mean, [0.0, 0.0])
    np.testing.assert_array_equal(
        excess_p_value(expected_calibration_error(bins), null), [1.0, 0.0]
    )


def test_the_table_leaves_unknown_targets_out_and_says_when_none_is_known(rng):
    probs = rare_and_common(rng)
    targets = (rng.random(probs.shape) < probs).astype(np.int8)
    targets[:100, 0] = -1
    targets[:, 2] = -1

    table = calibration_table(probs, targets, label_names=["a", "b", "c"])

    known = calibration_table(probs[100:, :1], targets[100:, :1], label_names=["a"])
    assert table.iloc[0].drop("column").to_dict() == known.iloc[0].drop("column").to_dict()
    assert table["known"].tolist() == [300, 400, 0]
    assert table.loc[2, "ece":"nll"].isna().all()


def test_the_pooled_row_is_that_of_all_cells_in_one_column(rng):
    probs = rare_and_common(rng)
    targets = (rng.random(probs.shape) < probs).astype(np.int8)
    targets[::9, 1] = -1
    known = targets >= 0

    pooled = pooled_calibration_table(probs, targets)

    cells = calibration_table(probs[known][:, None], targets[known][:, None], label_names=["all"])
    np.testing.assert_allclose(
        pooled.to_numpy(float), cells[pooled.columns].to_numpy(float), rtol=1e-9
    )


def test_names_that_do_not_match_the_labels_are_refused():
    with pytest.raises(ValueError, match="`label_names` must hold one name per label, got 1"):
        calibration_table(np.full((3, 2), 0.5), np.zeros((3, 2), int), label_names=["dog"])


def test_a_single_draw_is_refused():
    bins = reliability_bins(np.full((3, 2), 0.5), np.zeros((3, 2), int))

    with pytest.raises(ValueError, match="`n_draws` must be at least 2"):
        null_levels(bins, n_draws=1)
