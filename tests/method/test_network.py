import pytest
import torch

from udviz.method.attention import uncertainty_map
from udviz.method.backbones import build_backbone
from udviz.method.losses import binary_cross_entropy, disagreement, pick_all_labels
from udviz.method.network import TwoHeadedNetwork, frozen_forward

N_LABELS = 5


@pytest.fixture
def images():
    return torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def targets():
    return torch.tensor([[1, 0, 0, 1, 0], [0, 1, 0, 0, -1], [0, 0, 1, 0, 0], [1, 1, 0, 0, 0]])


def network(**options):
    torch.manual_seed(0)
    return TwoHeadedNetwork(build_backbone("small"), N_LABELS, **options)


def test_an_output_has_the_shapes_it_promises(images):
    output = network()(images)

    assert output.logits.shape == (4, N_LABELS)
    assert output.calibration_logits.shape == (4, N_LABELS)
    assert output.features.shape == (4, 128, 8, 8)
    assert output.pooled.shape == (4, 128)


@pytest.mark.parametrize(
    ("pool", "reference"),
    [("max", torch.nn.AdaptiveMaxPool2d(1)), ("avg", torch.nn.AdaptiveAvgPool2d(1))],
)
def test_pooling_agrees_with_torch(pool, reference, images):
    output = network(pool=pool)(images)

    torch.testing.assert_close(output.pooled, reference(output.features).flatten(1))


def test_the_classification_head_has_no_bias(images):
    model = network()

    output = model(images)

    torch.testing.assert_close(output.logits, output.pooled @ model.classification.weight.T)


def test_without_a_calibration_branch_there_are_no_calibration_logits(images):
    model = network(calibration=False)

    assert model(images).calibration_logits is None
    assert not any("calibration" in name for name, _ in model.named_parameters())


@pytest.mark.parametrize("feature_norm", [True, False])
def test_trap_7_huge_features_are_normalised_before_pooling_unless_switched_off(
    feature_norm, images
):
    model = network(feature_norm=feature_norm)
    with torch.no_grad():
        model.backbone.trunk[-1][1].weight.fill_(300.0)  # pretrained SqueezeNet reaches this

    features = model(images).features

    assert (features.std() < 2) == feature_norm
    assert (features.abs().max() > 300) != feature_norm


def test_the_mean_of_a_class_map_is_the_logit_under_average_pooling(images):
    model = network(pool="avg").eval()
    output = model(images)

    maps = model.class_maps(output.features)

    assert maps.shape == (4, N_LABELS, 8, 8)
    torch.testing.assert_close(maps.mean((2, 3)), output.logits)


def test_class_maps_agree_with_one_sum_over_channels_per_label(images):
    model = network().eval()
    features = model(images).features

    maps = model.class_maps(features)

    for label in range(N_LABELS):
        weight = model.classification.weight[label]
        torch.testing.assert_close(maps[:, label], (features * weight[:, None, None]).sum(1))


def test_a_frozen_forward_gives_what_a_forward_gives(images):
    model = network().eval()

    frozen, plain = frozen_forward(model, images), model(images)

    for ours, expected in zip(frozen, plain, strict=True):
        torch.testing.assert_close(ours, expected)


def test_a_frozen_forward_has_a_graph_through_the_heads_and_none_through_the_convolutions(images):
    model = network().eval()

    output = frozen_forward(model, images)
    (gradient,) = torch.autograd.grad(
        disagreement(output.calibration_logits, output.logits).sum(), output.pooled
    )

    assert output.pooled.is_leaf
    assert not output.features.requires_grad
    assert gradient.abs().sum() > 0


def test_a_frozen_forward_works_where_gradients_are_switched_off(images):
    with torch.no_grad():
        output = frozen_forward(network().eval(), images)

        assert uncertainty_map(output).shape == (4, 8, 8)


def test_a_frozen_forward_refuses_a_network_in_training_mode(images):
    with pytest.raises(ValueError, match=r"`network` must be in eval mode"):
        frozen_forward(network(), images)


def test_trap_6_one_training_step_with_attention_updates_the_running_statistics_once(
    images, targets
):
    model = network()
    before = model.calibration[1].running_mean.clone()

    output = model(images)
    loss = binary_cross_entropy(output.logits, targets)
    loss = loss + pick_all_labels(output.calibration_logits, targets)
    loss = loss + uncertainty_map(output).square().mean()
    loss.backward()

    hidden = model.calibration[0](output.pooled).mean(0)
    assert int(model.calibration[1].num_batches_tracked) == 1
    assert int(model.feature_norm.num_batches_tracked) == 1
    torch.testing.assert_close(model.calibration[1].running_mean, 0.9 * before + 0.1 * hidden)


def test_heads_stay_in_float32_under_autocast(images):
    model = network()

    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model(images)
        attention = uncertainty_map(output)

    assert output.features.dtype == torch.bfloat16
    assert output.pooled.dtype == output.logits.dtype == torch.float32
    assert output.calibration_logits.dtype == attention.dtype == torch.float32
    # and not merely converted after a product in bfloat16
    torch.testing.assert_close(output.logits, output.pooled @ model.classification.weight.T)


def test_an_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="`pool` must be one of max, avg, got 'sum'"):
        network(pool="sum")
