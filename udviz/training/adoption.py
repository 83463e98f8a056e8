"""A teacher from elsewhere: taken over with its weights and network settings, never trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from udviz.checks import shown
from udviz.data.dataset import Dataset
from udviz.data.fingerprint import DataRecord, differences, record_of
from udviz.method.weights import PlainFileError, load_plain
from udviz.processes import is_main
from udviz.recipe.networks import NetworkConfig, TeacherConfig
from udviz.recipe.schema import Recipe
from udviz.recipe.section import expand
from udviz.roots import check_readable, check_teacher_place
from udviz.studies.directory import RunDirectory
from udviz.studies.files import file_digest
from udviz.studies.models import Run, teacher_run
from udviz.studies.status import read_status
from udviz.training import distributed
from udviz.training.checkpoint import WEIGHTS, Checkpoint, is_whole, save_checkpoint
from udviz.training.networks import fits, is_calibrated
from udviz.training.records import read_record, settings_in, write_record

FLAG = "--teacher.from"


@dataclass(frozen=True, eq=False, kw_only=True)
class Source:
    """A trained network that a study takes its teacher from.

    Attributes:
        weights: Its safetensors file.
        record: What its ``run.toml`` says.
    """

    weights: Path
    record: dict[str, Any]

    @property
    def network(self) -> NetworkConfig:
        """Its network settings."""
        values = settings_in(self.record)["network"]
        own = {name: values[name] for name in NetworkConfig.model_fields if name in values}
        return NetworkConfig.model_validate(own | {"weights": "none"})


def with_teacher_found(recipe: Recipe, study: Path) -> Recipe:
    """``recipe`` with the network settings of the teacher that it takes from elsewhere.

    A study that has taken its teacher over already needs the other one no more.

    Raises:
        ValueError: If there is no such network, or it is not trained to the end.
    """
    if not recipe.teacher.from_:
        return recipe
    directory = teacher_run(recipe, 0).directory(study)
    known = settings_in(read_record(directory.record)).get("network", {})
    if known.get("from") == recipe.teacher.from_ and is_whole(directory.checkpoints / "best"):
        teacher = TeacherConfig.model_validate(known)
    else:
        network = find_source(recipe.teacher.from_).network
        teacher = TeacherConfig(**network.model_dump(), from_=recipe.teacher.from_)
    return recipe.model_copy(update={"teacher": teacher})


def find_source(place: str) -> Source:
    """The trained network at ``place``: the folder of a run, or its weights beside its record.

    Raises:
        ValueError: If weights or record are missing or damaged, or the run is not finished.
    """
    check_teacher_place(place, flag=FLAG)
    path = Path(expand(place, flag=FLAG)).absolute()
    run = RunDirectory(path)
    weights, records = path, [path.parent / "run.toml", path.parents[2] / "run.toml"]
    if path.is_dir():
        weights, records = run.checkpoints / "best" / WEIGHTS, [run.record]
    for file in (weights, *records):  # a link in the folder may lead elsewhere
        check_readable(file, flag=FLAG)
    record = next((found for file in records if (found := read_record(file))), {})
    if not weights.is_file() or "network" not in settings_in(record):
        raise ValueError(
            f"`{FLAG}` must be the folder of a trained run or its .safetensors file, with its "
            f"run.toml, got {shown(repr(place))}, where weights or record are missing or damaged."
        )
    status = read_status(path)
    if status is not None and status.state != "finished":
        raise ValueError(
            f"`{FLAG}` must be a run that is trained to the end, got {shown(repr(place))}, which "
            f"is {status.state}. Finish it first."
        )
    return Source(weights=weights, record=record)


def adopt_teacher(recipe: Recipe, run: Run, study: Path, dataset: Dataset) -> str:
    """Take the teacher over into ``study``, unless it is there; what was done, in words.

    Args:
        recipe: With the teacher found, see `with_teacher_found`.
        run: The teacher's run in this study.
        study: Folder of the study.
        dataset: Its data, whose labels must be the teacher's.

    Raises:
        ValueError: If its labels are others, its weights do not fit its record, or students need a
            calibration branch that it does not have.
    """
    directory = run.directory(study)
    if is_whole(directory.checkpoints / "best"):
        _check_labels(read_record(directory.record), dataset)
    else:
        source = find_source(recipe.teacher.from_)
        _check_labels(source.record, dataset)
        weights = _load(source.weights)
        _check_network(recipe, weights, len(dataset.label_names))
        if is_main():
            taken = {"from": recipe.teacher.from_, "digest": file_digest(source.weights)}
            taken["dataset_fingerprint"] = str(source.record.get("dataset_fingerprint", ""))
            write_record(study, run, recipe, dataset, {"taken": taken})
            checkpoint = Checkpoint(weights=weights, state={}, data=record_of(dataset))
            save_checkpoint(directory.checkpoints, "best", checkpoint)
    distributed.barrier()
    return _told(directory, dataset)


def _told(directory: RunDirectory, dataset: Dataset) -> str:
    taken = read_record(directory.record).get("taken", {})
    message = f"taken from {taken.get('from', 'elsewhere')}"
    if differences(dataset, DataRecord(fingerprint=str(taken.get("dataset_fingerprint")))):
        message += (
            ", where it was trained on other data: make sure that no validation or test image "
            "of this study was among them"
        )
    return message


def _check_labels(record: dict[str, Any], dataset: Dataset) -> None:
    ours, theirs = list(dataset.label_names), [str(n) for n in record.get("label_names", [])]
    if theirs == ours:
        return
    missing, more = [n for n in ours if n not in theirs], [n for n in theirs if n not in ours]
    told = [
        f"{what} {', '.join(map(shown, names[:5]))}{', ...' if len(names) > 5 else ''}"
        for what, names in (("without", missing), ("with", more))
        if names
    ]
    raise ValueError(
        f"`{FLAG}` must be a network of the {len(ours)} labels of this study, got one "
        f"{' and '.join(told) or 'with them in another order'}."
    )


def _load(file: Path) -> dict[str, torch.Tensor]:
    try:
        weights: dict[str, torch.Tensor] = load_plain(file)
    except PlainFileError as error:
        raise ValueError(
            f"`{file}` must be a safetensors file, got one that is damaged."
        ) from error
    return weights


def _check_network(recipe: Recipe, weights: dict[str, torch.Tensor], n_labels: int) -> None:
    if not fits(recipe.teacher, weights, n_labels):
        raise ValueError(
            f"`{FLAG}` must be the weights of the network in its run.toml "
            f"({recipe.teacher.backbone}, {n_labels} labels), got others. Put them together again."
        )
    needing = [name for name, s in recipe.students.items() if s.way.calibration and s.way.teacher]
    if needing and not is_calibrated(weights):
        raise ValueError(
            f"`{FLAG}` must be a network with a calibration branch for {', '.join(needing)}, got "
            "one without. Choose another teacher, or --students.NAME.method kd."
        )
