"""What validation tells of a teacher before it teaches anyone."""

from pathlib import Path

import numpy as np

from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.summary import clearly_better, listed
from udviz.checks import shown
from udviz.recipe.schema import Recipe
from udviz.stats.comparison.gain import mean_gain_row
from udviz.stats.comparison.gap import teacher_gap
from udviz.stats.comparison.headroom import headroom
from udviz.stats.ranking.measured import Measured
from udviz.stats.ranking.measuring import measure
from udviz.stats.ranking.ranking import mean_precision, precision_table
from udviz.studies.models import Run, first_baseline, runs_of
from udviz.studies.status import read_status
from udviz.vocabulary import TEACHER

_WHAT_TO_DO = (
    "Stop here, unless that is what you want to see: train the teacher longer (--teacher.epochs), "
    "take a larger one (--teacher.backbone), or one that is trained already (--teacher.from)."
)


def told_after(recipe: Recipe, study: Path, run: Run) -> str:
    """What a person should know after ``run``, before students are taught.

    Args:
        recipe: Of the study.
        study: Its folder.
        run: It is trained and has predicted the validation split.

    Returns:
        Of the first teacher, how well it ranks; of the first baseline, on which labels the teacher
        is better; empty of other runs, and where no student waits to be taught.
    """
    runs = runs_of(recipe)
    teacher, baseline = runs[0], first_baseline(recipe)
    if run not in (teacher, baseline) or teacher.model != TEACHER:
        return ""
    if not any(_waits(recipe, study, other) for other in runs):
        return ""
    asked = [teacher] if run == teacher else [teacher, run]
    caches = {each.model: {0: each.directory(study).predictions("val")} for each in asked}
    val = SplitPredictions.open("val", caches)
    measured = measure(val.logits(), val.targets, min_positives=1, groups=val.groups)
    if run == teacher:
        return teacher_alone(measured, val.label_names)
    return teacher_against(measured, run.model, val.label_names)


def teacher_alone(measured: Measured, label_names: tuple[str, ...]) -> str:
    """On how many labels a teacher is clearly better than random ranking, and how good.

    Args:
        measured: Of a model called ``teacher``, on validation.
        label_names: The L labels.
    """
    table = precision_table(measured, TEACHER).assign(label=label_names)
    known = table[table["ap_low"].notna()]
    no_better = known[known["ap_low"] <= known["prevalence"]]
    mean = mean_precision(measured, TEACHER, supported=False)
    none = f"; not on {listed(map(shown, no_better['label']))}" if len(no_better) else ""
    return (
        f"On validation the teacher has a mean AP of {mean.value:.3f} [{mean.low:.3f}, "
        f"{mean.high:.3f}]; on {int((known['ap'] >= 0.5).sum())} of {len(known)} labels its AP is "
        f"at least 0.5, on {len(known) - len(no_better)} it is clearly better than random ranking"
        f"{none}."
    )


def teacher_against(measured: Measured, before: str, label_names: tuple[str, ...]) -> str:
    """On how many labels a teacher is clearly better than a model it did not teach.

    Args:
        measured: Of models called ``teacher`` and ``before`` with one seed in common, on
            validation.
        before: Name of the model.
        label_names: The L labels.
    """
    gaps = teacher_gap(measured, before, TEACHER).assign(label=label_names)
    mean = mean_gain_row(measured, before, TEACHER)
    known = headroom(gaps)
    little = ": expect little of what it teaches" if known.is_little else ""
    told = (
        f"{clearly_better(before, gaps)}{little}. Its mean AP is {mean['gain']:+.3f} "
        f"[{mean['gain_low']:+.3f}, {mean['gain_high']:+.3f}] above {shown(before)}'s."
    )
    if known.rest:
        told += f" Little to learn about {listed(map(shown, known.rest))}."
    is_ahead = bool(np.nan_to_num(mean["gain_low"]) > 0) and not known.is_little
    return told if is_ahead else f"{told} {_WHAT_TO_DO}"


def _waits(recipe: Recipe, study: Path, run: Run) -> bool:
    """Whether ``run`` is taught and not trained yet."""
    student = recipe.students.get(run.model)
    if student is None or not student.way.teacher:
        return False
    status = read_status(run.directory(study).path)
    return status is None or status.state != "finished"
