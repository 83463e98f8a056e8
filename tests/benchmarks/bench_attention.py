"""Maps of all labels of an image in one pass against one Grad-CAM backward per label.

Side by side: ``python -m tests.benchmarks.bench_attention``. Two references: a textbook Grad-CAM
(forward and full backward per label), and
the leanest loop there is (one forward, then a backward per label that stops at the features).
"""

import torch
from torch import Tensor

from tests.benchmarks.timing import best_seconds
from udviz.method.backbones import build_backbone
from udviz.method.network import TwoHeadedNetwork

N_LABELS = 20
SIDE_PX = 224


def all_labels(network: TwoHeadedNetwork, image: Tensor) -> Tensor:
    """(L, h, w) class maps, ours."""
    with torch.no_grad():
        return network.class_maps(network.features(image))[0]


def gradcam_per_label(network: TwoHeadedNetwork, image: Tensor) -> Tensor:
    """(L, h, w) Grad-CAM maps before their ReLU, a forward and a backward pass per label."""
    maps = []
    for label in range(N_LABELS):
        network.zero_grad()
        output = network(image)
        output.features.retain_grad()
        output.logits[0, label].backward()
        weights = output.features.grad.mean((2, 3), keepdim=True)
        maps.append((weights * output.features.detach()).sum(1)[0])
    return torch.stack(maps)


def gradcam_shared_forward(network: TwoHeadedNetwork, image: Tensor) -> Tensor:
    """The same, one forward pass for all labels and backward passes through the head only."""
    output = network(image)
    maps = []
    for logit in output.logits[0]:
        (gradient,) = torch.autograd.grad(logit, output.features, retain_graph=True)
        maps.append((gradient.mean((2, 3), keepdim=True) * output.features.detach()).sum(1)[0])
    return torch.stack(maps)


def main() -> None:
    """Print one line with the ratio to either reference."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = TwoHeadedNetwork(build_backbone("resnet18"), N_LABELS, pool="avg").eval()
    image = torch.randn(1, 3, SIDE_PX, SIDE_PX)
    maps = all_labels(network, image)
    n_cells = maps[0].numel()  # Grad-CAM divides its weights by it
    for reference in (gradcam_per_label, gradcam_shared_forward):
        torch.testing.assert_close(maps / n_cells, reference(network, image))

    ours = best_seconds(lambda: all_labels(network, image), repeats=20)
    per_label = best_seconds(lambda: gradcam_per_label(network, image), repeats=3)
    shared = best_seconds(lambda: gradcam_shared_forward(network, image), repeats=20)
    print(
        f"attention maps of {N_LABELS} labels, ResNet-18 at {SIDE_PX} px: Grad-CAM per label "
        f"{1e3 * per_label:.0f} ms / ours {1e3 * ours:.1f} ms = {per_label / ours:.0f}x "
        f"(budget >= 10x); Grad-CAM with one shared forward {1e3 * shared:.1f} ms "
        f"= {shared / ours:.1f}x"
    )


if __name__ == "__main__":
    main()
