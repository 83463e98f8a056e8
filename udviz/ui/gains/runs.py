"""The trained models that can be compared on a split: runs of this study and of others like it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from udviz.figures.style.text import plural
from udviz.predictions.manifest import MANIFEST, read_manifest
from udviz.studies.directory import list_studies
from udviz.ui.frame.view import View
from udviz.ui.load.caches import Version, version_at, version_of
from udviz.ui.load.study import StudyError

Seed = int | None  # None: of a run that stands for every seed


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a comparison.

    Attributes:
        name: As a person picks it: a model, a run, or either of another study (``other/teacher``).
        caches: Predictions of its runs by training seed.
    """

    name: str
    caches: Mapping[Seed, Version]

    @property
    def in_words(self) -> str:
        """How many runs it is made of."""
        return plural(len(self.caches), "run")


def sides_of(view: View) -> dict[str, Side]:
    """What can be compared: models with all their seeds, and single runs where there are several.

    Models of the study come first, also without predictions: their gains may be in a table. Runs
    of other studies count if they predicted the same images of the same data set and labels.
    Damaged runs are left out: the page that opens them says what is damaged.
    """
    study = view.study
    found = {name: Side(name=name, caches={}) for name in view.names}
    try:
        wanted = _identity(*version_of(study, view.reference, view.split))
    except StudyError:
        return found
    others = [path for path in list_studies(study.path.parent) if path.name != study.path.name]
    runs: dict[str, Side] = {}
    for path in [study.path, *others]:
        prefix = "" if path == study.path else f"{path.name}/"
        for name, caches in _by_name(path, view.split, wanted).items():
            side = Side(name=prefix + name, caches=caches)
            (found if side.name in found else runs)[side.name] = side
    return found | runs


def _by_name(
    path: Path, split: str, wanted: tuple[str, ...] | None
) -> dict[str, dict[Seed, Version]]:
    """Model or run of one study -> its caches."""
    models: dict[str, dict[Seed, Version]] = {}
    for run in sorted(path.iterdir(), key=lambda run: (len(run.name), run.name)):
        cache = run / "predictions" / split
        if not (cache / MANIFEST).is_file():
            continue
        version = version_at(cache)
        if wanted and _identity(*version) == wanted:
            model, seed = _model_of(run.name)
            models.setdefault(model, {})[seed] = version
    single: dict[str, dict[Seed, Version]] = {
        f"{model}-{seed}": {None: version}
        for model, caches in models.items()
        if len(caches) > 1
        for seed, version in caches.items()
    }
    return models | single


def _model_of(run: str) -> tuple[str, Seed]:
    """Model and seed of a directory's name: ``distilled-2`` is the run of seed 2."""
    model, _, seed = run.rpartition("-")
    return (model, int(seed)) if model and seed.isascii() and seed.isdigit() else (run, None)


@st.cache_data(max_entries=512, show_spinner=False)
def _identity(directory: str, modified_ns: int) -> tuple[str, ...] | None:
    """Data set and labels of a cache; None if it is damaged."""
    try:
        manifest = read_manifest(Path(directory))
    except (OSError, ValueError):
        return None
    return (manifest.dataset_fingerprint, str(manifest.n_images), *manifest.label_names)
