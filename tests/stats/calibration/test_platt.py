import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from udviz.stats.calibration.platt import MIN_SLOPE, fit_platt
from udviz.stats.ranking.ranking import average_precision


def study(rng, slopes, intercepts, n_images):
    """Logits, and targets drawn with each label's own slope and intercept."""
    logits = 2 * rng.standard_normal((n_images, len(slopes))) - 1
    probs = expit(np.array(slopes) * logits + np.array(intercepts))
    return logits, (rng.random(logits.shape) < probs).astype(np.int8)


def test_the_pooled_fit_is_scikit_learns_logistic_regression(rng):
    logits, targets = study(rng, [0.5, 0.5], [0.3, 0.3], 500)
    targets[::3, 1] = -1
    known = targets >= 0

    fitted = fit_platt(logits, targets)

    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(logits[known][:, None], targets[known])
    np.testing.assert_allclose(
        fitted.pooled, [reference.coef_[0, 0], reference.intercept_[0]], rtol=1e-3
    )


def test_a_label_has_the_least_log_loss_plus_its_stated_ridge(rng):
    logits, targets = study(rng, [0.3, 0.8, 1.5, 0.9], [0.0, 1.0, -1.0, 0.0], 300)
    targets[:100, 2] = -1

    fitted = fit_platt(logits, targets)

    known = targets[:, 2] >= 0
    logit, target = logits[known, 2], targets[known, 2]

    def penalised(point):
        margin = point[0] * logit + point[1]
        ridge = (((point - fitted.pooled) / fitted.spread) ** 2).sum() / 2
        return (np.logaddexp(0, margin) - target * margin).sum() + ridge

    best = minimize(penalised, fitted.pooled, tol=1e-10).x
    np.testing.assert_allclose([fitted.slope[2], fitted.intercept[2]], best, atol=1e-4)


def test_the_spread_between_labels_is_found(rng):
    slopes, intercepts = rng.normal(0.8, 0.15, 60), rng.normal(-0.5, 0.6, 60)

    fitted = fit_platt(*study(rng, slopes, intercepts, 2000))

    np.testing.assert_allclose(fitted.spread, [slopes.std(), intercepts.std()], rtol=0.2)
    np.testing.assert_allclose(fitted.slope, slopes, atol=0.25)
    np.testing.assert_allclose(fitted.intercept, intercepts, atol=0.4)


def test_the_spread_is_found_where_every_label_has_few_images(rng):
    intercepts = rng.normal(-0.5, 0.4, 300)

    fitted = fit_platt(*study(rng, [0.8] * 300, intercepts, 80))

    np.testing.assert_allclose(fitted.spread[1], intercepts.std(), rtol=0.15)


def test_labels_that_do_not_differ_are_shrunk_to_the_pooled_fit(rng):
    fitted = fit_platt(*study(rng, [0.7] * 40, [-0.5] * 40, 300))

    assert np.abs(fitted.slope - fitted.pooled[0]).max() < 0.05
    assert np.abs(fitted.intercept - fitted.pooled[1]).max() < 0.15


def test_few_images_pull_a_label_to_the_pooled_fit_and_none_leave_it_there(rng):
    logits, targets = study(rng, [1.0] * 9 + [3.0, 3.0], [0.0] * 9 + [2.0, 2.0], 800)
    targets[20:, 9] = -1
    targets[:, 8] = -1

    fitted = fit_platt(logits, targets)

    few, many = np.abs(fitted.intercept[[9, 10]] - fitted.pooled[1])
    assert few < many
    np.testing.assert_allclose(
        [fitted.slope[8], fitted.intercept[8]], fitted.pooled, rtol=0, atol=1e-9
    )


def test_a_label_without_positives_or_perfectly_separated_stays_finite(rng):
    logits, targets = study(rng, [1.0] * 5, [0.0] * 5, 200)
    targets[:, 0] = 0
    targets[:, 1] = logits[:, 1] > 0

    probs = fit_platt(logits, targets).apply(logits)

    assert np.isfinite(probs).all()
    assert probs[:, 0].max() < probs[:, 2].max()


def test_the_ranking_never_turns_upside_down(rng):
    logits, targets = study(rng, [1.0] * 5 + [-1.0], [0.0] * 6, 500)

    fitted = fit_platt(logits, targets)

    assert fitted.slope[5] == pytest.approx(MIN_SLOPE)
    before, after = (average_precision(x, targets) for x in (logits, fitted.apply(logits)))
    np.testing.assert_allclose(after, before)


def test_logits_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="`logits` must be finite"):
        fit_platt(np.array([[np.nan], [0.0]]), np.array([[1], [0]]))
