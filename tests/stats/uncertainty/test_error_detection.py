import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from udviz.stats.uncertainty.error_detection import (
    error_detection,
    prediction_errors,
    risk_coverage,
)


def test_the_risk_coverage_curve_of_a_case_worked_by_hand():
    uncertainty = np.array([0.9, 0.1, 0.5, 0.3])
    wrong = np.array([True, False, False, True])

    curve = risk_coverage(uncertainty, wrong)

    np.testing.assert_allclose(curve.coverage, [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(curve.risk, [0.0, 1 / 2, 1 / 3, 2 / 4])
    np.testing.assert_allclose(curve.area, (0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    np.testing.assert_allclose(curve.area_oracle, (0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert curve.area_random == 0.5


def test_the_oracle_level_is_the_area_of_an_uncertainty_that_is_the_error_itself(rng):
    wrong = rng.random(100) < 0.2

    curve = risk_coverage(wrong.astype(float), wrong)

    np.testing.assert_allclose(curve.area, risk_coverage(rng.random(100), wrong).area_oracle)


def test_the_random_level_is_the_area_of_an_uncertainty_that_never_changes(rng):
    wrong = rng.random(100) < 0.2

    curve = risk_coverage(np.zeros(100), wrong)

    np.testing.assert_allclose(curve.area, curve.area_random)
    np.testing.assert_allclose(curve.risk, curve.area_random)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=12))
def test_the_area_with_ties_is_the_mean_over_all_orders_of_the_tied(cells):
    uncertainty, wrong = (np.array(values) for values in zip(*cells, strict=True))
    rng = np.random.default_rng(0)

    area = risk_coverage(uncertainty.astype(float), wrong).area

    kept = np.arange(1, len(cells) + 1)
    areas = []
    for _ in range(300):
        order = np.lexsort([rng.random(len(cells)), uncertainty])
        areas.append((np.cumsum(wrong[order]) / kept).mean())
    np.testing.assert_allclose(area, np.mean(areas), atol=5 * np.std(areas) / 300**0.5 + 1e-12)


def test_a_long_curve_is_thinned_without_moving_its_ends_or_its_area(rng):
    uncertainty = rng.random(5000)
    wrong = rng.random(5000) < uncertainty

    curve = risk_coverage(uncertainty, wrong)

    order = np.argsort(uncertainty)
    risk = np.cumsum(wrong[order]) / np.arange(1, 5001)
    assert len(curve.risk) == 200
    np.testing.assert_allclose(curve.risk[[0, -1]], risk[[0, -1]])
    np.testing.assert_allclose(curve.area, risk.mean())


def test_an_error_is_a_known_target_that_the_threshold_gets_wrong():
    probs = np.array([[0.5, 0.2], [0.49, 0.2], [0.9, 0.1], [0.9, 0.9]])
    targets = np.array([[0, 1], [1, 0], [1, 0], [-1, -1]])

    errors = prediction_errors(probs, targets, thresholds=np.array([0.5, 0.15]))

    np.testing.assert_array_equal(errors, [[1, 0], [1, 1], [0, 0], [-1, -1]])


def test_detection_agrees_with_scikit_learn_on_the_known_images_of_each_label(rng):
    uncertainty = rng.random((300, 3)).round(2)
    errors = (rng.random((300, 3)) < uncertainty).astype(np.int8)
    errors[::4, 1] = -1

    table = error_detection(uncertainty, errors, label_names=["a", "b", "c"])

    for label, row in table.iterrows():
        known = errors[:, label] >= 0
        given, scores = errors[known, label], uncertainty[known, label]
        np.testing.assert_allclose(row["auroc"], roc_auc_score(given, scores), atol=1e-9)
        np.testing.assert_allclose(
            row["average_precision"], average_precision_score(given, scores), atol=1e-9
        )
        assert (row["known"], row["errors"]) == (known.sum(), given.sum())


def test_a_label_without_errors_or_without_known_images_has_nothing_to_detect(rng):
    errors = np.array([[0, -1, 1], [0, -1, 1]])

    table = error_detection(rng.random((2, 3)), errors, label_names=["right", "unknown", "wrong"])

    assert table["errors"].tolist() == [0, 0, 2]
    assert table[["auroc", "aurc_gain"]].isna().all(axis=None)
    assert np.isnan(table.loc[1, "error_rate"])


@pytest.mark.parametrize("bad", [np.array([np.nan, 0.1]), np.array([])])
def test_an_uncertainty_that_cannot_be_ranked_is_refused(bad):
    with pytest.raises(ValueError, match="`uncertainty` must hold at least one image"):
        risk_coverage(bad, np.zeros(bad.size, bool))


def test_an_uncertainty_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="`uncertainty` and `targets` must have the same shape"):
        error_detection(np.zeros((3, 1)), np.zeros((3, 2), int), label_names=["a", "b"])


def test_probabilities_outside_zero_to_one_are_refused():
    with pytest.raises(ValueError, match=r"`probs` must lie in \[0, 1\]"):
        prediction_errors(np.array([[1.2]]), np.array([[1]]))
