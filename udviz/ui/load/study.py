"""An analysed study as the pages see it: its recipe and its main tables."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from udviz.analysis.store import AnalysisError, read_manifest, read_table
from udviz.bounded import read_text
from udviz.checks import shown
from udviz.figures.style.text import one_line, safe_markdown
from udviz.launching.launch import as_typed, study_arguments
from udviz.studies.directory import STUDY_FILE, check_links
from udviz.vocabulary import TEACHER

TABLES = ("models", "scores", "comparisons", "labels")
_LONGEST_QUOTE = 1_000  # characters
_MOST_NAMED = 5


class StudyError(ValueError):
    """A file of a study is missing or damaged; the message, in Markdown, says which."""


class RecipeError(StudyError):
    """The damaged file is the recipe, so that nothing can be remade from it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Study:
    """One analysed study; its tables are those of `udviz.analysis.schema.tables` of the same name.

    Attributes:
        path: ``runs/<study>``.
        recipe: ``study.toml`` as nested dictionaries.
        models: One row per split and model.
        scores: One row per split, model and label.
        comparisons: One row per split, comparison and label, and one of their mean.
        labels: One row per split and label.
    """

    path: Path
    recipe: Mapping[str, Any]
    models: pd.DataFrame
    scores: pd.DataFrame
    comparisons: pd.DataFrame
    labels: pd.DataFrame

    @property
    def splits(self) -> list[str]:
        """Splits that were analysed, the test split first."""
        return sorted(self.labels["split"].unique().tolist(), key=lambda split: split != "test")

    @property
    def names(self) -> list[str]:
        """Names of the models in the order of the study."""
        return self.models["model"].drop_duplicates().tolist()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Models before and after of every comparison that was analysed."""
        pairs = self.comparisons[["before", "after"]].drop_duplicates()
        return list(pairs.itertuples(index=False, name=None))

    @property
    def has_teacher(self) -> bool:
        """Whether one of the models is a teacher."""
        return bool((self.models["kind"] == TEACHER).any())

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


def read_study(path: Path) -> Study:
    """The study at ``path``.

    Raises:
        StudyError: If a file is missing or damaged.
    """
    try:
        check_links(path)
    except ValueError as error:
        raise StudyError(quoted(error)) from error
    if not (path / STUDY_FILE).is_file():
        raise StudyError(f"`{path / STUDY_FILE}` is missing.")
    recipe = _read_recipe(path / STUDY_FILE)
    try:
        identity = read_manifest(path).identity
        tables = {name: read_table(path, name, identity=identity) for name in TABLES}
    except AnalysisError as error:
        raise StudyError(quoted(error)) from error
    return _checked(Study(path=path, recipe=recipe, **tables))


def _checked(study: Study) -> Study:
    """``study``, unless its tables speak of different splits, models or labels.

    Raises:
        StudyError: If they do.
    """
    if study.labels.empty:
        raise StudyError(f"The analysis of `{study.path}` holds no labels.")
    for table in (study.labels, study.scores, study.comparisons):
        if lost := set(table["split"]) - set(study.models["split"]):
            names = safe_markdown(", ".join(map(shown, sorted(lost))))
            raise StudyError(f"The table of models of `{study.path}` lacks the split {names}.")
    named = {*study.scores["model"], *study.comparisons["before"], *study.comparisons["after"]}
    if lost := named - set(study.names):
        names = safe_markdown(", ".join(map(shown, sorted(lost))))
        raise StudyError(f"The table of models of `{study.path}` lacks {names}.")
    of_labels = study.comparisons[study.comparisons["scope"] == "label"]
    if lost := {*study.scores["label"], *of_labels["label"]} - set(study.labels["label"]):
        names = safe_markdown(", ".join(map(shown, sorted(lost)[:_MOST_NAMED])))
        raise StudyError(
            f"The table of labels of `{study.path}` lacks {len(lost):,} that others name: {names}."
        )
    return study


def quoted(error: Exception) -> str:
    """What is said of somebody else's file, as Markdown in which nothing of it has a meaning."""
    if isinstance(error, StudyError):  # is Markdown already
        return str(error)
    said = str(error)
    if isinstance(error, AnalysisError):  # the page shows the command in a box of its own
        said = said.removesuffix(f" Make it anew with: {error.command}")
    text = one_line(said)[:_LONGEST_QUOTE]
    return safe_markdown("".join(c if c.isprintable() else " " for c in text))


def _read_recipe(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(file))
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"`{file}` cannot be read ({quoted(error)}).") from error
