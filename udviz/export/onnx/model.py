"""A trained network as an ONNX file that takes pixels and gives probabilities."""

import copy
from importlib import import_module
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from udviz.installation import EXTRAS
from udviz.method.network import TwoHeadedNetwork
from udviz.method.normalisation import without_floor
from udviz.training.transforms import normalise

PIXELS, LOGITS, PROBABILITIES = "pixels", "logits", "probabilities"
TOLERANCE = 1e-4  # of a logit, absolute and relative: sums are taken in another order
_N_TRIED = 3  # images on which both are compared


class FromPixels(nn.Module):
    """A network with its preprocessing before it and the sigmoid after it."""

    def __init__(self, network: TwoHeadedNetwork) -> None:
        super().__init__()
        self.network = without_floor(copy.deepcopy(network))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(B, H, W, 3) uint8 RGB to (B, L) logits and (B, L) probabilities of presence."""
        logits = self.network(normalise(pixels)).logits
        return logits, logits.sigmoid()


def write_model(network: TwoHeadedNetwork, path: Path, *, side_px: int) -> None:
    """Write ``network`` as ONNX, for any number of images of one size.

    Args:
        network: A network on the CPU.
        path: Of the file.
        side_px: Side of its square images.

    Raises:
        ModuleNotFoundError: If a package of the extra `onnx` is missing.
        RuntimeError: If the file computes other logits than the network.
    """
    for package in EXTRAS["onnx"]:  # torch asks for some of them late, in words of its own
        import_module(package)
    model = FromPixels(network).eval()
    pixels = _drawn(side_px)
    torch.onnx.export(
        model,
        (pixels,),
        path,
        input_names=[PIXELS],
        output_names=[LOGITS, PROBABILITIES],
        dynamic_shapes={PIXELS: {0: torch.export.Dim("images")}},
        external_data=False,
        dynamo=True,
        verbose=False,
    )
    onnx.checker.check_model(path)
    with torch.no_grad():
        expected = network.eval()(normalise(pixels)).logits.numpy()
    check_equal(path, pixels.numpy(), expected)


def _drawn(side_px: int) -> Tensor:
    random = torch.Generator().manual_seed(0)
    shape = (_N_TRIED, side_px, side_px, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)


def check_equal(path: Path, pixels: np.ndarray, expected: np.ndarray) -> None:
    """Raise unless the file at ``path`` computes the logits that are expected.

    Args:
        path: The ONNX file.
        pixels: (B, H, W, 3) uint8.
        expected: (B, L) logits.

    Raises:
        RuntimeError: Tells how much they differ.
    """
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (logits,) = session.run([LOGITS], {PIXELS: pixels})
    if not np.allclose(logits, expected, rtol=TOLERANCE, atol=TOLERANCE):
        difference = float(np.abs(logits - expected).max())
        raise RuntimeError(
            f"`{path.name}` must compute the logits of the network within {TOLERANCE}, but they "
            f"differ by {difference:.2g}. Nothing was written; please report the backbone."
        )
