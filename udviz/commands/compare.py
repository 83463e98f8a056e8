"""Compare predictions that were made anywhere, label by label, without PyTorch.

udviz compare before.npz after.npz --targets targets.csv --out runs/mine
"""

import argparse
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from udviz.analysis.store import read_table
from udviz.analysis.summary import summary
from udviz.comparing.split import BroughtSplit, read_split, scale_of
from udviz.comparing.study import check_free, file_sha256, write_study
from udviz.comparing.verdict import sentence, verdict_table
from udviz.installation import called
from udviz.predictions.brought.reading import FORMATS
from udviz.recipe.brought import BroughtModel, BroughtStudy, Source, check_models
from udviz.studies.directory import runs_root
from udviz.vocabulary import SCALES, Split

Files = dict[str, tuple[Path, ...]]  # model -> files of its seeds


def main(arguments: Sequence[str]) -> None:
    """Compare the files that the command line names and print what came out.

    Raises:
        FileNotFoundError: If one is missing.
        ValueError: If one cannot be used, or they do not fit together; nothing is written then.
    """
    asked = _parser().parse_args(arguments)
    models, val = models_of(asked.files, asked.model), models_of([], asked.val_model)
    if not models:
        raise ValueError("`files` must be at least one file of scores, got none. Pass --help.")
    check_models(list(models), tuple(asked.compare), asked.reference)
    out: Path = asked.out or runs_root() / "-".join(models)[:100]
    check_free(out)
    splits: dict[Split, BroughtSplit] = {
        "test": read_split(asked.targets, models, told=asked.scores, groups=asked.groups)
    }
    if val or asked.val_targets:
        _check_val(models, val, asked.val_targets)
        in_order = {name: val[name] for name in models}
        splits["val"] = read_split(
            asked.val_targets, in_order, told=asked.scores, groups=asked.groups
        )
        _check_same_labels(splits)
    asked.out, asked.command = out, f"{called('compare')} {shlex.join(arguments)}"
    study = _study(asked, models, val, splits)
    print(*study.notes, sep="\n")
    write_study(out, study, splits)
    print(report(out))


def _study(
    asked: argparse.Namespace, models: Files, val: Files, splits: dict[Split, BroughtSplit]
) -> BroughtStudy:
    """What came from where."""
    brought = {
        name: BroughtModel(
            scale=scale_of(name, splits["test"].models[name]),
            test=tuple(map(_source, files)),
            val=tuple(map(_source, val.get(name, ()))),
        )
        for name, files in models.items()
    }
    return BroughtStudy(
        name=asked.out.name,
        description=asked.command,
        targets=_source(asked.targets),
        val_targets=_source(asked.val_targets) if val else None,
        brought=brought,
        comparisons=tuple(asked.compare),
        reference=asked.reference,
        groups=asked.groups,
        min_positives=asked.min_positives,
        notes=tuple(note for split in splits.values() for note in split.notes),
    )


def report(study: Path) -> str:
    """Scores of the models, and of each comparison its table of verdicts and its sentence."""
    comparisons, labels = (
        read_table(study, name, where=[("split", ["test"])]) for name in ("comparisons", "labels")
    )
    parts = [
        f"\n{before} -> {after}\n{verdict_table(rows, labels)}\n\n{sentence(rows)}"
        for (before, after), rows in comparisons.groupby(["before", "after"], sort=False)
    ]
    return "\n".join([*parts, summary(study)])


def models_of(files: Sequence[Path], named: Sequence[str]) -> Files:
    """Models by name: files given alone are called after themselves, then ``NAME=FILE,...``.

    Raises:
        ValueError: If two have one name, or a ``--model`` names no file.
    """
    pairs: list[tuple[str, tuple[Path, ...]]] = [
        (re.sub(r"[^A-Za-z0-9_-]+", "-", file.stem).strip("-_"), (file,)) for file in files
    ]
    for text in named:
        name, equals, listed = text.partition("=")
        if not equals or not all(listed.split(",")):
            raise ValueError(f"`--model` must be NAME=FILE[,FILE...], got {text!r}.")
        pairs.append((name, tuple(map(Path, listed.split(",")))))
    models = dict(pairs)
    if len(models) < len(pairs):
        raise ValueError(
            f"`--model` must have different names, got {', '.join(name for name, _ in pairs)}. "
            "Pass --model NAME=FILE for each."
        )
    return models


def _check_val(models: Files, val: Files, targets: Path | None) -> None:
    seeds, others = ({name: len(f) for name, f in files.items()} for files in (models, val))
    if targets is None or seeds != others:
        raise ValueError(
            "A validation split must have --val-targets, and --val-model NAME=FILE[,FILE...] for "
            f"each model with as many files, {seeds}, got {others}"
            f"{'' if targets else ' and no targets'}."
        )


def _check_same_labels(splits: dict[Split, BroughtSplit]) -> None:
    test, val = (list(splits[name].joined.label_names) for name in ("test", "val"))
    if test != val:
        raise ValueError(
            "The validation files must have the labels of the test files in the same order, got "
            f"{len(val)} labels that differ from those {len(test)}. Order the columns of "
            "--val-targets as those of --targets."
        )


def _source(file: Path) -> Source:
    return Source(file=str(file.absolute()), sha256=file_sha256(file))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=called("compare"),
        description="Compare predictions that were made anywhere, label by label.",
        epilog=f"Files: {', '.join(FORMATS)}. docs/compare.md says what is in them.",
    )
    add = parser.add_argument
    add("files", nargs="*", type=Path, help="scores (images x labels): before, then after")
    add("--targets", type=Path, required=True, help="targets: 1, 0, or blank for unknown")
    add("--out", type=Path, help="folder of the study; must not exist yet; default: in runs/")
    add("--model", action="append", default=[], metavar="NAME=FILE[,FILE...]")
    add("--compare", action="append", default=[], metavar="BEFORE:AFTER")
    add("--reference", default="", metavar="NAME", help="whose difficulty is shown: the first's")
    add("--scores", choices=SCALES, help="default: recognised, and said")
    add(
        "--groups", default="", metavar="COLUMN", help="of the targets: images that belong together"
    )
    add("--val-targets", type=Path, help="targets of a validation split, for thresholds")
    add("--val-model", action="append", default=[], metavar="NAME=FILE[,FILE...]")
    add("--min-positives", type=int, default=20, help="fewer: not supported (20)")
    return parser
