import numpy as np
import pytest

from udviz.stats.difficulty.confusions import confused_pairs


def world(rng, n_images=3000, n_labels=6):
    """Label 1 is also seen where label 0 is present; the others are seen for what they are."""
    targets = (rng.random((n_images, n_labels)) < 0.15).astype(np.int8)
    seen = 3.0 * targets + 1.2 * rng.standard_normal(targets.shape)
    seen[:, 1] += 2.5 * targets[:, 0]
    return 1 / (1 + np.exp(2.5 - seen)), targets


def test_a_label_that_is_seen_in_another_is_found_and_nothing_else(rng):
    probs, targets = world(rng)

    pairs = confused_pairs(probs, targets)

    assert pairs[["column", "partner"]].to_numpy().tolist() == [[1, 0]]
    assert pairs.loc[0, "low"] > 2
    assert pairs.loc[0, "share"] > 0.5


def test_the_share_is_that_of_the_labels_false_positives():
    targets = np.array([[1, 0]] * 30 + [[0, 0]] * 400 + [[0, 1]] * 30)
    probs = np.full(targets.shape, 0.1)
    probs[430:, 1] = 0.9
    probs[:24, 1] = 0.95  # 24 of the false positives stand beside label 0,
    probs[30:36, 1] = 0.95  # 6 do not, and the 30 positives fill no place

    pairs = confused_pairs(probs, targets)

    assert pairs.loc[0, ["column", "partner", "false_positives"]].tolist() == [1, 0, 24]
    assert pairs.loc[0, "share"] == 0.8


def test_as_many_images_are_predicted_as_carry_the_label():
    targets = np.array([[1, 0]] * 30 + [[0, 0]] * 400 + [[0, 1]] * 30)
    probs = np.linspace(0.2, 0.1, 2 * len(targets)).reshape(targets.shape)
    probs[:25, 1] = np.linspace(0.9, 0.8, 25)  # the first 20 fill the places of 20 missed
    probs[430:440, 1] = 0.95  # of the 30 that carry label 1 only these come before them

    pairs = confused_pairs(probs, targets)

    assert pairs.loc[0, ["column", "partner", "false_positives"]].tolist() == [1, 0, 20]


def test_calibration_does_not_matter_only_the_ranking_does(rng):
    probs, targets = world(rng)

    pairs = confused_pairs(probs, targets)

    assert pairs.equals(confused_pairs(probs / 10, targets))


def test_labels_that_err_on_their_own_are_rarely_blamed_on_each_other():
    blamed = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        targets = (rng.random((600, 8)) < 0.1).astype(np.int8)
        probs = 1 / (1 + np.exp(2 - targets - rng.standard_normal(targets.shape)))
        blamed += len(confused_pairs(probs, targets))

    assert blamed <= 1


def test_unknown_targets_and_labels_without_positives_take_no_part(rng):
    probs, targets = world(rng)
    targets[::4, 1] = -1
    targets[:, 5] = 0

    pairs = confused_pairs(probs, targets)

    assert pairs[["column", "partner"]].to_numpy().tolist() == [[1, 0]]
    assert pairs.loc[0, "chances"] == ((targets[:, 0] == 1) & (targets[:, 1] == 0)).sum()


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="`scores` must be finite"):
        confused_pairs(np.array([[np.nan, 0.1]]), np.array([[1, 0]]))
