import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from udviz.method.backbones import BUILT_IN, backbone_names, build_backbone
from udviz.recipe.backbones import SIDE_PX, backbone_facts

FACTS = backbone_facts()


def test_every_backbone_has_its_facts_and_the_file_of_its_weights():
    assert list(FACTS) == backbone_names()
    for name in FACTS.keys() - BUILT_IN.keys():
        choices = models.get_model_weights(name)
        weights = getattr(choices, "IMAGENET1K_V1", choices.DEFAULT)
        assert weights.url.endswith(f"/{FACTS[name].weights_file}")
    assert not any(FACTS[name].weights_file for name in BUILT_IN)


@pytest.mark.parametrize("name", ["small", "resnet18", "mobilenet_v3_small"])
def test_what_a_pass_takes_is_counted_from_the_network(name):
    network = build_backbone(name)
    own = {t.untyped_storage()._cdata for t in (*network.parameters(), *network.buffers())}
    kept = {}  # storages that the backward pass needs

    def keep(tensor):
        if tensor.untyped_storage()._cdata not in own:
            kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with FlopCounterMode(display=False) as count, saved_tensors_hooks(keep, lambda tensor: tensor):
        network(torch.zeros(2, 3, SIDE_PX, SIDE_PX))

    n_bytes = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    assert FACTS[name].parameters == sum(p.numel() for p in network.parameters())
    assert FACTS[name].operations == pytest.approx(count.get_total_flops() / 2, rel=0.02)
    assert FACTS[name].activations == pytest.approx(n_bytes / 2, rel=0.05)
