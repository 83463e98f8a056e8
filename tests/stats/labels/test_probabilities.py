import numpy as np
import pytest
import torch

from udviz.stats.labels.probabilities import logit_probs, prob_logits, threshold_logit


def test_probabilities_of_logits_agree_with_torch(rng):
    logits = rng.normal(0, 20, (50, 3)).astype(np.float32)

    expected = torch.sigmoid(torch.from_numpy(logits).double())
    np.testing.assert_allclose(logit_probs(logits), expected, rtol=1e-12)


def test_probabilities_of_different_logits_stay_apart():
    logits = np.sort(np.linspace(-90, 15, 10_000).astype(np.float32))

    assert (np.diff(logit_probs(logits)) > 0).all()


def test_logits_of_probabilities_are_their_inverse():
    probs = np.linspace(0.01, 0.99, 99)

    np.testing.assert_allclose(logit_probs(prob_logits(probs)), probs)


def test_a_threshold_goes_from_everything_to_nothing():
    assert threshold_logit(0.0) == -np.inf
    assert threshold_logit(0.5) == 0
    assert threshold_logit(1.0) == np.inf
    assert logit_probs(np.array(threshold_logit(0.3))) == pytest.approx(0.3)


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
def test_what_is_no_probability_is_no_threshold(bad):
    with pytest.raises(ValueError, match=r"`prob` must lie in \[0, 1\]"):
        threshold_logit(bad)
