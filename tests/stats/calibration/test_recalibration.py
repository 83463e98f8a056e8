import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from udviz.stats.calibration.brier import negative_log_likelihood
from udviz.stats.calibration.calibration_tables import calibration_table, pooled_calibration_table
from udviz.stats.calibration.recalibration import Temperature, fit_isotonic, fit_temperature
from udviz.stats.calibration.recalibration_tables import (
    pooled_recalibration_table,
    recalibration_table,
)


def drawn(rng, logits, temperature=1.0):
    return (rng.random(logits.shape) < expit(logits / temperature)).astype(np.int8)


def test_a_temperature_of_two_gives_two_to_one_odds_at_logit_ln_4():
    probs = Temperature(temperature=2.0).apply(np.log([[4.0, 0.25]]))

    np.testing.assert_allclose(probs, [[2 / 3, 1 / 3]])


def test_the_temperature_that_made_the_targets_is_found(rng):
    logits = 3 * rng.standard_normal((20_000, 2)) - 2

    fitted = fit_temperature(logits, drawn(rng, logits, temperature=2.5))

    np.testing.assert_allclose(fitted.temperature, 2.5, rtol=0.03)


def test_the_temperature_has_the_least_log_loss_over_known_cells(rng):
    logits = 2 * rng.standard_normal((300, 3)) - 1
    targets = drawn(rng, logits, temperature=0.6)
    targets[::3, 0] = -1
    known = targets >= 0

    def loss(log_temperature):
        probs = expit(logits[known] / np.exp(log_temperature))
        return negative_log_likelihood(probs[:, None], targets[known][:, None])[0]

    best = minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    fitted = fit_temperature(logits, targets)

    np.testing.assert_allclose(np.log(fitted.temperature), best.x, atol=1e-5)


def test_a_perfect_separation_is_as_sharp_and_an_inversion_as_soft_as_allowed():
    logits = np.array([[-1.0], [1.0]])

    assert fit_temperature(logits, np.array([[0], [1]])).temperature == 0.01
    assert fit_temperature(logits, np.array([[1], [0]])).temperature == 100.0


def test_a_split_without_annotations_is_refused():
    with pytest.raises(ValueError, match="`targets` must hold at least one known target"):
        fit_temperature(np.zeros((3, 2)), np.full((3, 2), -1))


def test_the_staircase_is_scikit_learns_within_its_bounds(rng):
    logits = rng.standard_normal((200, 2))
    targets = drawn(rng, logits)
    targets[::4, 1] = -1
    new = rng.standard_normal((50, 2)) * 2

    probs = fit_isotonic(logits, targets).apply(new)

    for label in range(2):
        known = targets[:, label] >= 0
        least = 1 / (known.sum() + 2)
        reference = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
        reference.fit(logits[known, label], targets[known, label])
        np.testing.assert_allclose(probs[:, label], reference.predict(new[:, label]), atol=1e-9)
    assert 0 < probs.min() < probs.max() < 1


def test_a_label_with_too_few_positives_keeps_the_sigmoid(rng):
    logits = rng.standard_normal((60, 2))
    targets = np.zeros((60, 2), dtype=np.int8)
    targets[:9, 0] = 1
    targets[:10, 1] = 1

    fitted = fit_isotonic(logits, targets)

    assert fitted.logits[0] is None
    assert fitted.logits[1] is not None
    np.testing.assert_allclose(fitted.apply(logits)[:, 0], expit(logits[:, 0]), rtol=1e-15)


def test_before_and_after_are_judged_on_the_same_images(rng):
    logits = 4 * rng.standard_normal((3000, 2)) - 1
    targets = drawn(rng, logits, temperature=4.0)
    maps = {"temperature": Temperature(temperature=4.0)}

    table = recalibration_table(
        logits, targets, recalibrations=maps, label_names=["a", "b"]
    ).set_index(["method", "label"])
    pooled = pooled_recalibration_table(logits, targets, recalibrations=maps).set_index("method")

    assert (table.loc["none", "ece_p"] < 1e-6).all()
    assert (table.loc["temperature", "ece_p"] > 0.01).all()
    assert (table.loc["temperature", "nll"] < table.loc["none", "nll"]).all()
    assert table.loc["none", "column"].tolist() == [0, 1]
    np.testing.assert_allclose(pooled["brier"], table.groupby("method", sort=False)["brier"].mean())


def test_the_table_is_that_of_the_recalibrated_probabilities(rng):
    logits = rng.standard_normal((400, 3))
    targets = drawn(rng, logits)
    targets[::5, 1] = -1
    maps = {"isotonic": fit_isotonic(logits[:100], targets[:100])}

    table = recalibration_table(
        logits, targets, recalibrations=maps, label_names=["a", "b", "c"]
    ).set_index("method")
    pooled = pooled_recalibration_table(logits, targets, recalibrations=maps).set_index("method")

    probs = maps["isotonic"].apply(logits)
    expected = calibration_table(probs, targets, label_names=["a", "b", "c"])
    pd.testing.assert_frame_equal(table.loc["isotonic"].reset_index(drop=True), expected)
    pd.testing.assert_frame_equal(
        pooled.loc[["isotonic"]].reset_index(drop=True), pooled_calibration_table(probs, targets)
    )


@pytest.mark.parametrize("fit", [fit_temperature, fit_isotonic])
def test_logits_that_are_not_finite_are_refused(fit):
    with pytest.raises(ValueError, match="`logits` must be finite"):
        fit(np.array([[np.inf], [0.0]]), np.array([[1], [0]]))
