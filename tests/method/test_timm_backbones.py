"""Models of timm as backbones: their own features, laid out as a grid."""

import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.models.swin_transformer import SwinTransformer

from udviz.method.backbones import build_backbone
from udviz.method.timm_backbones import TimmTrunk
from udviz.method.weights import MEAN, STD


def pictures(*shape):
    """Colours in [0, 1], and as a backbone gets them."""
    torch.manual_seed(0)
    colours = torch.rand(2, 3, *shape)
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    return colours, (colours - mean) / std


def test_tokens_become_the_grid_that_they_come_from():
    colours, images = pictures(64, 96)
    backbone = build_backbone("timm:test_vit").eval()

    with torch.no_grad():
        features = backbone(images)
        tokens = backbone.trunk.model.forward_features((colours - 0.5) / 0.5)  # as timm does it

    assert backbone.n_channels == 64
    assert features.shape == (2, 64, 4, 6)
    torch.testing.assert_close(features[:, :, 1, 2], tokens[:, 1 + 6 + 2], rtol=1e-4, atol=1e-5)


def test_a_feature_map_with_channels_last_is_turned():
    model = SwinTransformer(
        img_size=32, patch_size=4, embed_dim=8, depths=(1, 1), num_heads=(1, 2), window_size=4
    )
    model.pretrained_cfg = {"mean": MEAN, "std": STD}
    _, images = pictures(32, 32)
    trunk = TimmTrunk(model).eval()

    with torch.no_grad():
        features = trunk(images)
        expected = model.forward_features(images)

    assert features.shape == (2, 16, 4, 4)
    torch.testing.assert_close(features[:, :, 1, 3], expected[:, 1, 3])


def test_a_convolutional_model_gives_its_last_feature_map():
    backbone = build_backbone("timm:test_resnet").eval()

    with torch.no_grad():
        assert backbone(pictures(64, 64)[1]).shape == (2, backbone.n_channels, 2, 2)


def test_a_file_of_the_whole_model_is_loaded_without_its_classifier(tmp_path):
    torch.manual_seed(1)
    whole = timm.create_model("test_vit", num_classes=7).eval()
    save_file(whole.state_dict(), tmp_path / "whole.safetensors")

    backbone = build_backbone("timm:test_vit", weights=tmp_path / "whole.safetensors").eval()

    images = pictures(160, 160)[1]
    with torch.no_grad():
        expected = whole.forward_features(images * backbone.trunk.scale + backbone.trunk.shift)
        features = backbone(images)
    torch.testing.assert_close(features.flatten(2), expected[:, 1:].transpose(1, 2))


@pytest.mark.parametrize(
    ("name", "weights", "told"),
    [
        ("timm:test_vi", "none", "must name a model of timm after timm:, .* Did you mean test_vit"),
        ("timm:test_vit", "nowhere.pth", "'imagenet' or an existing file"),
    ],
)
def test_what_is_not_there_is_refused(name, weights, told):
    with pytest.raises((ValueError, FileNotFoundError), match=told):
        build_backbone(name, weights=weights)


def test_weights_that_cannot_be_downloaded_are_refused_with_what_to_do(monkeypatch):
    def offline(name, *, pretrained, **settings):
        raise OSError("no network")

    monkeypatch.setattr(timm, "create_model", offline)

    with pytest.raises(ConnectionError, match="timm:test_vit must be downloaded once"):
        build_backbone("timm:test_vit", weights="imagenet")


def test_a_size_that_the_model_does_not_take_is_refused():
    backbone = build_backbone("timm:test_vit")

    with pytest.raises(ValueError, match=r"`side_px` must be a size .* got 65 x 65"):
        backbone(torch.zeros(1, 3, 65, 65))
