"""From files of scores and targets to a study: what the command and the app's form both do."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from udviz.analysis.engines.engine import Engine
from udviz.comparing.asked import Asked, Files
from udviz.comparing.images import note_images
from udviz.comparing.metadata import with_slices
from udviz.comparing.objects import boxes_in
from udviz.comparing.split import BroughtSplit, read_split, scale_of
from udviz.comparing.study import Advance, check_free, file_sha256, write_study
from udviz.recipe.brought import BroughtModel, BroughtStudy, Source, check_models
from udviz.vocabulary import Split


def compare_files(
    asked: Asked,
    out: Path,
    *,
    command: str,
    advance: Advance = lambda fraction, message: None,
    engine: Engine | None = None,
) -> BroughtStudy:
    """Compare files and write the study; nothing is left of one that fails.

    Args:
        asked: What is compared.
        out: Folder of the study; must not exist yet.
        command: What asks for the same in a terminal, to be kept with the study.
        advance: Called with the share that is done, in [0, 1], and what was done last.
        engine: Where the jobs of the analysis run; None for this machine.

    Returns:
        The record of the study, with what was recognised, left out or taken on trust.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If one cannot be used, or they do not fit together.
        OSError: If the study cannot be written.
    """
    check_models(list(asked.models), asked.comparisons, asked.reference)
    check_free(out)
    for flag, test, val in (
        ("calibration", asked.calibration, asked.val_calibration),
        ("attention", asked.attention, asked.val_attention),
    ):
        _check_besides(asked, flag, test, val)
    read = partial(read_split, told=asked.scores, groups=asked.groups)
    splits: dict[Split, BroughtSplit] = {
        "test": read(
            asked.targets,
            asked.models,
            calibration=asked.calibration,
            attention=asked.attention,
        )
    }
    if asked.val_models or asked.val_targets:
        val_targets = _checked_val(asked)
        in_order = {name: asked.val_models[name] for name in asked.models}
        splits["val"] = read(
            val_targets,
            in_order,
            calibration=asked.val_calibration,
            attention=asked.val_attention,
        )
        _check_same_labels(splits)
    notes: list[str] = []
    if asked.metadata:
        splits, notes = with_slices(splits, asked.metadata)
    ids = [str(name) for split in splits.values() for name in split.joined.ids]
    if asked.images:
        notes.append(note_images(asked.images, ids))
    boxes = None
    if asked.objects:
        labels = [str(name) for name in splits["test"].joined.label_names]
        boxes, told = boxes_in(asked.objects, ids, labels)
        notes += told
    study = _record(asked, out.name, command, splits, notes)
    write_study(out, study, splits, advance, boxes=boxes, engine=engine)
    return study


def _record(
    asked: Asked,
    name: str,
    command: str,
    splits: Mapping[Split, BroughtSplit],
    notes: Sequence[str],
) -> BroughtStudy:
    """What came from where."""
    brought = {
        model: BroughtModel(
            scale=scale_of(model, splits["test"].models[model]),
            test=tuple(map(_source, files)),
            val=tuple(map(_source, asked.val_models.get(model, ()))),
            calibration=tuple(map(_source, asked.calibration.get(model, ()))),
            val_calibration=tuple(map(_source, asked.val_calibration.get(model, ()))),
            attention=tuple(map(_source, asked.attention.get(model, ()))),
            val_attention=tuple(map(_source, asked.val_attention.get(model, ()))),
        )
        for model, files in asked.models.items()
    }
    return BroughtStudy(
        name=name,
        description=command,
        targets=_source(asked.targets),
        val_targets=_source(asked.val_targets) if asked.val_targets else None,
        brought=brought,
        comparisons=asked.comparisons,
        reference=asked.reference,
        groups=asked.groups,
        images=str(asked.images.absolute()) if asked.images else "",
        metadata=_source(asked.metadata) if asked.metadata else None,
        objects=_source(asked.objects) if asked.objects else None,
        min_positives=asked.min_positives,
        notes=(*(note for split in splits.values() for note in split.notes), *notes),
    )


def _check_besides(asked: Asked, name: str, test: Files, val: Files) -> None:
    """Raise unless what comes besides scores is of the models, on every split of theirs."""
    seeds = {model: len(files) for model, files in asked.models.items()}
    splits = [(f"--{name}", test)]
    if asked.val_models or val:
        splits.append((f"--val-{name}", val))
    wanted = {model: seeds.get(model, 0) for model in {**test, **val}}
    for flag, files_of in splits:
        given = {model: len(files) for model, files in files_of.items()}
        if given != wanted:
            raise ValueError(
                f"`{flag}` must be NAME=FILE[,FILE...], with as many files as `--model NAME` and "
                f"for the same models on every split: {wanted}, got {given}."
            )


def _checked_val(asked: Asked) -> Path:
    seeds, others = (
        {name: len(files) for name, files in models.items()}
        for models in (asked.models, asked.val_models)
    )
    if asked.val_targets is None or seeds != others:
        raise ValueError(
            "A validation split must have --val-targets, and --val-model NAME=FILE[,FILE...] for "
            f"each model with as many files, {seeds}, got {others}"
            f"{'' if asked.val_targets else ' and no targets'}."
        )
    return asked.val_targets


def _check_same_labels(splits: Mapping[Split, BroughtSplit]) -> None:
    test, val = (list(splits[name].joined.label_names) for name in ("test", "val"))
    if test != val:
        raise ValueError(
            "The validation files must have the labels of the test files in the same order, got "
            f"{len(val)} labels that differ from those {len(test)}. Order the columns of "
            "--val-targets as those of --targets."
        )


def _source(file: Path) -> Source:
    return Source(file=str(file.absolute()), sha256=file_sha256(file))
