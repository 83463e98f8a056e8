import numpy as np
import pytest
from scipy.special import expit

from udviz.stats.calibration import logit_cells as module
from udviz.stats.calibration.logit_cells import all_logit_cells, logit_cells
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import fit_temperature


def test_few_images_are_their_own_points(rng):
    logits, present = rng.standard_normal(50), rng.random(50) < 0.3

    cells = logit_cells(logits, present)

    np.testing.assert_array_equal(cells.logit, logits)
    np.testing.assert_array_equal(cells.present, present)
    assert (cells.weight == 1).all()


def test_many_images_keep_their_counts_and_sums_and_hardly_move(rng):
    logits, present = 3 * rng.standard_normal(50_000) - 2, rng.random(50_000) < 0.1
    logits[0] = 1e6  # out of reach, and yet in the sums

    cells = logit_cells(logits, present)

    assert cells.logit.size < 10_000
    for kind in (False, True):
        mine, theirs = cells.present == kind, present == kind
        assert cells.weight[mine].sum() == theirs.sum()
        total = cells.weight[mine] @ cells.logit[mine]
        np.testing.assert_allclose(total, logits[theirs].sum(), rtol=1e-12)
    square = cells.weight @ np.minimum(cells.logit, 50) ** 2
    np.testing.assert_allclose(square, (np.minimum(logits, 50) ** 2).sum(), rtol=1e-4)


@pytest.mark.parametrize("logits", [np.zeros(20_000), np.r_[np.zeros(19_990), np.ones(10)]])
def test_logits_that_are_mostly_equal_are_joined_too(logits):
    cells = logit_cells(logits, np.arange(logits.size) % 2 == 0)

    assert cells.logit.size <= 4
    np.testing.assert_allclose(cells.weight @ cells.logit, logits.sum())


def test_fits_to_cells_are_those_to_all_images(rng, monkeypatch):
    logits = (2 * rng.standard_normal((30_000, 3)) - 3).astype(np.float32)
    targets = (rng.random(logits.shape) < expit(0.7 * logits + [0.0, 0.5, -0.5])).astype(np.int8)
    targets[::7, 1] = -1

    platt, temperature = fit_platt(logits, targets), fit_temperature(logits, targets)

    monkeypatch.setattr(module, "EXACT_UP_TO", 10**9)
    exact = fit_platt(logits, targets)
    np.testing.assert_allclose(platt.slope, exact.slope, rtol=1e-4)
    np.testing.assert_allclose(platt.intercept, exact.intercept, atol=1e-4)
    np.testing.assert_allclose(
        temperature.temperature, fit_temperature(logits, targets).temperature, rtol=1e-4
    )


def test_unknown_targets_are_in_no_cell():
    (cells,) = all_logit_cells(np.array([[1.0], [2.0], [3.0]]), np.array([[1], [-1], [0]]))

    assert cells.logit.tolist() == [1.0, 3.0]
