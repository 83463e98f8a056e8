"""An analysed study as the pages see it: its recipe and its three tables, read once."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from udviz.bounded import check_parquet, read_text
from udviz.checks import shown
from udviz.figures.style.text import one_line, safe_markdown
from udviz.launching.launch import as_typed, study_arguments
from udviz.predictions.cache import NO_PARQUET
from udviz.studies.directory import STUDY_FILE, check_links

ROLE_NAMES = ("teacher", "baseline", "distilled")
_SCORES = [f"ap_{role}{end}" for role in ROLE_NAMES for end in ("", "_low", "_high")]
_COLUMNS = {
    "models": [
        *("split", "role", "runs", "mean_average_precision", "map_low", "map_high"),
        *(
            "map_supported",
            "map_trained",
            "map_seed_sd",
            "cf1",
            "of1",
            "mean_prevalence",
            "n_images",
            "n_labels",
        ),
    ],
    "map_gain": ["split", "gain", "low", "high", "p", "includes_seed_variance"],
    "labels": [
        *("split", "label", "positives", "known", "prevalence", "train_positives", *_SCORES),
        *("gain", "gain_low", "gain_high", "gain_p", "gain_q", "verdict", "supported"),
        *("disagreement", "entropy", "ece_teacher", "ece_baseline", "ece_distilled"),
        *("difficulty", "difficulty_rank", "rank_low", "rank_high", "causes"),
    ],
}
_KEYS = {"models": ["split", "role"], "map_gain": ["split"], "labels": ["split", "label"]}


_LONGEST_QUOTE = 1_000  # characters
_TEXTS = {"split", "role", "label", "verdict", "causes"}


class StudyError(ValueError):
    """A file of a study is missing or damaged; the message, in Markdown, says which."""


class RecipeError(StudyError):
    """The damaged file is the recipe, so that nothing can be remade from it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Study:
    """One analysed study. Pages share it, so nobody changes its tables.

    Attributes:
        path: ``runs/<study>``.
        recipe: ``study.toml`` as nested dictionaries.
        models: One row per split and role, columns as in ``models.parquet``.
        map_gain: One row per split, columns as in ``map_gain.parquet``.
        labels: One row per split and label, columns as in ``labels.parquet``. Columns that an
            analysis does not have are NaN, e.g. the gain of a study without a baseline.
    """

    path: Path
    recipe: Mapping[str, Any]
    models: pd.DataFrame
    map_gain: pd.DataFrame
    labels: pd.DataFrame

    @property
    def splits(self) -> list[str]:
        """Splits that were analysed, the test split first."""
        return sorted(self.labels["split"].unique().tolist(), key=lambda split: split != "test")

    def setting(self, *names: str) -> str | None:
        """The first of the dotted ``names`` that the recipe holds, as text."""
        for name in names:
            value: Any = self.recipe
            for part in name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            if value not in (None, "", []):
                return str(value)
        return None


def remake_command(path: Path, *, recipe: str | None = None) -> str:
    """The command that completes the study at ``path``; what is done already is skipped."""
    return as_typed(study_arguments(recipe or str(path / STUDY_FILE), path))


def load_study(path: Path) -> Study:
    """The study at ``path``, read again only after one of its files changed.

    Raises:
        StudyError: If a file is missing or damaged.
    """
    try:
        check_links(path)
    except ValueError as error:
        raise StudyError(quoted(error)) from error
    files = [path / STUDY_FILE, *(_table_path(path, name) for name in _COLUMNS)]
    for file in files:
        if not file.is_file():
            raise StudyError(f"`{file}` is missing.")
    return _read_study(str(path), tuple(file.stat().st_mtime_ns for file in files))


@st.cache_resource(max_entries=4, show_spinner=False)
def _read_study(path: str, modified_ns: tuple[int, ...]) -> Study:
    recipe = _read_recipe(Path(path) / STUDY_FILE)
    tables = {name: _read_table(_table_path(Path(path), name), name) for name in _COLUMNS}
    lost = set(tables["labels"]["split"]) - set(tables["models"]["split"])
    if lost:
        file = _table_path(Path(path), "models")
        names = safe_markdown(", ".join(map(shown, sorted(lost))))
        raise StudyError(f"`{file}` lacks the split {names}.")
    return Study(path=Path(path), recipe=recipe, **tables)


def quoted(error: Exception) -> str:
    """What is said of somebody else's file, as Markdown in which nothing of it has a meaning."""
    if isinstance(error, StudyError):  # is Markdown already
        return str(error)
    text = one_line(str(error))[:_LONGEST_QUOTE]
    return safe_markdown("".join(c if c.isprintable() else " " for c in text))


def _is_odd(column: pd.Series) -> bool:
    """Whether a column holds numbers in place of text, or the other way round."""
    known = column.dropna()
    if column.name in _TEXTS:
        return not known.map(lambda cell: isinstance(cell, str)).all()
    return not (known.empty or pd.api.types.is_numeric_dtype(known.infer_objects()))


def _table_path(path: Path, name: str) -> Path:
    return path / "analysis" / f"{name}.parquet"


def _read_recipe(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(file))
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"`{file}` cannot be read ({quoted(error)}).") from error


def _read_table(file: Path, name: str) -> pd.DataFrame:
    try:
        check_parquet(file)
        table = pd.read_parquet(file)
    except NO_PARQUET as error:
        raise StudyError(f"`{file}` cannot be read ({quoted(error)}).") from error
    missing = [column for column in _KEYS[name] if column not in table]
    if table.empty and name == "map_gain":  # a study without a distilled student
        missing = []
    elif table.empty:
        raise StudyError(f"`{file}` holds no rows.")
    if missing:
        raise StudyError(f"`{file}` lacks the column {missing[0]}.")
    if odd := [name for name in table.columns.intersection(_COLUMNS[name]) if _is_odd(table[name])]:
        raise StudyError(f"`{file}` holds something else than it should in the column {odd[0]}.")
    return table.reindex(columns=[*_COLUMNS[name], *table.columns.difference(_COLUMNS[name])])
