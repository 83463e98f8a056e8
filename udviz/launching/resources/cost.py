"""What a study will take, before it starts: time, memory and disk.

Operations and bytes are counted from its networks; how fast this machine is, runs that it has
trained say. They were slower where they shared it, and networks of the same operations differ, so
all that can be given is a range.
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from udviz.bounded import MOST_RECORD, read_text
from udviz.checks import is_number
from udviz.launching.resources.devices import CPU_SLOT, slots_for
from udviz.recipe.backbones import SIDE_PX, BackboneFacts, backbone_facts
from udviz.recipe.methods import WAYS
from udviz.recipe.networks import NetworkConfig
from udviz.recipe.schema import Recipe
from udviz.recipe.students import CROSSFIT
from udviz.studies.directory import RunDirectory, list_studies
from udviz.studies.events import read_events
from udviz.studies.listing import list_runs
from udviz.studies.models import runs_of
from udviz.vocabulary import TEACHER

TRAINING = 3  # passes forward that a step takes: the backward pass is twice one
PYTORCH_BYTES = 0.7e9  # of a process that trains, before the network
_WORKSPACE = 1.3  # what a step holds, as a multiple of what its backward pass needs
_STATE_BYTES = 16  # per parameter while it is trained: itself, its gradient, two means of AdamW
_KEPT_BYTES = 3 * 12  # per parameter of a run on disk: three checkpoints with AdamW's state
_CPU, _GPU = "cpu", "cuda"
_USUAL = {_CPU: 30e9, _GPU: 5e12}  # operations per second, of a core and of a GPU, in training
_MOST_RUNS = 30
_ENDS = (0.1, 0.9)  # quantiles of the speeds that were measured, between which a range lies
_NOT_COUNTED = 1.2  # factor either way: starts, reading of images, what a teacher costs beside it
_OTHER_NETWORK, _NO_RUN = 2.0, 3.0  # factors either way, at least; N runs of its own: 1 + 1 / N


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How fast a core or a GPU of a machine trains a backbone.

    Attributes:
        low: Operations per second where it is slow.
        high: The same where it is fast.
        runs: Runs that it was measured in; 0 where it is only what is usual.
        is_alike: Whether they are of the same backbone.
    """

    low: float
    high: float
    runs: int
    is_alike: bool


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a study will take.

    Attributes:
        networks: Networks to train.
        operations: Backbone -> floating-point operations of the trainings of its networks.
        memory: Bytes that the largest takes while it is trained, of the GPU where there is one.
        disk: Bytes of decoded images and checkpoints.
    """

    networks: int
    operations: Mapping[str, float]
    memory: float
    disk: float


@dataclass(frozen=True, kw_only=True)
class _Training:
    """One training: of which network, beside which teacher."""

    network: NetworkConfig
    teacher: BackboneFacts | None = None
    share: float = 1.0  # of the training images

    @property
    def facts(self) -> BackboneFacts:
        return backbone_facts()[self.network.backbone]


def cost_of(recipe: Recipe, images: Mapping[str, int]) -> Cost | None:
    """What a study of ``recipe`` takes; None where a backbone is one of timm.

    Args:
        recipe: What is to be trained.
        images: Images per split.
    """
    memory, trainings = memory_of(recipe), list(_trainings(recipe))
    if memory is None:
        return None
    area = (recipe.data.side_px / SIDE_PX) ** 2
    operations = dict.fromkeys((t.network.backbone for t in trainings), 0.0)
    for training in trainings:
        operations[training.network.backbone] += area * _operations(training, images)
    return Cost(
        networks=len(trainings),
        operations=operations,
        memory=memory,
        disk=3 * recipe.data.side_px**2 * sum(images.values())
        + sum(_KEPT_BYTES * t.facts.parameters for t in trainings),
    )


def memory_of(recipe: Recipe) -> float | None:
    """Bytes that the largest of its trainings takes; None where a backbone is one of timm."""
    trainings = list(_trainings(recipe))
    if not {t.network.backbone for t in trainings} <= set(backbone_facts()):
        return None
    area = (recipe.data.side_px / SIDE_PX) ** 2
    return PYTORCH_BYTES + max(_memory(t, area) for t in trainings)


def device_of(recipe: Recipe) -> str:
    """``cpu`` or ``cuda``: what the study will be trained on, on this machine."""
    return _CPU if CPU_SLOT in slots_for(recipe.hardware.device) else _GPU


def speeds_here(root: Path, backbones: Collection[str], device: str) -> dict[str, Speed]:
    """How fast this machine trains ``backbones``, by its latest runs of each, or else of any.

    Args:
        root: Folder of all studies.
        backbones: Those of the networks to train.
        device: ``cpu``, of which it is the speed of one core, or ``cuda``, of one GPU.
    """
    measured = list(_measured(root, device))
    return {name: _speed(name, measured, device) for name in backbones}


def seconds_of(cost: Cost, speeds: Mapping[str, Speed], *, units: int) -> tuple[float, float]:
    """Least and most seconds that ``cost`` takes on so many cores or GPUs."""
    work = [(operations / units, speeds[name]) for name, operations in cost.operations.items()]
    least = sum(operations / speed.high for operations, speed in work)
    most = sum(operations / speed.low for operations, speed in work)
    return least / _NOT_COUNTED, most * _NOT_COUNTED


def _speed(backbone: str, measured: list[tuple[str, np.ndarray]], device: str) -> Speed:
    alike = [speeds for name, speeds in measured if name == backbone]
    found = alike or [speeds for _, speeds in measured]
    if not found:
        usual = _USUAL[device]
        return Speed(low=usual / _NO_RUN, high=usual * _NO_RUN, runs=0, is_alike=False)
    low, middle, high = np.quantile(np.concatenate(found), (_ENDS[0], 0.5, _ENDS[1]))
    either_way = 1 + 1 / len(alike) if alike else _OTHER_NETWORK
    return Speed(
        low=float(min(low, middle / either_way)),
        high=float(max(high, middle * either_way)),
        runs=len(found),
        is_alike=bool(alike),
    )


def _trainings(recipe: Recipe) -> Iterator[_Training]:
    teacher = backbone_facts().get(recipe.teacher.backbone)
    for run in runs_of(recipe):
        if run.model == TEACHER and recipe.teacher.from_:
            continue  # is there already
        student = recipe.students.get(run.model)
        yield _Training(
            network=recipe.network_of(run.model),
            teacher=teacher if student and student.way.teacher else None,
            share=1 - 1 / recipe.crossfit_folds if run.model == CROSSFIT else 1.0,
        )


def _operations(training: _Training, images: Mapping[str, int]) -> float:
    """Of one training with images of `SIDE_PX`: every epoch with its validation, then the tests."""
    forward, epochs = training.facts.operations, training.network.epochs
    per_image = TRAINING * forward + (training.teacher.operations if training.teacher else 0.0)
    trained = epochs * training.share * images["train"] * per_image
    return trained + forward * (epochs * images["val"] + sum(images.values()))


def _memory(training: _Training, area: float) -> float:
    facts, teacher = training.facts, training.teacher
    batch = _WORKSPACE * training.network.batch_size * area * facts.activations
    return batch + _STATE_BYTES * facts.parameters + (4 * teacher.parameters if teacher else 0)


def _measured(root: Path, device: str) -> Iterator[tuple[str, np.ndarray]]:
    """Backbone and operations per second of the latest runs in ``root`` on ``device``.

    Of a core or of a GPU, (steps,) each.
    """
    runs = [run for study in list_studies(root)[:_MOST_RUNS] for run in list_runs(study)]
    for run in runs[:_MOST_RUNS]:
        try:
            record = tomllib.loads(read_text(run.record, most=MOST_RECORD))
            found = _speeds_of(run, record) if record["device"] == device else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # damaged, or of another version
        if found:
            yield found


def _speeds_of(run: RunDirectory, record: Mapping[str, Any]) -> tuple[str, np.ndarray] | None:
    """None of a student that a teacher taught, whose backbone the record does not name."""
    settings = record["settings"]
    backbone = settings["network"]["backbone"]
    method = settings.get("student", {}).get("method", "none")
    found = [event.get("images_per_second") for event in read_events(run.events)]
    rates = np.array([float(rate) for rate in found if is_number(rate) and rate > 0])
    units = record["processes"] * (record["threads"] if record["device"] == _CPU else 1)
    if backbone not in backbone_facts() or WAYS[method].teacher or not rates.size or units < 1:
        return None
    area = (settings["data"]["side_px"] / SIDE_PX) ** 2
    return backbone, rates * TRAINING * area * backbone_facts()[backbone].operations / units
