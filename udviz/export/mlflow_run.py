"""A study's numbers as a run of MLflow: metrics per model and label, the recipe, the report."""

import re
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from udviz.bounded import read_text
from udviz.export.card import card_of
from udviz.export.report import study_report, without_folders
from udviz.export.typeset import markdown
from udviz.studies.directory import STUDY_FILE
from udviz.ui.frame.view import View
from udviz.vocabulary import AVERAGE_PRECISION

EXPERIMENT = "udviz"
AT_ONCE = 100  # metrics or parameters of one request
LONGEST_VALUE = 500  # characters of a parameter that every server takes
_SCORES = {"average_precision": "ap", "ece": "ece", "f1": "f1"}  # columns of `scores`
_MODELS = {"mean_ap": "mean_ap", "cf1": "cf1", "of1": "of1"}  # columns of `models`


def log_run(view: View, uri: str, *, artifacts: Path | None = None) -> str:
    """Log the numbers of one split as a finished run.

    Args:
        view: The study and its split.
        uri: Of the tracking store, as ``sqlite:///mlflow.db`` or ``http://localhost:5000``.
        artifacts: Folder for the files of a new experiment; where the store puts them if None.

    Returns:
        Id of the run.

    Raises:
        ModuleNotFoundError: If MLflow is not installed.
        MlflowException: If the store does not take it.
    """
    from mlflow.entities import Metric, Param
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    found = client.get_experiment_by_name(EXPERIMENT)
    place = None if artifacts is None else artifacts.absolute().as_uri()
    experiment = found.experiment_id if found else client.create_experiment(EXPERIMENT, place)
    tags = {"udviz.study": view.study.path.name, "udviz.split": view.split}
    run = client.create_run(experiment, run_name=view.study.path.name, tags=tags).info
    state = "FAILED"
    try:
        recipe = tomllib.loads(without_folders(read_text(view.study.path / STUDY_FILE)))
        params = [Param(name, value) for name, value in settings_of(recipe)]
        metrics = [Metric(name, value, run.start_time, 0) for name, value in metrics_of(view)]
        for start in range(0, len(params), AT_ONCE):
            client.log_batch(run.run_id, params=params[start : start + AT_ONCE])
        for start in range(0, len(metrics), AT_ONCE):
            client.log_batch(run.run_id, metrics=metrics[start : start + AT_ONCE])
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "report.html").write_text(study_report(view), encoding="utf-8")
            (Path(folder) / "card.md").write_text(markdown(card_of(view)), encoding="utf-8")
            client.log_artifacts(run.run_id, folder)
        state = "FINISHED"
    finally:
        client.set_terminated(run.run_id, state)
    return str(run.run_id)


def metrics_of(view: View) -> list[tuple[str, float]]:
    """Name and value of everything that is known, named as MLflow allows.

    ``mean_ap/<model>``, ``ap/<model>/<label>``, ``gain/<before> to <after>/<label>`` and the gain
    of the mean, ``mean_gain/<before> to <after>``.
    """
    named = list(_named(view))
    return [(name, value) for name, value in _allowed(named) if pd.notna(value)]


def settings_of(recipe: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted name and text of every setting of a recipe."""
    if isinstance(recipe, dict):
        for name, value in recipe.items():
            yield from settings_of(value, f"{prefix}.{name}" if prefix else str(name))
    else:
        yield _plain(prefix), str(recipe)[:LONGEST_VALUE]


def _named(view: View) -> Iterator[tuple[tuple[str, ...], float]]:
    for _, row in view.models.iterrows():
        yield from (((short, row["model"]), row[name]) for name, short in _MODELS.items())
    for _, row in view.scores.iterrows():
        for name, short in _SCORES.items():
            yield (short, row["model"], row["label"]), row[name]
    compared = view.study.comparisons
    of_split = (compared["split"] == view.split) & (compared["metric"] == AVERAGE_PRECISION)
    for _, row in compared[of_split & compared["scope"].isin(["label", "mean"])].iterrows():
        pair = f"{row['before']} to {row['after']}"
        is_mean = row["scope"] == "mean"
        yield (("mean_gain", pair) if is_mean else ("gain", pair, row["label"])), row["gain"]


def _allowed(
    named: list[tuple[tuple[str, ...], float]],
) -> Iterator[tuple[str, float]]:
    """Names of ASCII letters, digits and ``_-. /``; two that become one are numbered."""
    taken: dict[str, int] = {}
    for parts, value in named:
        name = "/".join(_plain(part) for part in parts)
        taken[name] = taken.get(name, 0) + 1
        yield name if taken[name] == 1 else f"{name} {taken[name]}", float(value)


def _plain(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_\-. ]", "_", text).strip()
    return plain if plain.strip(".") else f"_{plain}"
