"""What a change does, in one sentence for every page: the mean, the labels, and what made it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from udviz.figures.style.text import count, interval, number, plural, safe_markdown, shorten
from udviz.figures.style.theme import VERDICTS, verdict_style
from udviz.stats.comparison.verdicts import verdict_of
from udviz.ui.labels.text_tables import verdict_word
from udviz.ui.load.study import Study
from udviz.vocabulary import (
    AVERAGE_PRECISION,
    BASELINE,
    DISTILLED,
    INCONCLUSIVE,
    METHODS,
    METRICS,
    Metric,
)

NO_COMPARISON = "This study compares no two models, so there is no gain."
LEAST_SEEDS = 3  # pairs of runs from which on a sentence speaks of the method and not of the runs
_UNCLEAR = "does not clearly change"
_UNTAUGHT = ("none", "cal")  # methods without a teacher


@dataclass(frozen=True, eq=False, kw_only=True)
class MeanChange:
    """Gain in the mean over labels, with its 95 % interval.

    Attributes:
        gain: After minus before.
        low: Lower end.
        high: Upper end.
        includes_seeds: Whether the interval covers training again with another seed.
        seeds: Pairs of runs.
        includes_teachers: Whether it covers another teacher, too.
        without_few: Gain without its most influential 1 % of images; NaN where the analysis does
            not say.
        rests_on_few: Whether the interval around that would hold 0 though this one does not.
    """

    gain: float
    low: float
    high: float
    includes_seeds: bool
    seeds: int
    includes_teachers: bool = False
    without_few: float = float("nan")
    rests_on_few: bool = False

    @classmethod
    def of_row(cls, row: pd.Series) -> "MeanChange":
        """From a row of the table ``comparisons``."""
        return cls(
            gain=row["gain"],
            low=row["gain_low"],
            high=row["gain_high"],
            includes_seeds=bool(row["includes_seeds"]),
            seeds=int(row["seeds"]),
            includes_teachers=bool(row["includes_teachers"]),
            without_few=row["gain_without_few"],
            rests_on_few=bool(row["rests_on_few"]),
        )


def change_in_words(
    study: Study,
    pair: tuple[str, str],
    mean: MeanChange,
    labels: pd.DataFrame,
    *,
    metric: Metric = AVERAGE_PRECISION,
) -> str:
    """What the change does on average and label by label, as Markdown.

    Args:
        study: The study.
        pair: Models before and after.
        mean: Gain in the mean over labels.
        labels: One row per label with ``label``, ``gain`` and ``verdict``.
        metric: What the gains are in.
    """
    if pd.isna(mean.gain):
        return f"{_subject(study, pair, mean)}: no label has a gain."
    facts = METRICS[metric]
    verdict = verdict_of(mean.low, mean.high, higher_is_better=facts.higher_is_better)
    verb = _UNCLEAR if verdict == INCONCLUSIVE else "raises" if mean.gain > 0 else "lowers"
    name = facts.name if facts.higher_is_better else f"{facts.name} (lower is better)"
    covered = what_is_covered(mean.includes_seeds, mean.includes_teachers, taught=study.has_teacher)
    return (
        f"{_subject(study, pair, mean)} {verb} the mean {name}: "
        f"**{number(mean.gain, sign=True)}** (95 % interval "
        f"{interval(mean.low, mean.high, sign=True)}, which {covered}), "
        f"**{verdict_word(verdict)}**.{_without_few(mean)} "
        f"{_labels_in_words(labels[labels['gain'].notna()])}"
    )


def is_distillation(study: Study, before: str, after: str) -> bool:
    """Whether what lies between two models is that a teacher taught the second one."""
    return before == BASELINE and is_taught(study, after)


def is_taught(study: Study, model: str) -> bool:
    """Whether a teacher taught a model of the study."""
    method = study.setting(f"students.{model}.method") or ("ud" if model == DISTILLED else "none")
    return method in METHODS and method not in _UNTAUGHT


def what_is_covered(seeds: bool, teachers: bool, *, taught: bool) -> str:
    """What the interval of a gain covers besides other images, as Markdown after *which*.

    Args:
        seeds: Whether it covers training again with another seed.
        teachers: Whether it covers another teacher.
        taught: Whether there is a teacher.
    """
    if not seeds:
        return "does **not** include the variance between training seeds"
    if teachers:
        return "includes the variance between training seeds and between teachers"
    under = " of students under this one teacher" if taught else ""
    return f"includes the variance between training seeds{under}"


def verdict_words(labels: pd.DataFrame) -> pd.Series:
    """The verdict of every label as a word; an empty cell is inconclusive."""
    return labels["verdict"].map(lambda verdict: verdict_style(verdict).word)


def _subject(study: Study, pair: tuple[str, str], mean: MeanChange) -> str:
    before, after = map(safe_markdown, pair)
    if mean.seeds < LEAST_SEEDS:
        runs = "this one pair" if mean.seeds == 1 else f"these {count(mean.seeds)} pairs"
        return f"In {runs} of runs, {after} against {before}, the change"
    if is_distillation(study, *pair):
        return f"Distillation ({after} against {before})"
    return f"Compared with {before}, {after}"


def _without_few(mean: MeanChange) -> str:
    if pd.isna(mean.without_few):
        return ""
    turns = ", and its interval would then hold 0" if mean.rests_on_few else ""
    without = number(mean.without_few, sign=True)
    return f" Without its most influential 1 % of images it is {without}{turns}."


def _labels_in_words(labels: pd.DataFrame) -> str:
    """How many labels have which verdict, the median label, and the one that counts most."""
    if labels.empty:
        return "No single label has a gain."
    n = verdict_words(labels).value_counts()
    told = ", ".join(
        f"**{verdict} {count(n.get(verdict, 0))}** {style.glyph}"
        for verdict, style in VERDICTS.items()
    )
    gain = labels["gain"].to_numpy()
    most = int(np.abs(gain).argmax())
    name = safe_markdown(shorten(labels["label"].iloc[most]))
    return (
        f"Of {plural(gain.size, 'label')}: {told}. The median label changes by "
        f"**{number(np.median(gain), sign=True)}**; the largest single contribution to the mean, "
        f"of {name}, is **{number(gain[most] / gain.size, sign=True)}**."
    )
