"""Turn the prediction caches of a study into per-label tables, ready for the app and for pandas.

python -m pipelines.analyse --recipe demo
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from udviz.analysis import evidence
from udviz.analysis import object_tables as objects
from udviz.analysis.all_jobs import analysis_jobs, join_difficulty
from udviz.analysis.contents import contents
from udviz.analysis.jobs import SplitPredictions, processes_for, run_jobs
from udviz.analysis.summary import summary
from udviz.bounded import MOST_RECORD, read_text
from udviz.commands import command_line as command
from udviz.data.dataset import Dataset
from udviz.data.source import load_dataset
from udviz.predictions.cache import open_predictions
from udviz.predictions.manifest import MANIFEST, file_crc32
from udviz.recipe.schema import Recipe
from udviz.stats.difficulty.causes import LabelFacts
from udviz.studies.files import replace_file, replace_json
from udviz.training.records import git_revision
from udviz.training.runs import runs_of

SPLITS = ("val", "test")
SCHEMA_VERSION = 3


def analyse_study(
    recipe: Recipe,
    study: Path,
    dataset: Dataset,
    advance: Callable[[float, str], None] = lambda fraction, message: None,
) -> bool:
    """Write the tables of ``runs/<study>/analysis``, unless they are up to date.

    Args:
        recipe: Of the study.
        study: Its folder.
        dataset: Its images and targets.
        advance: Called with the share that is done, in [0, 1], and what was done last.

    Returns:
        Whether anything was written.

    Raises:
        FileNotFoundError: If a prediction cache is missing; names the command that makes it.
    """
    analysis = study / "analysis"
    inputs = _inputs(recipe, study)
    if _is_current(analysis, inputs):
        return False
    analysis.mkdir(exist_ok=True)
    (analysis / MANIFEST).unlink(missing_ok=True)  # from here on the old tables are out of date
    val, test = (open_split(recipe, study, split) for split in SPLITS)
    judges = suspects_of_training(recipe, study)
    facts = _facts(dataset, judges)
    n_processes = processes_for(max(val.targets.size, test.targets.size))
    jobs = analysis_jobs(recipe, val, test, facts)
    tables = join_difficulty(run_jobs(jobs, n_processes=n_processes, advance=advance))
    if judges is not None:
        tables["suspects"] = pd.concat([judges.table, tables["suspects"]], ignore_index=True)
    localised = [objects.localisation_of_roles(dataset, s.by_role, s.split) for s in (val, test)]
    tables["localisation"] = pd.concat(localised, ignore_index=True)
    tables |= contents(dataset)
    for name, table in tables.items():
        write_table(analysis / f"{name}.parquet", table)
    record = {
        "schema_version": SCHEMA_VERSION,
        "git_revision": git_revision(),
        "inputs": inputs,
        "tables": {name: file_crc32(analysis / f"{name}.parquet") for name in tables},
    }
    replace_json(analysis / MANIFEST, record)
    return True


def suspects_of_training(recipe: Recipe, study: Path) -> evidence.FoundSuspects | None:
    """Doubted training targets, judged by students that did not see them; None without folds."""
    folds = [run for run in runs_of(recipe) if run.role == "crossfit"]
    if not folds:
        return None
    opened = [open_predictions(run.directory(study).predictions("train")) for run in folds]
    return evidence.suspects_across(opened)


def _facts(dataset: Dataset, training: evidence.FoundSuspects | None) -> LabelFacts:
    """What is known of the labels besides the predictions."""
    sizes = objects.sizes(dataset)
    return LabelFacts(
        train_positives=(dataset.targets[dataset.indices("train")] == 1).sum(axis=0),
        area=None if sizes is None else sizes["area"].to_numpy(),
        visible=None if sizes is None else sizes["visible"].to_numpy(),
        suspects=None if training is None else training.counts,
    )


def open_split(recipe: Recipe, study: Path, split: str) -> SplitPredictions:
    """The predictions of all runs on one split, by role."""
    directories: dict[str, list[Path]] = {}
    for run in runs_of(recipe):
        if run.role != "crossfit":
            own = run.directory(study).predictions(split)
            directories.setdefault(run.role, []).append(own)
    return SplitPredictions.open(split, directories)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a Parquet file, replaced whole."""
    replace_file(path, table.to_parquet(index=False))


def _inputs(recipe: Recipe, study: Path) -> dict[str, str]:
    """What the tables depend on: every cache by its weights and data, and the settings."""
    inputs = {
        "min_positives": str(recipe.min_positives),
        "min_train_positives": str(recipe.min_train_positives),
    }
    for run in runs_of(recipe):
        for split in ("train",) if run.role == "crossfit" else SPLITS:
            manifest = open_predictions(run.directory(study).predictions(split)).manifest
            made_from = f"{manifest.checkpoint_digest} {manifest.dataset_fingerprint}"
            inputs[f"{run.name}/{split}"] = made_from
    return inputs


def _is_current(analysis: Path, inputs: dict[str, str]) -> bool:
    try:
        record = json.loads(read_text(analysis / MANIFEST, most=MOST_RECORD))
        names = [name for name in record["tables"] if name.isidentifier()]
        tables = {name: file_crc32(analysis / f"{name}.parquet") for name in names}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    expected = {"schema_version": SCHEMA_VERSION, "inputs": inputs, "tables": tables}
    return all(record.get(name) == value for name, value in expected.items())


def main(arguments: Sequence[str]) -> None:
    """Analyse the study that the command line names and print what came out."""
    asked = command.parse(
        arguments,
        program="python -m pipelines.analyse",
        summary="Turn the prediction caches of a study into per-label tables.",
    )
    with command.study_at(asked, n_parts=1) as report:
        report.begin(0, "Analysis")
        dataset = load_dataset(asked.recipe.data)
        analyse_study(asked.recipe, asked.study, dataset, report.advance)
    print(summary(asked.study))
