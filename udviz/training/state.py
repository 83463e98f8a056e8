"""Where a run is, how that is kept, and the events it writes."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from udviz.data.fingerprint import DataRecord
from udviz.method.network import TwoHeadedNetwork
from udviz.processes import is_main
from udviz.studies.events import append_event
from udviz.training import distributed
from udviz.training.checkpoint import Checkpoint, load_newest, recover, save_checkpoint


@dataclass(frozen=True)
class Speed:
    """How fast an epoch went.

    Attributes:
        images_per_second: Images of all processes per second of wall time.
        data_wait: Share of the time spent waiting for images, in [0, 1].
    """

    images_per_second: float = 0.0
    data_wait: float = 0.0


@dataclass(kw_only=True)
class TrainingState:
    """Place of a run in its schedule.

    Attributes:
        epoch: Epochs done.
        step: Steps done in the epoch under way.
        loss_sums: Sum of every named loss over the steps of the epoch under way.
        mean_losses: Mean of every named loss over the last whole epoch.
        best_score: Highest validation mAP so far, in [0, 1].
        best_epoch: Epoch (counted from 1) of the best score; 0 = none yet.
        epochs_since_best: Epochs since then.
        speed: Of the last epoch; not part of what a run computes.
    """

    epoch: int = 0
    step: int = 0
    loss_sums: dict[str, float] = field(default_factory=dict)
    mean_losses: dict[str, float] = field(default_factory=dict)
    best_score: float = -1.0
    best_epoch: int = 0
    epochs_since_best: int = 0
    speed: Speed = field(default_factory=Speed)

    def close_epoch(self, score: float) -> None:
        """Count the epoch as done and remember its ``score`` if it is the best."""
        self.epoch += 1
        self.epochs_since_best += 1
        if score > self.best_score:
            self.best_score, self.best_epoch, self.epochs_since_best = score, self.epoch, 0
        self.mean_losses = {name: total / self.step for name, total in self.loss_sums.items()}
        self.step, self.loss_sums = 0, {}


@dataclass(frozen=True, eq=False, kw_only=True)
class Validation:
    """What a network does on the validation split.

    Attributes:
        precision: (L,) average precisions; NaN for a label that does not occur in it.
        largest_logit: Largest absolute logit.
        dead_channels: Channels of the last feature map that are 0 in nearly every image.
        channels: All of its channels.
    """

    precision: np.ndarray
    largest_logit: float
    dead_channels: int
    channels: int


def save(
    folder: Path,
    name: str,
    network: TwoHeadedNetwork,
    optimizer: torch.optim.Optimizer | None,
    state: TrainingState,
    data: DataRecord,
) -> None:
    """Write a checkpoint on the main process; the others wait.

    Raises:
        FloatingPointError: If a weight is NaN or infinite; the older checkpoint stays.
        OSError: If it cannot be written; the older checkpoint stays.
    """
    weights = network.state_dict()
    bad = [weight for weight, value in weights.items() if not value.isfinite().all()]
    if bad:
        raise FloatingPointError(
            f"The weights became NaN or infinite ({bad[0]}) in epoch "
            f"{state.epoch + (state.step > 0)}. Lower the learning rate, or set "
            "--teacher.clip_norm / --student.clip_norm."
        )
    if is_main():
        place = asdict(state)
        del place["speed"]
        values: dict[str, Any] = {"place": place}
        if optimizer is not None:
            values["optimizer"] = optimizer.state_dict()
        save_checkpoint(folder, name, Checkpoint(weights=weights, state=values, data=data))
    distributed.barrier()


def restore(
    folder: Path, network: TwoHeadedNetwork, optimizer: torch.optim.Optimizer
) -> TrainingState:
    """Load the newest whole checkpoint into ``network`` and ``optimizer``; else start afresh."""
    if is_main():
        recover(folder)
    checkpoint = load_newest(folder)
    if checkpoint is None:
        return TrainingState()
    try:
        network.load_state_dict(checkpoint.weights)
        optimizer.load_state_dict(checkpoint.state["optimizer"])
        return TrainingState(**checkpoint.state["place"])
    except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(
            f"The newest checkpoint in `{folder}` must be of this network and optimiser, got "
            "another. Delete that folder to train the run anew."
        ) from error


class EventLog:
    """Writes the events of a run, on the main process only."""

    def __init__(self, path: Path, state: TrainingState) -> None:
        self._path = path
        if state.epoch or state.step:
            self._write("resumed", state, {})

    def step(
        self, state: TrainingState, *, learning_rate: float, losses: dict[str, float], speed: Speed
    ) -> None:
        """Note the mean losses of the epoch so far."""
        self._write(
            "step", state, {"learning_rate": learning_rate, "losses": losses, **asdict(speed)}
        )

    def epoch(self, state: TrainingState, found: Validation, *, seconds: float) -> None:
        """Note an epoch's mean losses and its validation mAP, over the labels and of each.

        Args:
            state: Place of the run, the epoch closed.
            found: What the validation found.
            seconds: How long it took.
        """
        precision = found.precision
        self._write(
            "epoch",
            state,
            {
                "losses": state.mean_losses,
                "validation_map": float(np.nanmean(precision)),
                "label_precision": [
                    None if np.isnan(value) else round(float(value), 4) for value in precision
                ],
                "best_map": state.best_score,
                "validation_seconds": seconds,
                "largest_logit": found.largest_logit,
                "dead_channels": found.dead_channels,
                "channels": found.channels,
                **asdict(state.speed),
            },
        )

    def _write(self, kind: str, state: TrainingState, values: dict[str, Any]) -> None:
        if is_main():
            place = {"event": kind, "epoch": state.epoch, "step": state.step}
            append_event(self._path, place | values)
