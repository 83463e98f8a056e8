"""Run a trained network over images, in order, on one process or many."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from udviz.method.attention import ChannelWeights, uncertainty_map
from udviz.method.losses import disagreement
from udviz.method.network import Output, TwoHeadedNetwork, frozen_forward
from udviz.training import distributed
from udviz.training.batches import BlockSteps, ImageRows, loader
from udviz.training.device import Compute
from udviz.training.transforms import normalise


@dataclass(frozen=True, eq=False, kw_only=True)
class Batch:
    """Predictions of consecutive images; calibration parts are None without that branch.

    Attributes:
        rows: Place of these images in the given order.
        logits: (B, L) float32.
        calibration_logits: (B, L) float32.
        disagreement: (B, L) float32, nats; sums to KL(r || q) per image.
        attention: (B, h, w) float32 uncertainty attention map.
    """

    rows: slice
    logits: np.ndarray
    calibration_logits: np.ndarray | None
    disagreement: np.ndarray | None
    attention: np.ndarray | None


@dataclass(frozen=True, kw_only=True)
class InferenceOptions:
    """How images are run through a network: in float32, as an exported model is.

    Thresholds that were chosen on rounded logits would decide otherwise for some images elsewhere.

    Attributes:
        compute: The device; its precision is that of training.
        batch_size: Images per step over all processes.
        workers: Data-loader processes.
        channel_weights: Kind of uncertainty attention.
    """

    compute: Compute
    batch_size: int
    workers: int = 0
    channel_weights: ChannelWeights = "softmax"


def predict(
    network: TwoHeadedNetwork, rows: ImageRows, indices: np.ndarray, options: InferenceOptions
) -> Iterator[Batch]:
    """Predictions of the images at ``indices``, batch after batch, whole on every process.

    Each image is computed by one process. Once the last batch is taken or the iterator is
    closed, the network is back in the mode it was in.
    """
    for place, output in _outputs(network, rows, indices, options):
        yield _batch(output, place, kind=options.channel_weights)


def predict_logits(
    network: TwoHeadedNetwork,
    rows: ImageRows,
    indices: np.ndarray,
    options: InferenceOptions,
    *,
    after_batch: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """(N, L) classification logits of the images at ``indices``.

    Args:
        network: Network.
        rows: Pixels of the whole data set.
        indices: (N,) images.
        options: How to run them.
        after_batch: Called after every batch, in every process; what it raises ends this.
    """
    parts = []
    for place, output in _outputs(network, rows, indices, options):
        parts.append(_joined(output.logits, place))
        after_batch()
    return np.concatenate(parts)


def _outputs(
    network: TwoHeadedNetwork, rows: ImageRows, indices: np.ndarray, options: InferenceOptions
) -> Iterator[tuple[slice, Output]]:
    """Place of every batch, and what this process computed of it."""
    steps = BlockSteps(indices, batch_size=options.batch_size)
    device = options.compute.device
    batches = loader(rows, steps, workers=options.workers, pin=device.type == "cuda")
    was_training = network.training
    network.eval()
    try:
        for (pixels, _), place in zip(batches, steps.places, strict=True):
            with torch.no_grad():
                images = normalise(pixels.to(device, non_blocking=True))
                output = frozen_forward(network, images)
            yield place, output
    finally:
        network.train(was_training)


def _batch(output: Output, rows: slice, *, kind: ChannelWeights) -> Batch:
    """Join what all processes computed of one batch."""
    uncertainty: dict[str, np.ndarray | None] = dict.fromkeys(
        ("calibration_logits", "disagreement", "attention")
    )
    if output.calibration_logits is not None:
        per_label = disagreement(output.calibration_logits, output.logits)
        uncertainty = {
            "calibration_logits": _joined(output.calibration_logits, rows),
            "disagreement": _joined(per_label, rows),
            "attention": _joined(uncertainty_map(output, kind=kind), rows),
        }
    return Batch(rows=rows, logits=_joined(output.logits, rows), **uncertainty)


def _joined(part: Tensor, rows: slice) -> np.ndarray:
    """All rows of a batch, of which ``part`` are this process's."""
    whole = distributed.gather_rows(
        part.detach().float().contiguous(), n_rows=rows.stop - rows.start
    )
    return whole.cpu().numpy()
