"""The trained models that can be compared on a split: runs of this study and of others like it."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from udviz.figures.style.text import plural
from udviz.predictions.manifest import MANIFEST, read_manifest
from udviz.studies.directory import list_studies
from udviz.ui.load.caches import Version, first_run, version_at
from udviz.ui.load.study import ROLE_NAMES, Study


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a comparison.

    Attributes:
        name: As a person picks it: a role, a run, or either of another study (``other/teacher``).
        caches: Predictions of its runs, one per training seed.
    """

    name: str
    caches: tuple[Version, ...]

    @property
    def in_words(self) -> str:
        """How many runs it is made of."""
        return plural(len(self.caches), "run")


def sides_of(study: Study, split: str) -> dict[str, Side]:
    """What can be compared: roles with all their seeds, and single runs where there are several.

    Runs of other studies count if they predicted the same images of the same data set and labels.
    Runs without predictions of this split are left out, and damaged ones too: the page that opens
    them says what is damaged.
    """
    reference = study.path / first_run(study, "teacher") / "predictions" / split
    if not (reference / MANIFEST).is_file():
        return {}
    wanted = _identity(*version_at(reference))
    others = [path for path in list_studies(study.path.parent) if path.name != study.path.name]
    sides: dict[str, Side] = {}
    for path in [study.path, *others]:
        prefix = "" if path == study.path else f"{path.name}/"
        for name, caches in _by_name(path, split, wanted).items():
            sides[prefix + name] = Side(name=prefix + name, caches=tuple(caches))
    return sides


def _by_name(path: Path, split: str, wanted: tuple[str, ...] | None) -> dict[str, list[Version]]:
    """Role or run of one study -> its caches."""
    found: dict[str, list[Version]] = {}
    for role in ROLE_NAMES:
        runs = [path / role, *sorted(path.glob(f"{role}-*"), key=lambda run: _seed(run.name))]
        versions = {run.name: run / "predictions" / split for run in runs}
        caches = {
            name: version_at(cache)
            for name, cache in versions.items()
            if (cache / MANIFEST).is_file()
        }
        fitting = {name: v for name, v in caches.items() if wanted and _identity(*v) == wanted}
        if fitting:
            found[role] = list(fitting.values())
        if len(fitting) > 1:
            found |= {name: [version] for name, version in fitting.items()}
    return found


def _seed(name: str) -> tuple[int, str]:
    """Orders ``role-2`` before ``role-10``."""
    return len(name), name


@st.cache_data(max_entries=512, show_spinner=False)
def _identity(directory: str, modified_ns: int) -> tuple[str, ...] | None:
    """Data set and labels of a cache; None if it is damaged."""
    try:
        manifest = read_manifest(Path(directory))
    except (OSError, ValueError):
        return None
    return (manifest.dataset_fingerprint, str(manifest.n_images), *manifest.label_names)
