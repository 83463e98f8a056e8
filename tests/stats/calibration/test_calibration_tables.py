import numpy as np
import pytest

from udviz.stats.calibration.calibration_tables import calibration_table, pooled_calibration_table


def rare_and_common(rng, n_images=400):
    """Probabilities of a rare, a common and an almost always present label."""
    return np.stack(
        [rng.beta(0.05, 5.0, n_images), rng.beta(1.0, 1.0, n_images), rng.beta(5.0, 0.2, n_images)],
        axis=1,
    )


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
