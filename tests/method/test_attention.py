import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

from udviz.method.attention import (
    KINDS,
    attention_map,
    channel_weights,
    uncertainty_gradient,
    uncertainty_map,
)
from udviz.method.backbones import build_backbone
from udviz.method.losses import disagreement
from udviz.method.network import TwoHeadedNetwork, frozen_forward


@pytest.fixture
def network():
    torch.manual_seed(0)
    return TwoHeadedNetwork(build_backbone("small"), 5)


@pytest.fixture
def images():
    return torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def gradient(rng):
    return torch.from_numpy(rng.normal(scale=1e-3, size=(3, 8)))


# the gradient


def test_the_gradient_agrees_with_finite_differences(network, rng):
    network.double().eval()
    pooled = torch.from_numpy(rng.normal(size=(2, 128))).requires_grad_()

    def total(p):
        # `heads` computes in float32; differences need the same layers in float64
        return disagreement(network.calibration(p), network.classification(p)).sum()

    ours = uncertainty_gradient(pooled, network.classification(pooled), network.calibration(pooled))

    step = 1e-6
    for image, channel in [(0, 0), (0, 77), (1, 127)]:
        shift = torch.zeros_like(pooled)
        shift[image, channel] = step
        with torch.no_grad():
            slope = (total(pooled + shift) - total(pooled - shift)) / (2 * step)
        assert ours[image, channel].item() == pytest.approx(slope.item(), rel=1e-4, abs=1e-9)


def test_the_gradient_does_not_go_backward_through_the_convolutions(network, images):
    visited = []
    for layer in network.backbone.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_full_backward_hook(lambda *_: visited.append("convolution"))
    network.backbone.trunk[0][0].weight.register_hook(lambda _: visited.append("weight"))
    images.requires_grad_()
    output = network(images)

    uncertainty_gradient(output.pooled, output.logits, output.calibration_logits)

    assert visited == []
    assert all(parameter.grad is None for parameter in network.parameters())
    output.logits.sum().backward()  # the graph is kept, and the hooks do see a real backward
    assert "convolution" in visited


def test_the_gradient_is_detached_and_the_same_for_a_frozen_network(network, images):
    network.eval()
    output, frozen = network(images), frozen_forward(network, images)

    ours = uncertainty_gradient(output.pooled, output.logits, output.calibration_logits)
    theirs = uncertainty_gradient(frozen.pooled, frozen.logits, frozen.calibration_logits)

    assert not ours.requires_grad
    torch.testing.assert_close(ours, theirs)


# the weights


@pytest.mark.parametrize("kind", KINDS)
def test_absolute_weights_of_an_image_sum_to_one(gradient, kind):
    weights = channel_weights(gradient, kind=kind)

    torch.testing.assert_close(weights.abs().sum(1), torch.ones(3, dtype=weights.dtype))


def test_trap_5_with_small_gradients_the_softmax_is_uniform_and_standardising_cures_it(gradient):
    uniform = channel_weights(gradient, kind="uniform")

    softmax = channel_weights(gradient, kind="softmax")
    standardised = channel_weights(gradient, kind="standardised")

    np.testing.assert_allclose(softmax / uniform, 1, atol=0.005)
    assert ((standardised / uniform).std(1) > 0.3).all()
    torch.testing.assert_close(standardised, channel_weights(1e-6 * gradient, kind="standardised"))


@pytest.mark.parametrize("value", [0.0, 1e-30, 7.0, 1e30])
@pytest.mark.parametrize("kind", KINDS)
def test_one_channel_has_all_the_weight_that_there_is(kind, value):
    weights = channel_weights(torch.full((2, 1), value), kind=kind)

    assert weights.tolist() == [[0.0 if kind == "gradcam" and value == 0 else 1.0]] * 2


def test_equal_gradients_standardise_to_uniform_weights():
    weights = channel_weights(torch.full((1, 4), 7.0), kind="standardised")

    torch.testing.assert_close(weights, torch.full((1, 4), 0.25))


def test_weights_of_a_case_worked_by_hand():
    gradient = torch.tensor([[0.0, np.log(3.0)]])

    np.testing.assert_allclose(channel_weights(gradient, kind="softmax"), [[0.25, 0.75]])
    np.testing.assert_allclose(
        channel_weights(torch.tensor([[-1.0, 3.0]]), kind="gradcam"), [[-0.25, 0.75]]
    )
    np.testing.assert_allclose(channel_weights(gradient, kind="uniform"), [[0.5, 0.5]])


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_of_zero_gives_finite_weights(kind):
    weights = channel_weights(torch.zeros(2, 4), kind=kind)

    np.testing.assert_allclose(weights, 0 if kind == "gradcam" else 0.25)


# the map


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_agrees_with_a_loop_over_channels(rng, gradient, kind):
    features = torch.from_numpy(rng.normal(size=(3, 8, 4, 5)))
    weights = channel_weights(gradient, kind=kind)
    expected = sum(weights[:, k, None, None] * features[:, k] for k in range(8))

    ours = attention_map(features, weights, kind=kind)

    torch.testing.assert_close(ours, expected.clamp(min=0) if kind == "gradcam" else expected)


def test_the_uniform_map_is_the_mean_activation(network, images):
    output = network(images)

    torch.testing.assert_close(uncertainty_map(output, kind="uniform"), output.features.mean(1))


def test_a_loss_on_the_map_reaches_the_features_and_not_the_weights(rng, gradient):
    features = torch.from_numpy(rng.normal(size=(3, 8, 4, 5))).requires_grad_()
    weights = channel_weights(gradient).requires_grad_()

    attention_map(features, weights).sum().backward()

    expected = weights.detach()[:, :, None, None].expand_as(features)
    torch.testing.assert_close(features.grad, expected)
    assert weights.grad is None


def test_the_gradcam_map_agrees_with_captum_up_to_its_scale(network, images):
    network.eval()

    def total_disagreement(batch):
        output = network(batch)
        return disagreement(output.calibration_logits, output.logits).sum(1)

    theirs = LayerGradCam(total_disagreement, network.feature_norm).attribute(
        images, relu_attributions=True
    )[:, 0]

    ours = uncertainty_map(network(images), kind="gradcam")

    peak = (1, 2)
    assert (ours.amax(peak) > 0).all()
    torch.testing.assert_close(
        ours / ours.amax(peak, keepdim=True), theirs / theirs.amax(peak, keepdim=True)
    )


def test_class_maps_agree_with_captums_gradcam_of_every_label(images):
    torch.manual_seed(0)
    network = TwoHeadedNetwork(build_backbone("small"), 5, pool="avg").eval()
    output = network(images)
    maps = network.class_maps(output.features)
    n_cells = maps.shape[2] * maps.shape[3]

    gradcam = LayerGradCam(lambda batch: network(batch).logits, network.feature_norm)

    for label in range(5):
        theirs = gradcam.attribute(images, target=label)[:, 0]
        torch.testing.assert_close(maps[:, label] / n_cells, theirs)


# refusals


def test_a_network_without_a_calibration_branch_is_refused(images):
    network = TwoHeadedNetwork(build_backbone("small"), 5, calibration=False)

    with pytest.raises(ValueError, match="`output` must have calibration logits"):
        uncertainty_map(network(images))


def test_an_unknown_kind_is_refused(gradient):
    with pytest.raises(ValueError, match="`kind` must be one of softmax, standardised, gradcam"):
        channel_weights(gradient, kind="sharp")
    with pytest.raises(ValueError, match="`kind` must be one of"):
        attention_map(torch.zeros(3, 8, 2, 2), gradient, kind="sharp")
