import numpy as np
import pytest
import torch

from tests.training.tiny import CPU, N_TRAIN, N_VAL, image_rows, network
from udviz.training.batches import ImageRows
from udviz.training.device import Compute
from udviz.training.inference import InferenceOptions, predict, predict_logits
from udviz.training.transforms import normalise

N_IMAGES = N_TRAIN + N_VAL
INDICES = np.arange(N_IMAGES)


class CountedPixels:
    """Pixels that remember which images were read."""

    def __init__(self, pixels):
        self.pixels = pixels
        self.read = []

    def __getitem__(self, index):
        self.read.append(index)
        return self.pixels[index]


def options(**changes):
    return InferenceOptions(**{"compute": CPU, "batch_size": 16} | changes)


@pytest.fixture
def rows():
    return image_rows()


@pytest.fixture
def model():
    return network().eval()


@pytest.mark.parametrize("batch_size", [16, 30, 63, 1000])
def test_each_image_is_read_once_and_in_order(rows, model, batch_size):
    counted = CountedPixels(rows.pixels)
    indices = INDICES[::-1][:40]

    batches = list(
        predict(model, ImageRows(counted, rows.targets), indices, options(batch_size=batch_size))
    )

    assert counted.read == indices.tolist()
    places = [(batch.rows.start, batch.rows.stop) for batch in batches]
    assert [place[0] for place in places] == [0, *(stop for _, stop in places[:-1])]
    assert places[-1][1] == 40


def test_predictions_are_those_of_a_plain_forward_pass(rows, model):
    with torch.no_grad():
        expected = model(normalise(torch.from_numpy(rows.pixels)))

    batches = list(predict(model, rows, INDICES, options(batch_size=30)))

    for part in ("logits", "calibration_logits"):
        whole = np.concatenate([getattr(batch, part) for batch in batches])
        np.testing.assert_allclose(whole, getattr(expected, part), atol=1e-5)
    np.testing.assert_allclose(
        predict_logits(model, rows, INDICES, options()), expected.logits, atol=1e-5
    )


def test_disagreement_and_attention_come_with_the_calibration_branch(rows, model):
    (batch,) = predict(model, rows, INDICES[:5], options())

    assert batch.disagreement.shape == batch.logits.shape
    assert batch.attention.shape == (5, 4, 4)
    assert batch.attention.dtype == batch.disagreement.dtype == np.float32


def test_without_a_calibration_branch_its_parts_are_none(rows):
    (batch,) = predict(network(calibration=False), rows, INDICES[:5], options())

    assert (batch.calibration_logits, batch.disagreement, batch.attention) == (None, None, None)


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_back_in_its_mode_after_the_last_batch(rows, model, training):
    model.train(training)
    statistics = model.feature_norm.running_mean.clone()

    list(predict(model, rows, INDICES, options()))

    assert model.training is training
    assert torch.equal(model.feature_norm.running_mean, statistics)


def test_the_network_is_back_in_its_mode_if_the_reader_stops_early(rows, model):
    model.train()

    for _ in predict(model, rows, INDICES, options()):
        break

    assert model.training


def test_the_network_is_back_in_its_mode_after_an_error(rows, model):
    model.train()

    with pytest.raises(IndexError):
        predict_logits(model, rows, np.array([0, 10_000]), options())

    assert model.training


def test_predicting_needs_no_gradient_of_the_convolutions(rows, model):
    list(predict(model, rows, INDICES[:16], options()))

    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_network_that_trains_in_bf16_predicts_in_float32(rows, model):
    half = options(compute=Compute(torch.device("cpu"), bf16=True))

    (exact,) = predict(model, rows, INDICES[:16], options())
    (same,) = predict(model, rows, INDICES[:16], half)

    for part in ("logits", "calibration_logits", "disagreement", "attention"):
        assert getattr(same, part).dtype == np.float32
        np.testing.assert_array_equal(getattr(same, part), getattr(exact, part))
