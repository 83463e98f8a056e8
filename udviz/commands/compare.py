"""Compare predictions that were made anywhere, label by label, without PyTorch.

udviz compare before.npz after.npz --targets targets.csv --out runs/mine
"""

import argparse
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from udviz.analysis.store import read_table
from udviz.analysis.summary import summary
from udviz.commands.engines import ENGINES, EngineOptions
from udviz.comparing.asked import Asked, Files, name_of
from udviz.comparing.files import compare_files
from udviz.comparing.verdict import sentence, verdict_table
from udviz.installation import called
from udviz.predictions.brought.reading import FORMATS
from udviz.recipe.explain import explain
from udviz.studies.directory import runs_root
from udviz.vocabulary import MIN_POSITIVES, SCALES


def main(arguments: Sequence[str]) -> None:
    """Compare the files that the command line names and print what came out.

    Raises:
        FileNotFoundError: If one is missing.
        ValueError: If one cannot be used, or they do not fit together; nothing is written then.
    """
    flags = _parser().parse_args(arguments)
    asked = Asked(
        models=models_of(flags.files, flags.model),
        targets=flags.targets,
        val_models=models_of([], flags.val_model, flag="--val-model"),
        val_targets=flags.val_targets,
        calibration=models_of([], flags.calibration, flag="--calibration"),
        val_calibration=models_of([], flags.val_calibration, flag="--val-calibration"),
        attention=models_of([], flags.attention, flag="--attention"),
        val_attention=models_of([], flags.val_attention, flag="--val-attention"),
        objects=flags.objects,
        comparisons=tuple(flags.compare),
        reference=flags.reference,
        scores=flags.scores,
        images=flags.images,
        groups=flags.groups,
        metadata=flags.metadata,
        min_positives=flags.min_positives,
    )
    if not asked.models:
        raise ValueError("`files` must be at least one file of scores, got none. Pass --help.")
    out: Path = flags.out or runs_root() / "-".join(asked.models)[:100]
    try:
        engine = EngineOptions(engine=flags.engine, address=flags.address).opened()
    except ValidationError as error:
        raise ValueError(explain(error)) from error
    command = f"{called('compare')} {shlex.join(arguments)}"
    study = compare_files(asked, out, command=command, engine=engine)
    print(*study.notes, report(out), sep="\n")


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


def models_of(files: Sequence[Path], named: Sequence[str], *, flag: str = "--model") -> Files:
    """Models by name: files given alone are called after themselves, then ``NAME=FILE,...``.

    Raises:
        ValueError: If two have one name, or a ``flag`` names no file.
    """
    pairs: list[tuple[str, tuple[Path, ...]]] = [(name_of(file), (file,)) for file in files]
    for text in named:
        name, equals, listed = text.partition("=")
        if not equals or not all(listed.split(",")):
            raise ValueError(f"`{flag}` must be NAME=FILE[,FILE...], got {text!r}.")
        pairs.append((name, tuple(map(Path, listed.split(",")))))
    models = dict(pairs)
    if len(models) < len(pairs):
        raise ValueError(
            f"`{flag}` must have different names, got {', '.join(name for name, _ in pairs)}. "
            f"Pass {flag} NAME=FILE for each."
        )
    return models


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=called("compare"),
        description="Compare predictions that were made anywhere, label by label.",
        epilog=f"Files: {', '.join(FORMATS)}, folders of `datasets`; see docs/compare.md.",
    )
    add = parser.add_argument
    add("files", nargs="*", type=Path, help="scores (images x labels): before, then after")
    add("--targets", type=Path, required=True, help="targets: 1, 0, or blank for unknown")
    add("--out", type=Path, help="folder of the study; must not exist yet; default: in runs/")
    of_models = partial(add, action="append", default=[], metavar="NAME=FILE[,FILE...]")
    of_models("--model")
    of_models("--calibration", help="logits of a calibration branch, for the uncertainty")
    of_models("--attention", help="attention maps (N, h, w), to hold models against each other")
    add("--compare", action="append", default=[], metavar="BEFORE:AFTER")
    add("--reference", default="", metavar="NAME", help="whose difficulty is shown: the first's")
    add("--scores", choices=SCALES, help="default: recognised, and said")
    add("--images", type=Path, metavar="DIR", help="folder of the images, to see them in the app")
    add(
        "--groups", default="", metavar="COLUMN", help="of the targets: images that belong together"
    )
    add("--metadata", type=Path, help="table of sites, annotators, ...: results by their values")
    add("--objects", type=Path, help="table of boxes: whether maps point at them, and their sizes")
    add("--val-targets", type=Path, help="targets of a validation split, for thresholds")
    of_models("--val-model")
    of_models("--val-calibration")
    of_models("--val-attention")
    add(
        "--analysis.engine",
        dest="engine",
        choices=ENGINES,
        default="local",
        help="processes of this machine (local), or the workers of a Dask cluster",
    )
    add("--analysis.address", dest="address", default="", help="dask: tcp://HOST:8786")
    add("--min-positives", type=int, default=MIN_POSITIVES, help="fewer: not supported (20)")
    return parser
