"""Take a study's results elsewhere.

udviz export runs/demo --to markdown
"""

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from udviz.analysis.store import AnalysisError, read_manifest
from udviz.checks import shown
from udviz.data.dataset import Dataset
from udviz.export import corrected, csv_tables, report, tensorboard, typeset
from udviz.export.arrays import write_arrays
from udviz.export.card import card_of
from udviz.export.dataset_folder import write_dataset
from udviz.export.figures.files import write_figures
from udviz.export.places import FOLDER, check_free, whole
from udviz.export.runs import chosen_run
from udviz.installation import called
from udviz.recipe.brought import BROUGHT
from udviz.recipe.files import read_recipe, recipe_values
from udviz.studies.directory import STUDY_FILE, check_links
from udviz.studies.provenance import load_study_data
from udviz.ui.frame.view import View, view_of
from udviz.ui.load.study import read_study
from udviz.vocabulary import JUDGED_SPLITS


@dataclass(frozen=True)
class Format:
    """One way out.

    Attributes:
        write: Writes what is asked for to a place that does not exist yet; what is to be said of
            it, if anything.
        summary: What it makes.
        name: Of the file or folder that is written; empty where it goes to neither.
        options: Options of the command line that it takes.
        printed: Whether it is printed where no ``--out`` is given.
    """

    write: Callable[[argparse.Namespace, Path], str | None]
    summary: str
    name: str
    options: tuple[str, ...] = ()
    printed: bool = False

    @property
    def has_place(self) -> bool:
        """Whether it goes to a file or folder; else to a server or a database."""
        return bool(self.name)


def main(arguments: Sequence[str]) -> None:
    """Write what the command line asks for and print where it is.

    Raises:
        FileNotFoundError: If there is no study.
        ValueError: If an option does not go with the format, ``--out`` is there already, or the
            study lacks what is to be exported.
    """
    asked = _parser().parse_args(arguments)
    format = FORMATS[asked.to]
    _check_options(asked, format)
    _check_study(asked.study)
    asked.split = asked.split or "test"
    try:
        if format.printed and asked.out is None:
            print(_TEXTS[asked.to](_view(asked)), end="")
            return
        if not format.has_place:
            print(format.write(asked, asked.study))
            return
        out: Path = asked.out or asked.study / FOLDER / _named(asked, format)
        with whole(out) as draft:
            said = format.write(asked, draft)
    except AnalysisError as error:
        raise ValueError(str(error)) from error
    print(out, f"({said})" if said else "")


def _named(asked: argparse.Namespace, format: Format) -> str:
    """Name of the file or folder, which tells the run where there is one."""
    run = asked.model if asked.seed is None else f"{asked.model}-{asked.seed}"
    return format.name.format(run=run, split=asked.split)


def _view(asked: argparse.Namespace) -> View:
    read_manifest(asked.study)  # says in plain text what is wrong with it
    study = read_study(asked.study)
    if asked.split not in study.splits:
        raise ValueError(
            f"`--split` must be one of {', '.join(study.splits)}, got {shown(asked.split)}."
        )
    return view_of(study, asked.split)


def _text(asked: argparse.Namespace, draft: Path) -> None:
    draft.write_text(_TEXTS[asked.to](_view(asked)), encoding="utf-8")


def _csv(asked: argparse.Namespace, draft: Path) -> None:
    csv_tables.write_tables(asked.study, draft, split=asked.split, all_columns=asked.all_columns)


def _figures(asked: argparse.Namespace, draft: Path) -> str:
    return write_figures(_view(asked), draft)


def _onnx(asked: argparse.Namespace, draft: Path) -> None:
    from udviz.export.onnx.bundle import write_bundle  # needs PyTorch

    write_bundle(asked.study, draft, model=asked.model, seed=asked.seed)


def _huggingface(asked: argparse.Namespace, draft: Path) -> str:
    run = chosen_run(asked.study, model=asked.model, seed=asked.seed)
    is_brought = BROUGHT in recipe_values(asked.study / STUDY_FILE)
    with_images = not (asked.no_images or is_brought)
    images = _images(asked.study) if with_images else None
    return write_dataset(asked.study, run, draft, images=images)


def _images(study: Path) -> Dataset:
    try:
        return load_study_data(read_recipe(study / STUDY_FILE), study)
    except (OSError, ValueError) as error:
        raise ValueError(f"{error} Pass --no_images to leave the images out.") from error


def _cleanlab(asked: argparse.Namespace, draft: Path) -> str:
    run = chosen_run(asked.study, model=asked.model, seed=asked.seed)
    return write_arrays(run.predictions(asked.split), draft)


def _labels(asked: argparse.Namespace, draft: Path) -> str:
    return corrected.correct(asked.study, draft, split=asked.split)


def _mlflow(asked: argparse.Namespace, study: Path) -> str:
    from udviz.export.mlflow_run import log_run  # needs MLflow

    chosen, own = asked.uri or os.environ.get("MLFLOW_TRACKING_URI"), study / FOLDER
    uri = chosen or f"sqlite:///{(own / 'mlflow.db').absolute()}"
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    run = log_run(_view(asked), uri, artifacts=None if chosen else own / "mlflow")
    return f"run {run} in {uri}"


def _tensorboard(asked: argparse.Namespace, draft: Path) -> None:
    tensorboard.write_runs(asked.study, draft)


_TEXTS: dict[str, Callable[[View], str]] = {
    "markdown": lambda view: typeset.markdown(card_of(view)),
    "latex": lambda view: typeset.latex(card_of(view)),
    "html": report.study_report,
}
FORMATS = {
    "markdown": Format(
        _text, "a card for papers: models, gains, verdicts", "card.md", ("split",), True
    ),
    "latex": Format(_text, "the same card as LaTeX tables", "card.tex", ("split",), True),
    "html": Format(_text, "a report with figures that opens offline", "report.html", ("split",)),
    "figures": Format(
        _figures, "its charts for a paper: SVG, PDF and PNG, 85 and 180 mm", "figures", ("split",)
    ),
    "csv": Format(_csv, "the tables", "csv", ("split", "all_columns")),
    "onnx": Format(
        _onnx, "a trained model that runs without PyTorch", "onnx-{run}", ("model", "seed")
    ),
    "huggingface": Format(
        _huggingface,
        "predictions, reviewed targets and images for `datasets`",
        "huggingface-{run}",
        ("model", "seed", "no_images"),
    ),
    "cleanlab": Format(
        _cleanlab,
        "`labels` and `pred_probs` as an .npz",
        "cleanlab-{run}-{split}.npz",
        ("model", "seed", "split"),
    ),
    "labels": Format(_labels, "the table that was brought, reviews applied", "labels", ("split",)),
    "mlflow": Format(
        _mlflow,
        "the numbers, the recipe and the report as a run of MLflow",
        "",
        ("split", "uri"),
    ),
    "tensorboard": Format(_tensorboard, "what the runs noted, as event files", "tensorboard"),
}


def _check_options(asked: argparse.Namespace, format: Format) -> None:
    for name in ("split", "all_columns", "model", "seed", "no_images", "uri"):
        is_given = getattr(asked, name) not in (None, False)
        if is_given and name not in format.options:
            takers = [to for to, other in FORMATS.items() if name in other.options]
            raise ValueError(
                f"`--{name}` must go with --to {' or '.join(takers)}, got --to {asked.to}."
            )
    if "model" in format.options and asked.model is None:
        raise ValueError(f"`--to {asked.to}` must go with --model NAME, got none.")
    if asked.out is not None and not format.has_place:
        raise ValueError(f"`--out` must go with a file or folder, got --to {asked.to}: pass --uri.")
    if asked.out is not None:
        check_free(asked.out)


def _check_study(study: Path) -> None:
    if not (study / STUDY_FILE).is_file():
        raise FileNotFoundError(
            f"`study` must be the folder of a study, such as runs/demo, got {shown(str(study))}, "
            f"which holds no {STUDY_FILE}."
        )
    check_links(study)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=called("export"),
        description="Take a study's results elsewhere.",
        epilog="\n".join(f"{name:<12} {format.summary}" for name, format in FORMATS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("study", type=Path, help="folder of the study, such as runs/demo")
    add("--to", choices=FORMATS, required=True, metavar="FORMAT", help=", ".join(FORMATS))
    add("--out", type=Path, help=f"must not exist yet; default: in the study's folder {FOLDER}/")
    add("--split", choices=JUDGED_SPLITS, help="whose numbers (test)")
    add("--model", metavar="NAME", help="whose network or predictions")
    add("--seed", type=int, help="of its run (the first)")
    add("--no_images", action="store_true", help="huggingface: leave the images out")
    add("--uri", help="mlflow: tracking store; default: MLFLOW_TRACKING_URI, else in export/")
    add("--all_columns", action="store_true", help="csv: every table, with all of its columns")
    return parser
