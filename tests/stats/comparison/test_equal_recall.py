import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_curve

from udviz.stats.comparison.equal_recall import (
    MIN_VALIDATED,
    Validation,
    measure_at_recall,
    roc_slope,
)
from udviz.stats.comparison.gain import AFTER, BEFORE, gain_table
from udviz.stats.comparison.operating import Scope

SCOPE = Scope(min_positives=5)


def draw(rng, *, separation=(1.5, 1.5), n_positives=40, n_images=800, n_labels=20):
    """A split: scores of both models with noise in common, and targets."""
    targets = np.zeros((n_images, n_labels), dtype=np.int8)
    targets[:n_positives] = 1
    shared = 0.7 * rng.normal(size=targets.shape)
    return {
        name: {0: shared + np.sqrt(0.51) * rng.normal(size=targets.shape) + apart * targets}
        for name, apart in zip((BEFORE, AFTER), separation, strict=True)
    }, targets


def measured(split, val, recall, **more):
    return measure_at_recall(
        *split, Validation(models=val[0], targets=val[1]), recall=recall, scope=SCOPE, **more
    ).result()


def test_a_case_worked_by_hand():
    # validation positives 5 4 3 2 1: four of five are found from 2 on
    val = np.array([[5.0], [4.0], [3.0], [2.0], [1.0], [9.0]])
    val_targets = np.array([[1], [1], [1], [1], [1], [0]])
    test = np.array([[2.0], [1.9], [7.0], [2.5], [0.0], [1.0]])
    targets = np.array([[1], [1], [0], [0], [0], [0]])
    runs, val_runs = ({BEFORE: {0: s}, AFTER: {0: s}} for s in (test, val))

    found = measured((runs, targets), (val_runs, val_targets), 0.8)

    assert found["false_positive_rate"].values[:, 0].tolist() == [2 / 4, 2 / 4]
    assert found["recall"].values[:, 0].tolist() == [1 / 2, 1 / 2]


def test_on_the_images_of_validation_the_rate_is_that_of_scikit_learns_roc_curve(rng):
    split = draw(rng)

    found = measured(split, split, 0.8)["false_positive_rate"]

    scores, targets = split[0][AFTER][0], split[1]
    for label in range(20):
        rates, recalls, _ = roc_curve(targets[:, label], scores[:, label], drop_intermediate=False)
        expected = rates[np.flatnonzero(recalls >= 0.8 - 1e-9)[0]]
        assert found.values[1, label] == pytest.approx(expected)


def test_each_run_has_a_threshold_of_its_own_that_a_rising_map_does_not_change(rng):
    (runs, targets), (val_runs, val_targets) = draw(rng), draw(rng)
    found = measured((runs, targets), (val_runs, val_targets), 0.5)

    mapped = [of | {AFTER: {0: 3 * of[AFTER][0] + 7}} for of in (runs, val_runs)]
    other = measured((mapped[0], targets), (mapped[1], val_targets), 0.5)

    for name, each in found.items():
        columns = ["gain", "gain_low", "gain_high", "p"]
        np.testing.assert_allclose(
            gain_table(each, BEFORE, AFTER)[columns],
            gain_table(other[name], BEFORE, AFTER)[columns],
        )


def test_the_variance_holds_that_thresholds_rest_on_few_positives(rng):
    """Over other test and validation images, the rate varies as its standard error says."""
    rates, errors = [], []
    for _ in range(25):
        found = measured(draw(rng), draw(rng), 0.8)["false_positive_rate"]
        table = gain_table(found, BEFORE, AFTER)
        rates.append(table["gain"])
        errors.append(table["se"])
    spread = np.std(rates)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(spread, rel=0.25)
    locked = np.sqrt(2 * 0.25 * 0.75 / 760)  # what the test images alone could give at most
    assert spread > 2 * locked


def test_equally_good_models_are_seldom_told_apart(rng):
    p = [
        gain_table(measured(draw(rng), draw(rng), 0.5)["false_positive_rate"], BEFORE, AFTER)["p"]
        for _ in range(20)
    ]
    assert np.mean(np.array(p) < 0.05) < 0.085  # 400 labels


def test_intervals_cover_the_difference_of_the_true_rates(rng):
    truth = np.diff(stats.norm.sf(np.array([1.0, 2.0])))[0]  # recall 0.5 cuts at the separation
    hits = []
    for _ in range(20):
        both = [draw(rng, separation=(1.0, 2.0)) for _ in range(2)]
        table = gain_table(measured(*both, 0.5)["false_positive_rate"], BEFORE, AFTER)
        hits.append((table["gain_low"] <= truth) & (truth <= table["gain_high"]))
    assert 0.91 <= np.mean(hits) <= 0.99


def test_images_repeated_in_groups_have_the_errors_of_the_images_alone(rng):
    (runs, targets), (val_runs, val_targets) = draw(rng), draw(rng)
    thrice = np.arange(2400) % 800
    moved, val_moved = (
        {name: {0: of[0][thrice]} for name, of in each.items()} for each in (runs, val_runs)
    )
    alone = measured((runs, targets), (val_runs, val_targets), 0.5)

    grouped = measure_at_recall(
        moved,
        targets[thrice],
        Validation(models=val_moved, targets=val_targets[thrice], groups=thrice),
        recall=0.5,
        scope=Scope(min_positives=5, groups=thrice),
    ).result()

    for name, each in alone.items():
        one, three = gain_table(each, BEFORE, AFTER), gain_table(grouped[name], BEFORE, AFTER)
        np.testing.assert_allclose(three["gain"], one["gain"])
        np.testing.assert_allclose(three["se"], one["se"], rtol=0.2)  # slopes between other ranks


def test_the_slope_is_that_of_the_roc_curve(rng):
    positive = np.arange(60_000) < 20_000
    scores = rng.normal(size=60_000) + 1.5 * positive

    slope = roc_slope(scores, positive, recall=0.8, n_validated=100)

    cut = 1.5 + stats.norm.isf(0.8)
    assert slope == pytest.approx(stats.norm.pdf(cut) / stats.norm.pdf(cut - 1.5), rel=0.1)


def test_labels_with_few_positives_on_validation_have_no_threshold(rng):
    split, (val_runs, val_targets) = draw(rng), draw(rng)
    val_targets[MIN_VALIDATED - 1 :, 3] = 0

    found = measured(split, (val_runs, val_targets), 0.5)

    for each in found.values():
        assert np.flatnonzero(np.isnan(each.values[0])).tolist() == [3]


@pytest.mark.parametrize("recall", [0.0, 1.0, np.nan])
def test_recalls_that_are_no_share_are_refused(rng, recall):
    with pytest.raises(ValueError, match=r"`recall` must lie in \(0, 1\)"):
        measured(draw(rng), draw(rng), recall)


def test_validation_of_other_runs_is_refused(rng):
    runs, targets = draw(rng)

    with pytest.raises(ValueError, match="`validation` must have the runs"):
        measured((runs, targets), ({BEFORE: runs[BEFORE]}, targets), 0.5)
