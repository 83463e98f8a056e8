"""Prediction caches of a study; they, and what is counted in them, are read once for all pages."""

from pathlib import Path

import numpy as np
import streamlit as st

from udviz.predictions.cache import Predictions, open_predictions
from udviz.predictions.manifest import MANIFEST
from udviz.stats.calibration.distributions import ProbabilityDistribution, probability_distribution
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import (
    Recalibration,
    Temperature,
    fit_isotonic,
    fit_temperature,
)
from udviz.stats.calibration.reliability_bins import (
    ReliabilityBins,
    pooled_reliability_bins,
    reliability_bins,
)
from udviz.stats.labels.probabilities import logit_probs
from udviz.stats.ranking.precision_recall import (
    PrecisionRecallCurve,
    precision_recall_curve,
)
from udviz.studies.directory import STUDY_FILE, RunDirectory
from udviz.ui.load.study import Study, StudyError
from udviz.ui.load.thinning import thinning_of

Version = tuple[str, int]  # directory of a cache; when its manifest was written, in ns

_FITS = {"temperature": fit_temperature, "platt": fit_platt, "isotonic": fit_isotonic}


def first_run(study: Study, model: str) -> str:
    """Directory name of a model's first run, also where it is not there.

    Raises:
        StudyError: If the name is none of a directory, or the recipe's seeds are no numbers.
    """
    return next(iter(_runs(study, model)), model)


def version_of(study: Study, model: str, split: str) -> Version:
    """The cache of a model's first run, as a short key of what is computed from it.

    Raises:
        StudyError: If there is no cache, or if it is damaged; the message names the file.
    """
    return _version(study, first_run(study, model), split)


def _runs(study: Study, model: str) -> list[str]:
    """Directories ``<model>-<seed>`` by seed; one without a seed stands for all.

    Those of seeds that the recipe no longer names are left out.
    """
    if Path(model).name != model or "\0" in model:  # comes from a table: leads nowhere else
        raise StudyError(f"`{study.path}` has a model whose name is none of a directory.")
    seeds = study.recipe.get("seeds", [])
    if not (isinstance(seeds, list) and all(type(seed) is int for seed in seeds)):
        raise StudyError(f"`{study.path / STUDY_FILE}` must list whole numbers as seeds.")
    if (study.path / model).is_dir():
        return [model]
    start = f"{model}-"
    found = [run.name.removeprefix(start) for run in study.path.glob("*-*") if run.is_dir()]
    there = sorted(int(seed) for seed in found if seed.isascii() and seed.isdigit())
    return [f"{start}{seed}" for seed in there if not seeds or seed in seeds]


def _version(study: Study, run: str, split: str) -> Version:
    directory = RunDirectory(study.path / run).predictions(split)
    version = version_at(directory)
    known = set(study.labels.loc[study.labels["split"] == split, "label"])
    if not known <= set(predictions_of(version).label_names):
        raise StudyError(f"`{directory}` lacks labels of the analysis.")
    return version


def version_at(directory: Path) -> Version:
    """The cache in ``directory``, as a short key of what is computed from it.

    Raises:
        StudyError: If there is no cache.
    """
    manifest = directory / MANIFEST
    if not manifest.is_file():
        raise StudyError(f"`{directory}` holds no predictions.")
    return str(directory), manifest.stat().st_mtime_ns


def predictions_of(version: Version) -> Predictions:
    """Predictions of one run on one split; their arrays are read from disk when they are used.

    Raises:
        StudyError: If the cache is damaged; the message names the file.
    """
    return _open(*version)


def maps_of(version: Version) -> np.ndarray:
    """(N, h, w) uncertainty attention of one run on one split.

    Raises:
        StudyError: If the run has no calibration branch, or the cache is damaged.
    """
    attention = predictions_of(version).attention
    if attention is None:
        raise StudyError(f"`{version[0]}` holds no uncertainty attention.")
    return attention


def thinning(version: Version) -> int:
    """Of how many images of a cache one is taken for a picture."""
    return thinning_of(predictions_of(version))


@st.cache_data(max_entries=32, show_spinner="Fitting the recalibration …")
def recalibration_of(version: Version, method: str) -> Recalibration:
    """``none``, ``temperature``, ``platt`` or ``isotonic``, fitted on every `thinning`-th image."""
    if method == "none":
        return Temperature()
    run, rows = predictions_of(version), slice(None, None, thinning(version))
    return _FITS[method](run.logits[rows], run.targets[rows])


@st.cache_data(max_entries=512, show_spinner="Counting bins …")
def label_bins(
    judged: Version, fitted_on: Version, label: str, *, method: str, kind: str
) -> ReliabilityBins:
    """Bins of one label (L = 1) of all images, after a recalibration fitted on another cache."""
    run = predictions_of(judged)
    column = run.label_names.index(label)
    probs = recalibration_of(fitted_on, method).apply_label(run.logits[:, column], column)
    return reliability_bins(probs[:, None], run.targets[:, column : column + 1], kind=kind)


@st.cache_data(max_entries=64, show_spinner="Counting bins …")
def pooled_bins(judged: Version, fitted_on: Version, *, method: str, kind: str) -> ReliabilityBins:
    """Bins of all labels as one binary problem (L = 1), of every `thinning`-th image."""
    run, rows = predictions_of(judged), slice(None, None, thinning(judged))
    probs = recalibration_of(fitted_on, method).apply(run.logits[rows])
    return pooled_reliability_bins(probs, run.targets[rows], kind=kind)


@st.cache_data(max_entries=512, show_spinner=False)
def label_distribution(version: Version, label: str) -> ProbabilityDistribution:
    """Histograms of one label's probabilities, of all images."""
    run = predictions_of(version)
    column = run.label_names.index(label)
    return probability_distribution(logit_probs(run.logits[:, column]), run.targets[:, column])


@st.cache_data(max_entries=512, show_spinner=False)
def label_curve(version: Version, label: str) -> PrecisionRecallCurve:
    """Precision-recall curve of a label that at least one image carries; thresholds are logits."""
    run = predictions_of(version)
    column = run.label_names.index(label)
    return precision_recall_curve(run.logits[:, column], run.targets[:, column])


@st.cache_resource(max_entries=8, show_spinner="Opening predictions …")
def _open(directory: str, modified_ns: int) -> Predictions:
    try:
        return open_predictions(Path(directory))
    except (OSError, ValueError) as error:
        raise StudyError(str(error).partition(" Remake it")[0]) from error
