import pickle
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from udviz.method.backbones import FAMILIES, backbone_names, build_backbone

SMALLEST = [  # of each family, with channels and grid of a 64 px image
    ("small", 128, 8),
    ("small_wide", 192, 8),
    ("alexnet", 256, 1),
    ("convnext_tiny", 768, 2),
    ("densenet121", 1024, 2),
    ("efficientnet_b0", 1280, 2),
    ("mnasnet0_5", 1280, 2),
    ("mobilenet_v2", 1280, 2),
    ("mobilenet_v3_small", 576, 2),
    ("regnet_y_400mf", 440, 2),
    ("resnet18", 512, 2),
    ("resnext50_32x4d", 2048, 2),
    ("shufflenet_v2_x0_5", 1024, 2),
    ("squeezenet1_1", 512, 3),
    ("vgg11", 512, 2),
    ("wide_resnet50_2", 2048, 2),
]


@pytest.mark.parametrize(("name", "n_channels", "side"), SMALLEST)
def test_each_family_gives_its_last_feature_map(name, n_channels, side):
    backbone = build_backbone(name).eval()

    with torch.no_grad():
        features = backbone(torch.zeros(2, 3, 64, 64))

    assert backbone.n_channels == n_channels
    assert features.shape == (2, n_channels, side, side)


def test_every_family_is_tried_above():
    assert all(any(name.startswith(family) for name, _, _ in SMALLEST) for family in FAMILIES)


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "mobilenet_v2", "regnet_x_400mf"])
def test_the_rest_of_torchvisions_classifier_turns_the_features_into_its_scores(name, tmp_path):
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    classifier = models.get_model(name).eval()
    torch.save(classifier.state_dict(), tmp_path / "weights.pth")
    backbone = build_backbone(name, weights=tmp_path / "weights.pth").eval()
    head = classifier.fc if hasattr(classifier, "fc") else classifier.classifier

    with torch.no_grad():
        scores = head(backbone(images).mean((2, 3)))
        expected = classifier(images)

    torch.testing.assert_close(scores, expected)


def test_measuring_the_channels_leaves_no_trace():
    torch.manual_seed(0)
    backbone = build_backbone("resnet18")

    assert backbone.trunk.bn1.training
    assert int(backbone.trunk.bn1.num_batches_tracked) == 0
    assert float(backbone.trunk.bn1.running_mean.abs().max()) == 0


@pytest.mark.parametrize("prefix", ["", "features."])
def test_weights_of_the_features_alone_load_with_or_without_their_prefix(prefix, tmp_path):
    features = models.squeezenet1_1().features
    path = tmp_path / "features.safetensors"
    save_file({f"{prefix}{key}": value for key, value in features.state_dict().items()}, path)

    backbone = build_backbone("squeezenet1_1", weights=path)

    torch.testing.assert_close(backbone.trunk.state_dict()["features.0.weight"], features[0].weight)


def test_weights_of_a_whole_classifier_load_without_its_head(tmp_path):
    classifier = models.squeezenet1_1(num_classes=7)
    torch.save(classifier.state_dict(), tmp_path / "classifier.pth")

    backbone = build_backbone("squeezenet1_1", weights=str(tmp_path / "classifier.pth"))

    expected = classifier.features.state_dict()
    for key, value in backbone.trunk.features.state_dict().items():
        torch.testing.assert_close(value, expected[key], rtol=0, atol=0)


def test_torchvisions_own_densenet_file_with_its_names_of_2017_loads(tmp_path):
    state = models.densenet121().state_dict()
    old = {
        key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value
        for key, value in state.items()
    }
    torch.save(old, tmp_path / "old.pth")

    backbone = build_backbone("densenet121", weights=tmp_path / "old.pth")

    key = "features.denseblock1.denselayer1.conv2.weight"
    torch.testing.assert_close(backbone.trunk.state_dict()[key], state[key])


def test_a_built_in_backbone_loads_its_own_weights(tmp_path):
    state = build_backbone("small").trunk.state_dict()
    save_file(state, tmp_path / "small.safetensors")

    loaded = build_backbone("small", weights=tmp_path / "small.safetensors")

    torch.testing.assert_close(loaded.trunk.state_dict(), state)


def test_weights_of_another_backbone_are_refused_with_examples_of_the_names(tmp_path):
    torch.save(models.squeezenet1_1().state_dict(), tmp_path / "other.pth")

    with pytest.raises(ValueError, match=r"missing \(conv1.weight, .*unexpected \(features.0"):
        build_backbone("resnet18", weights=tmp_path / "other.pth")


def test_weights_of_another_width_are_refused(tmp_path):
    save_file(build_backbone("small_wide").trunk.state_dict(), tmp_path / "wide.safetensors")

    with pytest.raises(ValueError, match="of another shape"):
        build_backbone("small", weights=tmp_path / "wide.safetensors")


class _Code:
    def __reduce__(self):
        return (print, ("code ran",))


def test_a_file_that_would_run_code_is_refused(tmp_path, capsys):
    torch.save({"weight": _Code()}, tmp_path / "code.pth")

    with pytest.raises(ValueError, match="pickle that runs code"):
        build_backbone("small", weights=tmp_path / "code.pth")
    assert "code ran" not in capsys.readouterr().out


def test_a_plain_pickle_is_refused(tmp_path):
    (tmp_path / "weights.pkl").write_bytes(pickle.dumps({"weight": 1}))

    with pytest.raises(ValueError, match=r"must be a file ending in \.safetensors, \.pth"):
        build_backbone("small", weights=tmp_path / "weights.pkl")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("n_bytes", [0, 5, 1000])
def test_a_file_cut_short_is_refused(n_bytes, suffix, tmp_path):
    state = build_backbone("small").trunk.state_dict()
    path = tmp_path / f"weights{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    path.write_bytes(path.read_bytes()[:n_bytes])

    with pytest.raises(ValueError, match="damaged"):
        build_backbone("small", weights=path)


@pytest.mark.parametrize("junk", [b".", b"an HTML error page\n", b"\x80\x02X\x01\x00\x00\x00\xff."])
def test_a_file_of_something_else_is_refused(junk, tmp_path):
    (tmp_path / "weights.pth").write_bytes(junk)

    with pytest.raises(ValueError, match="damaged"):
        build_backbone("small", weights=tmp_path / "weights.pth")


def test_a_checkpoint_that_is_more_than_a_state_dict_is_refused(tmp_path):
    torch.save({"model": {}, "epoch": 3}, tmp_path / "checkpoint.pth")

    with pytest.raises(ValueError, match="must hold a state dict"):
        build_backbone("small", weights=tmp_path / "checkpoint.pth")


def test_a_missing_weights_file_is_refused():
    with pytest.raises(FileNotFoundError, match=r"'none', 'imagenet' or an existing file"):
        build_backbone("small", weights="nowhere.safetensors")


def test_imagenet_weights_without_a_network_name_the_file_to_fetch(monkeypatch, tmp_path):
    def offline(*_args, **_kwargs):
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)

    with pytest.raises(ConnectionError, match=r"https://.*squeezenet1_1-.*\.pth"):
        build_backbone("squeezenet1_1", weights="imagenet")


def test_imagenet_weights_of_a_built_in_backbone_are_refused():
    with pytest.raises(ValueError, match="No ImageNet weights"):
        build_backbone("small", weights="imagenet")


@pytest.mark.parametrize("name", ["vit_b_16", "swin_t", "maxvit_t", "googlenet", "inception_v3"])
def test_what_has_no_plain_feature_map_is_refused_with_the_families_that_have(name):
    with pytest.raises(ValueError, match=r"convolutional backbone.*Families: small.*resnet"):
        build_backbone(name)


def test_an_unknown_name_is_refused_with_the_closest_ones():
    with pytest.raises(ValueError, match=r"Did you mean resnet18"):
        build_backbone("resnet19")


def test_names_listed_are_unique_and_start_with_the_built_in_ones():
    names = backbone_names()

    assert names[:2] == ["small", "small_wide"]
    assert len(names) == len(set(names)) > 60
